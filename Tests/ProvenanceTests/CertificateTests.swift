// SPDX-License-Identifier: Apache-2.0
// Chains that are made on the spot: who may sign, for how long, and under whom.

import Crypto
import Foundation
import JSONText
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
        isAuthority: Bool = true, maxPathLength: Int? = nil,
        usage: KeyUsage = KeyUsage(keyCertSign: true), purposes: [ExtendedKeyUsage.Usage] = [],
        alternativeName: String? = nil, from start: Date = now - 86_400,
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
                        ? BasicConstraints.isCertificateAuthority(maxPathLength: maxPathLength)
                        : BasicConstraints.notCertificateAuthority)
                Critical(usage)
                if !purposes.isEmpty { try ExtendedKeyUsage(purposes) }
                if let alternativeName { SubjectAlternativeNames([.dnsName(alternativeName)]) }
            },
            issuerPrivateKey: issuer?.key ?? Certificate.PrivateKey(key))
    }

    /// A certificate of version 1, which says nothing of what its key is for.
    func oldCertificate() throws -> Certificate {
        try Certificate(
            version: .v1, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey), notValidBefore: Self.now - 3600,
            notValidAfter: Self.now + 3600, issuer: issuer?.name ?? name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA384, extensions: Certificate.Extensions(),
            issuerPrivateKey: issuer?.key ?? Certificate.PrivateKey(key))
    }

    /// A signer's certificate.
    func certify(
        _ key: VerificationKey, usage: KeyUsage? = KeyUsage(digitalSignature: true),
        purposes: [ExtendedKeyUsage.Usage]? = [.codeSigning], isCritical: Bool = false,
        extra: Certificate.Extensions = Certificate.Extensions(), from start: Date = now - 3600,
        to end: Date = now + 3600
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(pemEncoded: key.pemRepresentation),
            notValidBefore: start, notValidAfter: end, issuer: name,
            subject: try DistinguishedName { CommonName("signer") },
            signatureAlgorithm: .ecdsaWithSHA384,
            extensions: Certificate.Extensions {
                let names = SubjectAlternativeNames([.rfc822Name("signer@example.org")])
                extra
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

    private func verify(
        _ chain: [Certificate], root: Certificate? = nil, at date: Date? = nil
    ) async throws -> VerifiedModel {
        let bundle = try signed.sign(CertificateChain(contentsOf: signed.file(chain)))
        let roots = try RootCertificate.all(in: signed.file([root ?? self.root.certificate()]))
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
            #expect(identity.subject == "CN=signer" && identity.root.subject == "CN=root")
            #expect(identity.alternativeNames == [.emailAddress("signer@example.org")])
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
        let bundle = try signed.sign(CertificateChain(contentsOf: signed.file(chain)))
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

    @Test("the holder of an old certificate, which says nothing of authority, is none")
    func versionOne() async throws {
        let chain = [
            try intermediate.certify(signed.key.publicKey), try intermediate.oldCertificate(),
        ]
        await expectFailure(.certificate, "a version that does not say who is an authority") {
            _ = try await verify(chain)
        }
    }

    @Test("a root that allows no authority below it, and a critical extension that is not known")
    func constraints() async throws {
        await expectFailure(.certificate, "does not lead to a trusted root", "maximum path") {
            _ = try await verify(
                [
                    intermediate.certify(signed.key.publicKey), intermediate.certificate(),
                ], root: root.certificate(maxPathLength: 0))
        }
        let unknown = try Certificate.Extensions([
            Certificate.Extension(oid: [1, 2, 3, 4], critical: true, value: [5, 0])
        ])
        await expectFailure(.certificate, "of CN=signer has a critical extension") {
            _ = try await verify([root.certify(signed.key.publicKey, extra: unknown)])
        }
    }

    @Test("a signer's own certificate is no root, whoever trusts it")
    func ownRoot() async throws {
        let name = try DistinguishedName { CommonName("alone") }
        let key = try Certificate.PrivateKey(pemEncoded: signed.key.pemRepresentation())
        let alone = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: now - 3600, notValidAfter: now + 3600, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                KeyUsage(digitalSignature: true)
                try ExtendedKeyUsage([.codeSigning])
            }, issuerPrivateKey: key)
        await expectFailure(.certificate, "CN=alone", "does not lead to a trusted root") {
            _ = try await verify([alone], root: alone)
        }
    }

    @Test("a path that is signed over SHA-1 is refused; a root's signature of itself is no matter")
    func weakHash() async throws {
        let file = signed.directory.url.appendingPathComponent("rsa.pem")
        try run("openssl", "genpkey", "-algorithm", "RSA", "-out", file.path)
        let authority = try Certificate.PrivateKey(
            pemEncoded: String(contentsOf: file, encoding: .utf8))
        let name = try DistinguishedName { CommonName("old") }
        func certificate(
            _ key: Certificate.PublicKey, _ subject: DistinguishedName,
            _ algorithm: Certificate.SignatureAlgorithm, isAuthority: Bool
        ) throws -> Certificate {
            try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key,
                notValidBefore: now - 3600, notValidAfter: now + 3600, issuer: name,
                subject: subject, signatureAlgorithm: algorithm,
                extensions: Certificate.Extensions {
                    if isAuthority {
                        BasicConstraints.isCertificateAuthority(maxPathLength: nil)
                    } else {
                        KeyUsage(digitalSignature: true)
                        try ExtendedKeyUsage([.codeSigning])
                    }
                }, issuerPrivateKey: authority)
        }
        let root = try certificate(
            authority.publicKey, name, .sha1WithRSAEncryption, isAuthority: true)
        let signer = try Certificate.PublicKey(pemEncoded: signed.key.publicKey.pemRepresentation)
        let subject = try DistinguishedName { CommonName("signer") }
        let good = try certificate(signer, subject, .sha256WithRSAEncryption, isAuthority: false)
        _ = try await verify([good], root: root)
        let weak = try certificate(signer, subject, .sha1WithRSAEncryption, isAuthority: false)
        await expectFailure(.certificate, "of CN=signer is signed over SHA-1") {
            _ = try await verify([weak], root: root)
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
        let roots = try RootCertificate.all(in: signed.file([root.certificate()]))
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
        let chain = try CertificateChain(contentsOf: signed.file([root.certify(other)]))
        await expectFault("CN=signer", "another key") { try signed.sign(chain) }
        let bundle = try signed.sign()
        let forged = SignatureBundle(
            material: .certificates([Data(try root.certify(other).serializeAsPEM().derBytes)]),
            envelope: bundle.envelope)
        let roots = try RootCertificate.all(in: signed.file([root.certificate()]))
        await expectFailure(.signature, "is not signed by") {
            _ = try await ModelSignature.verify(
                signed.model, bundle: forged, trust: Trust(roots: roots), now: now)
        }
    }

    @Test("a certificate that names another algorithm outside of its signed part is refused")
    func twoAlgorithms() async throws {
        let der = try root.certify(signed.key.publicKey).serializeAsPEM().derBytes
        // ecdsa-with-SHA384 is 1.2.840.10045.4.3.3, and with SHA-256 it ends with 2.
        let algorithm = Data([0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03])
        let inner = try #require(Data(der).firstRange(of: algorithm))
        let outer = try #require(Data(der).lastRange(of: algorithm))
        #expect(inner != outer)
        let roots = try RootCertificate.all(in: signed.file([root.certificate()]))
        let envelope = try signed.sign().envelope
        for place in [inner, outer] {
            var forged = Data(der)
            forged[place.upperBound - 1] = 0x02
            let bundle = SignatureBundle(
                material: .certificates([forged]), envelope: envelope)
            await expectFault("CN=signer names two signature algorithms") {
                _ = try await ModelSignature.verify(
                    signed.model, bundle: bundle, trust: Trust(roots: roots), now: now)
            }
            let pem = PEMDocument(type: "CERTIFICATE", derBytes: Array(forged)).pemString
            await expectFault("names two signature algorithms") {
                _ = try CertificateChain(pem: pem, named: "it")
            }
        }
    }

    @Test("certificates are found among the text that openssl writes with them")
    func textAround() throws {
        let pem = try root.certify(signed.key.publicKey).serializeAsPEM().pemString
        let chain = try CertificateChain(pem: "Subject: x\n\(pem)\nmore\n\(pem)\n", named: "it")
        #expect(throws: Never.self) { try signed.sign(chain) }
        for bad in ["", "x", pem.replacing("CERTIFICATE", with: "KEY")] {
            #expect(throws: InputError.self) { try CertificateChain(pem: bad, named: "it") }
        }
    }

    @Test("bytes that are no certificate are a fault")
    func damaged() async throws {
        let bundle = SignatureBundle(
            material: .certificates([Data("x".utf8)]), envelope: try signed.sign().envelope)
        let roots = try RootCertificate.all(in: signed.file([root.certificate()]))
        await expectFault("a certificate in it is damaged") {
            _ = try await ModelSignature.verify(
                signed.model, bundle: bundle, trust: Trust(roots: roots), now: now)
        }
    }
}
