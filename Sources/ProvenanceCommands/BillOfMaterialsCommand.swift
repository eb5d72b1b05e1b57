// SPDX-License-Identifier: Apache-2.0
// `temper bom`: writes a model's bill of materials.

package import ArgumentParser
import Checkpoints
import CommandLineInterface
import Foundation
import JSONText
import Provenance

/// Writes a bill of materials.
package struct BillOfMaterialsCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "bom",
        abstract: "Write a model's bill of materials (CycloneDX 1.6).",
        discussion: """
            Lists every file with its SHA-256, format and parameters, how the model was hardened and \
            from what, and, with --key, --root or --policy, the signer and the audits that \
            'temper verify' counts, each with its signed statement. A model that does not verify \
            gets no bill. Exit codes: 0 written, 1 not verified, 2 wrong usage or bad input.
            """)

    @OptionGroup var verification: VerificationOptions

    @Option(help: "The model before hardening: a path or a name. Its files are listed, too.")
    var original: String?

    @Option(help: "The record.json of an audit, which names the model before hardening.")
    var record: String?

    @Option(help: "The file to write, outside of the model (default: standard output).")
    var out: String?

    @Flag(help: "Replace the file that is there.")
    var replace = false

    package init() {}

    package func validate() throws {
        guard verification.model.adapter == nil else {
            throw ValidationError(
                "a bill lists the files of one directory: name the adapter's own instead of MODEL")
        }
        guard
            verification.statesTrust
                || (verification.signature == nil && verification.attestations == nil)
        else {
            throw ValidationError(
                "--signature and --attestations need --key, --root or --policy, which say whom to "
                    + "trust")
        }
    }

    package func run() async throws {
        let model = try verification.location()
        let output = out.map { URL(fileURLWithPath: $0) }
        try output.map { try check($0, beside: model) }
        var bill = try await bill(of: model)
        if let original {
            bill.setOriginal(try OpenModel(identifying: try Locator().model(original)))
        }
        if let record {
            let data = try SmallFile.read(
                URL(fileURLWithPath: record), atMost: 1 << 30, remedy: "check the path")
            try bill.setOriginal(fromRecord: data, named: record)
        }
        bill.omissions.forEach(note)
        let json = try bill.json()
        if let output {
            try write(json, to: output)
        } else {
            FileHandle.standardOutput.write(json)
        }
    }

    private func bill(of model: URL) async throws -> BillOfMaterials {
        guard verification.statesTrust else {
            let file = AttestationFile.location(of: model)
            if FileManager.default.fileExists(atPath: file.path) {
                note("\(file.path) is left out: give --key, --root or --policy to verify it")
            }
            return try BillOfMaterials(try OpenModel(identifying: model))
        }
        let report = try await verification.verify(model)
        guard report.isVerified, let verified = report.model else {
            for line in report.lines { printError(line) }
            throw ExitCode(1)
        }
        report.warnings.forEach(note)
        for finding in report.attestations
        where [.notCounted, .unverified, .withdrawn, .leftOut].contains(finding.status) {
            note("left out: \(finding.text)")
        }
        return try BillOfMaterials(verified, audits: report.audits)
    }

    /// Refuses a place where the bill would change the model.
    private func check(_ output: URL, beside model: URL) throws {
        guard ModelSignature.path(of: output, within: model) == nil,
            output.resolvingSymlinksInPath().path != model.resolvingSymlinksInPath().path
        else {
            throw InputError(
                output.path, "is a part of the model, whose signature would not know it",
                remedy: "choose a place outside of the model")
        }
        guard replace || !FileManager.default.fileExists(atPath: output.path) else {
            throw InputError(output.path, "exists already", remedy: "give --replace to replace it")
        }
    }

    private func note(_ text: String) {
        printError("bom: \(text.onOneLine(length: 2_000))")
    }

    /// Standard output may be the bill.
    private func printError(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }
}
