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
    /// - Throws: An `InputError` when there is no such tensor, it is damaged, or the range is not
    ///   within it.
    package func dequantise(
        _ name: String, elements: Range<Int>, into target: UnsafeMutableBufferPointer<Float>
    ) throws {
        let tensor = try tensor(name)
        let unit = tensor.unit
        guard elements.lowerBound >= 0, elements.upperBound <= tensor.count,
            target.count == elements.count, elements.lowerBound.isMultiple(of: unit),
            elements.upperBound.isMultiple(of: unit)
        else {
            throw tensor.fault(
                "has no elements \(elements) in whole blocks",
                remedy: "ask for whole rows within the tensor")
        }
        try decode(tensor, elements: elements, into: target)
    }

    /// Lets the system take back the pages of a range of a tensor. They are read again when they
    /// are needed.
    ///
    /// - Parameters:
    ///   - name: The tensor's name. Neither an unknown name nor a quantised layer, whose rows are
    ///     spread over its file, has an effect.
    ///   - elements: Row-major indices, from the start of a block of the tensor's type to the end of
    ///     one.
    package func forgetPages(of name: String, elements: Range<Int>) {
        guard let tensor = tensors[name], case .elements = tensor.encoding,
            let mapping = try? mapped(name).owner as? MappedFile
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
        let own = try tensor(name)
        let its = try other.tensor(name)
        let parts = [own] + own.encoding.companions
        let others = [its] + its.encoding.companions
        guard parts.count == others.count else { return false }
        return try zip(parts, others).allSatisfy { part, its in
            let (left, leftFile) = try mapped(part)
            let (right, rightFile) = try other.mapped(its)
            return Self.areSame(left, leftFile, right, rightFile, at: (part, its))
        }
    }

    /// Returns whether two tensors have equal shapes and values, however they are stored.
    ///
    /// - Parameters:
    ///   - name: The name of one tensor.
    ///   - other: The name of the other.
    /// - Returns: Whether they are equal. NaN equals nothing.
    /// - Throws: An `InputError` when there is no such tensor or it is damaged.
    package func holdsSameValues(_ name: String, _ other: String) throws -> Bool {
        let (own, its) = (try tensor(name), try tensor(other))
        guard own.shape == its.shape else { return false }
        return try own.stretches.allSatisfy { try values(own, $0) == values(its, $0) }
    }

    /// Returns the values of elements that begin and end with blocks or rows.
    func values(_ tensor: StoredTensor, _ elements: Range<Int>) throws -> [Float] {
        try [Float](unsafeUninitializedCapacity: elements.count) { buffer, count in
            let target = UnsafeMutableBufferPointer(rebasing: buffer[..<elements.count])
            try decode(tensor, elements: elements, into: target)
            count = elements.count
        }
    }

    private static func areSame(
        _ own: UnsafeRawBufferPointer, _ ownFile: MappedFile, _ its: UnsafeRawBufferPointer,
        _ itsFile: MappedFile, at tensors: (own: StoredTensor, its: StoredTensor)
    ) -> Bool {
        guard own.count == its.count else { return false }
        guard let left = own.baseAddress, let right = its.baseAddress else { return true }
        let ownStart = tensors.own.byteRange.lowerBound
        let itsStart = tensors.its.byteRange.lowerBound
        return withExtendedLifetime((ownFile, itsFile)) {
            for place in stride(from: 0, to: own.count, by: 1 << 24) {
                let end = min(place + 1 << 24, own.count)
                guard memcmp(left + place, right + place, end - place) == 0 else { return false }
                ownFile.forget(ownStart + place..<ownStart + end)
                itsFile.forget(itsStart + place..<itsStart + end)
            }
            return true
        }
    }
}

extension StoredTensor {
    /// The elements that are decoded together: a block, or a row of a quantised layer.
    fileprivate var unit: Int {
        if case .elements = encoding { elementType.block.elements } else { max(1, columns) }
    }

    /// The elements, a few whole rows at a time.
    var stretches: [Range<Int>] {
        let row = max(1, columns)
        let step = max(1, (1 << 18) / row) * row
        return stride(from: 0, to: count, by: step).map { $0..<min($0 + step, count) }
    }
}
