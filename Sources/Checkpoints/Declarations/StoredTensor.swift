// SPDX-License-Identifier: Apache-2.0
// A tensor's name, type, shape and place in a file.

public import Foundation

/// A tensor as the header of a checkpoint file declares it.
public struct StoredTensor: Sendable, Hashable {
    /// The tensor's name in the checkpoint.
    public let name: String

    /// How its elements are stored.
    public let elementType: StoredElementType

    /// Its extents, outermost first (row-major) in both formats.
    public let shape: [Int]

    /// The file that holds it.
    public let file: URL

    /// The byte range of its data in that file.
    public let byteRange: Range<Int>

    /// The number of its elements.
    public var count: Int { byteRange.count / elementType.block.bytes * elementType.block.elements }
}
