// SPDX-License-Identifier: Apache-2.0
// Altered statements, validly signed: those of the reference's transcript, judged more strictly.

import Checkpoints
import Foundation
import Provenance
import Testing

@Suite("Altered statements")
struct StatementMutationTests {
    private let signed: SignedModel
    private let statement: String
    private let digest: ModelDigest

    init() throws {
        signed = try SignedModel()
        statement = String(decoding: try signed.sign().envelope.payload, as: UTF8.self)
        digest = try ModelDigest(of: signed.model)
    }

    private func verify(_ statement: String) async throws {
        _ = try await signed.verify(signed.bundle(signing: Data(statement.utf8)))
    }

    private func resource(_ index: Int) -> String {
        let resource = digest.resources[index]
        return "{\"name\":\"\(resource.name)\",\"algorithm\":\"sha256\","
            + "\"digest\":\"\(resource.sha256)\"}"
    }

    /// The statement with other resources and the root that goes with them.
    private func statement(_ resources: [String], of digests: [String]) throws -> String {
        let all = digest.resources.indices.map(resource).joined(separator: ",")
        #expect(statement.contains(all))
        return statement.replacing(all, with: resources.joined(separator: ","))
            .replacing(digest.root, with: try #require(ModelDigest.root(of: digests)))
    }

    @Test(
        "what means the same is accepted",
        arguments: [
            ("\"_type\"", " \n\t\"_type\""), ("\"subject\":", "\"extra\":[1,{}],\"subject\":"),
            ("\"predicate\":{", "\"predicate\":{\"extra\":null,"),
            ("\"method\"", "\"extra\":-1.5e+3,\"method\""),
            ("{\"name\":\".hidden\"", "{\"extra\":true,\"name\":\".hidden\""),
            ("\"sha256\":", "\"sha512\":\"00\",\"sha256\":"),
            ("{\"name\":\"model\"", "{\"name\":\"another name\""),
            (".hidden", "\\u002ehidden"), ("\"digest\"", "\"\\u0064igest\""),
        ])
    func accepted(old: String, new: String) async throws {
        let altered = statement.replacing(old, with: new)
        #expect(altered != statement)
        try await verify(altered)
    }

    @Test("any order is accepted if the root goes with it, and no other root")
    func order() async throws {
        let reversed = digest.resources.indices.reversed()
        let other = try statement(
            reversed.map(resource), of: reversed.map { digest.resources[$0].sha256 })
        try await verify(other)
        let root = try #require(ModelDigest.root(of: reversed.map { digest.resources[$0].sha256 }))
        await expectFailure(.statement, "the root digest is") {
            try await verify(other.replacing(root, with: digest.root))
        }
    }

    @Test("without paths to ignore, the signature's own is still ignored")
    func noIgnoredPaths() async throws {
        let start = try #require(statement.range(of: ",\"ignore_paths\":["))
        let end = try #require(
            statement.range(of: "]", range: start.upperBound..<statement.endIndex))
        var altered = statement
        altered.removeSubrange(start.lowerBound..<end.upperBound)
        let bundle = try signed.bundle(signing: Data(altered.utf8))
        // The file is there, but is not the one that is verified.
        await expectFailure(.files, "\"model.sig\" was added") {
            _ = try await signed.verify(bundle)
        }
        try bundle.write(to: signed.signature)
        try await signed.verify()
    }

