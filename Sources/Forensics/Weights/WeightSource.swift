// SPDX-License-Identifier: Apache-2.0
// The source of an inspection's weights: named tensors, read a few rows at a time.

import Foundation

/// Named tensors that are read by rows, from files or from memory.
///
/// Tensors have their Hugging Face names. The source gives read access only. It is not public, so
/// that a model that must not leave memory can be inspected there and nowhere else.
package protocol WeightSource {
    /// The name in messages.
    var name: String { get }
    /// The tensors in the order in which they are stored.
    var entries: [WeightEntry] { get }

    /// Writes whole rows of a tensor as fp32. Several threads may call it at once.
    ///
    /// - Parameters:
    ///   - entry: One of ``entries``.
    ///   - rows: Which rows.
    ///   - target: Room for `rows.count * entry.columns` values.
    /// - Throws: Errors of reading.
    func read(_ entry: WeightEntry, rows: Range<Int>, into target: UnsafeMutablePointer<Float>)
        throws

    /// Announces that rows of a tensor are not read again soon.
    func release(_ entry: WeightEntry, rows: Range<Int>)

    /// Returns whether both hold the same tensors, stored in the same bytes and the same order.
    func isStored(as other: any WeightSource) throws -> Bool
}

extension WeightSource {
    package func release(_ entry: WeightEntry, rows: Range<Int>) {}

    package func isStored(as other: any WeightSource) throws -> Bool { false }
}

/// A tensor of a source, as a matrix: all axes but the last are its rows.
package struct WeightEntry: Sendable, Hashable {
    /// The Hugging Face name, or the stored one where there is none.
    package let name: String
    /// The name in the file.
    package let storedName: String
    /// The extents.
    package let shape: [Int]
    /// The storage type, as the format calls it: `F32`, `BF16`, `Q8_0`.
    package let storedType: String
    /// The row of the stored tensor that is this one's first; not 0 for a part of a tensor.
    private(set) var firstRow = 0

    package init(name: String, storedName: String, shape: [Int], storedType: String) {
        self.name = name
        self.storedName = storedName
        self.shape = shape
        self.storedType = storedType
    }

    /// Returns some of the rows as a matrix of its own.
    ///
    /// - Parameters:
    ///   - rows: Which rows.
    ///   - name: The part's name; nil keeps the name.
    /// - Returns: The part. It is read as any other entry.
    func part(_ rows: Range<Int>, name: String? = nil) -> WeightEntry {
        var part = WeightEntry(
            name: name ?? self.name, storedName: storedName, shape: [rows.count, columns],
            storedType: storedType)
        part.firstRow = firstRow + rows.lowerBound
        return part
    }

    /// Returns rows of this entry as rows of the stored tensor.
    func stored(_ rows: Range<Int>) -> Range<Int> {
        rows.lowerBound + firstRow..<rows.upperBound + firstRow
    }

    /// Whether the values stand on a grid that is coarser than a floating point type of 16 bits.
    var isQuantised: Bool { !["F64", "F32", "F16", "BF16"].contains(storedType) }

    package var rows: Int { shape.dropLast().reduce(1, *) }
    package var columns: Int { shape.last ?? 1 }
    package var count: Int { rows * columns }
    /// Whether products with the tensor mix coordinates. Norms and biases do not.
    package var isMatrix: Bool { shape.count > 1 && rows > 1 && columns > 1 }

    /// The layer in the name, or nil.
    package var layer: Int? { layerPlace?.index }

    /// The most layers of a stack. A greater number in a name is no layer.
    private static let mostLayers = 1 << 16

    /// The stack of layers that the name puts the tensor in, its layer, and its name there: of
    /// `model.layers.3.mlp.up_proj.weight` these are `model.layers`, 3 and `mlp.up_proj.weight`.
    var layerPlace: (stack: String, index: Int, inner: String)? {
        let parts = name.split(separator: ".")
        guard
            let place = parts.firstIndex(where: { ["layers", "blk", "h", "layer"].contains($0) }),
            place + 2 < parts.count, let index = Int(parts[place + 1]),
            (0..<Self.mostLayers).contains(index)
        else { return nil }
        return (
            parts[...place].joined(separator: "."), index,
            parts[(place + 2)...].joined(separator: ".")
        )
    }

    /// The module of the tensor, such as `q_proj`.
    package var module: String {
        let parts = name.split(separator: ".").map(String.init)
        let isSuffix = parts.count > 1 && ["weight", "bias"].contains(parts.last)
        return (isSuffix ? parts.dropLast() : parts[...]).last ?? name
    }

    /// How the tensor writes to the residual stream: with its rows, as `[width, in]`; with its
    /// columns, as an embedding's `[vocabulary, width]`; or not at all.
    package var writes: StreamSide? {
        guard isMatrix else { return nil }
        switch module {
        case "o_proj", "down_proj", "out_proj", "attn_output", "ffn_down", "wo", "w2", "fc2",
            "dense_4h_to_h":
            return .rows
        case "embed_tokens", "wte", "token_embd", "tok_embeddings": return .columns
        default: return nil
        }
    }
}

/// The axis of a matrix that is the residual stream.
package enum StreamSide: Sendable, Hashable {
    case rows, columns
}
