// SPDX-License-Identifier: Apache-2.0
// A whole Sigstore of its own: an authority, a log of certificates, a log of signatures and a
// timestamp authority. Each part can be made wrong.

import Crypto
import Foundation
import SwiftASN1
import X509

@testable import Provenance

struct SigstoreFixture {
    static let provider = "https://accounts.example.org"
    /// When models are verified, and, a month before, signed.
    static let now = Authority.now
    static let signingTime = now - 30 * 86_400

    let signed: SignedModel
    let root: Authority
    let intermediate: Authority
    let certificateLog = P256.Signing.PrivateKey()
    let transparencyLog = P256.Signing.PrivateKey()
    let newTransparencyLog = Curve25519.Signing.PrivateKey()
    let stampRoot: Authority
    let stampKey = P256.Signing.PrivateKey()
    /// The certificates of the intermediate and of the root.
    let authorityCertificates: [Certificate]
    let stampRootCertificate: Certificate
    private let goodStampCertificate: Certificate

    init() throws {
        signed = try SignedModel()
        root = try Authority("sigstore")
        intermediate = try Authority("sigstore-intermediate", under: root)
        stampRoot = try Authority("tsa-root")
        authorityCertificates = [
            try intermediate.certificate(
                usage: KeyUsage(keyCertSign: true, cRLSign: true), purposes: [.codeSigning],
                from: Self.start, to: Self.end),
            try root.certificate(from: Self.start, to: Self.end),
        ]
        stampRootCertificate = try stampRoot.certificate(from: Self.start, to: Self.end)
        goodStampCertificate = try Self.certificate(Stamp(), of: stampKey, by: stampRoot)
    }

    private static let start = now - 60 * 86_400
    private static let end = now + 86_400

    // MARK: - The signer's certificate

    /// What the signer's certificate is to be like.
    struct Leaf {
        var names: [GeneralName] = [.rfc822Name("release@acme.example")]
        var provider: String? = SigstoreFixture.provider
        var oldProvider: String? = SigstoreFixture.provider
        var purposes: [ExtendedKeyUsage.Usage] = [.codeSigning]
        var start = SigstoreFixture.signingTime - 60
        var end = SigstoreFixture.signingTime + 540
        /// Who issues it, and of whose key the log believes that it does.
        var issuer: Authority?
        var loggedIssuer: Authority?
        var logKey: P256.Signing.PrivateKey?
        var logTime = SigstoreFixture.signingTime - 60
        var isLogged = true
        /// Whether the log saw other names in the certificate.
        var isLoggedWithOtherNames = false
    }

    func certificate(_ leaf: Leaf = Leaf()) throws -> Certificate {
        let issuer = leaf.issuer ?? intermediate
        let serialNumber = Certificate.SerialNumber()
        func make(_ names: [GeneralName], _ timestamps: [UInt8]?) throws -> Certificate {
            try Certificate(
                version: .v3, serialNumber: serialNumber,
                publicKey: Certificate.PublicKey(
                    pemEncoded: signed.key.publicKey.pemRepresentation),
                notValidBefore: leaf.start, notValidAfter: leaf.end, issuer: issuer.name,
                subject: DistinguishedName(), signatureAlgorithm: .ecdsaWithSHA384,
                extensions: Certificate.Extensions {
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage(leaf.purposes)
                    Critical(SubjectAlternativeNames(names))
                    if let old = leaf.oldProvider {
                        Certificate.Extension(
                            oid: [1, 3, 6, 1, 4, 1, 57_264, 1, 1], critical: false,
                            value: Array(old.utf8)[...])
                    }
                    if let provider = leaf.provider {
                        Certificate.Extension(
                            oid: [1, 3, 6, 1, 4, 1, 57_264, 1, 8], critical: false,
                            value: try der { try $0.serialize(ASN1UTF8String(provider)) }[...])
                    }
                    if let timestamps {
                        Certificate.Extension(
                            oid: [1, 3, 6, 1, 4, 1, 11_129, 2, 4, 2], critical: false,
                            value: try der { try $0.octets(timestamps) }[...])
                    }
                }, issuerPrivateKey: Certificate.PrivateKey(issuer.key))
        }
        guard leaf.isLogged else { return try make(leaf.names, nil) }
        let seen = try make(
            leaf.isLoggedWithOtherNames ? [.rfc822Name("x@example.org")] : leaf.names, nil)
        return try make(
            leaf.names, timestamps(of: seen, leaf, by: leaf.loggedIssuer ?? issuer))
    }

