// SPDX-License-Identifier: Apache-2.0
// `temper models`: lists the models that can be named.

import ArgumentParser
import CommandLineInterface
import Foundation

struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List the models that can be given by name.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let models = Locator().models()
        if json {
            try printJSON(models.map { ["name": $0.name, "path": $0.url.path] })
        } else if models.isEmpty {
            print("none; run scripts/bootstrap to fetch one")
        } else {
            for model in models { print("\(model.name)\t\(model.url.path)") }
        }
    }
}
