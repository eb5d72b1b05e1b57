// SPDX-License-Identifier: Apache-2.0
// How often the commands that train save their training.

import ArgumentParser

/// How often a training is saved before its end.
struct SavingOptions: ParsableArguments {
    @Option(
        help: """
            Save the training this often beside the output, in seconds, so that the same command \
            goes on where it was stopped; 0 saves before each step.
            """)
    var saveEvery = 60.0

    func validate() throws {
        guard (0...1e9).contains(saveEvery) else {
            throw ValidationError("--save-every must be from 0 to 1000000000")
        }
    }
}
