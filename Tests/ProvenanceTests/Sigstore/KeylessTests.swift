// SPDX-License-Identifier: Apache-2.0
// Keyless signatures, verified by a trusted root alone; and each part of them made wrong.

import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import Provenance

@Suite("Keyless signatures")
struct KeylessTests {
    private typealias Leaf = SigstoreFixture.Leaf
    private typealias Entry = SigstoreFixture.Entry
    private typealias Stamp = SigstoreFixture.Stamp

    private let sigstore: SigstoreFixture

    init() throws { sigstore = try SigstoreFixture() }

    @Test("one verifies long after its certificate expired, and names its signer")
    func good() async throws {
        let model = try await sigstore.verify(sigstore.bundle())
        guard case .keyless(let identity) = model.signer else {
            Issue.record("not keyless")
            return
        }
        #expect(identity.name == .emailAddress("release@acme.example"))
        #expect(identity.provider == SigstoreFixture.provider)
        #expect(identity.date == SigstoreFixture.signingTime)
        #expect(identity.key == sigstore.signed.key.publicKey)
        #expect(model.warnings.isEmpty)
    }

    @Test(
        "a proof or a promise of the log is enough where the time is known, and each kind of entry")
    func ways() async throws {
        var proved = Entry()
        proved.hasPromise = false
        var promised = Entry()
        promised.hasProof = false
        var newEnvelope = Entry.new
        newEnvelope.kind = "dsse"
        for (entry, stamps) in [
            (promised, []), (promised, [Stamp()]), (proved, [Stamp()]), (.new, [Stamp()]),
            (newEnvelope, [Stamp()]),
        ] {
            let bundle = try sigstore.bundle(Leaf(), entry, stamps: stamps)
            let model = try await sigstore.verify(bundle)
            #expect(model.warnings.isEmpty, "\(entry.kind) \(entry.version): \(model.warnings)")
        }
    }

    @Test("without a time that somebody signed it is refused: anyone could have made it now")
    func noTime() async throws {
        var proved = Entry()
        proved.hasPromise = false
        for entry in [proved, .new] {
            await expectFailure(.timestamp, "does not show when it was made") {
                _ = try await sigstore.verify(sigstore.bundle(Leaf(), entry))
            }
        }
        // The time without the log's signature over it is anybody's word.
        proved.change = {
            $0.replacing(
                "\"kindVersion\"", with: "\"integratedTime\":\"1797408000\",\"kindVersion\"")
        }
        await expectFailure(.timestamp, "does not show when it was made") {
            _ = try await sigstore.verify(sigstore.bundle(Leaf(), proved))
        }
    }

    @Test("names of every kind that Sigstore certifies")
    func names() async throws {
        let workflow = "https://github.com/acme/model/.github/workflows/release.yml@refs/tags/v1"
        let user = GeneralName.OtherName(
            typeID: [1, 3, 6, 1, 4, 1, 57_264, 1, 7],
            value: try ASN1Any(erasing: ASN1UTF8String("alice!acme.example")))
        for (name, pattern, others) in [
            (
                GeneralName.uniformResourceIdentifier(workflow),
                "https://github.com/acme/model/.github/workflows/*@refs/tags/*",
                ["https://github.com/other/*", "*@refs/tags/v1", "github.com"]
            ),
            (
                .rfc822Name("release@acme.example"), "*@acme.example",
                ["*@evil.example", "https://*", "acme.example", "release!acme.example"]
            ),
            (.otherName(user), "*!acme.example", ["bob!acme.example", "acme.example", "*@*"]),
        ] {
            var leaf = Leaf()
            leaf.names = [name]
            let bundle = try sigstore.bundle(leaf)
            _ = try await sigstore.verify(bundle, sigstore.identity(pattern))
            for other in others {
                await expectFailure(.certificate, "whom nobody here names") {
                    _ = try await sigstore.verify(bundle, sigstore.identity(other))
                }
            }
        }
        await expectFailure(.certificate, "whom nobody here names") {
            _ = try await sigstore.verify(
                sigstore.bundle(), sigstore.identity(provider: "https://accounts.example.com"))
        }
    }

