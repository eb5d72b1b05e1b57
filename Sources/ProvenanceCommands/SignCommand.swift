// SPDX-License-Identifier: Apache-2.0
// `temper sign`: signs a model.

package import ArgumentParser
import Checkpoints
import CommandLineInterface
import Foundation
import Provenance

/// Signs a model.
package struct SignCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a model's files (OpenSSF Model Signing v1.0).",
        discussion: """
            Every file of the directory is signed by its name and SHA-256, but for version \
            control's own (.git, .gitattributes, .github, .gitignore) and for model.sig and \
            attestations.jsonl beside them. Symbolic links are refused. 'temper verify' and \
            'model_signing verify' check the result. A signature by another key is not replaced \
            without --replace.
            """)

    @Argument(help: "A model: a path or a name.")
    var model: String

    @OptionGroup var signing: SigningOptions

    @Option(help: "The signature to write (default: MODEL/model.sig, or FILE.sig beside a file).")
    var out: String?

    @Option(
        help: """
            A path within the model that is not signed, with all below it; may be given several \
            times. Verifiers name it.
            """)
    var ignorePaths: [String] = []

    @Flag(help: "Replace a signature that another key made.")
    var replace = false

    @Flag(help: "Print JSON.")
    var json = false

    package init() {}

    package func validate() throws { try checkIgnoredPaths(ignorePaths) }

    package func run() throws {
        let model = try Locator().model(model)
        let signatory = try signing.signatory()
        let file = out.map { URL(fileURLWithPath: $0) } ?? ModelSignature.location(of: model)
        let replaced = replace ? nil : signatory.key.publicKey
        // Hashing may take long: a signature that must stay is told first.
        try SignatureBundle.checkPlace(file, replacing: replaced)
        let (bundle, digest) = try ModelSignature.sign(
            model, key: signatory.key, certificates: signatory.certificates,
            ignoring: ignorePaths, for: file)
        try bundle.write(to: file, beside: model, replacing: replaced)
        let summary = Summary(
            signature: file.path, root: digest.root, files: digest.resources.count,
            ignored: digest.ignored)
        if json {
            try printJSON(summary)
        } else {
            print("signature\t\(summary.signature)")
            print("root\tsha256:\(summary.root)")
            print("files\t\(summary.files)")
            for path in summary.ignored { print("not signed\t\(path)") }
        }
    }

    private struct Summary: Encodable {
        let signature: String
        let root: String
        let files: Int
        let ignored: [String]
    }
}
