// SPDX-License-Identifier: Apache-2.0
// Decodes rows of a tensor that is stored in several.

extension TensorEncoding {
    /// Writes the values of some rows.
    ///
    /// - Parameters:
    ///   - rows: Indices of rows: all extents but the last are one.
    ///   - target: Room for exactly these rows.
    ///   - bytes: Returns the stored bytes of a tensor.
    /// - Throws: An `InputError` when a tensor is damaged.
    func decode(
        rows: Range<Int>, to target: UnsafeMutableBufferPointer<Float>, _ bytes: StoredBytes
    ) throws {
        guard let values = target.baseAddress else { return }
        switch self {
        case .elements: break
        case .scaled(let matrix): try matrix.decode(rows: rows, to: values, bytes)
        case .coded(let blocks): try blocks.decode(rows: rows, to: values, bytes)
        case .microscaled(let experts): try experts.decode(rows: rows, to: values, bytes)
        }
    }
}