    /// The list with the timestamp that the log of certificates signs (RFC 6962, 3.2).
    private func timestamps(
        of certificate: Certificate, _ leaf: Leaf, by issuer: Authority
    ) throws -> [UInt8] {
        let log = leaf.logKey ?? certificateLog
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let milliseconds = number(Int(leaf.logTime.timeIntervalSince1970 * 1_000), 8)
        let issued = Array(certificate.tbsCertificateBytes)
        let issuerKey = try der { try $0.serialize(Certificate.PublicKey(issuer.key.publicKey)) }
        let message =
            [0, 0] + milliseconds + [0, 1] + Array(SHA256.hash(data: issuerKey))
            + number(issued.count, 3) + issued + [0, 0]
        let signature = Array(try log.signature(for: message).derRepresentation)
        let entry =
            [0] + Array(SHA256.hash(data: certificateLog.publicKey.derRepresentation))
            + milliseconds + [0, 0, 4, 3] + number(signature.count, 2) + signature
        return number(entry.count + 2, 2) + number(entry.count, 2) + entry
    }

    // MARK: - The log's entry

    /// What the entry in the log of signatures is to be like.
    struct Entry {
        var kind = "dsse"
        var version = "0.0.1"
        /// What was logged; nil for the bundle's own.
        var envelope: Envelope?
        var certificate: Certificate?
        var changeBody: (String) -> String = { $0 }
        /// Who signs; nil for the log.
        var key: P256.Signing.PrivateKey?
        var time = SigstoreFixture.signingTime
        var hasPromise = true
        var hasProof = true
        /// The size that the checkpoint states.
        var statedSize = 5
        var change: (String) -> String = { $0 }

        /// An entry of a log of the newer kind, which signs no time.
        static var new: Entry {
            Entry(kind: "hashedrekord", version: "0.0.2", hasPromise: false)
        }
    }

    private static let newLogName = "log2026.example.org"

    /// The identifier of the newer log: of its name and key (c2sp.org/signed-note).
    private var newLogIdentifier: Data {
        let bytes = Data("\(Self.newLogName)\n".utf8) + [1]
        return Data(SHA256.hash(data: bytes + newTransparencyLog.publicKey.rawRepresentation))
    }

    private var logIdentifier: Data {
        Data(SHA256.hash(data: transparencyLog.publicKey.derRepresentation))
    }

