// SPDX-License-Identifier: Apache-2.0
// The sums and counts over one row of two tensors, eight columns at a time.

@inline(__always)
func load(_ place: UnsafePointer<Float>, _ count: Int) -> SIMD8<Float> {
    if count == 8 { return UnsafeRawPointer(place).loadUnaligned(as: SIMD8<Float>.self) }
    var values = SIMD8<Float>()
    for lane in 0..<count { values[lane] = place[lane] }
    return values
}

extension UnsafeMutableRawBufferPointer {
    @inline(__always)
    func add(_ values: SIMD8<Float>, at place: Int) {
        let old = loadUnaligned(fromByteOffset: place, as: SIMD8<Float>.self)
        storeBytes(of: old + values, toByteOffset: place, as: SIMD8<Float>.self)
    }
}

/// The bits of a tensor's values that 16-bit types cannot hold.
struct SpareBits {
    var half = SIMD8<UInt32>()
    var brain = SIMD8<UInt32>()

    @inline(__always)
    mutating func add(_ values: SIMD8<Float>) {
        let bits = unsafeBitCast(values, to: SIMD8<UInt32>.self)
        brain |= bits & SIMD8(repeating: 0xFFFF)
        half |= bits ^ unsafeBitCast(halves(values), to: SIMD8<UInt32>.self)
    }
}

/// The sums of a row, for eight columns at once.
struct RowSums {
    var base = SIMD8<Float>()
    var derived = SIMD8<Float>()
    var squareBase = SIMD8<Float>()
    var squareDerived = SIMD8<Float>()
    var product = SIMD8<Float>()
    var moved = SIMD8<Float>()
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
        let change = v - w
        let difference = change.replacing(with: nothing, where: isZeroed)
        let square = difference * difference
        let bits = unsafeBitCast(v, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7F80_0000)
        let power = unsafeBitCast(bits, to: SIMD8<Float>.self)
        base += w
        derived += v
        squareBase += w * w
        squareDerived += v * v
        product += w * v
        moved += change * change
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
struct RowTotals {
    var base = 0.0
    var derived = 0.0
    var squareBase = 0.0
    var squareDerived = 0.0
    var product = 0.0
    var moved = 0.0
    var square = 0.0
    var power = 0.0

    mutating func take(_ sums: inout RowSums) {
        base += Double(sums.base.sum())
        derived += Double(sums.derived.sum())
        squareBase += Double(sums.squareBase.sum())
        squareDerived += Double(sums.squareDerived.sum())
        product += Double(sums.product.sum())
        moved += Double(sums.moved.sum())
        square += Double(sums.square.sum())
        power += Double(sums.power.sum())
        sums.base = SIMD8()
        sums.derived = SIMD8()
        sums.squareBase = SIMD8()
        sums.squareDerived = SIMD8()
        sums.product = SIMD8()
        sums.moved = SIMD8()
        sums.square = SIMD8()
        sums.power = SIMD8()
    }
}
