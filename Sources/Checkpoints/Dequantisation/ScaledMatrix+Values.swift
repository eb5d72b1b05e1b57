// SPDX-License-Identifier: Apache-2.0
// Decodes matrices of integers or small floats, with scales and zero points for tiles.

extension ScaledMatrix {
    /// Writes the values of some rows.
    func decode(rows range: Range<Int>, to target: Decoded, _ bytes: StoredBytes) throws {
        let scaleBytes = try bytes(scales)
        let groupOfColumn = try columnGroups(bytes)
        var rowScales = [Float](repeating: 0, count: groupCount)
        var rowZeros = rowScales
        for row in range {
            for group in 0..<groupCount {
                rowScales[group] = scales.elementType.value(at: place(row, group), in: scaleBytes)
            }
            try readZeros(row, into: &rowZeros, bytes)
            let target = target + (row - range.lowerBound) * columns
            try readCodes(row, to: target, bytes)
            for column in 0..<columns {
                let group = groupOfColumn[column]
                target[column] = (target[column] - rowZeros[group]) * rowScales[group] * factor
            }
        }
    }

    /// Returns the index of a scale in its tensor.
    private func place(_ row: Int, _ group: Int) -> Int {
        scalesAreTransposed ? group * rows + row : row / tileRows * groupCount + group
    }

    /// Returns the group of each column. A list may lie about it.
    private func columnGroups(_ bytes: StoredBytes) throws -> [Int] {
        switch groups {
        case .consecutive(let size): return (0..<columns).map { $0 / size }
        case .listed(let tensor):
            let stored = try bytes(tensor)
            return try (0..<columns).map { column in
                let group = Int(tensor.elementType.value(at: column, in: stored))
                guard (0..<groupCount).contains(group) else {
                    throw tensor.fault(
                        "names group \(group) for column \(column), there are \(groupCount)")
                }
                return group
            }
        }
    }

    private func readZeros(_ row: Int, into zeros: inout [Float], _ bytes: StoredBytes) throws {
        switch self.zeros {
        case .constant(let zero):
            for group in 0..<groupCount { zeros[group] = Float(zero) }
        case .elements(let tensor):
            let stored = try bytes(tensor)
            for group in 0..<groupCount {
                zeros[group] = tensor.elementType.value(at: place(row, group), in: stored)
            }
        case .groups(let integers, let offset):
            guard let source = try bytes(integers.words).stored else { return }
            let greatest = Int32(1) << Int32(integers.bits) - 1
            for group in 0..<groupCount {
                let zero = integers.value(line: group, row, source) &+ Int32(offset)
                zeros[group] = Float(zero & greatest)
            }
        }
    }

    private func readCodes(_ row: Int, to target: Decoded, _ bytes: StoredBytes) throws {
        switch codes {
        case .elements(let tensor):
            let size = columns * tensor.elementType.block.bytes
            let stored = UnsafeRawBufferPointer(
                rebasing: try bytes(tensor)[row * size..<(row + 1) * size])
            tensor.elementType.decode(
                stored, to: UnsafeMutableBufferPointer(start: target, count: columns))
        case .rows(let integers):
            guard let source = try bytes(integers.words).stored else { return }
            for column in 0..<columns {
                target[column] = Float(integers.value(line: row, column, source))
            }
        case .columns(let integers):
            guard let source = try bytes(integers.words).stored else { return }
            for column in 0..<columns {
                target[column] = Float(integers.value(line: column, row, source))
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The first byte; nil if the buffer is empty.
    var stored: Stored? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension StoredElementType {
    /// Returns one element of a type without blocks.
    func value(at index: Int, in bytes: UnsafeRawBufferPointer) -> Float {
        let size = block.bytes
        var value: Float = 0
        withUnsafeMutablePointer(to: &value) {
            decode(
                UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size]),
                to: UnsafeMutableBufferPointer(start: $0, count: 1))
        }
        return value
    }
}
