// SPDX-License-Identifier: Apache-2.0
// The measurements that verdicts rest on, against values that are known.

import Foundation
import JSONText
import Records
import Tensors
import Testing

@testable import Forensics

@Suite("Measurements")
struct MeasuringTests {
    private func difference(
        _ base: Tensor, _ derived: Tensor, name: String = "model.layers.0.mlp.down_proj.weight"
    ) throws -> Difference {
        let sources = try [base, derived].map { try MemoryWeights(name: "m", tensors: [name: $0]) }
        return try Difference(
            base: sources[0], sources[0].entries[0], derived: sources[1], sources[1].entries[0])
    }

    @Test("One pass counts what is the same, zero and representable", arguments: [5, 8, 13, 515])
    func scan(columns: Int) throws {
        var key = RandomKey(seed: 1)
        let base = Tensor.normal([7, columns], key: key.next())
        let rounded = base.converted(to: .bfloat16).converted(to: .float32)
        let zeroed = Tensor.where(base.abs().less(0.5), Tensor(0), base)
        let cast = try difference(base, rounded).scan
        #expect(cast.same[StoragePrecision.bfloat16.rawValue] == 7 * columns)
        #expect(cast.same[0] < 7 * columns)
        #expect(cast.derivedFits[StoragePrecision.bfloat16.rawValue])
        #expect(cast.baseFits == [true, false, false])
        let pruned = try difference(base, zeroed).scan
        let values = try base.values()
        #expect(pruned.zeroed == values.filter { abs($0) < 0.5 }.count)
        #expect(pruned.same[0] + pruned.zeroed == 7 * columns)
        #expect(pruned.squareDifference == 0)
        #expect(pruned.largestZeroed < 0.5 && pruned.smallestKept >= 0.5)
        let square = values.reduce(0) { $0 + Double($1) * Double($1) }
        #expect(abs(pruned.squareBase / square - 1) < 1e-6)
    }

    @Test("Rounding to binary16 agrees with the engine's, subnormals included")
    func halfRounding() throws {
        let values: [Float] = [1.0009765, 6.1e-5, 3.3e-7, 5.96e-8, 2.9e-8, 65_500, -0.1, 1e-9]
        let expected = try Tensor(values, shape: [8]).converted(to: .float16)
            .converted(to: .float32).values()
        let own = halves(SIMD8(values))
        for lane in 0..<8 { #expect(own[lane] == expected[lane]) }
    }

    @Test("The spectrum of a difference is that of the full decomposition")
    func spectrum() throws {
        var key = RandomKey(seed: 2)
        let base = Tensor.normal([96, 160], key: key.next())
        let change =
            Tensor.normal([96, 5], key: key.next()).matmul(
                Tensor.normal([5, 160], key: key.next()))
            * 0.01
        let difference = try difference(base, base + change)
        let spectrum = try Spectrum(of: difference, probes: 20)
        let expected = try change.singularValueDecomposition().values.values()
        for index in 0..<5 {
            #expect(abs(spectrum.values[index] / Double(expected[index]) - 1) < 1e-3)
        }
        let floors = Floors(
            difference.scan, precision: .float32, largest: spectrum.values[0])
        #expect(spectrum.rank(above: floors.rounding) == 5)
    }

    @Test("Rounding noise stays below its floor", arguments: [ElementType.bfloat16, .float16])
    func floor(type: ElementType) throws {
        var key = RandomKey(seed: 3)
        let rows = (Tensor.normal([200, 1], key: key.next())).exp()
        let base = Tensor.normal([200, 300], key: key.next()) * rows
        let difference = try difference(
            base, base.converted(to: type).converted(to: .float32))
        let spectrum = try Spectrum(of: difference, probes: 30)
        let floors = Floors(
            difference.scan, precision: type == .float16 ? .float16 : .bfloat16,
            largest: spectrum.values[0])
        #expect(spectrum.values[0] < floors.rounding)
        #expect(spectrum.values[0] > 0.3 * floors.rounding)
        #expect(difference.scan.squareDifference < floors.roundingEnergy)
        #expect(difference.scan.squareDifference > 0.8 * floors.roundingEnergy)
    }

    @Test("Noise has no structure, whatever its sizes; one strong row or a rank-one part has")
    func structure() throws {
        func isStructureless(_ base: Tensor, _ change: Tensor) throws -> Bool {
            let difference = try difference(base, base + change)
            return Floors.isStructureless(
                difference.scan, try Spectrum(of: difference, probes: 12))
        }
        var key = RandomKey(seed: 4)
        let base = Tensor.normal([128, 192], key: key.next())
        let noise = Tensor.normal([128, 192], key: key.next()) * 0.01
        let rows = (Tensor.normal([128, 1], key: key.next()) * 2).exp()
        #expect(try isStructureless(base, noise))
        #expect(try isStructureless(base, noise * rows))
        let spike =
            (Tensor.normal([128, 1], key: key.next()) * rows)
            .matmul(Tensor.normal([1, 192], key: key.next())) * 0.01
        #expect(try !isStructureless(base, spike))
        #expect(try !isStructureless(base, noise + spike))
    }

    @Test("A difference of many blocks has its spectrum, weak directions and unchanged rows too")
    func manyBlocks() throws {
        var key = RandomKey(seed: 9)
        let (rows, columns) = (10_000, 1_024)
        let blocks = RowBlocks(
            WeightEntry(name: "x", storedName: "x", shape: [rows, columns], storedType: "F32"))
        #expect(blocks.ranges.count == 3)
        // Orthonormal factors, so that the singular values are known; the first 5,000 rows, and so
        // the whole first block, stay as they are.
        let left = Tensor.normal([rows - 5_000, 4], key: key.next()).qrDecomposition().q
        let right = Tensor.normal([columns, 4], key: key.next()).qrDecomposition().q
        let expected: [Float] = [100, 30, 3, 0.1]
        let change = (left * Tensor(expected, shape: [1, 4])).matmul(right.transposed())
        // A base of zeros, so that adding the change rounds nothing away.
        let base = Tensor.zeros([rows, columns])
        let derived = Tensor.concatenated([Tensor.zeros([5_000, columns]), change])
        let spectrum = try Spectrum(of: difference(base, derived), probes: 20)
        for (index, value) in expected.enumerated() {
            #expect(abs(spectrum.values[index] / Double(value) - 1) < 1e-3)
        }
        #expect(spectrum.values[4] < 1e-4)
        #expect(spectrum.left.shape == [rows, 20])
        let unchanged = spectrum.left.slice(axis: 0, from: 0, to: 5_000)
            .slice(axis: 1, from: 0, to: 4)
        #expect(try unchanged.square().sum().item() < 1e-9)
    }

    @Test("Parts of a block come back in order, and the first error is thrown")
    func strips() throws {
        let parts = try Strips.map(3..<1_000, columns: 1_024) { Array($0) }
        #expect(parts.count > 1)
        #expect(parts.flatMap(\.self) == Array(3..<1_000))
        #expect(try Strips.map(0..<2, columns: 3) { $0 } == [0..<2])
        #expect(throws: InputError.self) {
            try Strips.map(0..<1_000, columns: 1_024) { rows in
                guard rows.contains(999) else { return }
                throw InputError("here", "fails", remedy: "none")
            }
        }
    }

