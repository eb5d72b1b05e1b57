// SPDX-License-Identifier: Apache-2.0
// The element types that checkpoints store, with the layout of their blocks.

/// How a tensor's elements are stored; the raw value is the name that both formats print.
public enum StoredElementType: String, Sendable, Hashable, CaseIterable, Codable {
    // In the order in which the reference implementation of safetensors lays tensors out.

    /// Unsigned 64-bit integer.
    case uint64 = "U64"
    /// Signed 64-bit integer.
    case int64 = "I64"
    /// IEEE 754 binary64.
    case float64 = "F64"
    /// IEEE 754 binary32.
    case float32 = "F32"
    /// Unsigned 32-bit integer.
    case uint32 = "U32"
    /// Signed 32-bit integer.
    case int32 = "I32"
    /// The upper half of a binary32.
    case bfloat16 = "BF16"
    /// IEEE 754 binary16.
    case float16 = "F16"
    /// Unsigned 16-bit integer.
    case uint16 = "U16"
    /// Signed 16-bit integer.
    case int16 = "I16"
    /// 8-bit power of two.
    case float8E8M0 = "F8_E8M0"
    /// 8-bit float with 4 exponent bits, without infinity.
    case float8E4M3 = "F8_E4M3"
    /// 8-bit float with 5 exponent bits.
    case float8E5M2 = "F8_E5M2"
    /// Signed 8-bit integer.
    case int8 = "I8"
    /// Unsigned 8-bit integer.
    case uint8 = "U8"
    /// One byte per truth value.
    case bool = "BOOL"

    // The names of the quantised types are the field's own.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 32 elements: a scale and signed bytes.
    case q8_0 = "Q8_0"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 32 elements: a scale and 4-bit values around 8.
    case q4_0 = "Q4_0"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 32 elements: a scale, a minimum and 4-bit values.
    case q4_1 = "Q4_1"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 32 elements: a scale and 5-bit values around 16.
    case q5_0 = "Q5_0"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 32 elements: a scale, a minimum and 5-bit values.
    case q5_1 = "Q5_1"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: 2-bit values, 4-bit scales and minima for 16 elements each.
    case q2_K = "Q2_K"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: 3-bit values, 6-bit scales for 16 elements each.
    case q3_K = "Q3_K"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: 4-bit values, 6-bit scales and minima for 32 elements each.
    case q4_K = "Q4_K"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: 5-bit values, 6-bit scales and minima for 32 elements each.
    case q5_K = "Q5_K"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: 6-bit values, 8-bit scales for 16 elements each.
    case q6_K = "Q6_K"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 32 elements: a scale and indices of 16 levels.
    case iq4_NL = "IQ4_NL"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 32 elements: an exponent and floats of 4 bits.
    case mxfp4 = "MXFP4"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: indices of a table of ternary octets, 3-bit scales.
    case iq1_S = "IQ1_S"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: as IQ1_S, with scales for 16 elements each.
    case iq1_M = "IQ1_M"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: indices of a table of 256 octets, signs, 4-bit scales.
    case iq2_XXS = "IQ2_XXS"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: indices of a table of 512 octets, signs, 4-bit scales.
    case iq2_XS = "IQ2_XS"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: indices of a table of 1024 octets, signs, 4-bit scales.
    case iq2_S = "IQ2_S"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: indices of a table of 256 quartets, signs, 4-bit scales.
    case iq3_XXS = "IQ3_XXS"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: indices of a table of 512 quartets, signs, 4-bit scales.
    case iq3_S = "IQ3_S"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: indices of 16 levels, 6-bit scales for 32 elements each.
    case iq4_XS = "IQ4_XS"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: a scale and five ternary digits to a byte.
    case tq1_0 = "TQ1_0"
    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// Blocks of 256 elements: a scale and four ternary digits to a byte.
    case tq2_0 = "TQ2_0"

    /// The smallest stored unit: how many elements it holds and how many bytes it takes.
    public var block: (elements: Int, bytes: Int) {
        switch self {
        case .float64, .int64, .uint64: (1, 8)
        case .float32, .int32, .uint32: (1, 4)
        case .float16, .bfloat16, .int16, .uint16: (1, 2)
        case .float8E4M3, .float8E5M2, .float8E8M0, .int8, .uint8, .bool: (1, 1)
        case .q8_0: (32, 34)
        case .q4_0: (32, 18)
        case .q4_1: (32, 20)
        case .q5_0: (32, 22)
        case .q5_1: (32, 24)
        case .q2_K: (256, 84)
        case .q3_K: (256, 110)
        case .q4_K: (256, 144)
        case .q5_K: (256, 176)
        case .q6_K: (256, 210)
        case .iq4_NL: (32, 18)
        case .mxfp4: (32, 17)
        case .iq1_S: (256, 50)
        case .iq1_M: (256, 56)
        case .iq2_XXS: (256, 66)
        case .iq2_XS: (256, 74)
        case .iq2_S: (256, 82)
        case .iq3_XXS: (256, 98)
        case .iq3_S: (256, 110)
        case .iq4_XS: (256, 136)
        case .tq1_0: (256, 54)
        case .tq2_0: (256, 66)
        }
    }

    /// Whether elements share scales in blocks, as only GGUF stores them.
    public var isQuantised: Bool { block.elements > 1 }

    /// Whether elements are floating-point numbers by themselves.
    var isFloatingPoint: Bool {
        switch self {
        case .float64, .float32, .bfloat16, .float16, .float8E8M0, .float8E4M3, .float8E5M2: true
        default: false
        }
    }

    /// Returns the bytes that a tensor takes; nil when the shape overflows or does not end on a
    /// block.
    func byteCount(ofShape shape: [Int]) -> Int? {
        var elements = 1
        for extent in shape {
            let (product, overflow) = elements.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { return nil }
            elements = product
        }
        let block = block
        guard (shape.last ?? 1).isMultiple(of: block.elements) else { return nil }
        let (bytes, overflow) = (elements / block.elements).multipliedReportingOverflow(
            by: block.bytes)
        return overflow ? nil : bytes
    }
}
