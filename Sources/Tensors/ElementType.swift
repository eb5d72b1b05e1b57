// SPDX-License-Identifier: Apache-2.0
// The types of a tensor's elements.

import CTensor

/// The type of a tensor's elements.
public enum ElementType: String, Sendable, CaseIterable, Codable {
    case bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64
    case float16, bfloat16, float32

    /// The size of one element in bytes.
    public var byteCount: Int {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64: 8
        }
    }

    /// Whether the elements are floating-point numbers.
    public var isFloatingPoint: Bool {
        self == .float16 || self == .bfloat16 || self == .float32
    }

    private static let engineTypes: [(ElementType, ct_type)] = [
        (.bool, .bool), (.uint8, .uint8), (.uint16, .uint16), (.uint32, .uint32),
        (.uint64, .uint64), (.int8, .int8), (.int16, .int16), (.int32, .int32), (.int64, .int64),
        (.float16, .float16), (.bfloat16, .bfloat16), (.float32, .float32),
    ]

    var engineType: ct_type {
        Self.engineTypes.first { $0.0 == self }?.1 ?? .float32
    }

    init?(_ engineType: ct_type) {
        guard let match = Self.engineTypes.first(where: { $0.1 == engineType }) else { return nil }
        self = match.0
    }
}
