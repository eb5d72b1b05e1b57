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
        prefix = try place.bytes("continuing_subword_prefix")
        suffix = try place.bytes("end_of_word_suffix")
        if let dropout = try place.member("dropout") {
            switch dropout.value {
            case .integer(0): break
            case .number(let rate) where rate == 0: break
            default: throw dropout.error("dropout is not supported", "set it to null")
            }
        }

        vocabulary = try Vocabulary(place.required("vocab"))
        let mergesPlace = try place.required("merges")
        guard case .array(let list) = mergesPlace.value else {
            throw mergesPlace.error("an array expected", "check the file")
        }
        merges = MergeTable(capacity: list.count)
        var joined: [UInt8] = []
        for (index, merge) in list.enumerated() {
            guard let problem = append(merge, joined: &joined) else { continue }
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
        if isByteLevel, prefix.isEmpty, suffix.isEmpty { findByteSymbols() }
        if try place.flag("byte_fallback", default: false) {
            fallbackSymbols = vocabulary.fallbackSymbols
        }
    }

    /// Adds one merge, given as `"a b"` or as `["a", "b"]`. Returns a problem, if there is one.
    private mutating func append(_ merge: JSON, joined: inout [UInt8]) -> String? {
        switch merge {
        case .string(let text): return append(text, joined: &joined)
        case .array(let parts):
            guard parts.count == 2, case .string(let left) = parts[0],
                case .string(let right) = parts[1]
            else { return "a pair of strings expected" }
            joined.removeAll(keepingCapacity: true)
            joined.append(contentsOf: left.utf8)
            joined.append(contentsOf: right.utf8)
            return append(joined, split: left.utf8.count)
        default: return "a pair of strings expected"
        }
    }

    /// Adds one merge, given as `"a b"`. Returns a problem, if there is one.
    mutating func append(_ text: String, joined: inout [UInt8]) -> String? {
        joined.removeAll(keepingCapacity: true)
        joined.append(contentsOf: text.utf8)
        guard let space = joined.firstIndex(of: UInt8(ascii: " ")) else {
            return "\"\(text)\" is not two tokens with a space between"
        }
        guard joined.lastIndex(of: UInt8(ascii: " ")) == space else {
            return "\"\(text)\" has more than one space"
        }
        joined.remove(at: space)
        return append(joined, split: space)
    }

    private mutating func append(_ joined: [UInt8], split: Int) -> String? {
        joined.withUnsafeBufferPointer { all in
            let whole = Array(all[..<split]) + all[split...].dropPrefix(prefix)
            func name(_ part: some Sequence<UInt8>) -> String {
                "\"\(String(decoding: Array(part), as: UTF8.self))\" is not in the vocabulary"
            }
            func find(_ part: Slice<UnsafeBufferPointer<UInt8>>) -> Int32? {
                vocabulary.identifier(of: UnsafeBufferPointer(rebasing: part))
            }
            guard let left = find(all[..<split]) else { return name(all[..<split]) }
            guard let right = find(all[split...]) else { return name(all[split...]) }
            let merged = whole.withUnsafeBufferPointer { vocabulary.identifier(of: $0) }
            guard let merged else { return name(whole) }
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

    /// The model as in `tokenizer.json`.
    var json: JSON {
        func text(_ identifier: Int32) -> JSON {
            .string(
                String(decoding: vocabulary.bytes(Int(identifier)) ?? [], as: UTF8.self))
        }
        return .members([
            "type": .string("BPE"), "dropout": .null,
            "unk_token": unknown.map(text) ?? .null,
            "continuing_subword_prefix": .affix(prefix), "end_of_word_suffix": .affix(suffix),
            "fuse_unk": .boolean(fusesUnknown),
            "byte_fallback": .boolean(!fallbackSymbols.isEmpty),
            "ignore_merges": .boolean(ignoresMerges),
            "vocab": vocabulary.json,
            "merges": .array(merges.pairs.map { .array([text($0.left), text($0.right)]) }),
        ])
    }
}

extension JSON {
    /// Text that stands before or after tokens; null when there is none.
    fileprivate static func affix(_ bytes: [UInt8]) -> JSON {
        bytes.isEmpty ? .null : .string(String(decoding: bytes, as: UTF8.self))
    }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
    /// Returns the bytes after `prefix`, or all if they do not start with it.
    fileprivate func dropPrefix(_ prefix: [UInt8]) -> Self {
        starts(with: prefix) ? dropFirst(prefix.count) : self
    }
}
