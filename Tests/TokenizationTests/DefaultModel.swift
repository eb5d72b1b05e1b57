// SPDX-License-Identifier: Apache-2.0
// The vocabulary of the default model, read from its GGUF file by the few lines that this takes.

import Foundation

@testable import Tokenization

/// The default model, which `scripts/bootstrap` fetches: without it the tests fail.
enum DefaultModel {
    static let file = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".deps/models/smollm2-135m-instruct.gguf")

    static let vocabulary: Result<GGUFVocabulary, any Error> = Result { try readVocabulary() }
    static let tokenizer: Result<Tokenizer, any Error> = Result {
        try Tokenizer(vocabulary: vocabulary.get())
    }

    private enum Value {
        case integer(Int)
        case string(String)
        case strings([String])
        case integers([Int32])
    }

    private struct Damaged: Error {}

    private static func readVocabulary() throws -> GGUFVocabulary {
        let data = try Data(contentsOf: file, options: .alwaysMapped)
        let values = try data.withUnsafeBytes { bytes in try readValues(bytes) }
        func integer(_ key: String) -> Int? {
            if case .integer(let value)? = values["tokenizer.ggml.\(key)"] { value } else { nil }
        }
        guard case .strings(let tokens)? = values["tokenizer.ggml.tokens"],
            case .strings(let merges)? = values["tokenizer.ggml.merges"],
            case .integers(let types)? = values["tokenizer.ggml.token_type"],
            case .string(let name)? = values["tokenizer.ggml.pre"]
        else { throw Damaged() }
        return GGUFVocabulary(
            file: file.lastPathComponent, tokens: tokens, types: types, merges: merges,
            preTokenizer: name, bosIdentifier: integer("bos_token_id"),
            eosIdentifier: integer("eos_token_id"), unkIdentifier: integer("unknown_token_id"),
            padIdentifier: integer("padding_token_id"), addBOS: integer("add_bos_token") == 1)
    }

    private static func readValues(_ bytes: UnsafeRawBufferPointer) throws -> [String: Value] {
        var offset = 16
        func read<Number: FixedWidthInteger>(_: Number.Type) -> Number {
            defer { offset += Number.bitWidth / 8 }
            return bytes.loadUnaligned(fromByteOffset: offset, as: Number.self)
        }
        func string() -> String {
            let count = Int(read(UInt64.self))
            defer { offset += count }
            return String(decoding: bytes[offset..<offset + count], as: UTF8.self)
        }
        func value(_ type: UInt32) throws -> Value {
            switch type {
            case 0, 1, 7: return .integer(Int(read(UInt8.self)))
            case 2, 3: return .integer(Int(read(UInt16.self)))
            case 4, 5, 6: return .integer(Int(read(UInt32.self)))
            case 8: return .string(string())
            case 9:
                let element = read(UInt32.self)
                let count = Int(read(UInt64.self))
                if element == 8 { return .strings((0..<count).map { _ in string() }) }
                guard element == 5 else { throw Damaged() }
                return .integers((0..<count).map { _ in read(Int32.self) })
            default: return .integer(Int(truncatingIfNeeded: read(UInt64.self)))
            }
        }
        let count = read(UInt64.self)
        var values: [String: Value] = [:]
        for _ in 0..<count {
            let key = string()
            values[key] = try value(read(UInt32.self))
        }
        return values
    }
}
