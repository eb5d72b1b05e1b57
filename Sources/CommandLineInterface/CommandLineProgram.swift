// SPDX-License-Identifier: Apache-2.0
// Runs a command line, and defines the exit codes.

package import ArgumentParser
import Foundation

/// The main function of every program of the project.
package enum CommandLineProgram {
    /// Runs a command line and ends the process with an exit code: 0 good, 1 the answer is "no", 2
    /// wrong usage or bad input.
    ///
    /// - Parameters:
    ///   - root: The program's root command.
    ///   - arguments: The command line, the program's name first.
    ///   - beforeRunning: Called with the command before it runs.
    ///   - isNo: Whether an error means the answer "no" and not a problem of the input.
    package static func run(
        _ root: any ParsableCommand.Type, _ arguments: [String],
        beforeRunning: (any ParsableCommand) -> Void = { _ in }, isNo: (any Error) -> Bool
    ) async {
        allowManyOpenFiles()
        do {
            var command = try root.parseAsRoot(Array(arguments.dropFirst()))
            beforeRunning(command)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch {
            let isMessage = root.exitCode(for: error) == .success
            let isUsage =
                root.exitCode(for: error) == .validationFailure || error is ValidationError
            let name = root.configuration.commandName ?? "temper"
            // The argument parser explains its own errors best.
            let text = isMessage || isUsage ? root.fullMessage(for: error) : "\(name): \(error)"
            let stream: FileHandle = isMessage ? .standardOutput : .standardError
            stream.write(Data((text + "\n").utf8))
            Foundation.exit(isMessage ? 0 : isNo(error) ? 1 : 2)
        }
    }

    /// All files of a verified model are held open, but a process may start with a low limit.
    private static func allowManyOpenFiles() {
        var limit = rlimit()
        #if canImport(Darwin)
            let resource = RLIMIT_NOFILE
        #else
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #endif
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(resource, &limit)
    }
}
