// SPDX-License-Identifier: Apache-2.0
// Equality and order of values, as Python has them.

extension RuntimeValue {
    /// Returns whether Python's `==` holds.
    func equals(_ other: RuntimeValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)),
            (.view(_, let left), .view(_, let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
        case (.range(let left), .range(let right)):
            return RuntimeValue.list(left.values).equals(.list(right.values))
        case (.dictionary(let left), .dictionary(let right)):
            return left.count == right.count
                && left.allSatisfy { member in
                    right.contains { $0.key.equals(member.key) && $0.value.equals(member.value) }
                }
        case (.namespace(let left), .namespace(let right)): return left === right
        case (.loop(let left), .loop(let right)): return left === right
        case (.iterator(let left), .iterator(let right)): return left === right
        case (.macro(let left), .macro(let right)): return left === right
        case (.cycler(let left), .cycler(let right)): return left === right
        case (.joiner(let left), .joiner(let right)): return left === right
        case (.function(let left), .function(let right)): return left == right
        default:
            if let left = string, let right = other.string {
                return left.utf8.elementsEqual(right.utf8)
            }
            if let left = integer, let right = other.integer { return left == right }
            if let left = number, let right = other.number { return left == right }
            return false
        }
    }

    /// Returns whether the value is less in Python's order, or nil if Python cannot compare the
    /// two.
    func isLess(than other: RuntimeValue) -> Bool? {
        switch (self, other) {
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            for (first, second) in zip(left, right) where !first.equals(second) {
                return first.isLess(than: second)
            }
            return left.count < right.count
        default:
            if let left = string, let right = other.string {
                // The order of UTF-8 is that of code points.
                return left.utf8.lexicographicallyPrecedes(right.utf8)
            }
            if let left = integer, let right = other.integer { return left < right }
            guard let left = number, let right = other.number else { return nil }
            return left < right
        }
    }

    /// Returns whether Python's `is` holds, as far as this is defined for values.
    func isIdentical(to other: RuntimeValue) -> Bool {
        typeName == other.typeName && equals(other)
    }
}
