// SPDX-License-Identifier: Apache-2.0
// Timestamps of RFC 3161: with them a signature outlives its certificate.

import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import Provenance

@Suite("Timestamps")
struct TimestampTests {
    private typealias Stamp = SigstoreFixture.Stamp

    private let sigstore: SigstoreFixture
    private let authority: Authority

    init() throws {
        sigstore = try SigstoreFixture()
        authority = try Authority("publisher's root")
    }

    private var signed: SignedModel { sigstore.signed }

    private func file(_ certificate: Certificate) throws -> URL {
        let file = signed.directory.url.appendingPathComponent("\(UUID().uuidString).pem")
        try Data(certificate.serializeAsPEM().pemString.utf8).write(to: file)
        return file
    }

    /// A bundle under an ordinary certificate, which expired a month ago.
    private func bundle(_ stamps: [Stamp]) throws -> SignatureBundle {
        let time = SigstoreFixture.signingTime
        let envelope = try signed.sign().envelope
        let certificate = try authority.certify(
            signed.key.publicKey, from: time - 3_600, to: time + 3_600)
        return SignatureBundle(
            material: .certificates([Data(try certificate.bytes)]), envelope: envelope,
            timestamps: try stamps.map {
                try sigstore.timestamp(
                    $0, of: envelope.signatures[0].bytes, under: sigstore.stampCertificate($0))
            })
    }

    private func verify(
        _ bundle: SignatureBundle, authorities: [CertificateAuthority]? = nil
    ) async throws -> VerifiedModel {
        let start = SigstoreFixture.now - 90 * 86_400
        let root = try authority.certificate(from: start)
        let stampRoot = try sigstore.stampRoot.certificate(from: start)
        return try await ModelSignature.verify(
            signed.model, bundle: SignatureBundle(json: bundle.json, named: "model.sig"),
            trust: Trust(
                roots: try RootCertificate.all(in: file(root)),
                validation: CertificateValidation(
                    timestampAuthorities: try authorities
                        ?? CertificateAuthority.timestampAuthorities(in: file(stampRoot)))),
            now: SigstoreFixture.now)
    }

    @Test("a signature that was stamped while its certificate was valid outlives it")
    func good() async throws {
        let model = try await verify(bundle([Stamp()]))
        #expect(model.warnings.isEmpty)
        var later = Stamp()
        later.date = SigstoreFixture.now - 60
        // Stamped again after the certificate expired: the earliest time counts.
        _ = try await verify(bundle([later, Stamp()]))
        // The trusted root of Sigstore names the authority, too, and its certificate.
        var bare = Stamp()
        bare.sendsCertificate = false
        _ = try await verify(
            bundle([bare]), authorities: sigstore.trustedRoot().timestampAuthorities)
    }

    @Test("without a timestamp, or without trust in one, only now counts")
    func expired() async throws {
        for (stamps, authorities) in [([], nil), ([Stamp()], [])]
            as [([Stamp], [CertificateAuthority]?)]
        {
            await expectFailure(.certificate, "expired at") {
                _ = try await verify(bundle(stamps), authorities: authorities)
            }
        }
        var later = Stamp()
        later.date = SigstoreFixture.signingTime + 3_601
        await expectFailure(.certificate, "expired at") { _ = try await verify(bundle([later])) }
        var early = Stamp()
        early.date = SigstoreFixture.signingTime - 3_601
        await expectFailure(.certificate, "is not valid before") {
            _ = try await verify(bundle([early]))
        }
    }

    @Test("a timestamp that is wrong in any part does not count, and is told")
    func wrong() async throws {
        func changed(_ change: (inout Stamp) throws -> Void) rethrows -> Stamp {
            var stamp = Stamp()
            try change(&stamp)
            return stamp
        }
        for (stamp, words) in [
            (changed { $0.message = Data("x".utf8) }, "is of another signature"),
            (changed { $0.status = 2 }, "is no granted timestamp"),
            (changed { $0.key = P256.Signing.PrivateKey() }, "is not signed with the key"),
            (changed { $0.purposes = [.codeSigning] }, "is not for timestamps"),
            (changed { $0.purposes = [.timeStamping, .codeSigning] }, "not for timestamps alone"),
            (changed { $0.isCritical = false }, "not for timestamps alone"),
            (changed { $0.sendsCertificate = false }, "does not carry the certificate"),
            (changed { $0.isOfOtherContent = true }, "a signature of another statement"),
            (changed { $0.namesOtherCertificate = true }, "under another certificate"),
            (try changed { $0.issuer = try Authority("tsa-root") }, "does not lead to a trusted"),
            (changed { $0.date = SigstoreFixture.now + 3_600 }, "lies in the future"),
        ] {
            let bundle = try bundle([stamp])
            let found = try await SignatureBundle(json: bundle.json, named: "model.sig").times(
                CertificateValidation(
                    timestampAuthorities: CertificateAuthority.timestampAuthorities(
                        in: file(
                            sigstore.stampRoot.certificate(
                                from: SigstoreFixture.now - 90 * 86_400)))),
                at: SigstoreFixture.now, named: "model.sig")
            #expect(found.times.isEmpty)
            #expect(found.warnings.count == 1)
            #expect(found.warnings.first?.contains(words) == true, "\(found.warnings)")
            await expectFailure(.certificate, "expired at") { _ = try await verify(bundle) }
            // Beside a good one it does not matter.
            #expect(try await verify(self.bundle([stamp, Stamp()])).warnings.count == 1)
        }
    }

