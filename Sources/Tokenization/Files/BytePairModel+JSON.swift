// SPDX-License-Identifier: Apache-2.0
// Reads and writes the `model` of tokenizer.json.

import JSONText

extension BytePairModel {
    /// Reads a model of the type BPE.
    ///
    /// - Parameters:
    ///   - place: The model.
    ///   - isByteLevel: Whether words are encoded byte by byte.
    /// - Throws: An error when the model is damaged or not supported.
    init(_ place: JSONNode, isByteLevel: Bool) throws(InputError) {
        if let type = try place.member("type"), try type.string() != "BPE" {
            throw type.error("the model \(try type.string()) is not supported", "supported: BPE")
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = try place.member(key), try !affix.string().isEmpty {
                throw affix.error("affixes are not supported", "supported: null or \"\"")
            }
        }
        if let dropout = try place.member("dropout") {
            switch dropout.value {
            case .integer(0): break
            case .number(let rate) where rate == 0: break
            default: throw dropout.error("dropout is not supported", "set it to null")
            }
        }

        let vocabularyPlace = try place.required("vocab")
        let tokens = try vocabularyPlace.members()
        vocabulary = Vocabulary(capacity: tokens.count)
        for (token, value) in tokens.map({ ($0.key, $0.value) }) {
            guard case .integer(let identifier) = value else {
                throw vocabularyPlace.error(
                    "\"\(token)\" has \(value.kind) for an identifier", "check the file")
            }
            if let problem = vocabulary.insert(token, identifier: identifier) {
                throw vocabularyPlace.error("\"\(token)\": \(problem)", "check the file")
            }
        }

        let mergesPlace = try place.required("merges")
        guard case .array(let list) = mergesPlace.value else {
            throw mergesPlace.error("an array expected", "check the file")
        }
        merges = MergeTable(capacity: list.count)
        var joined: [UInt8] = []
        for (index, merge) in list.enumerated() {
            guard let problem = Self.append(merge, to: &merges, vocabulary, &joined) else {
                continue
            }
            throw InputError(
                file: place.file, position: "\(mergesPlace.path)[\(index)]", problem,
                remedy: "the vocabulary and the merges must be of one tokenizer")
        }

        ignoresMerges = try place.flag("ignore_merges", default: false)
        fusesUnknown = try place.flag("fuse_unk", default: false)
        if let token = try place.member("unk_token") {
            unknown = vocabulary.identifier(of: try token.string())
            if unknown == nil {
                throw token.error("the token is not in the vocabulary", "check the file")
            }
        }
        if isByteLevel { findByteSymbols() }
        if try place.flag("byte_fallback", default: false) { findFallbackSymbols() }
    }

    /// Adds one merge, given as `"a b"` or as `["a", "b"]`. Returns a problem, if there is one.
    private static func append(
        _ merge: JSON, to merges: inout MergeTable, _ vocabulary: Vocabulary,
        _ joined: inout [UInt8]
    ) -> String? {
        switch merge {
        case .string(let text): return append(text, to: &merges, vocabulary, &joined)
        case .array(let parts):
            guard parts.count == 2, case .string(let left) = parts[0],
                case .string(let right) = parts[1]
            else { return "a pair of strings expected" }
            joined.removeAll(keepingCapacity: true)
            joined.append(contentsOf: left.utf8)
            joined.append(contentsOf: right.utf8)
            return append(joined, split: left.utf8.count, to: &merges, vocabulary)
        default: return "a pair of strings expected"
        }
    }

    /// Adds one merge, given as `"a b"`. Returns a problem, if there is one.
    static func append(
        _ text: String, to merges: inout MergeTable, _ vocabulary: Vocabulary,
        _ joined: inout [UInt8]
    ) -> String? {
        joined.removeAll(keepingCapacity: true)
        joined.append(contentsOf: text.utf8)
        guard let space = joined.firstIndex(of: UInt8(ascii: " ")) else {
            return "\"\(text)\" is not two tokens with a space between"
        }
        guard joined.lastIndex(of: UInt8(ascii: " ")) == space else {
            return "\"\(text)\" has more than one space"
        }
        joined.remove(at: space)
        return append(joined, split: space, to: &merges, vocabulary)
    }

    private static func append(
        _ joined: [UInt8], split: Int, to merges: inout MergeTable,
        _ vocabulary: Vocabulary
    ) -> String? {
        joined.withUnsafeBufferPointer { all in
            func identifier(_ part: Slice<UnsafeBufferPointer<UInt8>>) -> Int32? {
                vocabulary.identifier(of: UnsafeBufferPointer(rebasing: part))
            }
            func name(_ part: Slice<UnsafeBufferPointer<UInt8>>) -> String {
                "\"\(String(decoding: part, as: UTF8.self))\" is not in the vocabulary"
            }
            guard let left = identifier(all[..<split]) else { return name(all[..<split]) }
            guard let right = identifier(all[split...]) else { return name(all[split...]) }
            guard let merged = identifier(all[...]) else { return name(all[...]) }
            merges.append(left, right, becoming: merged)
            return nil
        }
    }

    /// Finds the symbol of each byte.
    mutating func findByteSymbols() {
        byteSymbols = ByteAlphabet.characters.map {
            vocabulary.identifier(of: String(Character($0))) ?? -1
        }
    }

    /// Finds the symbols of bytes that replace unknown characters. Without all 256 the characters
    /// count as unknown, as in the reference implementation.
    private mutating func findFallbackSymbols() {
        let symbols = (0..<256).compactMap { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return vocabulary.identifier(of: "<0x\(byte < 16 ? "0" : "")\(digits)>")
        }
        if symbols.count == 256 { fallbackSymbols = symbols }
    }

    /// The model as in `tokenizer.json`.
    var json: JSON {
        func text(_ identifier: Int32) -> JSON {
            .string(
                String(decoding: vocabulary.bytes(Int(identifier)) ?? [], as: UTF8.self))
        }
        return .members([
            "type": .string("BPE"), "dropout": .null,
            "unk_token": unknown.map(text) ?? .null,
            "continuing_subword_prefix": .null, "end_of_word_suffix": .null,
            "fuse_unk": .boolean(fusesUnknown),
            "byte_fallback": .boolean(!fallbackSymbols.isEmpty),
            "ignore_merges": .boolean(ignoresMerges),
            "vocab": vocabulary.json,
            "merges": .array(merges.pairs.map { .array([text($0.left), text($0.right)]) }),
        ])
    }
}