    @Test("either extension names the provider; two that differ, none, and two names are refused")
    func claims() async throws {
        var leaf = Leaf()
        leaf.oldProvider = nil
        _ = try await sigstore.verify(sigstore.bundle(leaf))
        leaf = Leaf()
        leaf.provider = nil
        _ = try await sigstore.verify(sigstore.bundle(leaf))
        leaf.provider = "https://accounts.example.com"
        await expectFault("exactly one name and one provider") {
            _ = try await sigstore.verify(sigstore.bundle(leaf))
        }
        leaf = Leaf()
        leaf.names = [.rfc822Name("release@acme.example"), .rfc822Name("b@acme.example")]
        await expectFault("exactly one name and one provider") {
            _ = try await sigstore.verify(sigstore.bundle(leaf))
        }
        (leaf.provider, leaf.oldProvider) = (nil, nil)
        await expectFailure(.certificate, "no root is trusted") {
            _ = try await sigstore.verify(sigstore.bundle(leaf))
        }
    }

    @Test("a certificate of another authority, for another use, or used at another time is refused")
    func certificates() async throws {
        func changed(_ change: (inout Leaf) throws -> Void) rethrows -> Leaf {
            var leaf = Leaf()
            try change(&leaf)
            return leaf
        }
        let time = SigstoreFixture.signingTime
        for (leaf, words) in [
            (try changed { $0.issuer = try Authority("sigstore-intermediate") }, "trusted root"),
            (changed { $0.purposes = [.serverAuth] }, "is for TLS servers"),
            (changed { $0.start = time + 1 }, "but was valid from"),
            (changed { $0.end = time - 1 }, "but was valid from"),
        ] {
            await expectFailure(.certificate, "release@acme.example", words) {
                _ = try await sigstore.verify(sigstore.bundle(leaf))
            }
        }
        var entry = Entry()
        entry.time = SigstoreFixture.now + 3_600
        var leaf = Leaf()
        leaf.end = entry.time + 1
        await expectFailure(.certificate, "lies in the future") {
            _ = try await sigstore.verify(sigstore.bundle(leaf, entry))
        }
        // Every time that is known must lie in the certificate's.
        var late = Stamp()
        late.date = time + 3_600
        await expectFailure(.certificate, "but was valid from") {
            _ = try await sigstore.verify(sigstore.bundle(Leaf(), Entry(), stamps: [late]))
        }
    }

    @Test("a certificate that no trusted log of certificates holds is refused")
    func certificateLog() async throws {
        func changed(_ change: (inout Leaf) throws -> Void) rethrows -> Leaf {
            var leaf = Leaf()
            try change(&leaf)
            return leaf
        }
        for leaf in [
            changed { $0.isLogged = false },
            changed { $0.logKey = P256.Signing.PrivateKey() },
            changed { $0.isLoggedWithOtherNames = true },
            changed { $0.loggedIssuer = sigstore.root },
        ] {
            await expectFailure(.certificate, "has no timestamp") {
                _ = try await sigstore.verify(sigstore.bundle(leaf))
            }
        }
    }

