// SPDX-License-Identifier: Apache-2.0
// By which kernel matrices are multiplied on the CPU, and whether the processor could do more.

import CTensor
public import Foundation

/// The kernel by which the CPU multiplies matrices, beside what the processor offers.
public struct MatrixKernel: Sendable, Hashable {
    /// Vector instructions, narrow to wide within a family of processors.
    public enum Vectors: String, Sendable, Hashable, CaseIterable {
        case sse = "SSE"
        case avx = "AVX"
        case avx2 = "AVX2"
        case avx512 = "AVX-512"
        case neon = "NEON"
        case sve = "SVE"

        fileprivate init(_ vectors: ct_vectors) {
            self =
                switch vectors {
                case .sse: .sse
                case .avx: .avx
                case .avx2: .avx2
                case .avx512: .avx512
                case .neon: .neon
                case .sve: .sve
                }
        }

        /// A kernel of OpenBLAS that uses these vectors.
        var kernel: String {
            switch self {
            case .sse: "Prescott"
            case .avx: "Sandybridge"
            case .avx2: "Haswell"
            case .avx512: "SkylakeX"
            case .neon: "ARMV8"
            case .sve: "ARMV8SVE"
            }
        }
    }

    /// The environment variable by which a user chooses the kernel.
    static let variable = "OPENBLAS_CORETYPE"

    /// The matrix library's name for the kernel, such as `SkylakeX`.
    public let name: String
    /// The vectors that the kernel uses.
    public let vectors: Vectors
    /// The widest vectors that the processor offers.
    public let processorVectors: Vectors

    /// Describes a kernel.
    ///
    /// - Parameters:
    ///   - name: The matrix library's name for the kernel.
    ///   - vectors: The vectors that the kernel uses.
    ///   - processorVectors: The widest vectors that the processor offers.
    public init(name: String, vectors: Vectors, processorVectors: Vectors) {
        self.name = name
        self.vectors = vectors
        self.processorVectors = processorVectors
    }

    /// The kernel that the matrix library chose in this process.
    public static var current: MatrixKernel {
        MatrixKernel(
            name: String(cString: ct_matrix_kernel()),
            vectors: Vectors(ct_matrix_kernel_vectors()),
            processorVectors: Vectors(ct_processor_vectors()))
    }

    /// Whether the kernel uses the widest vectors of the processor.
    public var isWidest: Bool { vectors == processorVectors }

    /// Says in one line what is wrong with the kernel and what to do.
    ///
    /// - Parameter environment: The environment in which the matrix library chose; nil for that of
    ///   the process.
    /// - Returns: The line, or nil if the kernel is the widest.
    public func warning(environment: [String: String]? = nil) -> String? {
        guard !isWidest else { return nil }
        let environment = environment ?? ProcessInfo.processInfo.environment
        let remedy =
            if let chosen = environment[Self.variable] {
                "unset \(Self.variable), which is \(chosen)"
            } else {
                "set \(Self.variable)=\(processorVectors.kernel)"
            }
        return "matrices are multiplied by the kernel \(name) (\(vectors.rawValue)), although this "
            + "processor has \(processorVectors.rawValue): several times slower; \(remedy)"
    }
}
