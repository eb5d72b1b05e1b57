// SPDX-License-Identifier: Apache-2.0
// DSSE envelopes and in-toto statements by themselves.

import Crypto
import Foundation
import Provenance
import Testing

@Suite("Envelopes and statements")
struct EnvelopeTests {
    private let payload = Data("hello world".utf8)
    private let type = "http://example.com/HelloWorld"

    @Test("the test vector of the DSSE text verifies")
    func vector() throws {
        // github.com/secure-systems-lab/dsse, protocol.md, "Test Vectors": the public point, and
        // the raw signature.
        let point = try #require(
            Data(
                base64Encoded:
                    "BGfNOQ93qjWcsIwiNfZSJwSTqe2DKwq8wB9wlUwDkNI4DHgr1U4mkSWkT0Qz"
                    + "r/FDLOlOErynOqZ6yAzqEmCN33Q="))
        let signature = try #require(
            Data(
                base64Encoded:
                    "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEG"
                    + "AHTVeCUjW2JIZA=="))
        let key = try VerificationKey(
            pem: P256.Signing.PublicKey(x963Representation: point).pemRepresentation)
        let der = try P256.Signing.ECDSASignature(rawRepresentation: signature).derRepresentation
        let json = """
            {"payload":"aGVsbG8gd29ybGQ=","payloadType":"http://example.com/HelloWorld",\
            "signatures":[{"sig":"\(der.base64EncodedString())"}]}
            """
        let envelope = try Envelope(json: Data(json.utf8), named: "x")
        #expect(try envelope.payload(signedBy: key, named: "x") == payload)
    }

    @Test("several sign; each is found by their key, whatever the key IDs say")
    func countersignatures() throws {
        let keys = Curve.allCases.map { SigningKey.generate($0) }
        let envelope = try Envelope.signed(payload: payload, type: type, by: keys[0])
            .countersigned(by: keys[1])
        let read = try Envelope(json: envelope.json, named: "x")
        #expect(read == envelope)
        #expect(read.signatures.map(\.keyID) == keys[..<2].map(\.publicKey.hint))
        #expect(read.signers(among: keys.map(\.publicKey)) == keys[..<2].map(\.publicKey))
        #expect(read.signers(among: [keys[1].publicKey, keys[1].publicKey]).count == 1)
        #expect(try read.payload(signedBy: keys[0].publicKey, named: "x") == payload)
        #expect(throws: VerificationFailure.self) {
            _ = try read.payload(signedBy: keys[2].publicKey, named: "x")
        }
        let text = String(decoding: envelope.json, as: UTF8.self)
        let swapped = text.replacing(keys[0].publicKey.hint, with: keys[2].publicKey.hint)
        #expect(
            try Envelope(json: Data(swapped.utf8), named: "x")
                .signers(among: keys.map(\.publicKey)) == keys[..<2].map(\.publicKey))
    }

    @Test("the payload's type is signed, too")
    func typeIsSigned() throws {
        let key = SigningKey.generate(.p256)
        let envelope = try Envelope.signed(payload: payload, type: type, by: key)
        let text = String(decoding: envelope.json, as: UTF8.self)
        let other = try Envelope(
            json: Data(text.replacing(type, with: "http://example.com/Other").utf8), named: "x")
        #expect(other.signers(among: [key.publicKey]).isEmpty)
        // Length prefixes: neither may borrow from the other.
        let longer = try Envelope.signed(payload: Data(" 1 x".utf8), type: "a 1", by: key)
        let json = String(decoding: longer.json, as: UTF8.self).replacing("a 1", with: "a")
        #expect(
            try Envelope(json: Data(json.utf8), named: "x").signers(among: [key.publicKey]).isEmpty)
    }

    @Test("an envelope without signatures, or with very many, is refused")
    func counts() async throws {
        let empty = "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[]}"
        await expectFault("line 3", "0 signatures") {
            _ = try Envelope(json: Data(empty.utf8), named: "line 3")
        }
        let many = Array(repeating: "{\"sig\":\"\"}", count: 65).joined(separator: ",")
        await expectFault("65 signatures") {
            _ = try Envelope(
                json: Data(empty.replacing("[]", with: "[\(many)]").utf8), named: "x")
        }
    }

    @Test("a statement's predicate comes back byte for byte")
    func predicate() throws {
        let predicate = Data("{ \"b\" : [1.0, 1e2, \"\\u00e9\"],\n\"a\": null }".utf8)
        let statement = try Statement(
            subjects: [
                .init(name: "n\"\\\u{1F600}\n", digest: ["sha256": "00", "sha512": "11"]),
                .init(name: nil, digest: ["gitCommit": "22"]),
            ], predicateType: "https://example.com/p", predicate: predicate)
        let read = try Statement(json: statement.json, named: "x")
        #expect(read == statement && read.predicate == predicate && read.json == statement.json)
        #expect((try? JSONSerialization.jsonObject(with: statement.json)) != nil)
    }

    @Test(
        "what is no predicate is refused",
        arguments: ["", "[]", "1", "{", "{}{}", "{\"a\":1,\"a\":1}", "{\"a\":{\"b\":1,\"b\":2}}"])
    func badPredicates(text: String) async {
        await expectFault("the predicate") {
            _ = try Statement(
                subjects: [.init(name: nil, digest: ["sha256": "00"])], predicateType: "t",
                predicate: Data(text.utf8))
        }
    }

    @Test(
        "what is no statement is refused",
        arguments: [
            ("\"subject\":[{\"digest\":{\"sha256\":\"00\"}}]", "\"subject\":[]", "subject"),
            ("{\"sha256\":\"00\"}", "{}", "no digest"),
            ("{\"sha256\":\"00\"}", "{\"sha256\":\"00\",\"sha256\":\"11\"}", "occurs twice"),
            ("{\"sha256\":\"00\"}", "{\"sha256\":0}", "is expected"),
            (",\"predicateType\":\"t\"", "", "predicateType"),
        ])
    func badStatements(old: String, new: String, words: String) async throws {
        let statement = try Statement(
            subjects: [.init(name: nil, digest: ["sha256": "00"])], predicateType: "t",
            predicate: Data("{}".utf8))
        let text = String(decoding: statement.json, as: UTF8.self)
        #expect(text.contains(old))
        await expectFault("x: ", words) {
            _ = try Statement(json: Data(text.replacing(old, with: new).utf8), named: "x")
        }
    }
}
