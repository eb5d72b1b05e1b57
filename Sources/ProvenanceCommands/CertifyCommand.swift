// SPDX-License-Identifier: Apache-2.0
// `temper certify`: signs the result of an audit and binds it to the exact weights.

public import ArgumentParser
import Checkpoints
import CommandLineInterface
import Foundation
import JSONText
public import Provenance
import Records
import Suites

/// Signs an audit.
package struct CertifyCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "certify",
        abstract: "Sign what an audit found, bound to the exact weights.",
        discussion: """
            Signs the weights if nobody has, and writes two attestations beside them: one with all \
            that 'temper verify --policy' asks of an audit, one for tools that read in-toto's test \
            results. A record of other weights is refused, and one that contradicts itself or its \
            suite. A second auditor adds their own with --append. With --adapter, model and adapter \
            are signed each, and the attestations, beside the adapter, are about both together.
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "The record.json of the audit.")
    var record: String

    @Option(
        help: """
            The suite of the audit, if Temper does not ship it and it is not found by its name: a \
            path or a name.
            """)
    var suite: String?

    @OptionGroup var signing: SigningOptions

    @Option(
        help: "The signature of the weights (default: MODEL/model.sig, or FILE.sig beside a file).")
    var signature: String?

    @Option(
        help: """
            The public key of whoever signed the weights, in PEM, if that is not the auditor; may be \
            given several times.
            """)
    var signer: [String] = []

    @Option(help: "The root of the certificate that the weights were signed with, in PEM.")
    var root: [String] = []

    @Option(
        help: """
            How much independent work stands behind the audit: self-attested, third-party or \
            reproduced (default: self-attested).
            """, transform: assuranceLevel)
    var assurance: AssuranceLevel = .selfAttested

    @Option(help: "How long the attestation counts, from now: 180d, 12h.")
    var validFor = Period(days: 180)

    @Option(help: "What the auditor is called (default: the key's hint).")
    var evaluator: String?

    @Option(
        help: """
            A further file that the numbers can be checked with, such as the record of a repeated \
            audit; its digest is signed. May be given again.
            """)
    var evidence: [String] = []

    @Option(help: "What was laid down before the audit; its digest is signed.")
    var preRegistration: String?

    @Option(
        help: """
            The attestations' file (default: MODEL/attestations.jsonl, or FILE.attestations.jsonl \
            beside a file; with an adapter, in its directory).
            """)
    var out: String?

    @Flag(help: "Keep the attestations that are there, and add to them.")
    var append = false

    @Flag(help: "Replace the attestations that are there.")
    var replace = false

    @Flag(help: "Print JSON.")
    var json = false

    package init() {}

    package func validate() throws {
        guard !(append && replace) else {
            throw ValidationError("--append and --replace exclude each other")
        }
        guard assurance != .reproduced || !evidence.isEmpty else {
            throw ValidationError(
                "--assurance reproduced needs the record of the repeated audit: --evidence FILE")
        }
    }

    package func run() async throws {
        let model = try self.model.location()
        let adapter = try self.model.adapterLocation()
        let signatory = try signing.signatory()
        let recordFile = URL(fileURLWithPath: record)
        let data = try readFile(recordFile)
        // If a key occurs twice, readers disagree about which one counts.
        try JSONScanner.check(data, file: self.record)
        let record = try AuditRecord(json: data, file: recordFile.lastPathComponent)
        let suite = try suite(of: record)
        let terms = try terms(of: signatory)
        let described = adapter ?? model
        let file = out.map { URL(fileURLWithPath: $0) } ?? AttestationFile.location(of: described)
        guard append || replace || !isThere(file) else {
            throw InputError(
                file.path, "exists already", remedy: "give --append to add to it, or --replace")
        }
        let place =
            signature.map { URL(fileURLWithPath: $0) } ?? ModelSignature.location(of: model)
        let certified = try await part(model, place, signatory)
        var parts = [certified]
        if let adapter {
            parts.append(try await part(adapter, ModelSignature.location(of: adapter), signatory))
        }
        let certifiedAdapter = parts.dropFirst().first
        let lines = try certified.certification.attestations(
            of: record, json: data, with: certifiedAdapter?.certification, suite: suite,
            terms: terms, by: signatory)
        for part in parts { try part.certification.checkPlace(of: file, beside: part.place) }
        // What cannot be written leaves nothing behind, and nothing of another process is undone.
        for part in parts where !part.isSigned {
            try SignatureBundle.checkPlace(part.signature, replacing: signatory.key.publicKey)
        }
        try AttestationFile.write(
            lines, to: file, beside: described, appending: append, replacing: replace)
        for part in parts where !part.isSigned {
            try part.certification.bundle.write(
                to: part.signature, beside: part.place, replacing: signatory.key.publicKey)
        }
        try show(
            Summary(
                signature: place.path, signed: !certified.isSigned, attestations: file.path,
                root: certified.certification.manifest.root,
                adapterSignature: certifiedAdapter?.signature.path,
                adapterRoot: certifiedAdapter?.certification.manifest.root,
                key: signatory.key.publicKey.hint,
                suite: record.suite.digest, battery: try record.batteryDigest,
                expires: terms.validity.expires, safeguard: record.safeguard))
        // The attestation is written, but it states that there is no safeguard.
        if record.safeguard != .stands { throw ExitCode(1) }
    }

    /// Returns whether a file has any content. An interrupted process may leave an empty one.
    private func isThere(_ file: URL) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
        return attributes.map { $0[.size] as? Int != 0 } ?? false
    }

    /// Returns what the digest of the record's suite stands for: its thresholds are not the record's
    /// word.
    private func suite(of record: AuditRecord) throws -> KnownSuite {
        if suite == nil, let shipped = KnownSuite.shipped(digest: record.suite.digest) {
            return shipped
        }
        let locator = Locator()
        // A name in a record is looked up among the suites; it is not a path.
        let name = URL(fileURLWithPath: record.suite.name).lastPathComponent
        let place: URL
        do {
            place = try locator.suite(suite ?? name)
        } catch let error as InputError where suite == nil {
            throw InputError(
                "the record's suite", "is not here: \(error.place): \(error.problem)",
                remedy: "say where with --suite PATH; its thresholds decide")
        }
        let found = KnownSuite(try Suite(at: place, locateBase: locator.suite))
        guard found.identity.digest == record.suite.digest else {
            throw InputError(
                place.path(percentEncoded: false),
                "is not the record's suite: its digest begins "
                    + "\(found.identity.digest.prefix(12)), the record's "
                    + "\(record.suite.digest.prefix(12))",
                remedy: "name the right one with --suite PATH")
        }
        return found
    }

    /// A model or an adapter with its signature, which is there or still to be written.
    private struct Part {
        let place: URL
        let signature: URL
        let isSigned: Bool
        let certification: Certification
    }

    private func part(_ place: URL, _ signature: URL, _ signatory: Signatory) async throws -> Part {
        let isSigned = isThere(signature)
        return Part(
            place: place, signature: signature, isSigned: isSigned,
            certification: isSigned
                ? try await verified(place, signature, signatory)
                : try Certification(signing: place, by: signatory, for: signature))
    }

    private func verified(
        _ model: URL, _ place: URL, _ signatory: Signatory
    ) async throws -> Certification {
        var trust = try Trust(keyFiles: signer, rootFiles: root)
        trust.keys.append(signatory.key.publicKey)
        let bundle = try SignatureBundle(contentsOf: place)
        do {
            return Certification(
                bundle,
                verifiedAs: try await ModelSignature.verify(
                    model, bundle: bundle, trust: trust, selection: FileSelection(isHolding: false))
            )
        } catch let failure as VerificationFailure
            where [.signature, .certificate].contains(failure.check) && (signer + root).isEmpty
        {
            throw VerificationFailure(
                failure.check, failure.subject, failure.problem,
                remedy: "if somebody else signed the weights, give their public key with --signer, "
                    + "or the root of their certificate with --root")
        }
    }

    private func terms(of signatory: Signatory) throws -> TamperResistance.Terms {
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        func resource(_ path: String) throws -> TamperResistance.Resource {
            let file = URL(fileURLWithPath: path)
            return TamperResistance.Resource(
                name: file.lastPathComponent, data: try readFile(file))
        }
        return TamperResistance.Terms(
            evaluator: evaluator ?? "sha256:\(signatory.key.publicKey.hint)", level: assurance,
            validity: .init(notBefore: now, lasting: validFor),
            preRegistration: try preRegistration.map(resource),
            evidence: try evidence.map(resource))
    }

    /// Returns the bytes of a file that is read whole.
    private func readFile(_ file: URL) throws -> Data {
        try SmallFile.read(file, atMost: 1 << 30, remedy: "check the path")
    }

    private struct Summary: Encodable {
        let signature: String
        let signed: Bool
        let attestations: String
        let root: String
        let adapterSignature: String?
        let adapterRoot: String?
        let key: String
        let suite: String
        let battery: String
        let expires: Date
        let safeguard: SafeguardStatus
    }

    private func show(_ summary: Summary) throws {
        if json { return try printJSON(summary) }
        print("signature\t\(summary.signature) (\(summary.signed ? "made" : "was there"))")
        print("attestations\t\(summary.attestations)")
        print("root\tsha256:\(summary.root)")
        if let signature = summary.adapterSignature, let root = summary.adapterRoot {
            print("adapter\t\(signature)\nadapter's root\tsha256:\(root)")
        }
        print("suite\tsha256:\(summary.suite)")
        print("battery\tsha256:\(summary.battery)")
        print("key\t\(summary.key)")
        print("expires\t\(summary.expires.formatted(.iso8601))")
        switch summary.safeguard {
        case .stands: break
        case .absent: print("NO\tsafeguard\tthe untampered model has none")
        case .unknown: print("NO\tsafeguard\tthe record has no measure of the untampered model")
        }
    }
}

extension Period: ExpressibleByArgument {
    /// Reads `180d` or `12h`.
    public init?(argument: String) { self.init(argument) }
}

private func assuranceLevel(_ text: String) throws -> AssuranceLevel {
    guard let level = AssuranceLevel(spelling: text) else {
        let levels = AssuranceLevel.allCases.map(\.description).joined(separator: ", ")
        throw ValidationError("\"\(text)\" is no level of assurance; levels: \(levels)")
    }
    return level
}
