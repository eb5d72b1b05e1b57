// SPDX-License-Identifier: Apache-2.0
// Trusted roots: what is read, and what is refused.

import Foundation
import Testing

@testable import Provenance

@Suite("Trusted roots")
struct TrustedRootTests {
    private let sigstore: SigstoreFixture
    private let text: String

    init() throws {
        sigstore = try SigstoreFixture()
        text = try sigstore.trustedRootText()
    }

    private func read(_ text: String) throws -> TrustedRoot {
        try TrustedRoot(json: Data(text.utf8), named: "trusted_root.json")
    }

    @Test("versions 0.1 and 0.2 are read, and fields that are not known are passed over")
    func versions() throws {
        let root = try read(text)
        #expect(root.transparencyLogs.count == 2 && root.certificateLogs.count == 1)
        #expect(root.certificateAuthorities.map(\.others.count) == [1])
        #expect(root.timestampAuthorities.map(\.others.count) == [1])
        for type in ["trustedroot+json;version=0.2", "trustedroot.v0.2+json"] {
            let other = text.replacing("trustedroot+json;version=0.1", with: type)
            #expect(try read(other) == root)
        }
        #expect(
            try read(text.replacing("{\"baseUrl\"", with: "{\"operator\":\"x\",\"baseUrl\""))
                == root)
    }

    @Test("a key that is not supported is left out: nothing can come from it")
    func unsupported() throws {
        let root = try read(text.replacing("PKIX_ED25519", with: "PKIX_ED25519_PH"))
        #expect(root.transparencyLogs.count == 1)
        #expect(
            try read(text.replacing("SHA2_256\",\"publicKey", with: "SHA2_512\",\"publicKey"))
                .transparencyLogs.isEmpty)
    }

    @Test(
        "what is no trusted root is refused, and the place told",
        arguments: [
            ("version=0.1", "version=0.3", "mediaType: is"),
            ("\"mediaType\"", "\"x\"", "has no \"mediaType\""),
            ("\"keyId\":\"", "\"keyId\":\"%", "is not base64"),
            (
                "\"certificates\":[{\"rawBytes\":\"M", "\"certificates\":[{\"rawBytes\":\"A",
                "damaged"
            ),
            ("2021-01-12T", "2021-02-30T", "is not a time in UTC"),
            ("11:53:27.000Z", "11:53:27.000+01:00", "is not a time in UTC"),
            ("\"rawBytes\":\"MFkw", "\"rawBytes\":\"MFkx", "is not a public key"),
            ("\"tlogs\":[", "\"tlogs\":[],\"tlogs\":[", "occurs twice"),
        ])
    func refused(old: String, new: String, words: String) async throws {
        let altered = text.replacing(old, with: new)
        #expect(altered != text)
        await expectFault("trusted_root.json", words) { _ = try read(altered) }
    }

    @Test("a period without an end is open, and its bounds belong to it")
    func periods() throws {
        let past = SigstoreFixture.Periods(transparencyLogs: SigstoreFixture.Periods.past)
        let period = try sigstore.trustedRoot(past).transparencyLogs[0].period
        let start = try #require(period.start)
        let end = try #require(period.end)
        #expect(start == Date(timeIntervalSince1970: 1_610_452_407))
        #expect(abs(end.timeIntervalSince1970 - 1_672_531_199.999) < 0.001)
        #expect(period.contains(start) && period.contains(end))
        #expect(!period.contains(start - 1) && !period.contains(end + 1))
        #expect(try sigstore.trustedRoot().transparencyLogs[0].period.contains(end + 1e9))
    }
}
