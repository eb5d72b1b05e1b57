// SPDX-License-Identifier: Apache-2.0
// `temper-verify`: `temper verify`, `bom` and `log` without the tensor engine, for hubs and CI.

import ProvenanceCommands

await TemperVerifyCommand.run(CommandLine.arguments)
