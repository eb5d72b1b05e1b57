// SPDX-License-Identifier: Apache-2.0
// JSON that is signed or carries signatures: read strictly, written so that equal values are equal
// bytes.

package import Checkpoints
package import Foundation

/// Reading and writing JSON of which no two readers may think differently.
package enum StrictJSON {
    /// Reads a document.
    ///
    /// - Parameters:
    ///   - data: The document, in UTF-8.
    ///   - name: What errors call it: its file's path.
    ///   - read: Reads the document's one value.
    /// - Returns: What `read` returned.
    /// - Throws: A ``ProvenanceError`` when it is no JSON, an object has a key twice, the nesting
    ///   is too deep or something follows, and what `read` throws.
    package static func read<Value>(
        _ data: Data, named name: String, _ read: (inout JSONScanner) throws -> Value
    ) throws -> Value {
        do {
            return try data.withUnsafeBytes { bytes in
                var scanner = JSONScanner(bytes, of: URL(filePath: name))
                let value = try read(&scanner)
                try scanner.end()
                return value
            }
        } catch let error as CheckpointError {
            throw ProvenanceError(
                name, [error.place, error.problem].compactMap { $0 }.joined(separator: ": "),
                remedy: "get an undamaged copy, or ask its author to write valid JSON")
        }
    }

    /// Checks that a document is strict JSON, whatever it says.
    ///
    /// - Parameters:
    ///   - data: The document.
    ///   - name: What errors call it.
    /// - Throws: A ``ProvenanceError`` when it is not.
    package static func check(_ data: Data, named name: String) throws {
        try read(data, named: name) { try $0.skipValue() }
    }

    /// A string as a JSON literal.
    package static func literal(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<" ", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// The bytes of a string in base64, of which either alphabet is good (RFC 4648, 4 and 5).
    package static func bytes(base64 text: String) -> Data? {
        let isSafeForURLs = text.utf8.contains {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        return Data(
            base64Encoded: isSafeForURLs
                ? text.replacing("-", with: "+").replacing("_", with: "/") : text)
    }
}

extension JSONScanner {
    /// Reads a string of base64.
    package mutating func base64() throws -> Data {
        let start = nextOffset()
        guard let data = StrictJSON.bytes(base64: try string()) else {
            throw error("a string is not base64", at: start)
        }
        return data
    }

    /// Reads any value and returns its bytes as they are.
    package mutating func rawValue(of document: Data) throws -> Data {
        let start = nextOffset()
        try skipValue()
        return document.dropFirst(start).prefix(position - start)
    }
}
