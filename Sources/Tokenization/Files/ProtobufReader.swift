// SPDX-License-Identifier: Apache-2.0
// Reads the fields of a Protocol Buffers message. Every length is checked against what is left.

import JSONText

/// A position in a message.
struct ProtobufReader {
    /// A field's value as it is stored.
    enum Value {
        case integer(UInt64)
        case float(Float)
        case bytes(Range<Int>)
        case other
    }

    let file: String
    let bytes: [UInt8]
    private var position: Int
    private let end: Int

    /// Starts at the first field of a message.
    ///
    /// - Parameters:
    ///   - bytes: The file's bytes.
    ///   - range: The message; nil for all of the file.
    ///   - file: The file's name, for errors.
    init(_ bytes: [UInt8], in range: Range<Int>? = nil, file: String) {
        self.file = file
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    /// Returns an error about the place where reading stopped.
    func error(_ problem: String) -> InputError {
        InputError(
            file: file, position: "byte \(position)", problem,
            remedy: "the file is damaged or of another kind: fetch it again")
    }

    /// Returns the next field's number and value, or nil at the end.
    mutating func next() throws(InputError) -> (field: UInt64, value: Value)? {
        guard position < end else { return nil }
        let key = try integer()
        switch key & 7 {
        case 0: return (key >> 3, .integer(try integer()))
        case 1:
            try skip(8)
            return (key >> 3, .other)
        case 2:
            let length = try integer()
            guard length <= UInt64(end - position) else {
                throw error("\(length) bytes are announced and \(end - position) follow")
            }
            let start = position
            position += Int(length)
            return (key >> 3, .bytes(start..<position))
        case 5:
            let start = position
            try skip(4)
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * $1) }
            return (key >> 3, .float(Float(bitPattern: bits)))
        default: throw error("the field type \(key & 7) is not known")
        }
    }

    private mutating func skip(_ count: Int) throws(InputError) {
        guard end - position >= count else { throw error("the file ends within a value") }
        position += count
    }

    private mutating func integer() throws(InputError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            try skip(1)
            let byte = bytes[position - 1]
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw error("a number has more than ten bytes")
    }

    /// Returns the text of a field.
    func text(_ range: Range<Int>) throws(InputError) -> String {
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw error("a text is not UTF-8")
        }
        return text
    }
}
