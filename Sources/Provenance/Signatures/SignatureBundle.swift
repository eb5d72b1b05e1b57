// SPDX-License-Identifier: Apache-2.0
// A Sigstore bundle v0.3 as OpenSSF Model Signing v1.0 uses it: an envelope and the material to
// verify it.

import Checkpoints
public import Foundation
import JSONText

/// The content of a `model.sig`.
public struct SignatureBundle: Sendable, Hashable {
    /// The signer's claims about the key. They are not trusted.
    public enum Material: Sendable, Hashable {
        /// The hint of a ``VerificationKey``; nil when the signer gave none.
        case publicKey(hint: String?)

        /// Certificates in DER, the signer's first.
        case certificates([Data])
    }

    /// The media type of such bundles.
    public static let mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

    /// The longest file. Even a model of a million files has a shorter one.
    static let longest = 1 << 28

    /// The material to verify with.
    public let material: Material

    /// The signed envelope.
    public let envelope: Envelope

    /// The file that the bundle was read from.
    public private(set) var file: URL?

    /// The entries of transparency logs, each in the bundle's JSON.
    package let logEntries: [Data]

    /// The timestamps of the signature: responses of RFC 3161 in DER.
    package let timestamps: [Data]

    /// The most timestamps of a bundle, and the most log entries.
    private static let mostProofs = 8

    /// Makes a bundle.
    package init(
        material: Material, envelope: Envelope, logEntries: [Data] = [], timestamps: [Data] = []
    ) {
        self.material = material
        self.envelope = envelope
        self.logEntries = logEntries
        self.timestamps = timestamps
    }

    /// Reads a bundle's file.
    ///
    /// - Parameter file: A `model.sig`.
    /// - Throws: An `InputError` when the file cannot be read, or as ``init(json:named:)`` does.
    public init(contentsOf file: URL) throws {
        let data = try SmallFile.read(
            file, atMost: Self.longest,
            remedy: "name the signature with --signature, or sign the model with 'temper sign'")
        try self.init(json: data, named: file.path(percentEncoded: false))
        self.file = file
    }

    /// Reads a bundle.
    ///
    /// - Parameters:
    ///   - json: The bundle. Keys that the format does not define are refused.
    ///   - name: The bundle's name in errors: its file's path.
    /// - Throws: An `InputError` when it is not a bundle v0.3 with one DSSE signature.
    public init(json: Data, named name: String) throws {
        self = try JSONScanner.read(json, file: name) { try SignatureBundle(&$0, of: json) }
    }

    private init(_ scanner: inout JSONScanner, of json: Data) throws {
        var mediaType: String?
        var material: Material?
        var envelope: Envelope?
        var (logEntries, timestamps): ([Data], [Data]) = ([], [])
        let start = scanner.nextOffset()
        try scanner.object { scanner, key in
            switch key {
            case "mediaType": mediaType = try scanner.string()
            case "verificationMaterial":
                material = try Material(&scanner, of: json, &logEntries, &timestamps)
            case "dsseEnvelope": envelope = try Envelope(&scanner)
            default: throw scanner.error("the key \"\(key)\" is not known", at: scanner.position)
            }
        }
        guard mediaType == Self.mediaType else {
            throw scanner.error(
                "the mediaType is \(mediaType.map { "\"\($0)\"" } ?? "missing"), not "
                    + "\"\(Self.mediaType)\"", at: start)
        }
        guard let material, let envelope else {
            throw scanner.error("verificationMaterial or dsseEnvelope are missing", at: start)
        }
        guard envelope.signatures.count == 1 else {
            throw scanner.error(
                "there are \(envelope.signatures.count) signatures where a bundle has one",
                at: start)
        }
        guard max(logEntries.count, timestamps.count) <= Self.mostProofs else {
            throw scanner.error(
                "there are more than \(Self.mostProofs) log entries or timestamps", at: start)
        }
        self.init(
            material: material, envelope: envelope, logEntries: logEntries, timestamps: timestamps)
    }

    /// The bundle as JSON.
    public var json: Data {
        let material =
            switch material {
            case .publicKey(let hint):
                "\"publicKey\":{" + (hint.map { "\"hint\":" + JSON.literal($0) } ?? "") + "}"
            case .certificates(let chain):
                "\"x509CertificateChain\":{\"certificates\":["
                    + chain.map { "{\"rawBytes\":\"\($0.base64EncodedString())\"}" }
                    .joined(separator: ",") + "]}"
            }
        let entries = logEntries.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
        let stamps = timestamps.map { "{\"signedTimestamp\":\"\($0.base64EncodedString())\"}" }
            .joined(separator: ",")
        let times =
            timestamps.isEmpty
            ? "" : ",\"timestampVerificationData\":{\"rfc3161Timestamps\":[\(stamps)]}"
        let head = """
            {"mediaType":"\(Self.mediaType)",\
            "verificationMaterial":{\(material),"tlogEntries":[\(entries)]\(times)},"dsseEnvelope":
            """
        return Data(head.utf8) + envelope.json + Data("}\n".utf8)
    }

    /// Writes the bundle, whole or not at all.
    ///
    /// - Parameters:
    ///   - file: The file to write. It must not exist, or be a signature.
    ///   - model: The signed model. No other file ever lies in its directory.
    ///   - key: The only key whose signature may be replaced; nil for any.
    /// - Throws: An `InputError` when something else is there, or the file cannot be written.
    public func write(
        to file: URL, beside model: URL? = nil, replacing key: VerificationKey? = nil
    ) throws {
        // A directory, for one, cannot even be locked.
        try Self.checkPlace(file, replacing: key)
        try ModelSignature.writeAlone(file, beside: model) { old in
            try Self.checkReplacement(of: old, in: file, by: key)
            return json
        }
    }

    /// Checks that a signature may be written. The work of signing is then not in vain.
    ///
    /// - Parameters:
    ///   - file: The file to write.
    ///   - key: The only key whose signature may be replaced; nil for any.
    /// - Throws: As ``write(to:beside:replacing:)`` does.
    public static func checkPlace(_ file: URL, replacing key: VerificationKey?) throws {
        guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) else {
            return
        }
        let old = try? SmallFile.read(file, atMost: longest, remedy: "")
        // What cannot be read is no signature.
        try checkReplacement(of: old ?? Data("?".utf8), in: file, by: key)
    }

    private static func checkReplacement(
        of old: Data, in file: URL, by key: VerificationKey?
    ) throws {
        // A process that was interrupted may have left an empty file.
        if old.isEmpty { return }
        let name = file.path(percentEncoded: false)
        guard let bundle = try? SignatureBundle(json: old, named: name) else {
            throw InputError(
                file, "exists already and is not a signature",
                remedy: "choose another place with --out, or remove it")
        }
        if let key, bundle.envelope.signers(among: [key]).isEmpty {
            throw InputError(
                file, "is a signature by another key",
                remedy: "give --replace to replace it, or choose another place with --out")
        }
    }
}

