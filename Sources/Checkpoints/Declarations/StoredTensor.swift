// SPDX-License-Identifier: Apache-2.0
// A tensor's name, type, shape and place in a file.

public import Foundation
package import JSONText

/// A tensor of a checkpoint: as the header of a file declares it, or put together from several of a
/// quantised layer.
public struct StoredTensor: Sendable, Hashable {
    /// The tensor's name: in the checkpoint, or in the model before it was quantised.
    public let name: String

    /// How its elements, or their codes, are stored.
    public let elementType: StoredElementType

    /// Its extents, outermost first (row-major) in both formats.
    public let shape: [Int]

    /// The file that holds it.
    public let file: URL

    /// The byte range of its data, or of its codes, in that file.
    public let byteRange: Range<Int>

    /// How the values follow from the bytes.
    package let encoding: TensorEncoding

    /// The quantisation, such as `Q4_K` or `GPTQ 4 bits`; nil if each element is stored by itself.
    public let quantisation: String?

    /// The number of its elements.
    public var count: Int { shape.reduce(1, *) }

    /// The extent of a row: the last one.
    var columns: Int { shape.last ?? 1 }

    init(
        name: String, elementType: StoredElementType, shape: [Int], file: URL, byteRange: Range<Int>
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.file = file
        self.byteRange = byteRange
        encoding = .elements
        quantisation = elementType.isQuantised ? elementType.rawValue : nil
    }

    /// Makes a tensor that is decoded from several.
    ///
    /// - Parameters:
    ///   - name: Its name in the model before it was quantised.
    ///   - shape: Its shape there. The number of its elements must not overflow.
    ///   - codes: The tensor that holds the codes.
    ///   - encoding: How the values follow.
    ///   - quantisation: The quantisation's name.
    init(
        name: String, shape: [Int], codes: StoredTensor, encoding: TensorEncoding,
        quantisation: String
    ) {
        self.name = name
        self.shape = shape
        elementType = codes.elementType
        file = codes.file
        byteRange = codes.byteRange
        self.encoding = encoding
        self.quantisation = quantisation
    }
}

extension StoredTensor {
    /// Returns an error about this tensor.
    package func fault(_ problem: String, remedy: String = InputError.damaged) -> InputError {
        InputError(file, "tensor \"\(name)\"", problem, remedy: remedy)
    }
}
