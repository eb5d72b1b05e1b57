// SPDX-License-Identifier: Apache-2.0
// A JSON value that keeps the order of members and does not compare keys. Swift's dictionaries
// treat canonically equivalent keys as equal, but a vocabulary may contain both.

/// A JSON value (RFC 8259).
package enum JSON: Sendable {
    case null
    case boolean(Bool)
    /// A number without fraction and exponent.
    case integer(Int)
    /// A number without fraction and exponent, above `Int.max`.
    case unsigned(UInt64)
    /// Any other number; it is finite unless ``NonFinite/read`` was asked for.
    case number(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    /// One key and its value.
    package struct Member: Sendable {
        package let key: String
        package let value: JSON

        package init(key: String, value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// Returns an object of members in the given order.
    ///
    /// - Parameter pairs: The keys and values.
    /// - Returns: The object.
    package static func members(_ pairs: KeyValuePairs<String, JSON>) -> JSON {
        .object(pairs.map { Member(key: $0.key, value: $0.value) })
    }

    /// The kind of value, in words for an error.
    package var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .integer, .unsigned, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Whether an object may have a key twice.
    package enum RepeatedKeys: Sendable {
        /// A key may occur once in an object.
        case refused
        /// All members are kept, in order.
        case kept
    }

    /// Whether a document may hold the numbers that Python's `json` writes and JSON lacks.
    package enum NonFinite: Sendable {
        /// `NaN`, `Infinity` and `-Infinity` are errors.
        case refused
        /// They are numbers.
        case read
    }
}

extension JSON: ExpressibleByStringLiteral {
    /// Makes a string.
    package init(stringLiteral value: String) { self = .string(value) }
}
