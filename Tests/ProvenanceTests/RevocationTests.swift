// SPDX-License-Identifier: Apache-2.0
// Revocation lists of authorities: who is revoked, and which lists count.

import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import Provenance

/// An authority's revocation lists. Each part can be made wrong.
struct RevocationFixture {
    let authority: Authority
    var key: P384.Signing.PrivateKey
    var start = Authority.now - 3_600
    var end: Date? = Authority.now + 3_600
    var innerAlgorithm = ASN1ObjectIdentifier.ecdsaWithSHA384
    /// A critical extension of the list, and of its entries.
    var critical: ASN1ObjectIdentifier?
    var criticalOfEntries: ASN1ObjectIdentifier?

    init(_ authority: Authority) {
        self.authority = authority
        key = authority.key
    }

    private func extensions(_ critical: ASN1ObjectIdentifier) throws -> [UInt8] {
        try der {
            try $0.sequence {
                try $0.sequence {
                    try $0.serialize(critical)
                    try $0.serialize(true)
                    try $0.octets([0x30, 0])
                }
            }
        }
    }

    /// A list in DER.
    func bytes(of certificates: [Certificate]) throws -> [UInt8] {
        let signed = try der {
            try $0.sequence {
                try $0.serialize(1)
                try $0.algorithm(innerAlgorithm)
                try $0.serialize(authority.name)
                try $0.time(start)
                if let end { try $0.time(end) }
                if !certificates.isEmpty {
                    try $0.sequence {
                        for certificate in certificates {
                            try $0.sequence {
                                try $0.serialize(certificate.serialNumber.bytes)
                                try $0.time(start)
                                if let criticalOfEntries {
                                    $0.serializeRawBytes(try extensions(criticalOfEntries))
                                }
                            }
                        }
                    }
                }
                if let critical {
                    try $0.tagged(0) { $0.serializeRawBytes(try extensions(critical)) }
                }
            }
        }
        let signature = try key.signature(for: signed).derRepresentation
        return try der {
            try $0.sequence {
                $0.serializeRawBytes(signed)
                try $0.algorithm(.ecdsaWithSHA384)
                try $0.serialize(ASN1BitString(bytes: Array(signature)[...]))
            }
        }
    }

    /// A list, written as DER or PEM and read.
    func list(
        of certificates: [Certificate], in directory: TemporaryDirectory, asPEM isPEM: Bool = false
    ) throws -> [RevocationList] {
        let file = directory.url.appendingPathComponent("\(UUID().uuidString).crl")
        let bytes = try bytes(of: certificates)
        try
            (isPEM
            ? Data(PEMDocument(type: "X509 CRL", derBytes: bytes).pemString.utf8) : Data(bytes))
            .write(to: file)
        return try RevocationList.all(in: file)
    }
}

@Suite("Revocation lists")
struct RevocationTests {
    private let signed: SignedModel
    private let root: Authority
    private let intermediate: Authority
    private let usage = KeyUsage(keyCertSign: true, cRLSign: true)

    init() throws {
        signed = try SignedModel()
        root = try Authority("root")
        intermediate = try Authority("intermediate", under: root)
    }

    private func verify(
        _ chain: [Certificate], _ lists: [RevocationList], root: Certificate? = nil,
        at now: Date = Authority.now
    ) async throws {
        let bundle = try signed.sign(CertificateChain(contentsOf: signed.file(chain)))
        let certificate = try root ?? self.root.certificate(usage: usage)
        _ = try await ModelSignature.verify(
            signed.model, bundle: bundle,
            trust: Trust(
                roots: try RootCertificate.all(in: signed.file([certificate])),
                validation: CertificateValidation(revocationLists: lists)), now: now)
    }

    @Test("a revoked signer is refused, and another is not", arguments: [false, true])
    func signers(isPEM: Bool) async throws {
        let signer = try root.certify(signed.key.publicKey)
        let other = try root.certify(signed.key.publicKey)
        let fixture = RevocationFixture(root)
        try await verify([signer], fixture.list(of: [], in: signed.directory, asPEM: isPEM))
        let list = try fixture.list(of: [other], in: signed.directory, asPEM: isPEM)
        try await verify([signer], list)
        await expectFailure(.certificate, "CN=signer", "was revoked by CN=root on 2027-01-15") {
            try await verify([other], list)
        }
    }

    @Test("a revoked authority is refused, whoever it certified")
    func authorities() async throws {
        let chain = [
            try intermediate.certify(signed.key.publicKey),
            try intermediate.certificate(usage: usage),
        ]
        let ofRoot = try RevocationFixture(root).list(of: [chain[1]], in: signed.directory)
        await expectFailure(.certificate, "CN=intermediate", "was revoked by CN=root") {
            try await verify(chain, ofRoot)
        }
        let own = try RevocationFixture(intermediate).list(of: [chain[0]], in: signed.directory)
        await expectFailure(.certificate, "CN=signer", "was revoked by CN=intermediate") {
            try await verify(chain, own)
        }
        // A serial number is one of its issuer only.
        let wrong = try RevocationFixture(root).list(of: [chain[0]], in: signed.directory)
        try await verify(chain, wrong)
    }

