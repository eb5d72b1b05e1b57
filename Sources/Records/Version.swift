// SPDX-License-Identifier: Apache-2.0
// The version that records state.

/// The version of Temper.
public let temperVersion = "0.1.0"
