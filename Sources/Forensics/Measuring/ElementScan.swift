// SPDX-License-Identifier: Apache-2.0
// What one pass over two tensors tells: which elements differ, how much, and how they are rounded.

/// Sums and counts over the elements of two tensors of one shape.
///
/// The difference is taken as zero where the derived value became zero, so that pruning does not
/// hide what else was done.
struct ElementScan {
    let rows: Int
    let columns: Int
    /// Elements equal to the base's after rounding to each ``StoragePrecision``.
    private(set) var same = [0, 0, 0]
    /// Elements that are zero and are not in the base.
    private(set) var zeroed = 0
    /// Whether all values of the base, and of the derived tensor, are values of each precision.
    private(set) var baseFits = [true, true, true]
    private(set) var derivedFits = [true, true, true]
    private(set) var sumBase = 0.0
    private(set) var sumDerived = 0.0
    private(set) var squareBase = 0.0
    private(set) var squareDerived = 0.0
    private(set) var product = 0.0
    private(set) var squareDifference = 0.0
    /// The squares of the difference by row and by column.
    private(set) var rowSquares: [Double]
    private(set) var columnSquares: [Float]
    /// The squares of the derived values' powers of two by row and by column.
    private(set) var rowPowers: [Double]
    private(set) var columnPowers: [Float]
    /// The zeros of the derived tensor by row and by column.
    private(set) var rowZeros: [Int]
    private(set) var columnZeros: [Float]
    /// The largest base value that became zero, and the smallest that stayed.
    private(set) var largestZeroed: Float = 0
    private(set) var smallestKept = Float.infinity
    /// Rows in which something became zero although something smaller stayed.
    private(set) var disorderedRows = 0

    var count: Int { rows * columns }
    var isFinite: Bool { squareBase.isFinite && squareDerived.isFinite }

    init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        rowSquares = Array(repeating: 0, count: rows)
        rowPowers = rowSquares
        rowZeros = Array(repeating: 0, count: rows)
        // Padded, so that eight are added at once.
        columnSquares = Array(repeating: 0, count: (columns + 7) / 8 * 8)
        columnPowers = columnSquares
        columnZeros = columnSquares
    }

    /// Takes in rows, and writes their difference.
    mutating func add(
        base: UnsafePointer<Float>, derived: UnsafePointer<Float>,
        difference: UnsafeMutablePointer<Float>, rows range: Range<Int>
    ) {
        for row in range {
            let start = (row - range.lowerBound) * columns
            scan(base + start, derived + start, difference + start, row: row)
        }
    }

    private mutating func scan(
        _ base: UnsafePointer<Float>, _ derived: UnsafePointer<Float>,
        _ difference: UnsafeMutablePointer<Float>, row: Int
    ) {
        let columns = columns
        var sums = RowSums()
        var totals = RowTotals()
        columnSquares.withUnsafeMutableBytes { squares in
            columnPowers.withUnsafeMutableBytes { powers in
                columnZeros.withUnsafeMutableBytes { zeros in
                    for column in stride(from: 0, to: columns, by: 8) {
                        let place = column * MemoryLayout<Float>.stride
                        let left = min(8, columns - column)
                        let w = load(base + column, left)
                        let v = load(derived + column, left)
                        let d = sums.add(w, v)
                        if left == 8 {
                            UnsafeMutableRawPointer(difference + column)
                                .storeBytes(of: d.difference, as: SIMD8<Float>.self)
                        } else {
                            for lane in 0..<left { difference[column + lane] = d.difference[lane] }
                        }
                        squares.add(d.square, at: place)
                        powers.add(d.power, at: place)
                        zeros.add(d.zero, at: place)
                        // Sums of at most 512 in fp32, of those in fp64.
                        if column & 511 == 504 { totals.take(&sums) }
                    }
                }
            }
        }
        totals.take(&sums)
        finish(totals, sums, padding: (8 - columns % 8) % 8, row: row)
    }

    private mutating func finish(_ totals: RowTotals, _ sums: RowSums, padding: Int, row: Int) {
        sumBase += totals.base
        sumDerived += totals.derived
        squareBase += totals.squareBase
        squareDerived += totals.squareDerived
        product += totals.product
        squareDifference += totals.square
        rowSquares[row] = totals.square
        rowPowers[row] = totals.power
        // What was padded is zero in both, and was counted as equal.
        same[0] += Int(sums.sameExact.wrappedSum()) - padding
        same[1] += Int(sums.sameHalf.wrappedSum()) - padding
        same[2] += Int(sums.sameBrainHalf.wrappedSum()) - padding
        zeroed += Int(sums.zeroed.wrappedSum())
        rowZeros[row] = Int(sums.zeros.wrappedSum()) - padding
        baseFits[1] = baseFits[1] && sums.baseBits.half.max() == 0
        baseFits[2] = baseFits[2] && sums.baseBits.brain.max() == 0
        derivedFits[1] = derivedFits[1] && sums.derivedBits.half.max() == 0
        derivedFits[2] = derivedFits[2] && sums.derivedBits.brain.max() == 0
        // What was padded is zero, and is left out of both.
        let (gone, kept) = (sums.largestZeroed.max(), sums.smallestKept.min())
        largestZeroed = max(largestZeroed, gone)
        smallestKept = min(smallestKept, kept)
        if gone > kept { disorderedRows += 1 }
    }
}

