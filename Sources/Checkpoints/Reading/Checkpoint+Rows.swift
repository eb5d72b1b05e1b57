// SPDX-License-Identifier: Apache-2.0
// Tensors that are read a few rows at a time, so that two large checkpoints fit into memory.

extension Checkpoint {
    /// Writes a stretch of a tensor's values, so that no more than it need be in memory.
    ///
    /// - Parameters:
    ///   - name: The tensor's name.
    ///   - elements: Row-major indices, from the start of a block of the tensor's type to the end of
    ///     one; rows begin and end with blocks.
    ///   - target: Room for exactly these elements; it need not be initialised.
    /// - Throws: A ``CheckpointError`` when there is no such tensor, its type is an 8-bit float, or
    ///   the stretch is not within it.
    package func dequantise(
        _ name: String, elements: Range<Int>, into target: UnsafeMutableBufferPointer<Float>
    ) throws {
        let tensor = try tensor(name)
        let place = "tensor \"\(name)\""
        let block = tensor.elementType.block
        guard elements.lowerBound >= 0, elements.upperBound <= tensor.count,
            target.count == elements.count, elements.lowerBound.isMultiple(of: block.elements),
            elements.upperBound.isMultiple(of: block.elements)
        else {
            throw CheckpointError(
                tensor.file, place, "has no elements \(elements) in whole blocks",
                remedy: "ask for whole rows within the tensor")
        }
        let start = elements.lowerBound / block.elements * block.bytes
        let end = elements.upperBound / block.elements * block.bytes
        let hasValues = try withBytes(of: name) {
            tensor.elementType.decode(UnsafeRawBufferPointer(rebasing: $0[start..<end]), to: target)
        }
        guard hasValues else {
            throw CheckpointError(
                tensor.file, place, "\(tensor.elementType.rawValue) cannot be converted to fp32",
                remedy: "convert the model to BF16")
        }
    }

    /// Lets the system forget the pages of a tensor; they are read again when they are needed.
    ///
    /// - Parameter name: The tensor's name; of one that is not there, nothing is forgotten.
    package func forgetPages(of name: String) {
        guard let tensor = tensors[name], let mapping = try? mapped(name).owner as? MappedFile
        else { return }
        mapping.forget(tensor.byteRange)
    }
}
