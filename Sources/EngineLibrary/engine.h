// SPDX-License-Identifier: Apache-2.0
// Nothing is imported through this module: it hands the engine's search paths and libraries,
// which scripts/bootstrap writes into temper-engine.pc, to the targets that depend on it.
