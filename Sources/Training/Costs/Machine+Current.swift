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
            operatingSystem: process.operatingSystemVersionString)
    }
}
