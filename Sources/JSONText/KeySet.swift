// SPDX-License-Identifier: Apache-2.0
// The keys of one object, to find a repeated one.

/// A set of keys. Most objects are small, and comparing a few keys is faster than hashing them.
struct KeySet {
    private var few: [String] = []
    private var many: Set<String> = []

    private static let mostCompared = 8

    /// Adds a key, and returns whether it is new.
    mutating func insert(_ key: String) -> Bool {
        if many.isEmpty {
            guard !few.contains(key) else { return false }
            few.append(key)
            if few.count > Self.mostCompared { many = Set(few) }
            return true
        }
        return many.insert(key).inserted
    }
}
