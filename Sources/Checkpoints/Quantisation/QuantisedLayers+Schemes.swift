// SPDX-License-Identifier: Apache-2.0
// The layers of GPTQ, AWQ, FP8 and compressed-tensors, with every shape checked.

import JSONText

extension QuantisedLayers {
    /// Puts a GPTQ layer together: words [inputs · bits / 32, outputs], scales [groups, outputs],
    /// zero points [groups, outputs · bits / 32] and the group of each input.
    mutating func gptq(
        _ words: StoredTensor, _ owner: String, _ layout: Quantisation.Layout, zeroOffset: Int
    ) throws -> StoredTensor {
        let (length, rows) = try Self.matrix(words)
        let scales = try take(owner + ".scales", for: words)
        let zeros = try take(owner + ".qzeros", for: words)
        let list = takeIfThere(owner + ".g_idx")
        // The list tells the number of inputs, and so the bits, which may differ between layers.
        let listed = list.flatMap { $0.count > 0 ? 32 * length / $0.count : nil }
        guard let bits = listed ?? layout.bits, [2, 3, 4, 8].contains(bits) else {
            throw words.fault(
                listed.map { "has \($0) bits for each input, supported are 2, 3, 4, 8" }
                    ?? "has no number of bits in its quantisation_config")
        }
        let columns = list?.count ?? 32 * length / bits
        if let list, list.elementType != .int32 || list.shape.count != 1 {
            throw list.fault(
                "is \(list.elementType.rawValue) \(list.shape), I32 [inputs] is needed")
        }
        let codes = PackedIntegers(words: words, bits: bits, axis: .down)
        try codes.check(lines: rows, count: columns)
        return try grouped(
            (rows, columns), name: owner, words, .rows(codes),
            zeros: PackedIntegers(words: zeros, bits: bits, axis: .across), zeroOffset,
            scales, list: list, size: layout.groupSize ?? columns, label: "GPTQ \(bits) bits")
    }

    /// Puts an AWQ layer together: words [inputs, outputs / 8], scales [groups, outputs] and zero
    /// points [groups, outputs / 8].
    mutating func awq(
        _ words: StoredTensor, _ owner: String, _ layout: Quantisation.Layout
    ) throws -> StoredTensor {
        let (columns, length) = try Self.matrix(words)
        let rows = 8 * length
        func integers(_ words: StoredTensor) -> PackedIntegers {
            PackedIntegers(words: words, bits: 4, axis: .across, order: PackedIntegers.interleaved)
        }
        let codes = integers(words)
        try codes.check(lines: columns, count: rows)
        let scales = try take(owner + ".scales", for: words)
        let zeros = integers(try take(owner + ".qzeros", for: words))
        return try grouped(
            (rows, columns), name: owner, words, .columns(codes), zeros: zeros, 0, scales,
            list: nil, size: layout.groupSize ?? columns, label: "AWQ 4 bits")
    }

    /// Checks scales [groups, outputs] and zero points of the same groups.
    private func grouped(
        _ size: (rows: Int, columns: Int), name: String, _ words: StoredTensor,
        _ codes: ScaledMatrix.Codes, zeros: PackedIntegers, _ zeroOffset: Int,
        _ scales: StoredTensor, list: StoredTensor?, size groupSize: Int, label: String
    ) throws -> StoredTensor {
        let groups = try Self.matrix(scales).rows
        let expected = list == nil ? (size.columns - 1) / groupSize + 1 : groups
        try Self.check(scales, shape: [expected, size.rows])
        try zeros.check(lines: groups, count: size.rows)
        let matrix = ScaledMatrix(
            rows: size.rows, columns: size.columns, codes: codes,
            zeros: .groups(zeros, plus: zeroOffset), scales: scales, scalesAreTransposed: true,
            groups: list.map { .listed($0) } ?? .consecutive(groupSize), groupCount: groups)
        return tensor(name + ".weight", matrix, words, label)
    }

