// SPDX-License-Identifier: Apache-2.0
// The values that a template can get.

/// A value for a template's variable.
public enum TemplateValue: Sendable, Hashable {
    /// Jinja's `none`.
    case none
    /// True or false.
    case boolean(Bool)
    /// A whole number.
    case integer(Int)
    /// A number.
    case number(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([TemplateValue])
    /// A mapping, in the order in which it is iterated.
    case dictionary([Entry])

    /// One key of a mapping with its value.
    public struct Entry: Sendable, Hashable {
        /// The key.
        public let key: String
        /// The value.
        public let value: TemplateValue

        /// Makes an entry.
        ///
        /// - Parameters:
        ///   - key: The key.
        ///   - value: The value.
        public init(_ key: String, _ value: TemplateValue) {
            self.key = key
            self.value = value
        }
    }
}

extension TemplateValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes a text.
    ///
    /// - Parameter value: The text.
    public init(stringLiteral value: String) { self = .string(value) }

    /// Makes a truth value.
    ///
    /// - Parameter value: Which.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }

    /// Makes a whole number.
    ///
    /// - Parameter value: The number.
    public init(integerLiteral value: Int) { self = .integer(value) }

    /// Makes a list.
    ///
    /// - Parameter elements: Its elements.
    public init(arrayLiteral elements: TemplateValue...) { self = .array(elements) }

    /// Makes a mapping.
    ///
    /// - Parameter elements: Its keys and values in order.
    public init(dictionaryLiteral elements: (String, TemplateValue)...) {
        self = .dictionary(elements.map { Entry($0.0, $0.1) })
    }
}
