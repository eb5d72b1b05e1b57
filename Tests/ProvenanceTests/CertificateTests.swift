// SPDX-License-Identifier: Apache-2.0
// Chains that are made on the spot: who may sign, for how long, and under whom.

import Crypto
import Foundation
import Provenance
import SwiftASN1
import Testing
import X509

/// An authority, and what it certifies.
struct Authority {
    let name: DistinguishedName
    let key = P384.Signing.PrivateKey()
    private let issuer: (name: DistinguishedName, key: Certificate.PrivateKey)?

    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    init(_ name: String, under issuer: Authority? = nil) throws {
        self.name = try DistinguishedName { CommonName(name) }
        self.issuer = issuer.map { ($0.name, Certificate.PrivateKey($0.key)) }
    }

    /// The authority's own certificate.
    func certificate(
        isAuthority: Bool = true, usage: KeyUsage = KeyUsage(keyCertSign: true),
        purposes: [ExtendedKeyUsage.Usage] = [], alternativeName: String? = nil,
        from start: Date = now - 86_400,
        to end: Date = now + 86_400
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey), notValidBefore: start,
            notValidAfter: end, issuer: issuer?.name ?? name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA384,
            extensions: Certificate.Extensions {
                Critical(
                    isAuthority
                        ? BasicConstraints.isCertificateAuthority(maxPathLength: nil)
                        : BasicConstraints.notCertificateAuthority)
                Critical(usage)
                if !purposes.isEmpty { try ExtendedKeyUsage(purposes) }
                if let alternativeName { SubjectAlternativeNames([.dnsName(alternativeName)]) }
            },
            issuerPrivateKey: issuer?.key ?? Certificate.PrivateKey(key))
    }

    /// A signer's certificate.
    func certify(
        _ key: VerificationKey, usage: KeyUsage? = KeyUsage(digitalSignature: true),
        purposes: [ExtendedKeyUsage.Usage]? = [.codeSigning], isCritical: Bool = false,
        from start: Date = now - 3600, to end: Date = now + 3600
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(pemEncoded: key.pemRepresentation),
            notValidBefore: start, notValidAfter: end, issuer: name,
            subject: try DistinguishedName { CommonName("signer") },
            signatureAlgorithm: .ecdsaWithSHA384,
            extensions: Certificate.Extensions {
                let names = SubjectAlternativeNames([.rfc822Name("signer@example.org")])
                if isCritical { Critical(names) } else { names }
                if let usage { Critical(usage) }
                if let purposes {
                    let usage = try ExtendedKeyUsage(purposes)
                    if isCritical { Critical(usage) } else { usage }
                }
            }, issuerPrivateKey: Certificate.PrivateKey(self.key))
    }
}

@Suite("Certificates")
struct CertificateTests {
    private let signed: SignedModel
    private let root: Authority
    private let intermediate: Authority
    private let now = Authority.now

    init() throws {
        signed = try SignedModel()
        root = try Authority("root")
        intermediate = try Authority("intermediate", under: root)
    }

    private func file(_ certificates: [Certificate]) throws -> URL {
        let file = signed.directory.url.appendingPathComponent("\(UUID().uuidString).pem")
        let text = try certificates.map { try $0.serializeAsPEM().pemString }
        try Data(text.joined(separator: "\n").utf8).write(to: file)
        return file
    }

    private func verify(
        _ chain: [Certificate], root: Certificate? = nil, at date: Date? = nil
    ) async throws -> VerifiedModel {
        let bundle = try signed.sign(CertificateChain(contentsOf: file(chain)))
        let roots = try RootCertificate.all(in: file([root ?? self.root.certificate()]))
        return try await ModelSignature.verify(
            signed.model, bundle: bundle, trust: Trust(roots: roots), now: date ?? now)
    }

