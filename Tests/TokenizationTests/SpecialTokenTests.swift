// SPDX-License-Identifier: Apache-2.0
// Special tokens are read from the files beside tokenizer.json as transformers reads them.

import Foundation
import JSONText
import Testing

@testable import Tokenization

@Suite("Special tokens agree with transformers")
struct SpecialTokenTests {
    struct Golden: Decodable {
        struct Case: Decodable {
            let files: [String: String]
            let named: [String: String]
            let ids: [[Int]]
        }

        let texts: [String]
        let cases: [String: Case]
    }

    private static func tokenizer(_ files: [String: String]) throws -> Tokenizer {
        try Tokenizer(directory: "m") { files[$0].map { Data($0.utf8) } }
    }

    @Test("the names, and the tokens of texts, are the same", arguments: [4, 5])
    func same(version: Int) throws {
        let golden: Golden = try Goldens.read("special-tokens-\(version).json")
        #expect(golden.cases.count >= 10)
        for (name, item) in golden.cases.sorted(by: { $0.key < $1.key }) {
            var files = item.files
            if version == 5 {
                // What version 5 writes: its settings are not followed.
                files["tokenizer_config.json"] = files["tokenizer_config.json"]?.replacing(
                    "{", with: #"{"backend": "tokenizers", "#, maxReplacements: 1)
            }
            let tokenizer = try Self.tokenizer(files)
            for (role, text) in item.named {
                #expect(tokenizer.namedTexts[role] == text, "\(name): \(role)")
            }
            for (text, expected) in zip(golden.texts, item.ids) {
                #expect(tokenizer.encode(text) == expected, "\(name): \(text)")
            }
        }
    }

    @Test("an empty token has a text for templates and no identifier")
    func empty() throws {
        let golden: Golden = try Goldens.read("special-tokens-5.json")
        let tokenizer = try Self.tokenizer(#require(golden.cases["empty"]).files)
        #expect(tokenizer.namedTexts["bos_token"]?.isEmpty == true)
        #expect(tokenizer.bosToken == nil)
        #expect(tokenizer.eosToken?.identifier == 2)
    }

    @Test(
        "written tokens are read again with their names", arguments: ["listed", "model-specific"])
    func writing(name: String) throws {
        let golden: Golden = try Goldens.read("special-tokens-5.json")
        let tokenizer = try Self.tokenizer(#require(golden.cases[name]).files)
        let json = try #require(String(data: tokenizer.tokenizerJSON(), encoding: .utf8))
        let configuration = try #require(
            String(data: tokenizer.tokenizerConfigJSON(chatTemplate: nil), encoding: .utf8))
        let again = try Self.tokenizer([
            "tokenizer.json": json, "tokenizer_config.json": configuration,
        ])
        #expect(again.namedTexts == tokenizer.namedTexts)
        for text in golden.texts {
            #expect(again.encode(text) == tokenizer.encode(text), "\(text)")
        }
    }

    static let refused: [(file: String, source: String, message: String)] = [
        ("tokenizer_config.json", #"{"bos_token": 1}"#, "bos_token: a string expected"),
        (
            "tokenizer_config.json", #"{"added_tokens_decoder": {"x": {"content": "a"}}}"#,
            "added_tokens_decoder: \"x\" is no identifier"
        ),
        (
            "tokenizer_config.json", #"{"added_tokens_decoder": {"1": {}}}"#,
            "added_tokens_decoder.1: has no \"content\""
        ),
        (
            "tokenizer_config.json", #"{"add_bos_token": "yes"}"#,
            "add_bos_token: a boolean expected"
        ),
        ("special_tokens_map.json", "[]", "top level: an object expected"),
        ("added_tokens.json", "[]", "top level: an object expected"),
    ]

    @Test("files of another form are refused with the place", arguments: refused.indices)
    func refusal(index: Int) throws {
        let item = Self.refused[index]
        let golden: Golden = try Goldens.read("special-tokens-5.json")
        var files = try #require(golden.cases["outside"]).files
        files[item.file] = item.source
        let damaged = files
        let error = try #require(throws: InputError.self) { try Self.tokenizer(damaged) }
        #expect("\(error)".hasPrefix("m/\(item.file): \(item.message)"), "\(error)")
    }

    @Test("a directory without a tokenizer is refused")
    func missing() throws {
        let error = try #require(throws: InputError.self) { try Self.tokenizer([:]) }
        #expect("\(error)".hasPrefix("m/tokenizer.json: is missing, and so is tokenizer.model"))
    }
}
