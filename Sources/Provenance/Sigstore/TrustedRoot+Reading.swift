// SPDX-License-Identifier: Apache-2.0
// Reads a trusted root in the JSON of Sigstore's protobuf-specs (sigstore_trustroot.proto).

import Checkpoints
public import Foundation
import JSONText
import SwiftASN1
import X509

extension TrustedRoot {
    /// The longest file. Sigstore's own has 7 KiB.
    static let longest = 1 << 20

    private static let mediaTypes = [
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    ]

    private static let remedy = "give a trusted_root.json of Sigstore, of version 0.1 or 0.2"

    /// Reads a file.
    ///
    /// - Parameter file: A `trusted_root.json`.
    /// - Throws: An `InputError` when it cannot be read, or as ``init(json:named:)`` does.
    public init(contentsOf file: URL) throws {
        let data = try SmallFile.read(file, atMost: Self.longest, remedy: Self.remedy)
        try self.init(json: data, named: file.path(percentEncoded: false))
    }

    /// Reads a trusted root. Logs with keys or hash functions that are not supported are left out,
    /// so that nothing can come from them.
    ///
    /// - Parameters:
    ///   - json: The file's content.
    ///   - name: The file's name in errors.
    /// - Throws: An `InputError` when it is not a trusted root of version 0.1 or 0.2.
    public init(json: Data, named name: String) throws {
        let root = JSONNode(
            try JSON(json, file: name, remedy: Self.remedy), file: name, remedy: Self.remedy)
        let mediaType = try root.required("mediaType")
        guard Self.mediaTypes.contains(try mediaType.string()) else {
            throw mediaType.error("is \"\(try mediaType.string())\"", Self.remedy)
        }
        func elements(_ key: String) throws -> [JSONNode] {
            try root.member(key)?.elements() ?? []
        }
        transparencyLogs = try elements("tlogs").compactMap { try Log($0) }
        certificateLogs = try elements("ctlogs").compactMap { try Log($0) }
        certificateAuthorities = try elements("certificateAuthorities").map {
            try CertificateAuthority($0)
        }
        timestampAuthorities = try elements("timestampAuthorities").map {
            try CertificateAuthority($0)
        }
    }
}

extension TrustedRoot.Log {
    private static let algorithms: [String: Certificate.SignatureAlgorithm] = [
        "PKIX_ECDSA_P256_SHA_256": .ecdsaWithSHA256, "PKIX_ECDSA_P384_SHA_384": .ecdsaWithSHA384,
        "PKIX_ECDSA_P521_SHA_512": .ecdsaWithSHA512, "PKIX_ED25519": .ed25519,
        "PKIX_RSA_PKCS1V15_2048_SHA256": .sha256WithRSAEncryption,
        "PKIX_RSA_PKCS1V15_3072_SHA256": .sha256WithRSAEncryption,
        "PKIX_RSA_PKCS1V15_4096_SHA256": .sha256WithRSAEncryption,
    ]

    /// Reads a log; nil if its key or its hash function is not supported.
    fileprivate init?(_ node: JSONNode) throws {
        let publicKey = try node.required("publicKey")
        let hash = try node.member("hashAlgorithm")?.string() ?? "SHA2_256"
        guard hash == "SHA2_256",
            let algorithm = Self.algorithms[try publicKey.required("keyDetails").string()]
        else { return nil }
        let bytes = try publicKey.required("rawBytes")
        guard let key = try? Certificate.PublicKey(derEncoded: Array(try bytes.base64())) else {
            throw bytes.error("is not a public key in DER", bytes.remedy)
        }
        name = try node.member("baseUrl")?.string() ?? "a log without an address"
        identifier = try node.required("logId").required("keyId").base64()
        checkpointIdentifier =
            try node.member("checkpointKeyId")?.required("keyId").base64() ?? identifier
        self.key = key
        self.algorithm = algorithm
        period = try TrustedPeriod(publicKey.member("validFor"))
    }
}

extension CertificateAuthority {
    fileprivate init(_ node: JSONNode) throws {
        let list = try node.required("certChain").required("certificates")
        let der = try list.elements().map { try $0.required("rawBytes").base64() }
        let chain = try CertificateChain(der: der, named: "\(list.file): \(list.path)")
        guard let root = chain.certificates.last else {
            throw list.error("is empty", list.remedy)
        }
        self.init(
            root: root, others: chain.certificates.dropLast(),
            period: try TrustedPeriod(node.member("validFor")))
    }
}

extension TrustedPeriod {
    fileprivate init(_ node: JSONNode?) throws {
        self.init(
            start: try node?.member("start")?.time(), end: try node?.member("end")?.time())
    }
}