extension SignatureBundle.Material {
    fileprivate init(
        _ scanner: inout JSONScanner, of json: Data, _ logEntries: inout [Data],
        _ timestamps: inout [Data]
    ) throws {
        var found: [Self] = []
        let start = scanner.nextOffset()
        try scanner.object { scanner, key in
            switch key {
            case "publicKey":
                found.append(.publicKey(hint: try Self.hint(&scanner)))
            case "x509CertificateChain":
                found.append(.certificates(try Self.chain(&scanner)))
            case "certificate":
                found.append(.certificates([try Self.bytes(&scanner, of: "rawBytes")]))
            case "tlogEntries":
                logEntries = try scanner.array { Data(try $0.rawValue(of: json)) }
            case "timestampVerificationData":
                guard !scanner.skipNull() else { break }
                try scanner.object { scanner, key in
                    guard key == "rfc3161Timestamps" else {
                        throw scanner.error(
                            "the key \"\(key)\" is not known", at: scanner.position)
                    }
                    timestamps = try scanner.array {
                        try Self.bytes(&$0, of: "signedTimestamp")
                    }
                }
            default: throw scanner.error("the key \"\(key)\" is not known", at: scanner.position)
            }
        }
        guard let material = found.first, found.count == 1 else {
            throw scanner.error(
                "one of publicKey, certificate and x509CertificateChain is expected", at: start)
        }
        self = material
    }

    /// Reads the bytes of an object with a single key.
    private static func bytes(_ scanner: inout JSONScanner, of name: String) throws -> Data {
        var bytes: Data?
        let start = scanner.nextOffset()
        try scanner.object { scanner, key in
            guard key == name else {
                throw scanner.error("the key \"\(key)\" is not known", at: scanner.position)
            }
            bytes = try scanner.base64()
        }
        guard let bytes else { throw scanner.error("\(name) is missing", at: start) }
        return bytes
    }

    /// Reads the hint of a key. Versions of the tool before 1.1 wrote the key itself: it is a hint,
    /// too, and never trusted.
    private static func hint(_ scanner: inout JSONScanner) throws -> String? {
        var hint: String?
        var key: VerificationKey?
        try scanner.object { scanner, name in
            switch name {
            case "hint": hint = scanner.skipNull() ? nil : try scanner.string()
            case "rawBytes": key = VerificationKey(pemOrDER: try scanner.base64())
            case "keyDetails", "validFor": try scanner.skipValue()
            default:
                throw scanner.error("the key \"\(name)\" is not known", at: scanner.position)
            }
        }
        return hint.flatMap { $0.isEmpty ? nil : $0 } ?? key?.hint
    }

    private static func chain(_ scanner: inout JSONScanner) throws -> [Data] {
        var chain: [Data] = []
        let start = scanner.nextOffset()
        try scanner.object { scanner, key in
            guard key == "certificates" else {
                throw scanner.error("the key \"\(key)\" is not known", at: scanner.position)
            }
            chain = try scanner.array { try bytes(&$0, of: "rawBytes") }
        }
        guard (1...CertificateChain.most).contains(chain.count) else {
            throw scanner.error(
                "there are \(chain.count) certificates, not 1 to "
                    + "\(CertificateChain.most)", at: start)
        }
        return chain
    }
}