    /// Puts a layer of compressed-tensors' pack-quantized together: words [outputs, inputs · bits /
    /// 32], scales [outputs, groups], the shape, and zero points [outputs · bits / 32, groups].
    mutating func packed(
        _ words: StoredTensor, _ owner: String, _ layouts: [Quantisation.Layout]
    ) throws -> StoredTensor {
        let (rows, length) = try Self.matrix(words)
        let shape = try take(owner + ".weight_shape", for: words)
        let scales = try take(owner + ".weight_scale", for: words)
        let zeros = takeIfThere(owner + ".weight_zero_point")
        if holds(owner + ".weight_g_idx") {
            throw words.fault(
                "has the groups of its columns in a list, which is not supported",
                remedy: "use a checkpoint whose quantization_config has no actorder")
        }
        guard shape.elementType == .int64, shape.shape == [2] else {
            throw shape.fault("is \(shape.elementType.rawValue) \(shape.shape), not I64 [2]")
        }
        let stated = try bytes(shape)
        let extents = (0..<2).map {
            Int(littleEndian: stated.loadUnaligned(fromByteOffset: 8 * $0, as: Int.self))
        }
        let columns = extents[1]
        guard extents[0] == rows, columns > 0, columns <= 32 * length else {
            throw shape.fault("says \(extents), the words \(words.shape) hold another matrix")
        }
        guard
            let bits = layouts.compactMap(\.bits).first(where: {
                (1...8).contains($0) && (columns * $0 + 31) / 32 == length
            })
        else {
            throw words.fault(
                "has words \(words.shape) for the shape \(extents): no number of bits in "
                    + "quantization_config fits")
        }
        let tiles = try Self.tiles(of: scales, rows: rows, columns: columns, layouts)
        guard tiles.rows == 1 || zeros == nil else {
            throw scales.fault("has shape \(scales.shape), where each row has a zero point")
        }
        let groups = tiles.groups
        let codes = PackedIntegers(words: words, bits: bits, axis: .across)
        try codes.check(lines: rows, count: columns)
        var zero = ScaledMatrix.Zeros.constant(1 << (bits - 1))
        if let zeros {
            let integers = PackedIntegers(words: zeros, bits: bits, axis: .down)
            try integers.check(lines: groups, count: rows)
            zero = .groups(integers, plus: 0)
        }
        let matrix = ScaledMatrix(
            rows: rows, columns: columns, codes: .rows(codes), zeros: zero, scales: scales,
            groups: .consecutive(tiles.columns), groupCount: groups, tileRows: tiles.rows)
        return tensor(owner + ".weight", matrix, words, "compressed-tensors \(bits) bits")
    }

    /// Puts a tensor of 8-bit elements and its scales together.
    ///
    /// - Parameters:
    ///   - codes: A tensor.
    ///   - suffixes: What the scales' name may end with, after the tensor's own name.
    ///   - layouts: The sizes of blocks that are declared.
    ///   - label: The scheme's name.
    /// - Returns: The layer; nil if the tensor is of another type.
    /// - Throws: An `InputError` that names the part that is missing or does not fit.
    mutating func scaled(
        _ codes: StoredTensor, _ suffixes: [String], _ layouts: [Quantisation.Layout],
        _ label: String
    ) throws -> StoredTensor? {
        let isFloat = [.float8E4M3, .float8E5M2].contains(codes.elementType)
        guard isFloat || codes.elementType == .int8 else { return nil }
        let suffix = suffixes.first { holds(codes.name + $0) } ?? suffixes[0]
        // An integer without scales is nothing that was quantised.
        guard isFloat || holds(codes.name + suffix) else { return nil }
        let scales = try take(codes.name + suffix, for: codes).countingExponents
        guard codes.shape.count >= 2, codes.count > 0 else {
            throw codes.fault("has shape \(codes.shape), a matrix is needed")
        }
        let (rows, columns) = (codes.count / codes.columns, codes.columns)
        try Self.checkStack(codes, scales, layouts)
        let tiles = try Self.tiles(of: scales, rows: rows, columns: columns, layouts)
        let zeros = takeIfThere(codes.name + "_zero_point")
        if let zeros, zeros.shape != scales.shape || zeros.elementType != codes.elementType {
            throw zeros.fault("is not of the shape of the scales, \(scales.shape)")
        }
        let matrix = ScaledMatrix(
            rows: rows, columns: columns, codes: .elements(codes),
            zeros: zeros.map { .elements($0) } ?? .constant(0), scales: scales,
            groups: .consecutive(tiles.columns), groupCount: tiles.groups, tileRows: tiles.rows)
        return StoredTensor(
            name: codes.name, shape: codes.shape, codes: codes, encoding: .scaled(matrix),
            quantisation: isFloat || label == "FP8" ? "FP8" : "\(label) 8 bits")
    }

