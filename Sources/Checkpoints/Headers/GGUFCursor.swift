// SPDX-License-Identifier: Apache-2.0
// Reads the values of a GGUF header. Each is checked against the rest of the file.

import Foundation
import JSONText

/// A position in a GGUF file. Every read is checked before memory is allocated for it.
struct GGUFCursor {
    let file: URL
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    private static let deepestArray = 4

    init(_ file: MappedFile) {
        self.file = file.url
        self.bytes = file.bytes
    }

    var remaining: Int { bytes.count - position }

    func error(
        _ problem: String, remedy: String = "the file is cut short or damaged: download it again"
    ) -> InputError {
        InputError(file, "byte \(position)", problem, remedy: remedy)
    }

    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type = Value.self
    ) throws -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw error("the header ends within a value") }
        defer { position += size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: type))
    }

    /// Reads the number of things that follow. Each takes at least `smallest` bytes of the file.
    mutating func count(of things: String, smallest: Int) throws -> Int {
        let declared = try integer(UInt64.self)
        guard declared <= remaining / smallest else {
            position -= 8
            throw error(
                "\(declared) \(things) cannot fit in the \(remaining - 8) bytes that follow")
        }
        return Int(declared)
    }

    mutating func string() throws -> String {
        let length = try count(of: "bytes of a string", smallest: 1)
        let range = position..<position + length
        guard let text = String(strictUTF8: UnsafeRawBufferPointer(rebasing: bytes[range])) else {
            throw error("a string is not UTF-8")
        }
        position += length
        return text
    }

    /// Reads a metadata value, which follows the number of its type.
    mutating func value() throws -> MetadataValue {
        let type = try valueType()
        return switch type {
        case .string: .string(try string())
        case .boolean: .boolean(try boolean())
        case .float32: .floatingPoint(Double(Float(bitPattern: try integer())))
        case .float64: .floatingPoint(Double(bitPattern: try integer()))
        case .array: try array(depth: 0)
        case .uint64:
            switch try integer(UInt64.self) {
            case let value where value > UInt64(Int.max): .unsigned(value)
            case let value: .integer(Int(value))
            }
        case .uint8: .integer(Int(try integer(UInt8.self)))
        case .int8: .integer(Int(try integer(Int8.self)))
        case .uint16: .integer(Int(try integer(UInt16.self)))
        case .int16: .integer(Int(try integer(Int16.self)))
        case .uint32: .integer(Int(try integer(UInt32.self)))
        case .int32: .integer(Int(try integer(Int32.self)))
        case .int64: .integer(Int(try integer(Int64.self)))
        }
    }

    private enum ValueType: UInt32 {
        case uint8, int8, uint16, int16, uint32, int32, float32, boolean, string, array
        case uint64, int64, float64

        /// The fewest bytes that a value of the type takes in a file.
        var smallestSize: Int {
            switch self {
            case .uint8, .int8, .boolean: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64, .string: 8
            case .array: 12
            }
        }
    }

    private mutating func valueType() throws -> ValueType {
        let number = try integer(UInt32.self)
        guard let type = ValueType(rawValue: number) else {
            position -= 4
            throw error("the metadata type \(number) is not known")
        }
        return type
    }

    private mutating func boolean() throws -> Bool {
        let byte = try integer(UInt8.self)
        guard byte <= 1 else {
            position -= 1
            throw error("a boolean is \(byte) instead of 0 or 1")
        }
        return byte == 1
    }

    private mutating func array(depth: Int) throws -> MetadataValue {
        guard depth < Self.deepestArray else { throw error("arrays are nested too deeply") }
        let type = try valueType()
        let count = try count(of: "array elements", smallest: type.smallestSize)
        switch type {
        case .string: return .strings(try values(count) { try $0.string() })
        case .boolean: return .booleans(try values(count) { try $0.boolean() })
        case .float32:
            return .floatingPoints(
                try values(count) { Double(Float(bitPattern: try $0.integer())) })
        case .float64:
            return .floatingPoints(try values(count) { Double(bitPattern: try $0.integer()) })
        case .array: return .array(try values(count) { try $0.array(depth: depth + 1) })
        case .uint64:
            let unsigned = try values(count) { try $0.integer(UInt64.self) }
            let integers = unsigned.compactMap(Int.init(exactly:))
            return integers.count == unsigned.count
                ? .integers(integers)
                : .array(unsigned.map { Int(exactly: $0).map { .integer($0) } ?? .unsigned($0) })
        case .uint8: return .integers(try values(count) { Int(try $0.integer(UInt8.self)) })
        case .int8: return .integers(try values(count) { Int(try $0.integer(Int8.self)) })
        case .uint16: return .integers(try values(count) { Int(try $0.integer(UInt16.self)) })
        case .int16: return .integers(try values(count) { Int(try $0.integer(Int16.self)) })
        case .uint32: return .integers(try values(count) { Int(try $0.integer(UInt32.self)) })
        case .int32: return .integers(try values(count) { Int(try $0.integer(Int32.self)) })
        case .int64: return .integers(try values(count) { Int(try $0.integer(Int64.self)) })
        }
    }

    private mutating func values<Value>(
        _ count: Int, _ read: (inout GGUFCursor) throws -> Value
    ) rethrows -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }
}
