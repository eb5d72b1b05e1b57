// SPDX-License-Identifier: Apache-2.0
// The machine that a cell ran on.

/// The machine that an audit, or one of its cells, ran on.
public struct Machine: Codable, Sendable, Hashable {
    /// The device that computed, such as `cpu` or `NVIDIA H100`.
    public var device: String
    /// How many processor cores it had.
    public var cores: Int
    /// The operating system and its version.
    public var operatingSystem: String
    /// The model of the processor, such as `AMD EPYC 9554`; nil when it is not known.
    public var processor: String?
    /// The kernel that multiplies matrices, such as `OpenBLAS 0.3.34 SkylakeX`; nil when it is not
    /// known. Another kernel can give other last bits.
    public var matrixKernel: String?

    /// Describes a machine.
    ///
    /// - Parameters:
    ///   - device: The device that computes.
    ///   - cores: How many processor cores it has.
    ///   - operatingSystem: The operating system and its version.
    ///   - processor: The model of the processor, if it is known.
    ///   - matrixKernel: The kernel that multiplies matrices, if it is known.
    public init(
        device: String, cores: Int, operatingSystem: String, processor: String? = nil,
        matrixKernel: String? = nil
    ) {
        self.device = device
        self.cores = cores
        self.operatingSystem = operatingSystem
        self.processor = processor
        self.matrixKernel = matrixKernel
    }
}
