// SPDX-License-Identifier: Apache-2.0
// Signers and auditors whom a policy knows by the names in their certificates.

import Checkpoints
import Foundation
import Records
import SwiftASN1
import Testing
import X509

@testable import Provenance

@Suite("certified parties")
struct CertifiedPartyTests {
    let model: ModelFixture
    let root: Authority
    let other: Authority
    let key = SigningKey.generate(.p256)

    init() throws {
        model = try ModelFixture()
        root = try Authority("Root")
        other = try Authority("Other")
    }

    func file(_ certificate: Certificate, _ name: String) throws -> URL {
        let file = model.beside(name)
        try Data((try certificate.serializeAsPEM().pemString + "\n").utf8).write(to: file)
        return file
    }

    /// The answer to an audit attested by `key` under a certificate of `root`.
    func admission(
        auditor: Party, from start: Date = Authority.now - 60
    ) async throws -> Admission {
        let chain = try CertificateChain(
            contentsOf: file(try root.certify(key.publicKey, from: start), "chain.pem"))
        let signature = ModelSignature.location(of: model.directory)
        let certification = try Certification(
            signing: model.directory, by: Signatory(key: model.key), for: signature)
        let record = AuditFixture.record(digest: certification.digest.root)
        let attestations = model.beside("attestations.jsonl")
        try AttestationFile.write(
            try certification.attestations(
                of: record, json: try record.json(), terms: AuditFixture.terms(.thirdParty),
                by: Signatory(key: key, certificates: chain)), to: attestations, appending: false)
        let verified = try await ModelSignature.verify(
            model.directory, bundle: certification.bundle,
            trust: Trust(keys: [model.key.publicKey]))
        return await Admission(
            of: verified, attestations: try AttestationFile.lines(of: attestations),
            policy: Policy(
                name: "p",
                signers: [Party(name: "publisher", means: .key(model.key.publicKey))],
                auditors: [auditor]),
            now: Authority.now)
    }

    func party(
        _ authority: Authority, subject: String? = nil, alternativeName: String? = nil
    ) throws -> Party {
        let roots = try RootCertificate.all(in: file(try authority.certificate(), "root.pem"))
        return Party(
            name: "labs",
            means: .certificate(
                roots: roots, subject: subject, alternativeName: alternativeName))
    }

    @Test("an auditor is known by a name in the certificate, and told apart by it")
    func named() async throws {
        for auditor in [
            try party(root, subject: "CN=signer"),
            try party(root, alternativeName: "*@example.org"),
        ] {
            let admission = try await admission(auditor: auditor)
            #expect(admission.isAdmitted, "\(admission)")
            #expect(admission.attestations.map(\.status) == [.counted, .other])
            #expect(admission.attestations[0].signers == ["labs (signer@example.org)"])
        }
    }

    @Test("another name, another root or an expired certificate does not count")
    func refused() async throws {
        for (auditor, start, words) in [
            (try party(root, subject: "CN=somebody"), -60.0, "whom nobody here names"),
            (try party(root, alternativeName: "*@example.com"), -60, "whom nobody here names"),
            (try party(other, subject: "*"), -60, "does not lead to a trusted root"),
            (try party(root, subject: "*"), 60, "is not valid before"),
        ] {
            let admission = try await admission(
                auditor: auditor, from: Authority.now + start)
            #expect(!admission.isAdmitted)
            let finding = admission.attestations[0]
            #expect(finding.status == .unverified)
            #expect(finding.detail.contains(words), "\(finding.detail)")
        }
    }

    @Test("a root speaks for its own party only")
    func ownRoot() async throws {
        let chain = try CertificateChain(
            contentsOf: file(try other.certify(key.publicKey), "chain.pem"))
        let signature = ModelSignature.location(of: model.directory)
        let bundle = try ModelSignature.sign(
            model.directory, key: key, certificates: chain, for: signature
        ).bundle
        let own = try party(root, subject: "CN=signer")
        let second = try party(other, subject: "CN=somebody else")
        let verified = try await ModelSignature.verify(
            model.directory, bundle: bundle, trust: [own, second].trust, now: Authority.now)
        // The name is one of the first party's, but the second party's root certified it.
        let admission = await Admission(
            of: verified, attestations: [],
            policy: Policy(name: "p", signers: [own, second]), now: Authority.now)
        #expect(admission.outcomes.map(\.isPassed) == [false, true])
        #expect(admission.outcomes[0].detail.hasSuffix("whom the policy does not name"))
    }
}