@inline(__always)
private func load(_ place: UnsafePointer<Float>, _ count: Int) -> SIMD8<Float> {
    if count == 8 { return UnsafeRawPointer(place).loadUnaligned(as: SIMD8<Float>.self) }
    var values = SIMD8<Float>()
    for lane in 0..<count { values[lane] = place[lane] }
    return values
}

extension UnsafeMutableRawBufferPointer {
    @inline(__always)
    fileprivate func add(_ values: SIMD8<Float>, at place: Int) {
        let old = loadUnaligned(fromByteOffset: place, as: SIMD8<Float>.self)
        storeBytes(of: old + values, toByteOffset: place, as: SIMD8<Float>.self)
    }
}

/// The bits that a tensor's values have beyond what 16-bit types hold.
private struct SpareBits {
    var half = SIMD8<UInt32>()
    var brain = SIMD8<UInt32>()

    @inline(__always)
    mutating func add(_ values: SIMD8<Float>) {
        let bits = unsafeBitCast(values, to: SIMD8<UInt32>.self)
        brain |= bits & SIMD8(repeating: 0xFFFF)
        half |= bits ^ unsafeBitCast(halves(values), to: SIMD8<UInt32>.self)
    }
}

/// The sums of a row, eight columns beside each other.
private struct RowSums {
    var base = SIMD8<Float>()
    var derived = SIMD8<Float>()
    var squareBase = SIMD8<Float>()
    var squareDerived = SIMD8<Float>()
    var product = SIMD8<Float>()
    var square = SIMD8<Float>()
    var power = SIMD8<Float>()
    var sameExact = SIMD8<Int32>()
    var sameHalf = SIMD8<Int32>()
    var sameBrainHalf = SIMD8<Int32>()
    var zeroed = SIMD8<Int32>()
    var zeros = SIMD8<Int32>()
    var baseBits = SpareBits()
    var derivedBits = SpareBits()
    var largestZeroed = SIMD8<Float>()
    var smallestKept = SIMD8<Float>(repeating: .infinity)

    @inline(__always)
    mutating func add(
        _ w: SIMD8<Float>, _ v: SIMD8<Float>
    ) -> (difference: SIMD8<Float>, square: SIMD8<Float>, power: SIMD8<Float>, zero: SIMD8<Float>) {
        let nothing = SIMD8<Float>()
        let isZero = v .== nothing
        let isZeroed = isZero .& (w .!= nothing)
        let difference = (v - w).replacing(with: nothing, where: isZeroed)
        let square = difference * difference
        let bits = unsafeBitCast(v, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7F80_0000)
        let power = unsafeBitCast(bits, to: SIMD8<Float>.self)
        base += w
        derived += v
        squareBase += w * w
        squareDerived += v * v
        product += w * v
        self.square += square
        self.power += power * power
        sameExact.increment(where: v .== w)
        sameHalf.increment(where: v .== halves(w))
        sameBrainHalf.increment(where: v .== brainHalves(w))
        zeroed.increment(where: isZeroed)
        zeros.increment(where: isZero)
        baseBits.add(w)
        derivedBits.add(v)
        let magnitude = unsafeBitCast(
            unsafeBitCast(w, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7FFF_FFFF),
            to: SIMD8<Float>.self)
        largestZeroed = pointwiseMax(
            largestZeroed, nothing.replacing(with: magnitude, where: isZeroed))
        smallestKept = pointwiseMin(
            smallestKept, magnitude.replacing(with: SIMD8(repeating: .infinity), where: isZero))
        return (
            difference, square, power * power,
            nothing.replacing(with: SIMD8(repeating: 1), where: isZero)
        )
    }
}

extension SIMD8<Int32> {
    @inline(__always)
    fileprivate mutating func increment(where mask: SIMDMask<SIMD8<Int32>>) {
        replace(with: self &+ SIMD8(repeating: 1), where: mask)
    }
}

/// The sums of a row in fp64.
private struct RowTotals {
    var base = 0.0
    var derived = 0.0
    var squareBase = 0.0
    var squareDerived = 0.0
    var product = 0.0
    var square = 0.0
    var power = 0.0

    mutating func take(_ sums: inout RowSums) {
        base += Double(sums.base.sum())
        derived += Double(sums.derived.sum())
        squareBase += Double(sums.squareBase.sum())
        squareDerived += Double(sums.squareDerived.sum())
        product += Double(sums.product.sum())
        square += Double(sums.square.sum())
        power += Double(sums.power.sum())
        sums.base = SIMD8()
        sums.derived = SIMD8()
        sums.squareBase = SIMD8()
        sums.squareDerived = SIMD8()
        sums.product = SIMD8()
        sums.square = SIMD8()
        sums.power = SIMD8()
    }
}