    @Test("a signer under the root, or under an intermediate, is named", arguments: [false, true])
    func good(isCritical: Bool) async throws {
        let direct = try root.certify(signed.key.publicKey, isCritical: isCritical)
        let chain = [
            try intermediate.certify(signed.key.publicKey, isCritical: isCritical),
            try intermediate.certificate(purposes: [.codeSigning]),
        ]
        for chain in [[direct], chain, chain + [try root.certificate()]] {
            let model = try await verify(chain)
            guard case .certificate(let identity) = model.signer else {
                Issue.record("not a certificate")
                return
            }
            #expect(identity.subject == "CN=signer" && identity.root == "CN=root")
            #expect(identity.alternativeNames == ["signer@example.org"])
            #expect(identity.key == signed.key.publicKey)
            #expect(
                identity.fingerprint
                    == SHA256.hash(data: try chain[0].serializeAsPEM().derBytes)
                    .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined())
        }
    }

    @Test("the root itself is not sent along")
    func rootIsNotSent() throws {
        let chain = [
            try intermediate.certify(signed.key.publicKey), try intermediate.certificate(),
            try root.certificate(),
        ]
        let bundle = try signed.sign(CertificateChain(contentsOf: file(chain)))
        guard case .certificates(let sent) = bundle.material else {
            Issue.record("not certificates")
            return
        }
        #expect(sent.count == 2)
    }

    @Test("only now counts: not the time of signing")
    func validity() async throws {
        let chain = [try root.certify(signed.key.publicKey)]
        for (date, words) in [
            (now - 3601, "is not valid before"), (now + 3601, "expired at 2027-01-15"),
        ] {
            await expectFailure(.certificate, "CN=signer", words) {
                _ = try await verify(chain, at: date)
            }
        }
        _ = try await verify(chain, at: now + 3600)
    }

    @Test("a signer who may not sign code is refused")
    func usages() async throws {
        let key = signed.key.publicKey
        for (certificate, words) in [
            (try root.certify(key, purposes: [.serverAuth]), "is for TLS servers"),
            (try root.certify(key, purposes: [.emailProtection]), "is not for code signing"),
            (try root.certify(key, purposes: [.any]), "is not for code signing"),
            (try root.certify(key, purposes: nil), "no extended key usage"),
            (try root.certify(key, usage: nil), "no key usage"),
            (try root.certify(key, usage: KeyUsage(keyAgreement: true)), "digital signatures"),
        ] {
            await expectFailure(.certificate, "CN=signer", words) {
                _ = try await verify([certificate])
            }
        }
    }

    @Test("an issuer that may not certify code signing now is refused")
    func issuers() async throws {
        let signer = try intermediate.certify(signed.key.publicKey)
        for (issuer, words) in [
            (try intermediate.certificate(isAuthority: false), "does not lead to a trusted root"),
            (
                try intermediate.certificate(usage: KeyUsage(digitalSignature: true)),
                "may not sign certificates"
            ),
            (try intermediate.certificate(purposes: [.serverAuth]), "may not certify code signing"),
            (try intermediate.certificate(to: now - 1), "does not lead to a trusted root"),
        ] {
            await expectFailure(.certificate, "CN=signer", words) {
                _ = try await verify([signer, issuer])
            }
        }
        await expectFailure(.certificate, "does not lead to a trusted root") {
            _ = try await verify([signer])
        }
        await expectFailure(.certificate, "does not lead to a trusted root") {
            _ = try await verify(
                [signer, intermediate.certificate()], root: root.certificate(to: now - 1))
        }
    }

    @Test("issuers of one name, which could be tried in every order, are refused at once")
    func manyIssuers() async throws {
        let circle = try Authority("circle")
        let issuers = try (0..<15).map {
            try circle.certificate(alternativeName: "\($0).example.org")
        }
        let chain = [try circle.certify(signed.key.publicKey)] + issuers
        let bundle = SignatureBundle(
            material: .certificates(try chain.map { Data(try $0.serializeAsPEM().derBytes) }),
            envelope: try signed.sign().envelope)
        let roots = try RootCertificate.all(in: file([root.certificate()]))
        await expectFailure(.certificate, "two issuers of one name") {
            _ = try await ModelSignature.verify(
                signed.model, bundle: bundle, trust: Trust(roots: roots), now: now)
        }
    }

    @Test("another root of the same name is refused")
    func impostor() async throws {
        let impostor = try Authority("root")
        await expectFailure(.certificate, "does not lead to a trusted root") {
            _ = try await verify(
                [root.certify(signed.key.publicKey)], root: impostor.certificate())
        }
    }

    @Test("somebody else's certificate cannot be signed with, nor put into a bundle")
    func otherKey() async throws {
        let other = SigningKey.generate(.p256).publicKey
        let chain = try CertificateChain(contentsOf: file([root.certify(other)]))
        await expectFault("CN=signer", "another key") { try signed.sign(chain) }
        let bundle = try signed.sign()
        let forged = SignatureBundle(
            material: .certificates([Data(try root.certify(other).serializeAsPEM().derBytes)]),
            envelope: bundle.envelope)
        let roots = try RootCertificate.all(in: file([root.certificate()]))
        await expectFailure(.signature, "is not signed by") {
            _ = try await ModelSignature.verify(
                signed.model, bundle: forged, trust: Trust(roots: roots), now: now)
        }
    }

    @Test("bytes that are no certificate are a fault")
    func damaged() async throws {
        let bundle = SignatureBundle(
            material: .certificates([Data("x".utf8)]), envelope: try signed.sign().envelope)
        let roots = try RootCertificate.all(in: file([root.certificate()]))
        await expectFault("a certificate in it is damaged") {
            _ = try await ModelSignature.verify(
                signed.model, bundle: bundle, trust: Trust(roots: roots), now: now)
        }
    }
}
