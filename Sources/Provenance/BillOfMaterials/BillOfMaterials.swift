// SPDX-License-Identifier: Apache-2.0
// A model's bill of materials: its files, what it was hardened from, how, and who audited it.

public import Checkpoints
import Crypto
public import Foundation
import JSONText
public import Records

/// A bill of materials of a model.
///
/// It states what was read, and nothing else: the files as they were hashed, a signer and audits only
/// if their signatures were verified. ``json(serialNumber:date:)`` writes it as CycloneDX 1.6.
public struct BillOfMaterials: Sendable {
    /// How the original became known.
    public enum OriginalSource: String, Sendable, Hashable {
        /// Its files were hashed for this bill.
        case hashed
        /// The record of an audit names it, and an auditor signed that record's digest.
        case attestedRecord = "attested-record"
        /// A record names it that nobody signed.
        case unsignedRecord = "unsigned-record"
    }

    /// The model before hardening.
    public struct Original: Sendable {
        /// The model.
        public let model: ModelContent
        /// How it became known.
        public let source: OriginalSource
    }

    /// The verified signature of the model.
    public struct Signature: Sendable, Hashable {
        /// The signer: a key's hint, or a certificate's names.
        public let signer: String
        /// The SHA-256 of the signed list of files, in lowercase hexadecimal digits.
        public let payloadDigest: String
    }

    /// The model.
    public let model: ModelContent
    /// Its signature; nil if no signature was verified.
    public let signature: Signature?
    /// Its audits that are verified and count.
    public let audits: [CountedAudit]
    /// How it was hardened; nil if no file of the model says so.
    public let hardening: HardeningSummary?
    /// The model before hardening, if it is known.
    public private(set) var original: Original?

    /// Lists the content of a model without a verified signature.
    ///
    /// - Parameter model: The model.
    /// - Throws: An `InputError` when the summary of its hardening is damaged.
    public init(_ model: OpenModel) throws { try self.init(model, signature: nil, audits: []) }

    /// Lists the content of a verified model.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - audits: Its audits.
    /// - Throws: An `InputError` when the summary of its hardening is damaged.
    public init(_ model: VerifiedModel, audits: [CountedAudit]) throws {
        try self.init(
            model.model,
            signature: Signature(
                signer: model.signer.description, payloadDigest: model.payloadDigest),
            audits: audits)
    }

    private init(_ model: OpenModel, signature: Signature?, audits: [CountedAudit]) throws {
        self.model = ModelContent(model)
        self.signature = signature
        self.audits = audits
        let name = HardeningSummary.fileName
        hardening = try model.smallFile(name).map {
            try RecordJSON.decode(
                HardeningSummary.self, from: $0, file: model.url.appending(path: name).path)
        }
    }

    /// Names the model before hardening by its files.
    ///
    /// - Parameter original: The model before hardening.
    public mutating func setOriginal(_ original: OpenModel) {
        self.original = Original(model: ModelContent(original), source: .hashed)
    }

    /// Names the model before hardening by the record of an audit. An original whose files were
    /// hashed stays, and must be the one that the record names.
    ///
    /// - Parameters:
    ///   - json: The bytes of the record's file.
    ///   - name: The file's name in errors.
    /// - Throws: An `InputError` when the record is damaged or names no original, a
    ///   ``VerificationFailure`` when it is of other weights or names another original.
    public mutating func setOriginal(fromRecord json: Data, named name: String) throws {
        try JSONScanner.check(json, file: name)
        let record = try AuditRecord(json: json, file: name)
        guard record.model.digest == model.root else {
            throw VerificationFailure(
                .files, name,
                "is of other weights: it speaks of \(record.model.name) with the digest "
                    + "\(record.model.digest), and these have \(model.root)",
                remedy: "give the record of an audit of this model")
        }
        guard let named = record.baseModel else {
            throw InputError(
                name, "names no original: the audit was made without one",
                remedy: "leave --record out, or give the original itself with --original")
        }
        if let original {
            guard original.model.root == named.digest else {
                throw VerificationFailure(
                    .files, name,
                    "names another original: \(named.name) with the digest \(named.digest), and "
                        + "the given one has \(original.model.root)",
                    remedy: "give the model that was hardened")
            }
            return
        }
        let digest = SHA256.hash(data: json).hexadecimal
        let isAttested = audits.contains { audit in
            audit.content.evidence.contains { $0.digest.sha256 == digest }
        }
        original = Original(
            model: ModelContent(named), source: isAttested ? .attestedRecord : .unsignedRecord)
    }

    /// What the bill leaves out and why, one line each.
    public var omissions: [String] {
        var lines: [String] = []
        if let problem = model.unread {
            lines.append("format and parameters are left out: \(problem)")
        }
        if hardening != nil, original == nil {
            lines.append("the original is not known: give it with --original or --record")
        }
        if original?.source == .unsignedRecord {
            lines.append("the original is the word of a record that no listed audit signs")
        }
        return lines
    }
}

extension OpenModel {
    /// The longest small file.
    private static let longest = 1 << 24

    /// Returns the bytes of a file of settings.
    ///
    /// - Parameter name: Its path within the model.
    /// - Returns: The bytes that were hashed; nil when there is no file of that name.
    /// - Throws: An `InputError` when it cannot be read or is longer than 16 MiB.
    func smallFile(_ name: String) throws -> Data? {
        guard let file = file(name) else { return nil }
        guard file.byteCount <= Self.longest else {
            throw InputError(
                url.appending(path: name), "has more than \(Self.longest) bytes",
                remedy: "the file is damaged: take the model from its source again")
        }
        return try data(of: name)
    }
}