    @Test("The last eigenvector is that of the full decomposition", arguments: [2, 7, 96])
    func leastEigenvector(width: Int) throws {
        let raw = Tensor.normal([width, 2 * width], key: RandomKey(seed: 12))
        let matrix = raw.matmul(raw.transposed())
        let (u, s, _) = matrix.singularValueDecomposition()
        let values = try s.values().map(Double.init)
        let found = try LeastEigenvector(of: matrix)
        let last = u.slice(axis: 1, from: width - 1, to: width)
        #expect(abs(try (found.vector * last).sum().item()) > 0.999)
        #expect(abs(found.gap / (values[width - 2] - values[width - 1]) - 1) < 0.01)
        #expect(abs(found.greatestValue / values[0] - 1) < 0.1)
    }

    @Test("A direction taken out is found with its strength; a rank-one update is not one")
    func projection() throws {
        var key = RandomKey(seed: 5)
        let base = Tensor.normal([64, 100], key: key.next())
        let raw = Tensor.normal([64, 1], key: key.next())
        let r = raw / raw.square().sum().sqrt()
        func fit(_ change: Tensor) throws -> ProjectionFit {
            let difference = try difference(base, base + change)
            let spectrum = try Spectrum(of: difference, probes: 10)
            return try #require(
                try ProjectionFit(
                    difference, side: .rows, spectrum: spectrum, directions: 1,
                    total: difference.scan.squareDifference))
        }
        let edit = try fit(r.matmul(r.transposed().matmul(base)) * -0.7)
        #expect(edit.explained > 0.9999)
        #expect(abs(edit.strength - 0.7) < 1e-3)
        let found = Tensor(edit.direction, shape: [64, 1])
        #expect(abs(abs(try (found * r).sum().item()) - 1) < 1e-4)
        let update = try fit(r.matmul(Tensor.normal([1, 100], key: key.next())))
        #expect(update.explained < 0.1)
    }

    @Test(
        "Levels are told with their groups and bits",
        arguments: [
            (8, 0, "int8, a scale for each row"), (4, 64, "int4, groups of 64"),
            (3, 32, "int3, groups of 32"),
        ])
    func levels(bits: Int, group: Int, name: String) throws {
        let base = try randomWeights(
            width: 128, feedForward: 256, layers: 1, keyWidth: 64, vocabulary: 32, seed: 6)
        var made = Weights(tensors: base, key: RandomKey(seed: 7))
        try made.quantise(bits: bits, group: group)
        let tensor = try #require(made.tensors["model.layers.0.mlp.down_proj.weight"])
        let values = try tensor.values()
        let rows = (0..<16).map { Array(values[$0 * 256..<($0 + 1) * 256]) }
        let grid = try #require(QuantisationGrid(rows: rows, base: nil, precision: .float32))
        #expect(grid.name == name)
        let raw = try #require(base["model.layers.0.mlp.down_proj.weight"]).values()
        let rawRows = (0..<16).map { Array(raw[$0 * 256..<($0 + 1) * 256]) }
        #expect(QuantisationGrid(rows: rawRows, base: nil, precision: .float32) == nil)
    }

    @Test("Nine tenths of zeros are not levels")
    func zerosAreNoLevels() {
        let rows: [[Float]] = (0..<16).map { row in
            var values = [Float](repeating: 0, count: 256)
            for column in stride(from: 3, to: 256, by: 10) {
                values[column] = sin(Float(column * 31 + row * 7))
            }
            return values
        }
        #expect(QuantisationGrid(rows: rows, base: nil, precision: .float32) == nil)
    }
}