    @Test("every bit of a timestamp matters")
    func flipped() async throws {
        let bundle = try bundle([Stamp()])
        let der = bundle.timestamps[0]
        for index in stride(from: 0, to: der.count, by: 7) {
            var altered = der
            altered[index] ^= 1
            let forged = SignatureBundle(
                material: bundle.material, envelope: bundle.envelope, timestamps: [altered])
            do {
                let model = try await verify(forged)
                // What is not signed may change: the version, for one.
                guard case .certificate = model.signer else {
                    Issue.record("not a certificate")
                    return
                }
                let timestamp = try Timestamp(der: altered)
                #expect(timestamp.date == Stamp().date, "byte \(index)")
            } catch let failure as VerificationFailure {
                #expect(failure.check == .certificate)
            }
        }
    }

    @Test("a revoked timestamp authority states no times")
    func revoked() async throws {
        let root = try sigstore.stampRoot.certificate(
            usage: KeyUsage(keyCertSign: true, cRLSign: true),
            from: SigstoreFixture.now - 90 * 86_400)
        var validation = CertificateValidation(
            timestampAuthorities: try CertificateAuthority.timestampAuthorities(in: file(root)))
        let bundle = try bundle([Stamp()])
        let fixture = RevocationFixture(sigstore.stampRoot)
        for (revoked, count) in [([], 1), ([try sigstore.stampCertificate()], 0)] {
            validation.revocationLists = try fixture.list(of: revoked, in: signed.directory)
            let found = await bundle.times(validation, at: SigstoreFixture.now, named: "it")
            #expect(found.times.count == count, "\(found.warnings)")
            #expect(found.warnings.allSatisfy { $0.contains("was revoked by CN=tsa-root") })
        }
    }

    @Test("a timestamp of openssl verifies")
    func openssl() async throws {
        let folder = signed.directory.url
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
        func text(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let now = Date()
        let root = try authority.certificate(from: now - 86_400, to: now + 86_400)
        let envelope = try signed.sign().envelope
        let stampRoot = try sigstore.stampRoot.certificate(from: now - 86_400, to: now + 86_400)
        let stampCertificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(sigstore.stampKey.publicKey),
            notValidBefore: now - 3_600, notValidAfter: now + 3_600,
            issuer: sigstore.stampRoot.name, subject: DistinguishedName { CommonName("tsa") },
            signatureAlgorithm: .ecdsaWithSHA384,
            extensions: Certificate.Extensions {
                Critical(KeyUsage(digitalSignature: true))
                Critical(try ExtendedKeyUsage([.timeStamping]))
            }, issuerPrivateKey: Certificate.PrivateKey(sigstore.stampRoot.key))
        try text(stampCertificate.serializeAsPEM().pemString, "tsa.pem")
        try text(sigstore.stampKey.pemRepresentation, "tsa.key")
        try envelope.signatures[0].bytes.write(to: folder.appendingPathComponent("signature"))
        try text(
            """
            [tsa]
            default_tsa = own
            [own]
            serial = \(path("serial"))
            default_policy = 1.2.3.4
            digests = sha256
            signer_digest = sha256
            ess_cert_id_alg = sha256
            """, "tsa.cnf")
        try run(
            "openssl", "ts", "-query", "-data", path("signature"), "-sha256", "-cert", "-out",
            path("query"))
        try run(
            "openssl", "ts", "-reply", "-config", path("tsa.cnf"), "-section", "own", "-queryfile",
            path("query"), "-signer", path("tsa.pem"), "-inkey", path("tsa.key"), "-out",
            path("reply"))
        let certificate = try authority.certify(
            signed.key.publicKey, from: now - 3_600, to: now + 3_600)
        let bundle = SignatureBundle(
            material: .certificates([Data(try certificate.bytes)]), envelope: envelope,
            timestamps: [try Data(contentsOf: folder.appendingPathComponent("reply"))])
        let trust = Trust(
            roots: try RootCertificate.all(in: file(root)),
            validation: CertificateValidation(
                timestampAuthorities: try CertificateAuthority.timestampAuthorities(
                    in: file(stampRoot))))
        let found = await bundle.times(trust.validation, at: Date(), named: "it")
        #expect(found.times.count == 1, "\(found.warnings)")
        let model = try await ModelSignature.verify(signed.model, bundle: bundle, trust: trust)
        #expect(model.warnings.isEmpty)
    }
}
