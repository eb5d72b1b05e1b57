// SPDX-License-Identifier: Apache-2.0
// The model that a command works on, and the adapter on it: the same for every command.

package import ArgumentParser
package import Foundation
import JSONText

/// A model, with an adapter or without one.
package struct ModelOptions: ParsableArguments {
    @Argument(help: "A path, or a name that 'temper models' lists.")
    package var model: String

    @Option(
        help: """
            The directory of a LoRA that PEFT saved. It is added to the model in memory, and what \
            is said is said of both together.
            """)
    package var adapter: String?

    package init() {}

    /// Returns the model's place.
    package func location() throws -> URL { try Locator().model(model) }

    /// Returns the adapter's place, or nil if none was named.
    package func adapterLocation() throws -> URL? {
        try adapter.map { text in
            let url = URL(fileURLWithPath: text)
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw InputError(
                    text, "no such directory", remedy: "name the adapter's directory by its path")
            }
            return url
        }
    }
}