    func entry(
        _ entry: Entry, of envelope: Envelope, _ certificate: Certificate
    ) throws -> String {
        let envelope = entry.envelope ?? envelope
        let certificate = entry.certificate ?? certificate
        let isNew = entry.version == "0.0.2"
        let body = Data(try entry.changeBody(self.body(entry, envelope, certificate)).utf8)
        let identifier = isNew ? newLogIdentifier : logIdentifier
        let seconds = Int(entry.time.timeIntervalSince1970)
        var text = """
            {"logIndex":"1002","logId":{"keyId":"\(identifier.base64EncodedString())"},\
            "kindVersion":{"kind":"\(entry.kind)","version":"\(entry.version)"}
            """
        if entry.hasPromise {
            let hexadecimal = identifier.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                .joined()
            let promised = """
                {"body":"\(body.base64EncodedString())","integratedTime":\(seconds),\
                "logID":"\(hexadecimal)","logIndex":1002}
                """
            let promise = try (entry.key ?? transparencyLog).signature(for: Data(promised.utf8))
            text += """
                ,"integratedTime":"\(seconds)","inclusionPromise":{"signedEntryTimestamp":\
                "\(promise.derRepresentation.base64EncodedString())"}
                """
        }
        if entry.hasProof {
            let leaves = (0..<5).map { index in
                index == 2 ? TreeHash.leaf(body) : TreeHash.leaf(Data("entry \(index)".utf8))
            }
            let right = TreeHash.node(leaves[2], leaves[3])
            let left = TreeHash.node(leaves[0], leaves[1])
            let root = TreeHash.node(.node(left, right), leaves[4])
            let name = isNew ? Self.newLogName : "rekor.example.org"
            let note = "\(name) - 1\n\(entry.statedSize)\n\(root)\n"
            let signature =
                isNew
                ? try newTransparencyLog.signature(for: Data(note.utf8))
                : try (entry.key ?? transparencyLog).signature(for: Data(note.utf8))
                    .derRepresentation
            let line = (identifier.prefix(4) + signature).base64EncodedString()
            let hashes = [leaves[3], left, leaves[4]].map { "\"\($0)\"" }.joined(separator: ",")
            text += """
                ,"inclusionProof":{"logIndex":"2","rootHash":"\(root)","treeSize":"5",\
                "hashes":[\(hashes)],"checkpoint":{"envelope":\
                "\(note.replacing("\n", with: "\\n"))\\n— \(name) \(line)\\n"}}
                """
        }
        return entry.change(text + ",\"canonicalizedBody\":\"\(body.base64EncodedString())\"}")
    }

    private func body(
        _ entry: Entry, _ envelope: Envelope, _ certificate: Certificate
    ) throws -> String {
        let signature = envelope.signatures[0].bytes.base64EncodedString()
        let bytes = Data(try certificate.bytes).base64EncodedString()
        let verifier = """
            {"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":"\(bytes)"}}
            """
        let head = "{\"apiVersion\":\"\(entry.version)\",\"kind\":\"\(entry.kind)\",\"spec\":"
        switch (entry.kind, entry.version) {
        case ("dsse", "0.0.1"):
            let digest = SHA256.hash(data: envelope.payload)
                .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let pem = Data(try certificate.serializeAsPEM().pemString.utf8).base64EncodedString()
            return head + """
                {"envelopeHash":{"algorithm":"sha256","value":"00"},"payloadHash":\
                {"algorithm":"sha256","value":"\(digest)"},"signatures":\
                [{"signature":"\(signature)","verifier":"\(pem)"}]}}
                """
        case ("dsse", "0.0.2"):
            let digest = Data(SHA256.hash(data: envelope.payload)).base64EncodedString()
            return head + """
                {"dsseV002":{"payloadHash":{"algorithm":"SHA2_256","digest":"\(digest)"},\
                "signatures":[{"content":"\(signature)","verifier":\(verifier)}]}}}
                """
        default:
            let message = Envelope.preAuthenticationEncoding(
                payload: envelope.payload, type: envelope.payloadType)
            let digest = Data(SHA256.hash(data: message)).base64EncodedString()
            return head + """
                {"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"\(digest)"},\
                "signature":{"content":"\(signature)","verifier":\(verifier)}}}}
                """
        }
    }

    // MARK: - The timestamp

    /// What a timestamp is to be like.
    struct Stamp {
        /// What is stamped; nil for the bundle's signature.
        var message: Data?
        var date = SigstoreFixture.signingTime + 10
        var status = 0
        var key: P256.Signing.PrivateKey?
        var purposes: [ExtendedKeyUsage.Usage] = [.timeStamping]
        var isCritical = true
        var sendsCertificate = true
        /// Whether the signature is of another statement, and names another certificate.
        var isOfOtherContent = false
        var namesOtherCertificate = false
        var issuer: Authority?
    }

    /// The authority's certificate: always the same one unless something about it is wrong.
    func stampCertificate(_ stamp: Stamp = Stamp()) throws -> Certificate {
        let isGood =
            stamp.issuer == nil && stamp.purposes == Stamp().purposes && stamp.isCritical
        return isGood
            ? goodStampCertificate
            : try Self.certificate(stamp, of: stampKey, by: stamp.issuer ?? stampRoot)
    }

