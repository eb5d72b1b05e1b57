// SPDX-License-Identifier: Apache-2.0
// A value of an adversary's parameters, as YAML and JSON can write it.

/// The value of a parameter of an adversary or a defense.
public enum ParameterValue: Sendable, Hashable {
    /// A number; whole numbers are exact up to 2^53.
    case number(Double)
    /// A text.
    case string(String)
    /// True or false.
    case bool(Bool)
    /// A list, in its order.
    case list([ParameterValue])
    /// Named values, such as one attack of a composed adversary.
    case object([String: ParameterValue])

    /// The number, or nil when the value is not a number.
    public var number: Double? {
        if case .number(let value) = self { value } else { nil }
    }

    /// The whole number, or nil when the value is not a whole number that fits an `Int`.
    public var integer: Int? {
        number.flatMap { Int(exactly: $0) }
    }

    /// The text, or nil when the value is not a text.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The truth value, or nil when the value is not a truth value.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The list, or nil when the value is not a list.
    public var list: [ParameterValue]? {
        if case .list(let value) = self { value } else { nil }
    }

    /// The named values, or nil when the value is not an object.
    public var object: [String: ParameterValue]? {
        if case .object(let value) = self { value } else { nil }
    }
}

extension ParameterValue: Codable {
    /// Reads any JSON value except `null`.
    ///
    /// - Throws: `DecodingError` when the value is `null`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([ParameterValue].self) {
            self = .list(value)
        } else if let value = try? container.decode([String: ParameterValue].self) {
            self = .object(value)
        } else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "a parameter is a number, text, true or false, list or object")
        }
    }

    /// Writes the bare JSON value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension ParameterValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
    /// Makes a number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// Makes a whole number.
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
    /// Makes a text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Makes a truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Makes a list.
    public init(arrayLiteral elements: ParameterValue...) { self = .list(elements) }
}
