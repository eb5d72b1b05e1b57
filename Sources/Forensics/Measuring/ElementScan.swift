// SPDX-License-Identifier: Apache-2.0
// The statistics of one pass over two tensors: which elements differ, how much, and how they are
// rounded.

/// Sums and counts over the elements of two tensors of one shape.
///
/// Where the derived value became zero, the difference is taken as zero, so that pruning does not
/// hide other changes.
struct ElementScan {
    let columns: Int
    /// The number of elements equal to the base's after rounding to each ``StoragePrecision``.
    private(set) var same = [0, 0, 0]
    /// The number of elements that are zero but are not zero in the base.
    private(set) var zeroed = 0
    /// Whether each precision represents all values of the base, and of the derived tensor.
    private(set) var baseFits = [true, true, true]
    private(set) var derivedFits = [true, true, true]
    private(set) var sumBase = 0.0
    private(set) var sumDerived = 0.0
    private(set) var squareBase = 0.0
    private(set) var squareDerived = 0.0
    private(set) var product = 0.0
    /// The sum of squares of all changes, and that of the difference, which leaves out values that
    /// became zero.
    private(set) var squareMoved = 0.0
    private(set) var squareDifference = 0.0
    /// The sums of squares of the difference by row and by column.
    private(set) var rowSquares: [Double] = []
    private(set) var columnSquares: [Float]
    /// The sums of squares of the difference by column, each row divided by its norm.
    private(set) var balancedSquares: [Float]
    /// The sums of squares of the derived values' powers of two, by row and by column.
    private(set) var rowPowers: [Double] = []
    private(set) var columnPowers: [Float]
    /// The counts of zeros in the derived tensor, by row and by column.
    private(set) var rowZeros: [Int] = []
    private(set) var columnZeros: [Float]
    /// The largest base value that became zero, and the smallest that did not.
    private(set) var largestZeroed: Float = 0
    private(set) var smallestKept = Float.infinity
    /// The number of rows in which a value became zero although a smaller one did not.
    private(set) var disorderedRows = 0

    /// The number of rows scanned.
    var rows: Int { rowSquares.count }
    var count: Int { rows * columns }
    var isFinite: Bool { squareBase.isFinite && squareDerived.isFinite }

    init(columns: Int) {
        self.columns = columns
        // Padded, so that eight columns are added at once.
        columnSquares = Array(repeating: 0, count: (columns + 7) / 8 * 8)
        balancedSquares = columnSquares
        columnPowers = columnSquares
        columnZeros = columnSquares
    }

    /// Returns the inverse norms of rows of the difference; 0 for a row of zeros.
    func rowScales(_ rows: Range<Int>) -> [Float] {
        rowSquares[rows].map { $0 > 0 ? Float(1 / $0.squareRoot()) : 0 }
    }

    /// Adds the next rows, and writes their difference.
    mutating func add(
        base: UnsafePointer<Float>, derived: UnsafePointer<Float>,
        difference: UnsafeMutablePointer<Float>, rows count: Int
    ) {
        for row in 0..<count {
            let start = row * columns
            scan(base + start, derived + start, difference + start)
        }
    }

    /// Appends the rows of another scan to those of this one.
    mutating func append(_ next: ElementScan) {
        for index in same.indices {
            same[index] += next.same[index]
            baseFits[index] = baseFits[index] && next.baseFits[index]
            derivedFits[index] = derivedFits[index] && next.derivedFits[index]
        }
        zeroed += next.zeroed
        sumBase += next.sumBase
        sumDerived += next.sumDerived
        squareBase += next.squareBase
        squareDerived += next.squareDerived
        product += next.product
        squareMoved += next.squareMoved
        squareDifference += next.squareDifference
        rowSquares += next.rowSquares
        rowPowers += next.rowPowers
        rowZeros += next.rowZeros
        for column in columnSquares.indices {
            columnSquares[column] += next.columnSquares[column]
            balancedSquares[column] += next.balancedSquares[column]
            columnPowers[column] += next.columnPowers[column]
            columnZeros[column] += next.columnZeros[column]
        }
        largestZeroed = max(largestZeroed, next.largestZeroed)
        smallestKept = min(smallestKept, next.smallestKept)
        disorderedRows += next.disorderedRows
    }

    private mutating func scan(
        _ base: UnsafePointer<Float>, _ derived: UnsafePointer<Float>,
        _ difference: UnsafeMutablePointer<Float>
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
                        // fp32 sums cover at most 512 values; they are added up in fp64.
                        if column & 511 == 504 { totals.take(&sums) }
                    }
                }
            }
        }
        totals.take(&sums)
        finish(totals, sums, padding: (8 - columns % 8) % 8)
        guard totals.square > 0 else { return }
        let scale = SIMD8<Float>(repeating: Float(1 / totals.square.squareRoot()))
        balancedSquares.withUnsafeMutableBytes { squares in
            for column in stride(from: 0, to: columns, by: 8) {
                let scaled = load(difference + column, min(8, columns - column)) * scale
                squares.add(scaled * scaled, at: column * MemoryLayout<Float>.stride)
            }
        }
    }

    private mutating func finish(_ totals: RowTotals, _ sums: RowSums, padding: Int) {
        sumBase += totals.base
        sumDerived += totals.derived
        squareBase += totals.squareBase
        squareDerived += totals.squareDerived
        product += totals.product
        squareMoved += totals.moved
        squareDifference += totals.square
        rowSquares.append(totals.square)
        rowPowers.append(totals.power)
        // The padding is zero in both, and was counted as equal.
        same[0] += Int(sums.sameExact.wrappedSum()) - padding
        same[1] += Int(sums.sameHalf.wrappedSum()) - padding
        same[2] += Int(sums.sameBrainHalf.wrappedSum()) - padding
        zeroed += Int(sums.zeroed.wrappedSum())
        rowZeros.append(Int(sums.zeros.wrappedSum()) - padding)
        baseFits[1] = baseFits[1] && sums.baseBits.half.max() == 0
        baseFits[2] = baseFits[2] && sums.baseBits.brain.max() == 0
        derivedFits[1] = derivedFits[1] && sums.derivedBits.half.max() == 0
        derivedFits[2] = derivedFits[2] && sums.derivedBits.brain.max() == 0
        // The padding is zero, and is left out of both.
        let (gone, kept) = (sums.largestZeroed.max(), sums.smallestKept.min())
        largestZeroed = max(largestZeroed, gone)
        smallestKept = min(smallestKept, kept)
        if gone > kept { disorderedRows += 1 }
    }
}