    private static func certificate(
        _ stamp: Stamp, of key: P256.Signing.PrivateKey, by issuer: Authority
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(4_711),
            publicKey: Certificate.PublicKey(key.publicKey), notValidBefore: start,
            notValidAfter: end, issuer: issuer.name,
            subject: DistinguishedName { CommonName("tsa") }, signatureAlgorithm: .ecdsaWithSHA384,
            extensions: Certificate.Extensions {
                Critical(KeyUsage(digitalSignature: true))
                let usage = try ExtendedKeyUsage(stamp.purposes)
                if stamp.isCritical { Critical(usage) } else { usage }
            }, issuerPrivateKey: Certificate.PrivateKey(issuer.key))
    }

    /// A response of the timestamp authority (RFC 3161) in DER.
    func timestamp(_ stamp: Stamp, of signature: Data, under certificate: Certificate) throws
        -> Data
    {
        let statement: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 9, 16, 1, 4]
        func content(_ date: Date) throws -> [UInt8] {
            try der {
                try $0.sequence {
                    try $0.serialize(1)
                    try $0.serialize([1, 2, 3, 4] as ASN1ObjectIdentifier)
                    try $0.sequence {
                        try $0.algorithm(.sha256)
                        try $0.octets(SHA256.hash(data: stamp.message ?? signature))
                    }
                    try $0.serialize(42)
                    try $0.time(date)
                }
            }
        }
        let stated = try content(stamp.date)
        let digested = try stamp.isOfOtherContent ? content(stamp.date + 1) : stated
        let named = try stamp.namesOtherCertificate ? [1, 2, 3] : certificate.bytes
        func attribute(
            _ type: ASN1ObjectIdentifier, _ write: (inout DER.Serializer) throws -> Void
        ) throws -> [UInt8] {
            try der {
                try $0.sequence {
                    try $0.serialize(type)
                    try $0.set(write)
                }
            }
        }
        let attributes = [
            try attribute([1, 2, 840, 113_549, 1, 9, 3]) { try $0.serialize(statement) },
            try attribute([1, 2, 840, 113_549, 1, 9, 4]) {
                try $0.octets(SHA256.hash(data: digested))
            },
            try attribute([1, 2, 840, 113_549, 1, 9, 16, 2, 47]) {
                try $0.sequence {
                    try $0.sequence { try $0.sequence { try $0.octets(SHA256.hash(data: named)) } }
                }
            },
        ]
        let signedBytes = der { $0.set { for bytes in attributes { $0.serializeRawBytes(bytes) } } }
        let bytes = try (stamp.key ?? stampKey).signature(for: signedBytes).derRepresentation
        let signerInfo = try der {
            try $0.sequence {
                try $0.serialize(1)
                try $0.sequence {
                    try $0.serialize(certificate.issuer)
                    try $0.serialize(certificate.serialNumber.bytes)
                }
                try $0.algorithm(.sha256)
                $0.tagged(0) { for bytes in attributes { $0.serializeRawBytes(bytes) } }
                try $0.algorithm(.ecdsaWithSHA256)
                try $0.octets(bytes)
            }
        }
        return Data(
            try der {
                try $0.sequence {
                    try $0.sequence { try $0.serialize(stamp.status) }
                    try $0.sequence {
                        try $0.serialize([1, 2, 840, 113_549, 1, 7, 2] as ASN1ObjectIdentifier)
                        try $0.tagged(0) {
                            try $0.sequence {
                                try $0.serialize(3)
                                try $0.set { try $0.algorithm(.sha256) }
                                try $0.sequence {
                                    try $0.serialize(statement)
                                    try $0.tagged(0) { try $0.octets(stated) }
                                }
                                if stamp.sendsCertificate {
                                    try $0.tagged(0) { try $0.serialize(certificate) }
                                }
                                $0.set { $0.serializeRawBytes(signerInfo) }
                            }
                        }
                    }
                }
            })
    }

    // MARK: - Bundles and trust

    /// A bundle of the model as it was signed.
    func bundle(
        _ leaf: Leaf = Leaf(), _ entry: Entry? = Entry(), stamps: [Stamp] = []
    ) throws -> SignatureBundle {
        let envelope = try signed.sign().envelope
        let certificate = try certificate(leaf)
        let signature = envelope.signatures[0].bytes
        return SignatureBundle(
            material: .certificates([Data(try certificate.bytes)]), envelope: envelope,
            logEntries: try entry.map {
                [Data(try self.entry($0, of: envelope, certificate).utf8)]
            } ?? [],
            timestamps: try stamps.map {
                try timestamp($0, of: signature, under: stampCertificate($0))
            })
    }

    private func log(
        _ key: Data, _ details: String, _ identifier: Data, _ period: String
    ) -> String {
        """
        {"baseUrl":"https://log.example.org","hashAlgorithm":"SHA2_256","publicKey":{"rawBytes":\
        "\(key.base64EncodedString())","keyDetails":"\(details)","validFor":{\(period)}},\
        "logId":{"keyId":"\(identifier.base64EncodedString())"}}
        """
    }

    private func authority(_ chain: [Certificate], _ period: String) throws -> String {
        let list = try chain.map {
            "{\"rawBytes\":\"\(Data(try $0.bytes).base64EncodedString())\"}"
        }.joined(separator: ",")
        return "{\"certChain\":{\"certificates\":[\(list)]},\"validFor\":{\(period)}}"
    }

    /// When each part of the trusted root was in use.
    struct Periods {
        static let always = "\"start\":\"2021-01-12T11:53:27.000Z\""
        static let past = always + ",\"end\":\"2022-12-31T23:59:59.999Z\""

        var transparencyLogs = always
        var certificateLogs = always
        var authorities = always
        var stamps = always
    }

    /// The trusted root as JSON.
    func trustedRootText(_ periods: Periods = Periods()) throws -> String {
        let detail = "PKIX_ECDSA_P256_SHA_256"
        let logs = [
            log(
                transparencyLog.publicKey.derRepresentation, detail, logIdentifier,
                periods.transparencyLogs),
            log(
                Data(
                    try der {
                        try $0.serialize(Certificate.PublicKey(newTransparencyLog.publicKey))
                    }), "PKIX_ED25519", newLogIdentifier, periods.transparencyLogs),
        ]
        let key = certificateLog.publicKey.derRepresentation
        let certificates = log(
            key, detail, Data(SHA256.hash(data: key)), periods.certificateLogs)
        let authority = try authority(
            authorityCertificates, periods.authorities)
        let stamps = try self.authority(
            [stampCertificate(), stampRootCertificate],
            periods.stamps)
        return """
            {"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1",\
            "tlogs":[\(logs.joined(separator: ","))],"certificateAuthorities":[\(authority)],\
            "ctlogs":[\(certificates)],"timestampAuthorities":[\(stamps)]}
            """
    }

    func trustedRoot(_ periods: Periods = Periods()) throws -> TrustedRoot {
        try TrustedRoot(json: Data(trustedRootText(periods).utf8), named: "trusted_root.json")
    }

    func identity(
        _ pattern: String = "release@acme.example", provider: String = Self.provider,
        by trustedRoot: TrustedRoot? = nil
    ) throws -> TrustedIdentity {
        TrustedIdentity(
            AlternativeNamePattern(pattern), provider: provider,
            trustedRoot: try trustedRoot ?? self.trustedRoot())
    }

    /// Verifies the model with a bundle, which is written and read on the way.
    func verify(
        _ bundle: SignatureBundle, _ identity: TrustedIdentity? = nil, at date: Date = now,
        lists: [RevocationList] = []
    ) async throws -> VerifiedModel {
        try await ModelSignature.verify(
            signed.model, bundle: SignatureBundle(json: bundle.json, named: "model.sig"),
            trust: Trust(
                identities: [try identity ?? self.identity()],
                validation: CertificateValidation(revocationLists: lists)), now: date)
    }
}