    @Test("a list counts if it is of now and of the authority's own key")
    func lists() async throws {
        let signer = try root.certify(signed.key.publicKey)
        var fixture = RevocationFixture(root)
        fixture.end = Authority.now - 1
        let old = try fixture.list(of: [], in: signed.directory)
        await expectFailure(.certificate, "is out of date") { try await verify([signer], old) }
        // A revocation counts whatever the list's age.
        let revoking = try fixture.list(of: [signer], in: signed.directory)
        await expectFailure(.certificate, "was revoked") { try await verify([signer], revoking) }
        try await verify(
            [signer], old + RevocationFixture(root).list(of: [], in: signed.directory))
        fixture = RevocationFixture(root)
        fixture.start = Authority.now + 60
        let early = try fixture.list(of: [], in: signed.directory)
        await expectFailure(.certificate, "is out of date") { try await verify([signer], early) }
        fixture = RevocationFixture(root)
        fixture.key = P384.Signing.PrivateKey()
        let forged = try fixture.list(of: [], in: signed.directory)
        await expectFailure(.certificate, "is not signed by CN=root") {
            try await verify([signer], forged)
        }
        // Another authority's list says nothing.
        try await verify(
            [signer],
            RevocationFixture(Authority("other")).list(of: [signer], in: signed.directory))
        // The root may certify, but not revoke.
        let good = try RevocationFixture(root).list(of: [], in: signed.directory)
        await expectFailure(.certificate, "is not signed by CN=root") {
            try await verify([signer], good, root: root.certificate())
        }
    }

    @Test("a list that is damaged, without an end or of some certificates only is refused")
    func refused() async throws {
        let signer = try root.certify(signed.key.publicKey)
        var fixture = RevocationFixture(root)
        fixture.end = nil
        await expectFault("when the next list is due") {
            _ = try fixture.list(of: [], in: signed.directory)
        }
        fixture = RevocationFixture(root)
        // Issuing distribution point.
        fixture.critical = [2, 5, 29, 28]
        await expectFault("critical extension 2.5.29.28") {
            _ = try fixture.list(of: [], in: signed.directory)
        }
        fixture = RevocationFixture(root)
        // Certificate issuer.
        fixture.criticalOfEntries = [2, 5, 29, 29]
        await expectFault("critical extension 2.5.29.29") {
            _ = try fixture.list(of: [signer], in: signed.directory)
        }
        fixture = RevocationFixture(root)
        fixture.innerAlgorithm = .ecdsaWithSHA256
        await expectFault("is no revocation list") {
            _ = try fixture.list(of: [], in: signed.directory)
        }
        for text in ["", "x", "0", try signer.serializeAsPEM().pemString] {
            let file = signed.directory.url.appendingPathComponent("bad.crl")
            try Data(text.utf8).write(to: file)
            await expectFault("bad.crl: is no revocation list") {
                _ = try RevocationList.all(in: file)
            }
        }
    }

    @Test("a list of openssl is read")
    func openssl() async throws {
        let folder = signed.directory.url
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let now = Date()
        let certificate = try root.certificate(
            usage: usage, from: now - 3_600, to: now + 86_400)
        let signer = try root.certify(signed.key.publicKey, from: now - 60, to: now + 3_600)
        let serial = signer.serialNumber.bytes
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        try write(certificate.serializeAsPEM().pemString, "ca.pem")
        try write(root.key.pemRepresentation, "ca.key")
        try write(
            "R\t350101000000Z\t260101000000Z,keyCompromise\t\(serial)\tunknown\t/CN=signer\n",
            "index")
        try write(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = \(path("index"))\ndefault_md = sha384\n",
            "ca.cnf")
        try run(
            "openssl", "ca", "-gencrl", "-config", path("ca.cnf"), "-keyfile", path("ca.key"),
            "-cert", path("ca.pem"), "-crldays", "7", "-out", path("list.crl"))
        let list = try RevocationList.all(in: folder.appendingPathComponent("list.crl"))
        #expect(list.map(\.dates.count) == [1])
        await expectFailure(.certificate, "CN=signer", "was revoked by CN=root on 2026-01-01") {
            try await verify([signer], list, root: certificate, at: Date())
        }
        let other = try root.certify(signed.key.publicKey, from: now - 60, to: now + 3_600)
        try await verify([other], list, root: certificate, at: Date())
    }
}
