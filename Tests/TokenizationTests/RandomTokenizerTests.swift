// SPDX-License-Identifier: Apache-2.0
// Tokenizers of every kind, trained by make-random-tokenizers.py, give the tokens of the libraries
// that define them. A small run is part of the goldens; `make parity` makes one of 10,000 texts.

import Foundation
import JSONText
import Testing

@testable import Tokenization

@Suite("Tokenizers agree with sentencepiece and tokenizers")
struct RandomTokenizerTests {
    /// One tokenizer with what the reference makes of the texts.
    struct Case: Decodable {
        /// The metadata of a GGUF file.
        struct Metadata: Decodable {
            let model: String
            let pre: String?
            let tokens: [String]
            let types: [Int32]
            let scores: [Float]
            let merges: [String]
            let unk: Int?
            let cls: Int?
            let sep: Int?
        }

        let ids: [[Int]]
        let decoded: [Goldens.Decoded]
        /// Whether the reference finds special tokens in the text, and adds those around it.
        let parsesSpecial: Bool
        let addsSpecial: Bool
        let gguf: Metadata?
    }

    struct Texts: Decodable {
        let texts: [String]
    }

    /// The folder of the run: `TEMPER_TOKENIZERS`, or the goldens.
    static let folder =
        ProcessInfo.processInfo.environment["TEMPER_TOKENIZERS"].map { URL(filePath: $0) }
        ?? Bundle.module.resourceURL?.appending(path: "Goldens/random") ?? URL(filePath: "random")

    static let kinds: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return (names ?? []).filter { $0.hasDirectoryPath }.map(\.lastPathComponent).sorted()
    }()

    private static func read<Value: Decodable>(_ path: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(contentsOf: folder.appending(path: path)))
    }

    private static func tokenizer(_ kind: String, _ golden: Case) throws -> Tokenizer {
        guard let source = golden.gguf else {
            return try Tokenizer(directory: kind) { name in
                try? Data(contentsOf: folder.appending(path: "\(kind)/\(name)"))
            }
        }
        var vocabulary = GGUFVocabulary(
            file: kind, model: source.model, tokens: source.tokens, types: source.types,
            merges: source.merges, preTokenizer: source.pre ?? "default",
            unkIdentifier: source.unk)
        vocabulary.scores = source.scores
        vocabulary.clsIdentifier = source.cls
        vocabulary.sepIdentifier = source.sep
        return try Tokenizer(vocabulary: vocabulary)
    }

    @Test("there are tokenizers to compare")
    func kindsAreThere() { #expect(Self.kinds.count >= 10) }

    @Test("the same identifiers and the same texts", arguments: kinds)
    func same(kind: String) throws {
        let golden: Case = try Self.read("\(kind)/case.json")
        let texts: Texts = try Self.read("texts.json")
        let tokenizer = try Self.tokenizer(kind, golden)
        #expect(texts.texts.count == golden.ids.count)
        var wrong: [String] = []
        for (text, expected) in zip(texts.texts, golden.ids) {
            let found = tokenizer.encode(
                text, addingSpecialTokens: golden.addsSpecial,
                parsingSpecialTokens: golden.parsesSpecial)
            guard found != expected else { continue }
            let names = [found, expected].map { $0.map { visible(tokenizer.token($0) ?? "?") } }
            wrong.append("\(visible(text)): \(names[0]), expected \(names[1])")
        }
        let first = wrong.sorted { $0.utf8.count < $1.utf8.count }.prefix(3)
        #expect(
            wrong.isEmpty,
            "\(wrong.count) of \(texts.texts.count):\n\(first.joined(separator: "\n"))")

        var misread: [String] = []
        for golden in golden.decoded {
            for (isPlain, expected) in [(false, golden.text), (true, golden.plain)] {
                let text = tokenizer.decode(golden.ids, skippingSpecialTokens: isPlain)
                guard !isSame(text, expected) else { continue }
                let names = golden.ids.map { visible(tokenizer.token($0) ?? "?") }
                misread.append("\(names): \(visible(text)), expected \(visible(expected))")
            }
        }
        let shortest = misread.sorted { $0.utf8.count < $1.utf8.count }.prefix(3)
        #expect(
            misread.isEmpty,
            "\(misread.count) of \(golden.decoded.count):\n\(shortest.joined(separator: "\n"))")
    }

    @Test("what is settled of an answer is not changed by later tokens", arguments: kinds)
    func settled(kind: String) throws {
        let golden: Case = try Self.read("\(kind)/case.json")
        let tokenizer = try Self.tokenizer(kind, golden)
        for answer in golden.decoded.prefix(100) {
            for (isPlain, whole) in [(false, answer.text), (true, answer.plain)] {
                var last = 0
                for count in 0...answer.ids.count {
                    let text = tokenizer.decodeSettled(
                        Array(answer.ids.prefix(count)), skippingSpecialTokens: isPlain)
                    #expect(whole.utf8.starts(with: text.utf8), "\(answer.ids.prefix(count))")
                    #expect(text.utf8.count >= last)
                    last = text.utf8.count
                }
            }
        }
    }

    @Test(
        "speed", .enabled(if: ProcessInfo.processInfo.environment["TEMPER_TOKENIZERS"] != nil),
        arguments: kinds)
    func speed(kind: String) throws {
        let golden: Case = try Self.read("\(kind)/case.json")
        let tokenizer = try Self.tokenizer(kind, golden)
        let text = try String(
            contentsOf: Self.folder.appending(path: "speed.txt"), encoding: .utf8)
        _ = tokenizer.encode(String(text.prefix(1000)))
        var count = 0
        let time = ContinuousClock().measure { count = tokenizer.encode(text).count }
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        let rate = Double(text.utf8.count) / 1e6 / seconds
        print("\(kind): \(String(format: "%.1f", rate)) MB/s, \(count) tokens")
        #expect(count > 0)
    }
}
