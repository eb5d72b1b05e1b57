// SPDX-License-Identifier: Apache-2.0
// Binds an audit's record to the weights that were audited, and signs both.

public import Checkpoints
public import Foundation
import JSONText
public import Records
public import Suites

/// The key and certificates with which an auditor signs.
public struct Signatory: Sendable {
    /// The private key.
    public var key: SigningKey
    /// The certificate of the key and its issuers, if there are any.
    public var certificates: CertificateChain?

    /// Signs with a key, and with its certificate if there is one.
    public init(key: SigningKey, certificates: CertificateChain? = nil) {
        self.key = key
        self.certificates = certificates
    }

    /// The names in the certificate, if there is one.
    var certifiedNames: Set<String> {
        get throws {
            try certificates?.certifiedNames ?? []
        }
    }

    /// Returns a statement as one line of an attestations' file.
    func line(_ statement: Statement) throws -> Data {
        guard let certificates else {
            return try Envelope.signed(
                payload: statement.json, type: Statement.payloadType, by: key
            ).json
        }
        let bundle = SignatureBundle(
            material: try ModelSignature.material(key, certificates),
            envelope: try Envelope.signed(
                payload: statement.json, type: Statement.payloadType, by: key, keyID: ""))
        // A bundle ends with a line feed of its own.
        return bundle.json.dropLast()
    }
}

/// The weights of a model with their signature.
public struct Certification: Sendable {
    /// The signed list of files.
    public let bundle: SignatureBundle
    /// The list's payload, to which attestations are bound.
    let payload: Data
    /// The list.
    public let manifest: ModelManifest
    /// The model's digest as audits state it.
    public let digest: ModelDigest
    /// The key that signed the weights.
    public let signerKey: VerificationKey
    /// The names in the certificate of that key, if there is one.
    private let signerNames: Set<String>

    /// Signs a model that has no signature yet. Nothing is written.
    public init(signing model: URL, by signatory: Signatory, for file: URL) throws {
        let (bundle, digest) = try ModelSignature.sign(
            model, key: signatory.key, certificates: signatory.certificates, for: file)
        self.bundle = bundle
        self.digest = digest
        payload = bundle.envelope.payload
        manifest = try ModelManifest(Statement(json: payload, named: "the list"), named: "the list")
        signerKey = signatory.key.publicKey
        signerNames = try signatory.certifiedNames
    }

    /// Takes an existing signature that was verified.
    public init(_ bundle: SignatureBundle, verifiedAs model: VerifiedModel) {
        self.bundle = bundle
        payload = bundle.envelope.payload
        manifest = model.manifest
        digest = model.digest
        signerKey = model.signer.key
        signerNames =
            if case .certificate(let identity) = model.signer { identity.certifiedNames } else {
                []
            }
    }

    /// Returns the attestations of an audit: our own predicate, and in-toto's test result.
    ///
    /// - Parameters:
    ///   - record: The audit's record.
    ///   - json: The bytes of its file.
    ///   - adapter: The adapter that was audited on these weights. The attestations then have two
    ///     subjects, the model and the adapter.
    ///   - suite: The suite of the digest that the record names. Its thresholds decide.
    ///   - terms: The terms that the auditor adds.
    ///   - signatory: The auditor's key and certificates.
    /// - Returns: Two lines of an attestations' file.
    /// - Throws: A ``VerificationFailure`` when the record is about other weights, an `InputError`
    ///   when it contradicts itself or its suite, or the level cannot be claimed.
    public func attestations(
        of record: AuditRecord, json: Data, with adapter: Certification? = nil, suite: KnownSuite,
        terms: TamperResistance.Terms,
        by signatory: Signatory
    ) throws -> [Data] {
        if let (place, problem) = record.contradiction ?? record.contradiction(to: suite) {
            throw InputError(
                "the record's \(place)", problem,
                remedy: "the record was altered or is damaged: repeat the audit")
        }
        let audited =
            adapter.map {
                ModelDigest.root(ofBase: digest.root, adapter: $0.digest.root)
            } ?? digest.root
        guard record.model.digest == audited else {
            throw VerificationFailure(
                .files, "the record",
                "is of other weights: it speaks of \(record.model.name) with the digest "
                    + "\(record.model.digest), and these have \(audited)",
                remedy: "audit these weights, or give the model that was audited"
                    + (record.model.adapter == nil ? "" : ", with its --adapter"))
        }
        let parts = [self, adapter].compactMap(\.self)
        let isSameKey = parts.contains { signatory.key.publicKey == $0.signerKey }
        let names = parts.reduce(into: Set()) { $0.formUnion($1.signerNames) }
        if terms.level != .selfAttested,
            try isSameKey || !signatory.certifiedNames.isDisjoint(with: names)
        {
            throw InputError(
                "the assurance level \(terms.level)",
                isSameKey
                    ? "is not for the key that signed the weights"
                    : "is not for the signer of the weights, by another key either",
                remedy: "sign with the auditor's own key, or claim self-attested")
        }
        let audit = try TamperResistance(
            record, json: json, payload: payload, adapterPayload: adapter?.payload, terms: terms)
        if let (place, problem) = audit.flaw {
            throw InputError(
                "the record's \(place)", problem, remedy: "repeat the audit")
        }
        return try [
            Self.statement(about: parts, TamperResistance.predicateType, audit),
            Self.statement(about: parts, TestResult.predicateType, TestResult(audit)),
        ].map { try signatory.line($0) }
    }

    /// Throws if writing the file at its place would break the model's signature.
    ///
    /// - Parameters:
    ///   - file: A file of attestations.
    ///   - model: The model.
    /// - Throws: An `InputError` when the signature covers the file's place.
    public func checkPlace(of file: URL, beside model: URL) throws {
        guard let path = ModelSignature.path(of: file, within: model),
            !(ModelDigest.ignoredByDefault + manifest.ignoredPaths).contains(where: {
                $0.utf8.elementsEqual(path.utf8)
            })
        else { return }
        throw InputError(
            file, "would be a file of the model that its signature does not know",
            remedy: "write it elsewhere with --out, or have the weights signed by 'temper sign', "
                + "which leaves \(ModelDigest.attestationsName) out")
    }

    private static func statement(
        about parts: [Certification], _ type: String, _ predicate: some Encodable
    ) throws -> Statement {
        try Statement(
            subjects: parts.map {
                .init(name: $0.manifest.modelName, digest: ["sha256": $0.manifest.root])
            },
            predicateType: type, predicate: try canonicalJSON(predicate))
    }
}
