// SPDX-License-Identifier: Apache-2.0
// Signers and auditors whom a policy knows by the names in their certificates.

import Checkpoints
import Foundation
import JSONText
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
                of: record, json: try record.json(), suite: AuditFixture.suite,
                terms: AuditFixture.terms(.thirdParty),
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
                roots: roots, subject: try subject.map { try #require(SubjectPattern($0)) },
                alternativeName: alternativeName.map(AlternativeNamePattern.init)))
    }

    @Test("an auditor is known by a name in the certificate, which is shown")
    func named() async throws {
        #expect(try ownName("*@example.org") == nil)
        #expect(try ownName("https://*@example.org") == nil)
        #expect(
            try ownName("https://example.com/*@example.org")?.name.hasPrefix("labs (https://")
                == true)
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

    /// Whom a pattern takes the holder of a URI for, which ends as an address does.
    private func ownName(_ pattern: String) throws -> PartySigner? {
        let authority = try RootCertificate.all(in: file(try root.certificate(), "root.pem"))
        return try [party(root, alternativeName: pattern)].identity(
            of: .certificate(
                CertificateIdentity(
                    name: DistinguishedName(),
                    alternativeNames: [.uri("https://example.com/x@example.org")],
                    fingerprint: "", root: authority[0], key: key.publicKey)))
    }

    @Test("one signer is one auditor, whatever keys and certificates there are of it")
    func oneSigner() throws {
        let authority = try RootCertificate.all(in: file(try root.certificate(), "root.pem"))
        let (first, second) = (SigningKey.generate(.p256), SigningKey.generate(.p256))
        /// The holder of a certificate, as a party of its own.
        func signer(_ party: String, _ key: SigningKey, _ names: String...) throws -> PartySigner {
            let identity = CertificateIdentity(
                name: DistinguishedName(),
                alternativeNames: names.map(AlternativeName.emailAddress),
                fingerprint: "", root: authority[0], key: key.publicKey)
            let means = try self.party(root, alternativeName: "*").means
            return try #require(
                [Party(name: party, means: means)].identity(of: .certificate(identity)))
        }
        let bare = try #require(
            [Party(name: "lab", means: .key(first.publicKey))].identity(of: .key(first.publicKey)))
        let one = try signer("one", first, "a@example.org", "b@example.org")
        #expect(one.isSame(as: bare))
        #expect(try one.isSame(as: signer("two", second, "B@Example.org")))
        #expect(try !one.isSame(as: signer("two", second, "c@example.org")))
        #expect(try !bare.isSame(as: signer("two", second, "a@example.org")))
        // Another person of the same party is no other auditor, and takes nothing of the first back.
        let another = try signer("one", second, "c@example.org")
        #expect(one.isSame(as: another) && !one.isAuthor(as: another))
        #expect(try one.isAuthor(as: signer("one", second, "B@Example.org")))
        #expect(try one.isAuthor(as: signer("one", first, "c@example.org")))
        // The same name in a certificate of another authority is another's.
        #expect(try !one.isAuthor(as: signer("two", second, "B@Example.org")))
    }

    @Test("whoever signed the weights is no other auditor under a new certificate")
    func ownAuditor() async throws {
        let weights = SigningKey.generate(.p256)
        func chain(_ key: SigningKey) throws -> CertificateChain {
            try CertificateChain(contentsOf: file(try root.certify(key.publicKey), "chain.pem"))
        }
        let signature = ModelSignature.location(of: model.directory)
        let certification = try Certification(
            signing: model.directory,
            by: Signatory(key: weights, certificates: try chain(weights)), for: signature)
        let record = AuditFixture.record(digest: certification.digest.root)
        let attestations = model.beside("attestations.jsonl")
        func lines(_ certification: Certification) throws -> [Data] {
            try certification.attestations(
                of: record, json: try record.json(), suite: AuditFixture.suite,
                terms: AuditFixture.terms(.thirdParty),
                by: Signatory(key: key, certificates: try chain(key)))
        }
        // Nobody claims it by mistake; somebody may claim it on purpose.
        #expect(throws: InputError.self) { try lines(certification) }
        let nameless = try Certification(
            signing: model.directory, by: Signatory(key: weights), for: signature)
        try AttestationFile.write(try lines(nameless), to: attestations, appending: false)
        let everybody = try party(root, alternativeName: "*")
        var policy = Policy(
            name: "p", signers: [Party(name: "publishers", means: everybody.means)],
            auditors: [everybody])
        policy.minimumIndependentAuditors = 1
        let verified = try await ModelSignature.verify(
            model.directory, bundle: certification.bundle, trust: policy.signers.trust,
            now: Authority.now)
        let found = try AttestationFile.lines(of: attestations)
        let admission = await Admission(
            of: verified, attestations: found, policy: policy, now: Authority.now)
        #expect(admission.outcomes.filter { !$0.isPassed }.map(\.check) == ["auditors"])
        policy.minimumIndependentAuditors = nil
        policy.minimumAssurance = .thirdParty
        let level = await Admission(
            of: verified, attestations: found, policy: policy, now: Authority.now)
        #expect(!level.isAdmitted)
        #expect(level.attestations[0].detail.contains("only the signer of the weights"))
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

    @Test(
        "a root speaks for its own party only, whatever name it has", arguments: ["Other", "Root"])
    func ownRoot(_ name: String) async throws {
        let other = try Authority(name)
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
