// SPDX-License-Identifier: Apache-2.0
// The values of a checkpoint's metadata: GGUF key-values, or the strings of safetensors.

/// A value of a checkpoint's metadata; arrays of one kind are stored as such.
public enum MetadataValue: Sendable, Hashable {
    /// A text.
    case string(String)
    /// An integer of any width that fits.
    case integer(Int)
    /// An integer above `Int.max`.
    case unsigned(UInt64)
    /// A number with a fraction; binary32 values are widened exactly.
    case floatingPoint(Double)
    /// A truth value.
    case boolean(Bool)
    /// Texts, such as a vocabulary.
    case strings([String])
    /// Integers.
    case integers([Int])
    /// Numbers with fractions.
    case floatingPoints([Double])
    /// Truth values.
    case booleans([Bool])
    /// Arrays within an array, or integers that do not all fit in `Int`.
    case array([MetadataValue])

    /// The text, or nil if the value is not a text.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// The integer, or nil if the value is not an integer.
    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }

    /// The number, also of an integer, or nil if the value is not a number.
    public var floatingPoint: Double? {
        switch self {
        case .floatingPoint(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    /// The truth value, or nil if the value is not a truth value.
    public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

    /// The texts, or nil if the value is not an array of texts.
    public var strings: [String]? { if case .strings(let value) = self { value } else { nil } }

    /// The integers, or nil if the value is not an array of integers.
    public var integers: [Int]? { if case .integers(let value) = self { value } else { nil } }

    /// The numbers, also of integers, or nil if the value is not an array of numbers.
    public var floatingPoints: [Double]? {
        switch self {
        case .floatingPoints(let values): values
        case .integers(let values): values.map(Double.init)
        default: nil
        }
    }

    /// The truth values, or nil if the value is not an array of truth values.
    public var booleans: [Bool]? { if case .booleans(let value) = self { value } else { nil } }

    /// What the value is, for messages.
    var kind: String {
        switch self {
        case .string: "a string"
        case .integer, .unsigned: "an integer"
        case .floatingPoint: "a number"
        case .boolean: "a boolean"
        case .strings: "an array of strings"
        case .integers: "an array of integers"
        case .floatingPoints: "an array of numbers"
        case .booleans: "an array of booleans"
        case .array: "an array of arrays"
        }
    }
}
