// SPDX-License-Identifier: Apache-2.0
// Reads tensors a few rows at a time, so that two large checkpoints fit into memory.

import Foundation
import JSONText

extension Checkpoint {
    /// Writes a range of a tensor's values, so that the rest need not be in memory.
    ///
    /// - Parameters:
    ///   - name: The tensor's name.
    ///   - elements: Row-major indices, from the start of a block of the tensor's type to the end of
    ///     one; rows begin and end with blocks.
    ///   - target: Room for exactly these elements; it need not be initialised.
    /// - Throws: An `InputError` when there is no such tensor, its type is an 8-bit float, or the
    ///   range is not within it.
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
            throw InputError(
                tensor.file, place, "has no elements \(elements) in whole blocks",
                remedy: "ask for whole rows within the tensor")
        }
        let start = elements.lowerBound / block.elements * block.bytes
        let end = elements.upperBound / block.elements * block.bytes
        let hasValues = try withBytes(of: name) {
            tensor.elementType.decode(UnsafeRawBufferPointer(rebasing: $0[start..<end]), to: target)
        }
        guard hasValues else {
            throw InputError(
                tensor.file, place, "\(tensor.elementType.rawValue) cannot be converted to fp32",
                remedy: "convert the model to BF16")
        }
    }

    /// Lets the system take back the pages of a range of a tensor. They are read again when they
    /// are needed.
    ///
    /// - Parameters:
    ///   - name: The tensor's name. An unknown name has no effect.
    ///   - elements: Row-major indices, from the start of a block of the tensor's type to the end of
    ///     one.
    package func forgetPages(of name: String, elements: Range<Int>) {
        guard let tensor = tensors[name], let mapping = try? mapped(name).owner as? MappedFile
        else { return }
        let block = tensor.elementType.block
        func place(_ element: Int) -> Int {
            let place = tensor.byteRange.lowerBound + element / block.elements * block.bytes
            return min(max(place, tensor.byteRange.lowerBound), tensor.byteRange.upperBound)
        }
        mapping.forget(place(elements.lowerBound)..<place(elements.upperBound))
    }

    /// Returns whether a tensor is stored in the same bytes in another checkpoint. At most a few
    /// megabytes of it are in memory at a time.
    ///
    /// - Parameters:
    ///   - other: The other checkpoint.
    ///   - name: The tensor's name in both.
    /// - Returns: Whether the bytes are the same.
    /// - Throws: An `InputError` when one of the checkpoints has no such tensor.
    package func holdsSameBytes(as other: Checkpoint, in name: String) throws -> Bool {
        let (own, ownFile) = try mapped(name)
        let (its, itsFile) = try other.mapped(name)
        guard own.count == its.count else { return false }
        guard let left = own.baseAddress, let right = its.baseAddress else { return true }
        let ownStart = try tensor(name).byteRange.lowerBound
        let itsStart = try other.tensor(name).byteRange.lowerBound
        return withExtendedLifetime((ownFile, itsFile)) {
            for place in stride(from: 0, to: own.count, by: 1 << 24) {
                let end = min(place + 1 << 24, own.count)
                guard memcmp(left + place, right + place, end - place) == 0 else { return false }
                (ownFile as? MappedFile)?.forget(ownStart + place..<ownStart + end)
                (itsFile as? MappedFile)?.forget(itsStart + place..<itsStart + end)
            }
            return true
        }
    }
}
