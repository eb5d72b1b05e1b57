// SPDX-License-Identifier: Apache-2.0
// The machine that this runs on.

internal import Foundation
public import Records
internal import Tensors

extension Machine {
    /// The machine that this runs on.
    public static var current: Machine {
        let process = ProcessInfo.processInfo
        return Machine(
            device: Engine.device.rawValue, cores: process.activeProcessorCount,
            operatingSystem: process.operatingSystemVersionString, processor: processorName,
            matrixKernel: MatrixKernel.current.name)
    }

    /// The model of the processor, where the system states it.
    private static let processorName: String? = {
        let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        return text?.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    }()
}
