// SPDX-License-Identifier: Apache-2.0
// Decodes the blocks of 4-bit codes of bitsandbytes.

extension CodedBlocks {
    /// Writes the values of some rows.
    func decode(rows: Range<Int>, to target: Decoded, _ bytes: StoredBytes) throws {
        let elements = rows.lowerBound * columns..<rows.upperBound * columns
        guard !elements.isEmpty, let source = try bytes(codes).stored else { return }
        let tableBytes = try bytes(table)
        let values = (0..<16).map { table.elementType.value(at: $0, in: tableBytes) }
        let first = elements.lowerBound / blockSize
        let scales = try scales(of: first...(elements.upperBound - 1) / blockSize, bytes)
        for element in elements {
            let code = source[element / 2] &>> (element % 2 == 0 ? 4 : 0) & 0x0F
            let value = values[Int(code)] * scales[element / blockSize - first]
            target[element - elements.lowerBound] = rounded(value)
        }
    }

    private func scales(of blocks: ClosedRange<Int>, _ bytes: StoredBytes) throws -> [Float] {
        let stored = try bytes(scales)
        guard let nested else {
            return blocks.map { scales.elementType.value(at: $0, in: stored) }
        }
        let (outer, table) = (try bytes(nested.scales), try bytes(nested.table))
        return blocks.map { block in
            let value = nested.table.elementType.value(at: Int(stored[block]), in: table)
            let place = block / nested.blockSize
            return value * nested.scales.elementType.value(at: place, in: outer) + nested.offset
        }
    }

    @inline(__always)
    private func rounded(_ value: Float) -> Float {
        switch rounding {
        case .float32: value
        case .float16: float(half: half(rounding: value))
        case .bfloat16: Float(bitPattern: UInt32(brainHalf(rounding: value)) << 16)
        }
    }
}
