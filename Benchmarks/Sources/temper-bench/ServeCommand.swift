// SPDX-License-Identifier: Apache-2.0
// Temper's worker: a job, then one iteration for each line, until the input ends.

import ArgumentParser
import Foundation
import Records
import Tensors

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Do a job's work as often as standard input says.",
        shouldDisplay: false)

    func run() throws {
        guard let line = readLine() else { return }
        let job = try JSONDecoder().decode(Job.self, from: Data(line.utf8))
        let iterate = try iteration(of: job)
        _ = try iterate()
        try answer(Reply(versions: ["temper": temperVersion, "engine": Engine.nameAndVersion]))
        let clock = ContinuousClock()
        while readLine() != nil {
            let start = clock.now
            let result = try iterate()
            try answer(Reply(seconds: (clock.now - start) / .seconds(1), result: result))
        }
    }

    private func answer(_ reply: Reply) throws {
        try FileHandle.standardOutput.write(
            contentsOf: JSONEncoder().encode(reply) + Data("\n".utf8))
    }
}
