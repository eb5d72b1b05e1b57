// SPDX-License-Identifier: Apache-2.0
// Byte strings that are numbered in the order of insertion and found by their bytes.

/// A hash table of byte strings in one block of memory.
struct ByteStringTable: Sendable {
    /// Differs from run to run, so that no file can be prepared with strings that collide.
    private static let seed = UInt64.random(in: .min ... .max)

    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    private var slots: [Int32]

    /// The number of strings.
    var count: Int { ends.count - 1 }
    /// The total number of bytes.
    var byteCount: Int { bytes.count }

    /// Makes an empty table.
    ///
    /// - Parameter capacity: The expected number of strings.
    init(capacity: Int) {
        slots = Array(repeating: -1, count: Self.slotCount(for: capacity))
        ends.reserveCapacity(capacity + 1)
        bytes.reserveCapacity(capacity * 8)
    }

    private static func slotCount(for capacity: Int) -> Int {
        var count = 16
        while count < capacity * 2 { count *= 2 }
        return count
    }

    /// The bytes of the string with this index.
    subscript(index: Int) -> ArraySlice<UInt8> { bytes[ends[index]..<ends[index + 1]] }

    /// Returns the index of a string, or nil when it is not in the table.
    func find(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        let index = slots[slot(of: text)]
        return index < 0 ? nil : Int(index)
    }

    /// Returns the index of a string, or nil when it is not in the table.
    func find(_ text: String) -> Int? {
        var text = text
        return text.withUTF8 { find($0) }
    }

    /// Adds a string if it is not in the table.
    ///
    /// - Parameter text: The string's bytes.
    /// - Returns: Whether it was added. Its index is then `count - 1`.
    mutating func insert(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let slot = slot(of: text)
        guard slots[slot] < 0 else { return false }
        slots[slot] = Int32(count)
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        if count * 2 > slots.count { grow() }
        return true
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        bytes.withUnsafeBufferPointer { all in
            for index in 0..<count {
                let text = UnsafeBufferPointer(rebasing: all[ends[index]..<ends[index + 1]])
                slots[slot(of: text)] = Int32(index)
            }
        }
    }

    /// Returns the slot that holds `text`, or the empty slot for it.
    private func slot(of text: UnsafeBufferPointer<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: Self.hash(text)) & mask
        while true {
            let index = Int(slots[slot])
            if index < 0 || isEqual(text, index) { return slot }
            slot = (slot + 1) & mask
        }
    }

    private func isEqual(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
        let start = ends[index]
        guard ends[index + 1] - start == text.count else { return false }
        for offset in 0..<text.count where bytes[start + offset] != text[offset] { return false }
        return true
    }

    private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(text)
        var hash = seed ^ UInt64(text.count)
        var offset = 0
        while offset + 8 <= raw.count {
            hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < raw.count {
            rest = rest << 8 | UInt64(raw[offset])
            offset += 1
        }
        return mix(hash ^ rest)
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
