// SPDX-License-Identifier: Apache-2.0
// Altered bundles around a good statement: those of the reference's transcript, and some more.

import Crypto
import Foundation
import Provenance
import Testing

@Suite("Altered bundles")
struct BundleMutationTests {
    private let signed: SignedModel
    private let bundle: SignatureBundle
    private let text: String

    init() throws {
        signed = try SignedModel()
        bundle = try signed.sign()
        text = String(decoding: bundle.json, as: UTF8.self)
    }

    private func verify(_ text: String) async throws -> VerifiedModel {
        try await signed.verify(SignatureBundle(json: Data(text.utf8), named: "model.sig"))
    }

    /// The bundle with another signature of the same statement.
    private func bundle(signature: Data) -> String {
        text.replacing(
            "\"sig\":\"\(bundle.envelope.signatures[0].bytes.base64EncodedString())\"",
            with: "\"sig\":\"\(signature.base64EncodedString())\"")
    }

    @Test(
        "what means the same is accepted",
        arguments: [
            ("{\"mediaType\"", " \n{ \"mediaType\""), (",\"tlogEntries\":[]", ""),
            ("\"keyid\":\"\"", "\"keyid\":\"abc\""), ("\"keyid\":\"\"", "\"keyid\":null"),
            (",\"keyid\":\"\"", ""),
            ("\"tlogEntries\"", "\"timestampVerificationData\":{},\"tlogEntries\""),
        ])
    func accepted(old: String, new: String) async throws {
        let altered = text.replacing(old, with: new)
        #expect(altered != text)
        #expect(try await verify(altered).warnings.isEmpty)
    }

