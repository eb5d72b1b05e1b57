// SPDX-License-Identifier: Apache-2.0
// A small model that a test signs, alters and verifies.

import Foundation
import JSONText
import Provenance
import SwiftASN1
import Testing
import X509

/// A model directory with five files, and who signs it.
struct SignedModel {
    let directory: TemporaryDirectory
    let key: SigningKey

    var model: URL { directory.url.appendingPathComponent("model") }
    var signature: URL { ModelSignature.location(of: model) }
    var trust: Trust { Trust(keys: [key.publicKey]) }

    init(_ curve: Curve = .p256) throws {
        directory = try TemporaryDirectory()
        key = .generate(curve)
        try write("{\"a\": 1}\n", to: "config.json")
        try write(String(repeating: "weights ", count: 100_000), to: "model.safetensors")
        try write("caf\u{E9}\n", to: "tokenizer/caf\u{E9}.txt")
        try write("", to: "tokenizer/empty.bin")
        try write("hidden\n", to: ".hidden")
    }

    func write(_ text: String, to path: String) throws {
        let file = model.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        // In place, as a careless program would.
        try Data(text.utf8).write(to: file)
    }

    /// Writes certificates to a new file beside the model.
    func file(_ certificates: [Certificate]) throws -> URL {
        let file = directory.url.appendingPathComponent("\(UUID().uuidString).pem")
        let text = try certificates.map { try $0.serializeAsPEM().pemString }
        try Data(text.joined(separator: "\n").utf8).write(to: file)
        return file
    }

    /// Signs the model as it is now.
    @discardableResult
    func sign(_ certificates: CertificateChain? = nil) throws -> SignatureBundle {
        let (bundle, _) = try ModelSignature.sign(
            model, key: key, certificates: certificates, for: signature)
        try bundle.write(to: signature)
        return bundle
    }

    /// Verifies the model with the bundle that lies in it.
    @discardableResult
    func verify() async throws -> VerifiedModel {
        try await ModelSignature.verify(
            model, bundle: SignatureBundle(contentsOf: signature), trust: trust)
    }

    /// Verifies the model with a bundle that was never in it.
    func verify(_ bundle: SignatureBundle) async throws -> VerifiedModel {
        try await ModelSignature.verify(model, bundle: bundle, trust: trust)
    }

    /// The statement about the model, signed as it is: true or not.
    func bundle(
        signing statement: Data, type: String = Statement.payloadType
    ) throws -> SignatureBundle {
        SignatureBundle(
            material: .publicKey(hint: key.publicKey.hint),
            envelope: try Envelope.signed(payload: statement, type: type, by: key))
    }
}

/// Expects the answer "no" for the given reason.
func expectFailure(
    _ check: VerificationFailure.Check, _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("nothing was refused", sourceLocation: sourceLocation)
    } catch let failure as VerificationFailure {
        #expect(failure.check == check, "\(failure)", sourceLocation: sourceLocation)
        expect(failure.description, words, sourceLocation)
    } catch {
        Issue.record("threw \(error)", sourceLocation: sourceLocation)
    }
}

/// Expects that something given cannot be used, for the given reason.
func expectFault(
    _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("nothing was refused", sourceLocation: sourceLocation)
    } catch let error as InputError {
        expect(error.description, words, sourceLocation)
    } catch {
        Issue.record("threw \(error)", sourceLocation: sourceLocation)
    }
}

private func expect(_ text: String, _ words: [String], _ sourceLocation: SourceLocation) {
    #expect(!text.contains { $0.isNewline }, "\(text)", sourceLocation: sourceLocation)
    for word in words {
        #expect(text.contains(word), "\(text)", sourceLocation: sourceLocation)
    }
}