    // MARK: - Shapes

    /// Makes the matrix a tensor.
    func tensor(
        _ name: String, _ matrix: ScaledMatrix, _ codes: StoredTensor, _ label: String
    ) -> StoredTensor {
        StoredTensor(
            name: name, shape: [matrix.rows, matrix.columns], codes: codes,
            encoding: .scaled(matrix), quantisation: label)
    }

    /// Returns the extents of a matrix.
    static func matrix(_ tensor: StoredTensor) throws -> (rows: Int, columns: Int) {
        guard tensor.shape.count == 2, tensor.count > 0 else {
            throw tensor.fault("has shape \(tensor.shape), a matrix is needed")
        }
        return (tensor.shape[0], tensor.shape[1])
    }

    /// Checks the type of scales, and their shape if it is known.
    static func check(_ scales: StoredTensor, shape: [Int]? = nil) throws {
        guard scales.elementType.isFloatingPoint, shape == nil || scales.shape == shape else {
            throw scales.fault(
                "is \(scales.elementType.rawValue) \(scales.shape), floating-point scales"
                    + (shape.map { " \($0)" } ?? "") + " are needed")
        }
    }

    /// Checks that each matrix of a stack has scales of its own, and that no block spans two.
    private static func checkStack(
        _ codes: StoredTensor, _ scales: StoredTensor, _ layouts: [Quantisation.Layout]
    ) throws {
        let (shape, own) = (codes.shape, scales.shape)
        guard shape.count > 2, scales.count > 1 else { return }
        let rows = shape[shape.count - 2]
        let blocks = layouts.compactMap { $0.blockSize?[0] }
        guard own.count == shape.count, own.dropLast(2) == shape.dropLast(2),
            own[own.count - 2] > 0, rows.isMultiple(of: own[own.count - 2]),
            blocks.allSatisfy({ rows.isMultiple(of: $0) })
        else {
            throw scales.fault("has shape \(own), which does not fit the matrices \(shape)")
        }
    }

    /// Returns the extents of the tiles that share a scale, and the number of tiles in a row.
    private static func tiles(
        of scales: StoredTensor, rows: Int, columns: Int, _ layouts: [Quantisation.Layout]
    ) throws -> (rows: Int, columns: Int, groups: Int) {
        try check(scales)
        if scales.count == 1 { return (rows, columns, 1) }
        if scales.shape == [rows] { return (1, columns, 1) }
        let groups = scales.columns
        let bands = groups > 0 ? scales.count / groups : 0
        for layout in layouts {
            let block = layout.blockSize ?? layout.groupSize.map { [1, $0] }
            guard let block, (rows - 1) / block[0] + 1 == bands,
                (columns - 1) / block[1] + 1 == groups
            else { continue }
            return (block[0], block[1], groups)
        }
        guard bands > 0, rows.isMultiple(of: bands), columns.isMultiple(of: groups) else {
            throw scales.fault(
                "has shape \(scales.shape), which does not divide the matrix [\(rows), \(columns)]")
        }
        return (rows / bands, columns / groups, groups)
    }
}

extension StoredTensor {
    /// The tensor with unsigned bytes read as exponents: that is how MXFP8 stores scales.
    fileprivate var countingExponents: StoredTensor {
        guard elementType == .uint8 else { return self }
        return StoredTensor(
            name: name, elementType: .float8E8M0, shape: shape, file: file, byteRange: byteRange)
    }
}
