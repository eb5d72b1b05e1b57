// SPDX-License-Identifier: Apache-2.0
// The machine that a cell ran on.

/// The machine that an audit, or one of its cells, ran on.
public struct Machine: Codable, Sendable, Hashable {
    /// The device, such as `cpu` or `NVIDIA H100`.
    public var device: String
    /// The number of processor cores.
    public var cores: Int
    /// The operating system and its version.
    public var operatingSystem: String
    /// The model of the processor, such as `AMD EPYC 9554`; nil when it is not known.
    public var processor: String?
    /// The kernel that multiplies matrices, such as `OpenBLAS 0.3.34 SkylakeX`; nil when it is not
    /// known. Another kernel can change the last bits of results.
    public var matrixKernel: String?

    /// Makes the description of a machine.
    ///
    /// - Parameters:
    ///   - device: The device.
    ///   - cores: The number of processor cores.
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
