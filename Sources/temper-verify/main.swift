// SPDX-License-Identifier: Apache-2.0
// `temper-verify`: `temper verify` alone, without the tensor engine, for hubs and CI.

import ProvenanceCommands

await CommandLineProgram.run(TemperVerifyCommand.self, CommandLine.arguments)
