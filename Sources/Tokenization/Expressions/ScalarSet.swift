// SPDX-License-Identifier: Apache-2.0
// Sets of scalars in regular expressions, by our own Unicode tables.

/// A set of scalars: categories, ranges, and other sets.
struct ScalarSet: Sendable, Equatable {
    /// A bit for each general category.
    var categories: UInt32 = 0
    var ranges: [ClosedRange<Int>] = []
    var others: [ScalarSet] = []
    var isNegated = false
    /// Whether each of the ASCII scalars is in the set; made by `finished()`.
    private var ascii = (UInt64(0), UInt64(0))

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

    /// Returns the set with its table of ASCII, for searching.
    func finished() -> ScalarSet {
        var set = self
        for point in 0..<64 where slowlyContains(point) { set.ascii.0 |= 1 << point }
        for point in 64..<128 where slowlyContains(point) { set.ascii.1 |= 1 << (point - 64) }
        return set
    }

    /// Whether a finished set has a scalar.
    @inline(__always)
    func contains(_ point: Int) -> Bool {
        if point < 64 { return ascii.0 >> point & 1 == 1 }
        if point < 128 { return ascii.1 >> (point - 64) & 1 == 1 }
        return slowlyContains(point)
    }

    private func slowlyContains(_ point: Int) -> Bool {
        let category = UnicodeClasses.categories[point] & ~UnicodeClasses.isCombining
        let isIn =
            categories >> category & 1 == 1 || ranges.contains { $0.contains(point) }
            || others.contains { $0.slowlyContains(point) }
        return isIn != isNegated
    }

    static func == (left: ScalarSet, right: ScalarSet) -> Bool {
        left.categories == right.categories && left.ranges == right.ranges
            && left.others == right.others && left.isNegated == right.isNegated
    }
}
