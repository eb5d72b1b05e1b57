// SPDX-License-Identifier: Apache-2.0
// Keys: what openssl reads and writes, and what must never be seen.

import Foundation
import JSONText
import Provenance
import Testing

@Suite("Keys")
struct KeyTests {
    private let directory: TemporaryDirectory
    private func path(_ name: String) -> String { directory.url.appendingPathComponent(name).path }
    private func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path(name))), as: UTF8.self)
    }

    init() throws { directory = try TemporaryDirectory() }

    @Test(
        "openssl reads the keys, encrypted or not, and verifies what they sign",
        arguments: Curve.allCases)
    func opensslReads(curve: Curve) throws {
        let key = SigningKey.generate(curve)
        try KeyFile.write(key, to: URL(filePath: path("k.pem")), password: nil)
        try KeyFile.write(key, to: URL(filePath: path("e.pem")), password: "pass w\u{F6}rd")
        #expect(try text("k.pem").hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        #expect(try text("e.pem").hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"))
        let message = Data("message".utf8)
        try message.write(to: URL(filePath: path("m")))
        try key.signature(for: message).write(to: URL(filePath: path("s")))
        let hash = [Curve.p256: "-sha256", .p384: "-sha384", .p521: "-sha512"][curve] ?? ""
        try run(
            "openssl", "dgst", hash, "-verify", path("k.pub.pem"), "-signature", path("s"),
            path("m"))
        for (name, password) in [("k.pem", "pass:"), ("e.pem", "pass:pass w\u{F6}rd")] {
            let output = try run(
                "openssl", "pkey", "-in", path(name), "-passin", password, "-pubout")
            #expect(output == key.publicKey.pemRepresentation)
        }
    }

    @Test("keys that openssl wrote are read", arguments: ["prime256v1", "secp384r1", "secp521r1"])
    func readsOpenSSL(curve: String) throws {
        try run("openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", path("ec.pem"))
        try run(
            "openssl", "pkcs8", "-topk8", "-nocrypt", "-in", path("ec.pem"), "-out", path("8.pem"))
        for cipher in ["aes-256-cbc", "aes-128-cbc"] {
            try run(
                "openssl", "pkcs8", "-topk8", "-v2", cipher, "-passout", "pass:x", "-in",
                path("ec.pem"), "-out", path("\(cipher).pem"))
        }
        try run("openssl", "pkey", "-in", path("ec.pem"), "-pubout", "-out", path("pub.pem"))
        let expected = try VerificationKey(contentsOf: URL(filePath: path("pub.pem")))
        #expect(try text("pub.pem") == expected.pemRepresentation)
        for name in ["ec", "8", "aes-256-cbc", "aes-128-cbc"] {
            let key = try SigningKey(
                contentsOf: URL(filePath: path("\(name).pem")),
                password: name.hasPrefix("aes") ? "x" : nil)
            #expect(key.publicKey == expected)
            let signature = try key.signature(for: Data("x".utf8))
            #expect(expected.isValidSignature(signature, for: Data("x".utf8)))
            #expect(!expected.isValidSignature(signature, for: Data("y".utf8)))
        }
    }

    @Test("a key is found among the text and the parameters that tools write with it")
    func textAround() async throws {
        // Without -noout it writes EC PARAMETERS first.
        try run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", path("plain.pem"))
        try run("openssl", "pkey", "-in", path("plain.pem"), "-pubout", "-out", path("pub.pem"))
        try run("openssl", "pkey", "-in", path("plain.pem"), "-text", "-out", path("text.pem"))
        let plain = try text("plain.pem")
        #expect(plain.hasPrefix("-----BEGIN EC PARAMETERS-----"))
        let expected = try VerificationKey(contentsOf: URL(filePath: path("pub.pem")))
        for text in [plain, try text("text.pem"), "a key\n" + plain] {
            #expect(try SigningKey(pem: text).publicKey == expected)
        }
        let publicText = "from: somebody\n\n" + (try text("pub.pem"))
        #expect(try VerificationKey(pem: publicText) == expected)
        let encrypted = try SigningKey(pem: plain).pemRepresentation(password: "x")
        #expect(try SigningKey(pem: "a key\n" + encrypted, password: "x").publicKey == expected)
        await expectFault("2 PEM documents", "leave one") {
            _ = try SigningKey(pem: plain + SigningKey.generate(.p256).pemRepresentation())
        }
        await expectFault("2 PEM documents", "leave one") {
            _ = try VerificationKey(pem: publicText + publicText)
        }
        await expectFault("not a PEM private key") {
            let parameters = try #require(plain.components(separatedBy: "-----BEGIN EC PRIV").first)
            _ = try SigningKey(pem: parameters)
        }
    }

    @Test("a wrong or missing password, and ciphers too weak to be read")
    func passwords() async throws {
        let key = SigningKey.generate(.p256)
        let pem = try key.pemRepresentation(password: "right")
        await expectFault("cannot be decrypted", "check the password") {
            _ = try SigningKey(pem: pem, password: "wrong")
        }
        await expectFault("is encrypted", "--password-file") { _ = try SigningKey(pem: pem) }
        await expectFault("is empty") { _ = try key.pemRepresentation(password: "") }
        try KeyFile.write(key, to: URL(filePath: path("k.pem")), password: nil)
        for options in [
            ["-v1", "PBE-SHA1-3DES"], ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"],
        ] {
            try run(
                [
                    "openssl", "pkcs8", "-topk8", "-passout", "pass:x", "-in", path("k.pem"),
                    "-out",
                    path("weak.pem"),
                ] + options)
            await expectFault("not supported", "pkcs8 -topk8") {
                _ = try SigningKey(contentsOf: URL(filePath: path("weak.pem")), password: "x")
            }
        }
        // Hours of hashing, and hours of memory.
        for (options, words) in [
            (["-iter", "2000001"], "2000001 rounds of PBKDF2"), (["-scrypt"], "not supported"),
        ] {
            try run(
                [
                    "openssl", "pkcs8", "-topk8", "-passout", "pass:x", "-in", path("k.pem"),
                    "-out", path("slow.pem"),
                ] + options)
            await expectFault("slow.pem", words, "pkcs8 -topk8") {
                _ = try SigningKey(contentsOf: URL(filePath: path("slow.pem")), password: "x")
            }
        }
        try run(
            "openssl", "ec", "-aes128", "-passout", "pass:x", "-in", path("k.pem"), "-out",
            path("old.pem"))
        await expectFault("old way", "pkcs8 -topk8") {
            _ = try SigningKey(contentsOf: URL(filePath: path("old.pem")), password: "x")
        }
    }

    @Test("what is no key of ours is refused")
    func others() async throws {
        try run("openssl", "genpkey", "-algorithm", "ed25519", "-out", path("ed.pem"))
        try run("openssl", "pkey", "-in", path("ed.pem"), "-pubout", "-out", path("ed.pub.pem"))
        for text in [try text("ed.pem"), "", "x", try text("ed.pub.pem")] {
            await expectFault("not a PEM private key") { _ = try SigningKey(pem: text) }
        }
        await expectFault("not a PEM public key") {
            _ = try VerificationKey(pem: text("ed.pub.pem"))
        }
        await expectFault("holds a private key", ".pub.pem") {
            _ = try VerificationKey(pem: SigningKey.generate(.p256).pemRepresentation())
        }
    }

    @Test("a damaged encrypted key is a fault, wherever it is damaged")
    func damaged() throws {
        let lines = try SigningKey.generate(.p256).pemRepresentation(password: "x")
            .split(separator: "\n")
        let der = try #require(Data(base64Encoded: lines[1..<lines.count - 1].joined()))
        // Not the ciphertext, whose damage takes a full derivation each time to notice.
        for index in 0..<100 {
            var other = der
            other[index] ^= 0x15
            let pem =
                ([lines[0]] + [Substring(other.base64EncodedString())] + [lines[lines.count - 1]])
                .joined(separator: "\n")
            #expect(throws: InputError.self) { _ = try SigningKey(pem: pem, password: nil) }
        }
        for length in stride(from: 0, to: der.count, by: 7) {
            let pem = [
                String(lines[0]), der.prefix(length).base64EncodedString(),
                String(lines[lines.count - 1]),
            ].joined(separator: "\n")
            #expect(throws: InputError.self) { _ = try SigningKey(pem: pem, password: "x") }
        }
    }

    @Test("a key's file is its owner's alone, and is never overwritten")
    func files() async throws {
        let file = URL(filePath: path("k.pem"))
        let old = umask(0)
        defer { umask(old) }
        let publicFile = try KeyFile.write(.generate(.p256), to: file, password: nil)
        #expect(publicFile.lastPathComponent == "k.pub.pem")
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let before = try text("k.pem")
        await expectFault("k.pem", "exists already", "never overwritten") {
            try KeyFile.write(.generate(.p256), to: file, password: nil)
        }
        #expect(try text("k.pem") == before)
        // Neither half stays when the other cannot be written.
        try Data().write(to: URL(filePath: path("other.pub.pem")))
        await expectFault("other.pub.pem", "exists already") {
            try KeyFile.write(.generate(.p256), to: URL(filePath: path("other.pem")), password: nil)
        }
        #expect(!FileManager.default.fileExists(atPath: path("other.pem")))
        await expectFault("cannot be made", "directory") {
            try KeyFile.write(.generate(.p256), to: URL(filePath: path("no/k.pem")), password: nil)
        }
    }

    @Test("a private key is not seen in any print of it")
    func secrecy() throws {
        let key = SigningKey.generate(.p384)
        var dumped = ""
        dump(key, to: &dumped)
        struct Holder { let key: SigningKey }
        var holder = ""
        dump(Holder(key: key), to: &holder)
        for text in ["\(key)", String(reflecting: key), String(describing: Optional(key))] {
            #expect(text.contains("private key on P-384"))
        }
        let secret = try key.pemRepresentation().split(separator: "\n")[1]
        for text in ["\(key)", String(reflecting: key), dumped, holder] {
            #expect(text.count < 200 && !text.contains(secret), "\(text)")
        }
    }
}
