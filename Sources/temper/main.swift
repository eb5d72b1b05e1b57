// SPDX-License-Identifier: Apache-2.0
// The executable: everything is in TemperCommands, where tests reach it.

import TemperCommands

await TemperCommand.run(CommandLine.arguments)
