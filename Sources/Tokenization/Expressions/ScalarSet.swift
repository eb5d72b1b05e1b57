// SPDX-License-Identifier: Apache-2.0
// Sets of scalars in regular expressions, by our own Unicode tables.

/// A set of scalars: categories, ranges, and other sets.
struct ScalarSet: Sendable, Hashable {
    /// A bit for each general category.
    var categories: UInt32 = 0
    var ranges: [ClosedRange<Int>] = []
    var others: [ScalarSet] = []
    var isNegated = false
    init(categories: UInt32 = 0, ranges: [ClosedRange<Int>] = [], isNegated: Bool = false) {
        self.categories = categories
        self.ranges = ranges
        self.isNegated = isNegated
    }

    /// `\s`, as in the reference.
    static let spaces = ScalarSet(ranges: [
        0x09...0x0D, 0x20...0x20, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A,
        0x2028...0x2029, 0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
    ])
    /// `\w`: letters, marks, decimal digits and connectors.
    static let words = ScalarSet(
        categories: ["L", "M", "Nd", "Pc"].reduce(0) { $0 | UnicodeClasses.mask(of: $1) })
    /// `\d`
    static let digits = ScalarSet(categories: UnicodeClasses.mask(of: "Nd"))

    /// Whether the set has a scalar.
    func contains(_ point: Int) -> Bool {
        let category = UnicodeClasses.categories[point] & ~UnicodeClasses.isCombining
        let isIn =
            categories >> category & 1 == 1 || ranges.contains { $0.contains(point) }
            || others.contains { $0.contains(point) }
        return isIn != isNegated
    }

    /// What can be said of a scalar without looking at ranges and other sets.
    struct Summary: Sendable {
        /// Whether each of the ASCII scalars is in the set.
        private var ascii = (UInt64(0), UInt64(0))
        /// The categories whose further scalars are in the set.
        private var categories: UInt32
        /// The categories of which only some further scalars are in the set.
        private var mixed: UInt32 = 0

        init(_ set: ScalarSet) {
            for point in 0..<64 where set.contains(point) { ascii.0 |= 1 << point }
            for point in 64..<128 where set.contains(point) { ascii.1 |= 1 << (point - 64) }
            categories = set.isNegated ? ~set.categories : set.categories
            if !set.others.isEmpty { mixed = .max }
            for range in set.ranges {
                for point in range where point >= 128 {
                    let category = UnicodeClasses.categories[point] & ~UnicodeClasses.isCombining
                    mixed |= 1 << category
                }
            }
        }

        /// Returns whether the set has a scalar, or nil where the set itself must say it.
        @inline(__always)
        func contains(_ point: Int) -> Bool? {
            if point < 64 { return ascii.0 >> point & 1 == 1 }
            if point < 128 { return ascii.1 >> (point - 64) & 1 == 1 }
            let category = UnicodeClasses.categories[point] & ~UnicodeClasses.isCombining
            return mixed >> category & 1 == 1 ? nil : categories >> category & 1 == 1
        }
    }
}
