// SPDX-License-Identifier: Apache-2.0
// Sizes of memory in the format that people write.

internal import ArgumentParser

/// A size of memory: a number with GiB, MiB, GB or MB.
package struct ByteCount: ExpressibleByArgument {
    private static let units = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("GB", 1_000_000_000), ("MB", 1_000_000),
    ]

    package let bytes: Int

    package init(bytes: Int) { self.bytes = bytes }

    package init?(argument: String) {
        for (unit, size) in Self.units where argument.lowercased().hasSuffix(unit.lowercased()) {
            guard let value = Double(argument.dropLast(unit.count)), value > 0, value < 1e6 else {
                return nil
            }
            bytes = Int(value * Double(size))
            return
        }
        return nil
    }

    package var defaultValueDescription: String { description }
}

extension ByteCount: CustomStringConvertible {
    package var description: String {
        let gib = (Double(bytes) / Double(1 << 30) * 10).rounded() / 10
        return gib >= 1 ? "\(gib) GiB" : "\(bytes >> 20) MiB"
    }
}