    @Test("an entry of another signature, or that the log did not take, is refused")
    func entries() async throws {
        let other = try Envelope.signed(
            payload: Data("{}".utf8), type: Statement.payloadType, by: sigstore.signed.key,
            keyID: "")
        let payload = try sigstore.signed.sign().envelope.payload
        let again = try Envelope.signed(
            payload: payload, type: Statement.payloadType, by: sigstore.signed.key, keyID: "")
        let second = try sigstore.certificate()
        func changed(_ entry: Entry, _ change: (inout Entry) -> Void) -> Entry {
            var entry = entry
            change(&entry)
            return entry
        }
        var newEnvelope = Entry.new
        newEnvelope.kind = "dsse"
        for good in [Entry(), .new, newEnvelope] {
            for (entry, words) in [
                (changed(good) { $0.envelope = other }, "is of another content"),
                (changed(good) { $0.envelope = again }, "is of another signature"),
                (changed(good) { $0.certificate = second }, "under another certificate"),
                (changed(good) { $0.statedSize = 6 }, "is of another tree"),
                (
                    changed(good) {
                        $0.change = {
                            $0.replacing("\"logIndex\":\"2\"", with: "\"logIndex\":\"3\"")
                        }
                    }, "is not shown to be in"
                ),
                (
                    changed(good) {
                        $0.change = { $0.replacing("\"keyId\":\"", with: "\"keyId\":\"AAAA") }
                    }, "is of a log that the trusted root does not name"
                ),
                (
                    changed(good) {
                        $0.change = { $0.replacing("\"kind\":\"", with: "\"kind\":\"x") }
                    }, "a body of another kind"
                ),
                (
                    changed(good) {
                        $0.changeBody = { $0.replacing("\"kind\":\"", with: "\"kind\":\"x") }
                    }, "a body of another kind"
                ),
            ] {
                await expectFailure(.log, words) {
                    _ = try await sigstore.verify(
                        sigstore.bundle(Leaf(), entry, stamps: [Stamp()]))
                }
            }
        }
        for (entry, words) in [
            (changed(Entry()) { $0.key = P256.Signing.PrivateKey() }, "that is false"),
            (
                changed(Entry()) {
                    $0.key = P256.Signing.PrivateKey()
                    $0.hasProof = false
                }, "did not sign"
            ),
            (
                changed(Entry()) {
                    $0.change = {
                        $0.replacing("\"logIndex\":\"1002\"", with: "\"logIndex\":\"1003\"")
                    }
                }, "did not sign"
            ),
            (
                changed(Entry()) {
                    $0.change = {
                        $0.replacing("\"integratedTime\":\"1797", with: "\"integratedTime\":\"1796")
                    }
                }, "did not sign"
            ),
            (
                Entry(kind: "intoto", version: "0.0.3"),
                "is of the kind intoto 0.0.3"
            ),
        ] {
            await expectFailure(.log, words) {
                _ = try await sigstore.verify(sigstore.bundle(Leaf(), entry))
            }
        }
        await expectFailure(.log, "has 0 log entries") {
            _ = try await sigstore.verify(sigstore.bundle(Leaf(), nil, stamps: [Stamp()]))
        }
        let neither = changed(Entry()) { ($0.hasPromise, $0.hasProof) = (false, false) }
        await expectFault("neither an inclusion proof nor") {
            _ = try await sigstore.verify(sigstore.bundle(Leaf(), neither, stamps: [Stamp()]))
        }
        let unknown = changed(Entry()) {
            $0.change = {
                $0.replacing("{\"logIndex\":\"1002\"", with: "{\"x\":1,\"logIndex\":\"1002\"")
            }
        }
        await expectFault("\"x\" is not known") {
            _ = try await sigstore.verify(sigstore.bundle(Leaf(), unknown))
        }
    }

    @Test("what was not in use at the time does not count")
    func periods() async throws {
        let past = SigstoreFixture.Periods.past
        for (check, words, change) in [
            (
                VerificationFailure.Check.log, "was not in use",
                { $0.transparencyLogs = past }
            ),
            (.certificate, "no timestamp that a trusted log", { $0.certificateLogs = past }),
            (.certificate, "does not lead to a trusted root", { $0.authorities = past }),
        ] as [(VerificationFailure.Check, String, (inout SigstoreFixture.Periods) -> Void)] {
            var periods = SigstoreFixture.Periods()
            change(&periods)
            let identity = try sigstore.identity(by: sigstore.trustedRoot(periods))
            await expectFailure(check, words) {
                _ = try await sigstore.verify(sigstore.bundle(), identity)
            }
        }
        var periods = SigstoreFixture.Periods()
        periods.transparencyLogs = past
        let identity = try sigstore.identity(by: sigstore.trustedRoot(periods))
        await expectFailure(.log, "was not in use") {
            _ = try await sigstore.verify(
                sigstore.bundle(Leaf(), .new, stamps: [Stamp()]), identity)
        }
    }

    @Test("the signature itself must be the certificate's, and the files those that were signed")
    func content() async throws {
        let bundle = try sigstore.bundle()
        let other = SigningKey.generate(.p256)
        let foreign = try Envelope.signed(
            payload: bundle.envelope.payload, type: Statement.payloadType, by: other, keyID: "")
        guard case .certificates(let chain) = bundle.material else { return }
        let certificate = try Certificate(derEncoded: Array(chain[0]))
        let forged = SignatureBundle(
            material: bundle.material, envelope: foreign,
            logEntries: [
                Data(try sigstore.entry(Entry(), of: foreign, certificate).utf8)
            ])
        await expectFailure(.signature, "is not signed by") {
            _ = try await sigstore.verify(forged)
        }
        try sigstore.signed.write("changed\n", to: "config.json")
        await expectFailure(.files, "was changed") { _ = try await sigstore.verify(bundle) }
    }

