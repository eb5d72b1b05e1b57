// SPDX-License-Identifier: Apache-2.0
// Signatures that model_signing 1.1.1 made, judged by us.

import Checkpoints
import Foundation
import Provenance
import Testing

@Suite("Vectors of model_signing 1.1.1")
struct VectorTests {
    private let vectors: Vectors

    init() throws { vectors = try Vectors() }

    private func report(
        _ signature: String, on model: String = "model", keys: [String] = [],
        roots: [String] = []
    ) async throws -> VerificationReport {
        let trust = Trust(
            keys: try keys.map { try VerificationKey(contentsOf: vectors["keys/\($0).pub.pem"]) },
            roots: try roots.flatMap { try RootCertificate.all(in: vectors["ca/\($0).pem"]) })
        return try await VerificationReport(
            on: vectors[model], signature: vectors[signature], trust: trust, now: vectors.date)
    }

    @Test("a key on each curve verifies, among others", arguments: ["p256", "p384", "p521"])
    func keys(curve: String) async throws {
        for keys in [[curve], ["p256", "p384", "p521"]] {
            let report = try await report("model-\(curve).sig", keys: keys)
            #expect(report.isVerified, "\(report.lines)")
            let model = try #require(report.model)
            #expect(model.manifest.modelName == "model")
            #expect(model.manifest.resources.count == 8)
            #expect(model.ignored == [".git", ".gitattributes", ".github", ".gitignore"])
            #expect(model.warnings.isEmpty)
            #expect(try model.digest == ModelDigest(of: vectors["model"]))
        }
    }

    @Test("another key is refused", arguments: ["p256", "p384", "p521"])
    func otherKey(curve: String) async throws {
        let other = curve == "p256" ? "p384" : "p256"
        let report = try await report("model-\(curve).sig", keys: [other])
        #expect(!report.isVerified)
        #expect(report.lines.first?.contains("made with another key") == true)
    }

    @Test("the order of the v1.0 text verifies, and our root is the same")
    func order() async throws {
        let report = try await report("spec-order.sig", keys: ["p256"])
        let model = try #require(report.model, "\(report.lines)")
        #expect(model.root == model.digest.root)
    }

    @Test("a single file verifies")
    func singleFile() async throws {
        let report = try await report("single.sig", on: "model/model.safetensors", keys: ["p256"])
        let model = try #require(report.model, "\(report.lines)")
        #expect(model.manifest.modelName == "model.safetensors")
        #expect(model.manifest.resources.map(\.name) == ["."])
    }

    @Test("a single file's signature says nothing of a directory, nor the other way round")
    func kinds() async throws {
        for (signature, model) in [
            ("single.sig", "model"), ("model-p256.sig", "model/model.safetensors"),
        ] {
            let report = try await report(signature, on: model, keys: ["p256"])
            #expect(!report.isVerified)
            #expect(report.lines.first?.contains("is not what was signed") == true)
        }
    }

    @Test("a chain to the root verifies", arguments: ["model-cert", "model-cert-withroot"])
    func certificates(name: String) async throws {
        let report = try await report("\(name).sig", roots: ["root", "otherroot"])
        let model = try #require(report.model, "\(report.lines)")
        guard case .certificate(let identity) = model.signer else {
            Issue.record("no certificate")
            return
        }
        #expect(identity.subject == "CN=test signer")
        #expect(identity.root.subject == "CN=test root")
        #expect(identity.fingerprint.count == 64)
    }

    @Test(
        "a certificate that may not sign is refused, and the reason told",
        arguments: [
            ("cert-expired", "expired at 2021-01-01"), ("cert-tls", "is for TLS servers"),
            ("cert-kuonly", "no extended key usage"), ("cert-ekuonly", "no key usage"),
            ("cert-nousage", "no key usage"),
            ("cert-badku", "may not be used for digital signatures"),
        ])
    func badCertificates(name: String, words: String) async throws {
        let report = try await report("\(name).sig", roots: ["root", "exp-root"])
        #expect(!report.isVerified)
        #expect(report.outcomes.first?.check == "certificate")
        #expect(report.lines.first?.contains(words) == true, "\(report.lines)")
    }

    @Test("another root is refused, even if the bundle brings its own")
    func otherRoot() async throws {
        for name in ["model-cert", "model-cert-withroot"] {
            let report = try await report("\(name).sig", roots: ["otherroot"])
            #expect(!report.isVerified)
            #expect(report.lines.first?.contains("does not lead to a trusted root") == true)
        }
    }

    @Test("a certificate is not a key, and a key no certificate")
    func kindsOfMaterial() async throws {
        let certificate = try await report("model-cert.sig", keys: ["p256"])
        #expect(certificate.lines.first?.contains("no root is trusted") == true)
        let key = try await report("model-p256.sig", roots: ["root"])
        #expect(key.lines.first?.contains("no key is trusted") == true)
    }

    @Test("what is signed is DSSE's encoding of the payload")
    func preAuthenticationEncoding() throws {
        let bundle = try SignatureBundle(contentsOf: vectors["model-p256.sig"])
        #expect(try Data(contentsOf: vectors["model-p256.payload.json"]) == bundle.envelope.payload)
        let key = try VerificationKey(contentsOf: vectors["keys/p256.pub.pem"])
        #expect(
            key.isValidSignature(
                try Data(contentsOf: vectors["model-p256.ecdsa.der"]),
                for: try Data(contentsOf: vectors["model-p256.pae"])))
        #expect(!bundle.envelope.signers(among: [key]).isEmpty)
    }

    @Test("a file that a chain is not, and a root that is none")
    func notRoots() async throws {
        await expectFault("chain.pem", "not self-signed") {
            _ = try RootCertificate.all(in: vectors["ca/chain.pem"])
        }
        await expectFault("p256.pub.pem", "PEM certificates") {
            _ = try RootCertificate.all(in: vectors["keys/p256.pub.pem"])
        }
    }
}
