// SPDX-License-Identifier: Apache-2.0
// The versions that records state.

internal import Tensors

/// The version of Temper.
public let temperVersion = "0.1.0"

/// The name and version of the tensor engine.
public var engineVersion: String { "mlx \(Engine.version)" }
