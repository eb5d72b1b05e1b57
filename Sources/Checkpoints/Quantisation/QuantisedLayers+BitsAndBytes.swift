// SPDX-License-Identifier: Apache-2.0
// The layers of bitsandbytes: codes of 4 bits with a state in JSON, and rows of 8 bits.

import Foundation
import JSONText

extension QuantisedLayers {
    /// Puts a layer of 4 bits together.
    ///
    /// - Parameter codes: A tensor.
    /// - Returns: The layer; nil if the tensor has no state beside it.
    /// - Throws: An `InputError` that names the part that is missing or does not fit.
    mutating func fourBits(_ codes: StoredTensor) throws -> StoredTensor? {
        let states = ["nf4", "fp4"].map { codes.name + ".quant_state.bitsandbytes__" + $0 }
        guard let name = states.first(where: holds) else { return nil }
        let state = try take(name, for: codes)
        let node = try self.node(state)
        let shape = try node.required("shape").elements().map { try $0.count() }
        guard let count = StoredElementType.uint8.byteCount(ofShape: shape), count > 0 else {
            throw state.fault("has an empty or too large shape, \(shape)")
        }
        let type = try node.required("dtype")
        guard let rounding = CodedBlocks.Rounding(rawValue: try type.string()) else {
            throw state.fault("has the dtype \(try type.string()), which is not supported")
        }
        let blockSize = try size("blocksize", node)
        let scales = try take(codes.name + ".absmax", for: codes)
        let table = try take(codes.name + ".quant_map", for: codes)
        try check(codes, .uint8, count: count / 2 + count % 2)
        try check(table, .float32, count: 16)
        let blocks = (count - 1) / blockSize + 1
        var nested: CodedBlocks.Nested?
        if holds(codes.name + ".nested_absmax") {
            let outer = try take(codes.name + ".nested_absmax", for: codes)
            let values = try take(codes.name + ".nested_quant_map", for: codes)
            let size = try size("nested_blocksize", node)
            try check(scales, .uint8, count: blocks)
            try check(outer, .float32, count: (blocks - 1) / size + 1)
            try check(values, .float32, count: 256)
            nested = CodedBlocks.Nested(
                scales: outer, table: values, blockSize: size,
                offset: try number("nested_offset", node))
        } else {
            try check(scales, .float32, count: blocks)
        }
        let coded = CodedBlocks(
            codes: codes, table: table, scales: scales, nested: nested, blockSize: blockSize,
            columns: shape.last ?? 1, rounding: rounding)
        return StoredTensor(
            name: codes.name, shape: shape, codes: codes, encoding: .coded(coded),
            quantisation: "bitsandbytes \(name.suffix(3).uppercased())")
    }

    /// Puts a layer of 8 bits together: rows of integers with one scale each.
    ///
    /// - Parameter codes: A tensor.
    /// - Returns: The layer; nil if the tensor is of another type.
    /// - Throws: An `InputError` that names the part that is missing or does not fit.
    mutating func eightBits(_ codes: StoredTensor) throws -> StoredTensor? {
        guard codes.elementType == .int8, let owner = Self.owner(of: codes, ".weight") else {
            return nil
        }
        let (rows, columns) = try Self.matrix(codes)
        let scales = try take(owner + ".SCB", for: codes)
        try check(scales, .float32, count: rows)
        if let format = takeIfThere(owner + ".weight_format"),
            try bytes(format).contains(where: { $0 != 0 })
        {
            throw format.fault(
                "names an order of a GPU, not rows",
                remedy: "save the model again with a current version of bitsandbytes")
        }
        let matrix = ScaledMatrix(
            rows: rows, columns: columns, codes: .elements(codes), zeros: .constant(0),
            scales: scales, groups: .consecutive(columns), groupCount: 1,
            // 1 / 127, as bitsandbytes writes it.
            factor: 7.874015718698502e-3)
        return tensor(codes.name, matrix, codes, "bitsandbytes 8 bits")
    }

    private func check(_ tensor: StoredTensor, _ type: StoredElementType, count: Int) throws {
        guard tensor.elementType == type, tensor.count == count else {
            throw tensor.fault(
                "has \(tensor.count) elements of \(tensor.elementType.rawValue), \(count) of "
                    + "\(type.rawValue) are needed")
        }
    }

    /// Reads the state, which is JSON in a tensor of bytes.
    private func node(_ state: StoredTensor) throws -> JSONNode {
        let place = "\(state.file.path(percentEncoded: false)): tensor \"\(state.name)\""
        let value = try JSON(
            Data(try bytes(state)), file: place, remedy: InputError.damaged, nonFinite: .read)
        return JSONNode(value, file: place, remedy: InputError.damaged)
    }

    private func size(_ key: String, _ node: JSONNode) throws -> Int {
        let size = try node.required(key)
        let count = try size.count()
        guard count > 0 else { throw size.error("is 0", InputError.damaged) }
        return count
    }

    private func number(_ key: String, _ node: JSONNode) throws -> Float {
        let number = try node.required(key)
        switch number.value {
        case .number(let value): return Float(value)
        case .integer(let value): return Float(value)
        default: throw number.error("is not a number", InputError.damaged)
        }
    }
}