    @Test(
        "what means something else, or nothing, is refused",
        arguments: [
            ("\"sha256\":\"", "\"sha256\":\"0", "the root digest"),
            ("\"digest\":\"", "\"digest\":\"A", "64 lowercase"),
            (
                "}],\"predicateType\"",
                "},{\"name\":\"b\",\"digest\":{\"sha256\":\"0\"}}],"
                    + "\"predicateType\"", "2 subjects"
            ),
            ("\"name\":\"model\",", "", "no name"),
            (
                "\"name\":\".hidden\",\"algorithm\":\"sha256\"",
                "\"name\":\".hidden\",\"algorithm\":\"SHA256\"", "\"SHA256\", not"
            ),
            (
                "\"name\":\".hidden\",\"algorithm\":\"sha256\",", "\"name\":\".hidden\",",
                "no name, algorithm"
            ),
            ("config.json", "./config.json", "not a plain path"),
            ("tokenizer/", "tokenizer//", "not a plain path"),
            ("config.json", "x/../config.json", "not a plain path"),
            ("config.json", "../model/config.json", "not a plain path"),
            ("config.json", "/etc/passwd", "not a plain path"),
            ("config.json", "config.json/", "not a plain path"),
            ("config.json", "config\\u0000.json", "not a plain path"),
            ("config.json", ".", "not a plain path"),
            ("\"config.json\"", "\".hidden\"", "listed twice"),
            ("tokenizer/empty", "tokenizer\\\\empty", "was added"),
            ("\"files\"", "\"tree\"", "by \"tree\""),
            ("\"hash_type\":\"sha256\"", "\"hash_type\":\"blake3\"", "\"blake3\""),
            ("\"hash_type\":\"sha256\",", "", "\"nothing\""),
            ("\"allow_symlinks\":false,", "", "allow_symlinks is missing"),
            ("\"allow_symlinks\":false", "\"allow_symlinks\":\"false\"", "true or false"),
            ("\".git\"", "\".\"", "ignored path \".\""),
            ("\".git\"", "\"..\"", "ignored path \"..\""),
            ("\".git\"", "\"\"", "ignored path \"\""),
            ("signature/v1.0", "signature/v1.1", "predicateType"),
            ("Statement/v1", "Statement/v0.1", "_type"),
            ("\"_type\":", "\"_typ\":", "_type is missing"),
            (
                "\"predicateType\"", "\"predicateType\":\"x\",\"predicateType\"",
                "\"predicateType\" occurs twice"
            ),
            (
                "\"name\":\".hidden\"", "\"name\":\"x\",\"name\":\".hidden\"",
                "\"name\" occurs twice"
            ),
            ("\"method\"", "\"method\":\"tree\",\"m\\u0065thod\"", "\"method\" occurs twice"),
            ("\"predicate\":{", "\"predicate\":[{}],\"x\":{", "not an object"),
            ("\"predicate\":{", "\"x\":{", "predicate are missing"),
            ("\"predicateType\"", "\"x\":01,\"predicateType\"", "a value is expected"),
            ("\"predicateType\"", "\"x\":+1,\"predicateType\"", "a value is expected"),
            ("\"predicateType\"", "\"x\":NaN,\"predicateType\"", "a value is expected"),
            ("\"predicateType\"", "\"x\":\"\\ud800\",\"predicateType\"", "invalid escape"),
            ("}]}}", "}]}} x", "something follows"), ("}]}}", "}]}", "is expected"),
        ])
    func refused(old: String, new: String, words: String) async throws {
        let altered = statement.replacing(old, with: new)
        #expect(altered != statement)
        let check: VerificationFailure.Check = words == "was added" ? .files : .statement
        await expectFailure(check, words) { try await verify(altered) }
    }

    @Test("a name that is listed twice is refused, whichever digest comes last")
    func duplicates() async throws {
        let wrong = resource(0).replacing(
            digest.resources[0].sha256, with: String(repeating: "0", count: 64))
        let all = digest.resources.indices.map(resource)
        let digests = digest.resources.map(\.sha256)
        let zero = String(repeating: "0", count: 64)
        for (resources, digests) in [
            ([wrong] + all, [zero] + digests), (all + [wrong], digests + [zero]),
            (all + [resource(0)], digests + [digests[0]]),
        ] {
            let altered = try statement(resources, of: digests)
            await expectFailure(.statement, "\".hidden\" is listed twice") {
                try await verify(altered)
            }
        }
    }

    @Test("upper-case digests are refused: there is one way to write each")
    func upperCase() async throws {
        await expectFailure(.statement, "the root digest") {
            try await verify(statement.replacing(digest.root, with: digest.root.uppercased()))
        }
        let first = digest.resources[0].sha256
        await expectFailure(.statement, "64 lowercase") {
            try await verify(statement.replacing(first, with: first.uppercased()))
        }
    }

    @Test("a list of no files is refused, with \".\" ignored or not")
    func empty() async throws {
        let nothing = try statement([], of: [])
        await expectFailure(.statement, "no file is listed") { try await verify(nothing) }
        await expectFailure(.statement, "ignored path \".\"") {
            try await verify(nothing.replacing("\".git\"", with: "\".\""))
        }
    }

    @Test("deep nesting and broken text are refused")
    func broken() async throws {
        let deep = String(repeating: "[", count: 100_000)
        await expectFailure(.statement, "nesting") {
            try await verify(statement.replacing("\"subject\"", with: "\"x\":\(deep),\"subject\""))
        }
        var bytes = Data(statement.utf8)
        bytes[try #require(bytes.firstRange(of: Data("config".utf8))).lowerBound] = 0xFF
        await expectFailure(.statement, "not UTF-8") {
            _ = try await signed.verify(signed.bundle(signing: bytes))
        }
        await expectFailure(.statement, "is expected") { try await verify("") }
    }

    @Test("a payload of another type is refused")
    func payloadType() async throws {
        await expectFailure(.statement, "payloadType", "text/plain") {
            _ = try await signed.verify(
                signed.bundle(signing: Data(statement.utf8), type: "text/plain"))
        }
    }

    @Test("a single file is known by \".\" or by its own name, and by no other")
    func singleFile() async throws {
        let file = signed.model.appendingPathComponent("config.json")
        let payload = try ModelSignature.sign(
            file, key: signed.key, for: ModelSignature.location(of: file)
        ).bundle.envelope.payload
        let text = String(decoding: payload, as: UTF8.self)
        #expect(text.contains("{\"name\":\".\","))
        for (name, isGood) in [("config.json", true), ("other.json", false)] {
            let altered = text.replacing("{\"name\":\".\",", with: "{\"name\":\"\(name)\",")
            let bundle = try signed.bundle(signing: Data(altered.utf8))
            if isGood {
                _ = try await ModelSignature.verify(file, bundle: bundle, trust: signed.trust)
            } else {
                await expectFailure(.files, "was added") {
                    _ = try await ModelSignature.verify(file, bundle: bundle, trust: signed.trust)
                }
            }
        }
    }
}
