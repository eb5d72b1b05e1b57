// SPDX-License-Identifier: Apache-2.0
// Certificates whose names look like another's, and parties that are known in two ways.

import Checkpoints
import Foundation
import Records
import SwiftASN1
import Testing
import X509

@testable import Provenance

@Suite("forged parties")
struct ForgedPartyTests {
    let root: Authority
    let key = SigningKey.generate(.p256)

    init() throws { root = try Authority("Root") }

    /// A part of a subject with its attributes, by the short names of their types.
    typealias Part = [(type: String, value: String)]

    /// The verified holder of a certificate with this subject, the least specific part first.
    func holder(
        _ parts: [Part], _ names: [GeneralName] = [], key other: SigningKey? = nil
    ) async throws -> CertificateIdentity {
        let types: [String: ASN1ObjectIdentifier] = [
            "CN": .RDNAttributeType.commonName, "O": .RDNAttributeType.organizationName,
            "OU": .RDNAttributeType.organizationalUnitName, "C": .RDNAttributeType.countryName,
        ]
        let subject = DistinguishedName(
            try parts.map { part in
                RelativeDistinguishedName(
                    try part.map {
                        RelativeDistinguishedName.Attribute(
                            type: try #require(types[$0.type]), utf8String: $0.value)
                    })
            })
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(
                pemEncoded: (other ?? key).publicKey.pemRepresentation),
            notValidBefore: Authority.now - 3600, notValidAfter: Authority.now + 3600,
            issuer: root.name, subject: subject, signatureAlgorithm: .ecdsaWithSHA384,
            extensions: Certificate.Extensions {
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.codeSigning])
                if !names.isEmpty { SubjectAlternativeNames(names) }
            }, issuerPrivateKey: Certificate.PrivateKey(root.key))
        let chain = try CertificateChain(
            der: [Data(try certificate.serializeAsPEM().derBytes)], named: "the certificate")
        return try await chain.identity([authority], at: Authority.now)
    }

    var authority: RootCertificate {
        get throws { RootCertificate(certificate: try root.certificate()) }
    }

    func party(
        _ name: String, subject: String? = nil, alternativeName: String? = nil
    ) throws -> Party {
        Party(
            name: name,
            means: .certificate(
                roots: [try authority],
                subject: try subject.map { try #require(SubjectPattern($0)) },
                alternativeName: alternativeName.map(AlternativeNamePattern.init)))
    }

    @Test(
        "a subject is compared attribute by attribute",
        arguments: [
            // Values that look like attributes in RFC 4514's text.
            ([[("C", "US")], [("CN", "mallory,O=Acme")]], "CN=*,O=Acme,C=US", false),
            ([[("CN", "mallory,O=Acme,C=US")]], "CN=*,O=Acme,C=US", false),
            ([[("O", "Acme,C=US")], [("CN", "mallory")]], "CN=*,O=Acme,C=US", false),
            ([[("C", "US")], [("O", "Evil")], [("CN", "x\\,O=Acme")]], "CN=*,O=Acme,C=US", false),
            // Parts that are too many, too few, elsewhere or together.
            (
                [[("C", "US")], [("O", "Acme")], [("OU", "evil")], [("CN", "x")]],
                "CN=*,O=Acme,C=US", false
            ),
            ([[("C", "US")], [("O", "Acme")]], "CN=*,O=Acme,C=US", false),
            ([[("CN", "x")], [("O", "Acme")], [("C", "US")]], "CN=*,O=Acme,C=US", false),
            ([[("C", "US")], [("O", "Acme"), ("CN", "x")]], "CN=*,O=Acme,C=US", false),
            (
                [[("C", "US")], [("C", "US")], [("O", "Acme")], [("CN", "x")]], "CN=*,O=Acme,C=US",
                false
            ),
            ([[("C", "US")], [("O", "Acme"), ("O", "Acme")]], "O=Acme,C=US", false),
            // Values that are nearly right.
            ([[("C", "US")], [("OU", "Acme")], [("CN", "x")]], "CN=*,O=Acme,C=US", false),
            ([[("C", "US")], [("O", "Acme ")], [("CN", "x")]], "CN=*,O=Acme,C=US", false),
            ([[("C", "US")], [("O", "Acme\0evil")], [("CN", "x")]], "CN=*,O=Acme,C=US", false),
            ([[("C", "US")], [("O", "\u{410}cme")], [("CN", "x")]], "CN=*,O=Acme,C=US", false),
            ([[("CN", "axb")]], "CN=a\\*b", false),
            // Names that are meant.
            ([[("C", "US")], [("O", "Acme")], [("CN", "release")]], "CN=*,O=Acme,C=US", true),
            ([[("C", "US")], [("O", "Acme")], [("CN", "a,O=b")]], "cn=*, O=Acme, C = US", true),
            ([[("O", "Acme, Inc.")], [("CN", "x")]], "CN=x,O=Acme\\, Inc.", true),
            ([[("O", "Acme, Inc.")], [("CN", "x")]], "CN=x,2.5.4.10=Acme\\2C Inc.", true),
            (
                [[("C", "US")], [("O", "Acme")], [("OU", "a")], [("CN", "x")]], "*,O=Acme,C=US",
                true
            ),
            ([[("O", "Acme"), ("CN", "x")]], "CN=x+O=A*", true),
            ([[("CN", "a*b")]], "CN=a\\*b", true),
            ([[("CN", "x")]], "*", true),
        ] as [([Part], String, Bool)])
    func subjects(_ parts: [Part], _ pattern: String, _ isMeant: Bool) async throws {
        let holder = try await holder(parts)
        let party = try party("acme", subject: pattern)
        #expect(party.isIdentified(by: .certificate(holder)) == isMeant, "\(holder.subject)")
    }

    @Test(
        "a text that is no pattern of a subject is refused",
        arguments: [
            "", "Acme", "CN", "CN=", "=x", "XY=x", "CN=x,", "CN=x,,O=y", "CN=x+CN=y", "CN=#04",
            "CN=\"x, y\"", "CN=x;O=y", "CN=x\\", "CN=x\\q", "C\\4E=x", "1.2=x", "2.5.4.=x",
        ])
    func noPatterns(_ text: String) {
        #expect(SubjectPattern(text) == nil)
    }

    @Test(
        "an alternative name is compared by its kind and part by part, hosts without case",
        arguments: [
            (.rfc822Name("mallory@evil.example"), "*@acme.example", false),
            (.rfc822Name("mallory@acme.example.evil.example"), "*@acme.example", false),
            (.dnsName("mallory@acme.example"), "*@acme.example", false),
            (
                .uniformResourceIdentifier("https://evil.example/x@acme.example"),
                "*@acme.example", false
            ),
            (.rfc822Name("alice@evil.example@ci.acme.example"), "alice@*.acme.example", false),
            (
                .uniformResourceIdentifier("https://github.com@evil.example/acme/x"),
                "https://github.com/acme/*", false
            ),
            (
                .uniformResourceIdentifier("https://github.com@evil.example/acme/x"),
                "https://github.com*/acme/*", false
            ),
            (
                .uniformResourceIdentifier("https://evil.example/x.acme.example/ci"),
                "https://*.acme.example/ci", false
            ),
            (
                .uniformResourceIdentifier("https://evil.example?.acme.example/ci"),
                "https://*.acme.example/ci", false
            ),
            (
                .uniformResourceIdentifier("http://github.com/acme/x"),
                "https://github.com/acme/*", false
            ),
            (
                .uniformResourceIdentifier("https://github.com/Acme/x"),
                "https://github.com/acme/*", false
            ),
            (.rfc822Name("x@ci.acme.example"), "*.acme.example", false),
            (.rfc822Name("ALICE@Acme.Example"), "*@acme.example", true),
            (.rfc822Name("alice@acme.example"), "alice@ACME.example", true),
            (
                .uniformResourceIdentifier("HTTPS://GitHub.com/acme/x@refs/heads/main"),
                "https://github.com/acme/*", true
            ),
            (.uniformResourceIdentifier("spiffe://acme/ci"), "spiffe://acme/*", true),
            (.uniformResourceIdentifier("urn:acme:ci"), "URN:acme:*", true),
            (.dnsName("CI.Acme.Example"), "*.acme.example", true),
            (.dnsName("anything"), "*", true),
        ] as [(GeneralName, String, Bool)])
    func alternativeNames(_ name: GeneralName, _ pattern: String, _ isMeant: Bool) async throws {
        let holder = try await holder([[("CN", "x")]], [name])
        let party = try party("acme", alternativeName: pattern)
        #expect(party.isIdentified(by: .certificate(holder)) == isMeant, "\(holder)")
    }

    @Test("a party is one signer, however it is known")
    func oneParty() async throws {
        let other = SigningKey.generate(.p384)
        let alice = Signer.certificate(
            try await holder([[("CN", "Alice")]], [.rfc822Name("alice@acme.example")]))
        let bob = Signer.certificate(
            try await holder(
                [[("CN", "Bob")]], [.rfc822Name("bob@ACME.example")], key: other))
        let acme = try party("Acme", alternativeName: "*@acme.example")
        let labs = try party("Acme Labs", alternativeName: "*@acme.example")
        let (onlyAlice, onlyBob) = (
            try party("Alice", alternativeName: "alice@acme.example"),
            try party("Bob", alternativeName: "BOB@acme.example")
        )
        let byKey = Party(name: "Key", means: .key(other.publicKey))
        func areOne(
            _ signers: [Party], _ signer: Signer, _ auditors: [Party], _ auditor: Signer
        ) throws -> Bool {
            let one = try #require(signers.identity(of: signer, among: auditors))
            let two = try #require(auditors.identity(of: auditor, among: signers))
            #expect(one.isSame(as: two) == two.isSame(as: one))
            return one.isSame(as: two)
        }
        // One entry, two people.
        #expect(try areOne([acme], alice, [acme], bob))
        // Two names for one organisation.
        #expect(try areOne([acme], alice, [labs], bob))
        // One person of it by name, the other as whoever is of it.
        #expect(try areOne([onlyAlice], alice, [labs], bob))
        #expect(try areOne([acme], alice, [onlyBob], bob))
        // By a bare key here, by a certificate of that key there.
        #expect(try areOne([byKey], .key(other.publicKey), [labs], bob))
        #expect(try areOne([acme], alice, [byKey, labs], .key(other.publicKey)) == false)
        // Two people whom the policy names one by one.
        #expect(try !areOne([onlyAlice], alice, [onlyBob], bob))

        // Two auditors of one party are one.
        let auditors = [labs, onlyBob]
        let signers = [alice, bob].compactMap { auditors.identity(of: $0) }
        #expect(
            signers.map(\.name) == [
                "Acme Labs (alice@acme.example)", "Acme Labs (bob@ACME.example)",
            ])
        #expect(signers.distinct.count == 1)
    }

    @Test("one person with two certificates claims no third party's level")
    func ownThirdParty() throws {
        let model = try ModelFixture()
        func signatory(_ key: SigningKey) throws -> Signatory {
            let certificate = try root.certify(key.publicKey)
            return Signatory(
                key: key,
                certificates: try CertificateChain(
                    der: [Data(try certificate.serializeAsPEM().derBytes)], named: "it"))
        }
        let certification = try Certification(
            signing: model.directory, by: try signatory(key),
            for: ModelSignature.location(of: model.directory))
        let record = AuditFixture.record(digest: certification.digest.root)
        func lines(_ signatory: Signatory) throws -> [Data] {
            try certification.attestations(
                of: record, json: try record.json(), suite: AuditFixture.suite,
                terms: AuditFixture.terms(.thirdParty),
                by: signatory)
        }
        #expect(throws: (any Error).self) { try lines(signatory(.generate(.p256))) }
        #expect(try lines(Signatory(key: .generate(.p256))).count == 2)
    }
}