    @Test("a keyless signature needs a trusted identity, and a key or a root trusts none")
    func trust() async throws {
        let bundle = try sigstore.bundle()
        for trust in [
            Trust(keys: [sigstore.signed.key.publicKey]),
            Trust(keys: [SigningKey.generate(.p256).publicKey]),
        ] {
            await expectFailure(.certificate, "no identity is trusted") {
                _ = try await ModelSignature.verify(
                    sigstore.signed.model, bundle: bundle, trust: trust, now: SigstoreFixture.now)
            }
        }
        // Another Sigstore with the same names.
        await expectFailure(.log, "is of a log that the trusted root does not name") {
            _ = try await sigstore.verify(bundle, SigstoreFixture().identity())
        }
    }

    @Test("a revoked certificate is refused, whatever was logged and stamped")
    func revoked() async throws {
        let bundle = try sigstore.bundle(Leaf(), Entry(), stamps: [Stamp()])
        guard case .certificates(let chain) = bundle.material else { return }
        let certificate = try Certificate(derEncoded: Array(chain[0]))
        let fixture = RevocationFixture(sigstore.intermediate)
        _ = try await sigstore.verify(
            bundle, lists: fixture.list(of: [], in: sigstore.signed.directory))
        let list = try fixture.list(of: [certificate], in: sigstore.signed.directory)
        await expectFailure(.certificate, "release@acme.example", "was revoked by") {
            _ = try await sigstore.verify(bundle, lists: list)
        }
    }

    @Test("a party is an identity of its own trusted root, and one signer whatever its keys")
    func parties() async throws {
        let party = Party(name: "acme", means: .identity(try sigstore.identity("*@acme.example")))
        let model = try await sigstore.verify(sigstore.bundle())
        let signer = try #require([party].identity(of: model.signer))
        #expect(signer.name == "acme (release@acme.example)")
        for identity in [
            try sigstore.identity("*@evil.example"),
            try sigstore.identity("*@acme.example", provider: "https://accounts.example.com"),
            try sigstore.identity("*@acme.example", by: SigstoreFixture().trustedRoot()),
        ] {
            #expect(
                [Party(name: "x", means: .identity(identity))].identity(of: model.signer) == nil)
        }
        var policy = Policy(name: "p", signers: [party])
        #expect(policy.trust.identities.count == 1)
        let admission = await Admission(
            of: model, attestations: [], policy: policy, now: SigstoreFixture.now)
        #expect(admission.isAdmitted, "\(admission.outcomes)")
        policy.signers = [Party(name: "key", means: .key(sigstore.signed.key.publicKey))]
        #expect(
            await !Admission(of: model, attestations: [], policy: policy, now: SigstoreFixture.now)
                .isAdmitted)
    }

    @Test("a line of attestations by an identity is verified, and one by a stranger costs nothing")
    func attestations() async throws {
        let bundle = try sigstore.bundle()
        let file = sigstore.signed.directory.url.appendingPathComponent("attestations.jsonl")
        try bundle.json.write(to: file)
        let line = try #require(try AttestationFile.lines(of: file).first)
        let party = Party(name: "lab", means: .identity(try sigstore.identity()))
        let attestation = try await line.attestation(by: [party], now: SigstoreFixture.now)
        #expect(attestation.signers.map(\.name) == ["lab (release@acme.example)"])
        let other = Party(name: "lab", means: .identity(try sigstore.identity("b@acme.example")))
        await expectFailure(.certificate, "whom nobody here names") {
            _ = try await line.attestation(by: [other], now: SigstoreFixture.now)
        }
    }

    @Test("a bundle is read as it was written, and keeps its entries and timestamps")
    func reading() throws {
        let bundle = try sigstore.bundle(Leaf(), Entry(), stamps: [Stamp()])
        let read = try SignatureBundle(json: bundle.json, named: "model.sig")
        #expect(read == bundle)
        // The bundle's own form of a single certificate.
        let text = String(decoding: bundle.json, as: UTF8.self)
        let single = text.replacing(
            "\"x509CertificateChain\":{\"certificates\":[", with: "\"certificate\":"
        )
        .replacing("}]},\"tlogEntries\"", with: "},\"tlogEntries\"")
        #expect(single != text)
        #expect(try SignatureBundle(json: Data(single.utf8), named: "model.sig") == bundle)
    }
}