    @Test(
        "without a hint the given key is tried, and the user told",
        arguments: ["", "\"hint\":\"\""])
    func noHint(field: String) async throws {
        let hint = "\"hint\":\"\(signed.key.publicKey.hint)\""
        let altered = text.replacing(hint, with: field)
        #expect(
            try await verify(altered).warnings == ["the signature does not say which key made it"])
        let others = Trust(keys: [SigningKey.generate(.p256).publicKey])
        await expectFailure(.signature, "is not signed by") {
            _ = try await ModelSignature.verify(
                signed.model, bundle: SignatureBundle(json: Data(altered.utf8), named: "model.sig"),
                trust: others)
        }
    }

    @Test(
        "what is not checked is told",
        arguments: [
            ("\"tlogEntries\":[]", "\"tlogEntries\":[{\"logIndex\":\"1\"}]", "log's entries"),
            (
                "\"tlogEntries\"",
                "\"timestampVerificationData\":{\"rfc3161Timestamps\":"
                    + "[{\"signedTimestamp\":\"AA==\"}]},\"tlogEntries\"", "timestamps"
            ),
        ])
    func unchecked(old: String, new: String, words: String) async throws {
        let warnings = try await verify(text.replacing(old, with: new)).warnings
        #expect(warnings.count == 1 && warnings[0].contains(words))
    }

    @Test("base64 may be of either alphabet, but holds nothing else")
    func base64() async throws {
        let payload = bundle.envelope.payload.base64EncodedString()
        let other = payload.replacing("+", with: "-").replacing("/", with: "_")
        _ = try await verify(text.replacing(payload, with: other))
        for broken in [payload + "\\n", payload.dropLast() + "%", "\\n" + payload, payload + "A"] {
            await expectFault("not base64") {
                _ = try await verify(text.replacing(payload, with: broken))
            }
        }
    }

    @Test(
        "what the format does not have is refused",
        arguments: [
            ("{\"mediaType\"", "{\"foo\":1,\"mediaType\"", "\"foo\" is not known"),
            ("\"tlogEntries\"", "\"foo\":1,\"tlogEntries\"", "\"foo\" is not known"),
            (
                "\"tlogEntries\"",
                "\"timestampVerificationData\":{\"foo\":1},\"tlogEntries\"",
                "\"foo\" is not known"
            ),
            (
                "\"tlogEntries\":[]", "\"tlogEntries\":[1,2,3,4,5,6,7,8,9]",
                "more than 8 log entries"
            ),
            ("\"hint\"", "\"rawByte\":\"AA==\",\"hint\"", "\"rawByte\" is not known"),
            ("\"hint\"", "\"rawBytes\":\"A\",\"hint\"", "is not base64"),
            ("\"payload\"", "\"foo\":1,\"payload\"", "\"foo\" is not known"),
            ("\"keyid\"", "\"foo\":1,\"keyid\"", "\"foo\" is not known"),
            ("bundle.v0.3+json", "bundle+json;version=0.3", "mediaType"),
            ("bundle.v0.3+json", "bundle+json;version=0.2", "mediaType"),
            ("\"mediaType\"", "\"mediaType\":\"x\",\"mediaType\"", "occurs twice"),
            ("\"payload\"", "\"payload\":\"e30=\",\"payload\"", "occurs twice"),
            ("\"sig\"", "\"sig\":\"AA==\",\"sig\"", "occurs twice"),
            (
                "\"publicKey\"",
                "\"x509CertificateChain\":{\"certificates\":[{\"rawBytes\":\"AA==\"}"
                    + "]},\"publicKey\"", "one of publicKey, certificate and x509CertificateChain"
            ),
            ("\"publicKey\":{\"hint\"", "\"x509CertificateChain\":{\"hint\"", "not known"),
            ("}]}}", "}]}}{}", "something follows"),
            ("\"signatures\"", "\"signature\"", "not known"),
        ])
    func refused(old: String, new: String, words: String) async throws {
        let altered = text.replacing(old, with: new)
        #expect(altered != text)
        await expectFault("model.sig", words) { _ = try await verify(altered) }
    }

    @Test("a key in the bundle, as older versions wrote it, is a hint and never trusted")
    func rawBytes() async throws {
        func text(_ key: VerificationKey, asDER isDER: Bool) throws -> String {
            let pem = key.pemRepresentation
            let body = pem.split(separator: "\n").dropFirst().dropLast().joined()
            let bytes = isDER ? body : Data(pem.utf8).base64EncodedString()
            return self.text.replacing(
                "\"hint\":\"\(signed.key.publicKey.hint)\"",
                with: "\"rawBytes\":\"\(bytes)\",\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\"")
        }
        let other = SigningKey.generate(.p384).publicKey
        for isDER in [false, true] {
            let own = try text(signed.key.publicKey, asDER: isDER)
            #expect(try await verify(own).warnings.isEmpty)
            let bundle = try SignatureBundle(json: Data(own.utf8), named: "model.sig")
            await expectFailure(.signature, "made with another key") {
                _ = try await ModelSignature.verify(
                    signed.model, bundle: bundle, trust: Trust(keys: [other]))
            }
            await expectFailure(.signature, "made with another key") {
                _ = try await verify(text(other, asDER: isDER))
            }
        }
        // What is no key is no hint.
        let nothing = self.text.replacing(
            "\"hint\":\"\(signed.key.publicKey.hint)\"", with: "\"rawBytes\":\"AAAA\"")
        #expect(
            try await verify(nothing).warnings == ["the signature does not say which key made it"])
    }

    @Test("neither key nor certificate, and an empty chain, are refused")
    func noMaterial() async throws {
        let key = "\"publicKey\":{\"hint\":\"\(signed.key.publicKey.hint)\"},"
        await expectFault("one of publicKey") {
            _ = try await verify(text.replacing(key, with: ""))
        }
        await expectFault("0 certificates") {
            _ = try await verify(
                text.replacing(key, with: "\"x509CertificateChain\":{\"certificates\":[]},"))
        }
    }

    @Test("a bundle has exactly one signature: others could be anyone's")
    func signatures() async throws {
        let good = bundle.envelope.signatures[0].bytes.base64EncodedString()
        let bad = Data(bundle.envelope.signatures[0].bytes.reversed()).base64EncodedString()
        let list = "[{\"sig\":\"\(good)\",\"keyid\":\"\"}]"
        #expect(text.contains(list))
        for (other, words) in [
            ("[{\"sig\":\"\(good)\"},{\"sig\":\"\(bad)\"}]", "2 signatures"),
            ("[{\"sig\":\"\(bad)\"},{\"sig\":\"\(good)\"}]", "2 signatures"),
            ("[]", "0 signatures"), ("[{\"keyid\":\"\"}]", "sig is missing"),
        ] {
            await expectFault(words) { _ = try await verify(text.replacing(list, with: other)) }
        }
    }

    @Test("a hint in upper case is another hint")
    func upperCaseHint() async throws {
        let hint = signed.key.publicKey.hint
        await expectFailure(.signature, "made with another key") {
            _ = try await verify(text.replacing(hint, with: hint.uppercased()))
        }
    }

    @Test("a signature that is not strict DER is refused")
    func encoding() async throws {
        let der = bundle.envelope.signatures[0].bytes
        let raw = try P256.Signing.ECDSASignature(derRepresentation: der).rawRepresentation
        // A longer form of the length, which BER allows and DER does not.
        let longForm = Data([der[0], 0x81]) + der.dropFirst()
        for signature in [der + [0], raw, longForm, der.dropLast(), Data()] {
            await expectFailure(.signature, "is not signed by") {
                _ = try await verify(bundle(signature: Data(signature)))
            }
        }
    }

    @Test("n - s instead of s verifies, too: a signature identifies nothing")
    func malleated() async throws {
        let raw = try P256.Signing.ECDSASignature(
            derRepresentation: bundle.envelope.signatures[0].bytes
        ).rawRepresentation
        let order: [UInt8] = [
            0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63,
            0x25, 0x51,
        ]
        var difference = order
        var borrow = 0
        for index in (0..<32).reversed() {
            let digit = Int(order[index]) - Int(raw[raw.startIndex + 32 + index]) - borrow
            borrow = digit < 0 ? 1 : 0
            difference[index] = UInt8(digit + borrow * 256)
        }
        let other = try P256.Signing.ECDSASignature(
            rawRepresentation: raw.prefix(32) + difference)
        #expect(other.derRepresentation != bundle.envelope.signatures[0].bytes)
        let model = try await verify(bundle(signature: other.derRepresentation))
        #expect(try await model.payloadDigest == verify(text).payloadDigest)
    }

    @Test("a flipped bit anywhere in the payload or the signature is refused")
    func flippedBits() async throws {
        var payload = bundle.envelope.payload
        for index in stride(from: 0, to: payload.count, by: payload.count / 20) {
            payload[index] ^= 1
            let altered = text.replacing(
                bundle.envelope.payload.base64EncodedString(), with: payload.base64EncodedString())
            await expectFailure(.signature, "is not signed by") { _ = try await verify(altered) }
            payload[index] ^= 1
        }
        var signature = bundle.envelope.signatures[0].bytes
        for index in signature.indices {
            signature[index] ^= 1
            await expectFailure(.signature, "is not signed by") {
                _ = try await verify(bundle(signature: signature))
            }
            signature[index] ^= 1
        }
    }

    @Test("a bundle cut short anywhere is refused")
    func truncated() async throws {
        for length in stride(from: 0, to: text.utf8.count - 2, by: 37) {
            await expectFault("model.sig") {
                _ = try await verify(String(decoding: text.utf8.prefix(length), as: UTF8.self))
            }
        }
    }
}
