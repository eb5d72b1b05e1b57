// SPDX-License-Identifier: Apache-2.0
// Lists and mappings that store their weight and their depth. A template can put a list twice into
// itself, again and again; it is stopped before the result is traversed.

/// The values of a list or a tuple.
struct RuntimeList: RandomAccessCollection {
    /// The greatest depth. Deeper values are refused.
    static let greatestDepth = 64
    private static let greatestWeight = 1 << 40

    let elements: [RuntimeValue]
    let depth: Int
    let weight: Int

    var startIndex: Int { elements.startIndex }
    var endIndex: Int { elements.endIndex }

    init(_ elements: [RuntimeValue]) {
        self.elements = elements
        (depth, weight) = Self.measure(elements)
    }

    subscript(position: Int) -> RuntimeValue { elements[position] }

    /// Returns the depth and the weight of a container of these values.
    static func measure(_ values: some Sequence<RuntimeValue>) -> (depth: Int, weight: Int) {
        var depth = 0
        var weight = 0
        for value in values {
            depth = Swift.max(depth, value.depth)
            weight = Swift.min(weight + value.weight + 1, greatestWeight)
        }
        return (depth + 1, weight)
    }
}

/// The keys and values of a mapping, in order.
struct RuntimeDictionary: RandomAccessCollection {
    typealias Element = (key: RuntimeValue, value: RuntimeValue)

    let members: [Element]
    let depth: Int
    let weight: Int

    var startIndex: Int { members.startIndex }
    var endIndex: Int { members.endIndex }

    init(_ members: [Element]) {
        self.members = members
        let (depth, weight) = RuntimeList.measure(members.lazy.map(\.value))
        self.depth = depth
        self.weight = members.reduce(weight) { $0 + $1.key.weight }
    }

    subscript(position: Int) -> Element { members[position] }

    /// The value for a key, or nil.
    subscript(key: RuntimeValue) -> RuntimeValue? {
        members.first { $0.key.equals(key) }?.value
    }

    /// Returns the mapping with a new value for a key.
    func setting(_ key: RuntimeValue, to value: RuntimeValue) -> RuntimeDictionary {
        var members = members
        if let index = members.firstIndex(where: { $0.key.equals(key) }) {
            members[index].value = value
        } else {
            members.append((key, value))
        }
        return RuntimeDictionary(members)
    }
}

/// The numbers of `range()`. It is printed by its bounds.
struct RuntimeRange {
    let first: Int
    let end: Int
    let step: Int
    let values: RuntimeList

    init(from first: Int, to end: Int, by step: Int, count: Int) {
        (self.first, self.end, self.step) = (first, end, step)
        values = RuntimeList((0..<count).map { .integer(first &+ $0 &* step) })
    }
}
