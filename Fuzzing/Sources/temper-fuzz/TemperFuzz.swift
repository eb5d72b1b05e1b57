// SPDX-License-Identifier: Apache-2.0
// temper-fuzz TARGET [libFuzzer's arguments]: feeds one parser with whatever libFuzzer thinks of.

import Foundation
import LibFuzzer

/// A parser to be fuzzed.
struct FuzzTarget {
    /// What the command calls it.
    let name: String
    /// Reads the input. Errors are good answers; a trap, a hang or an exhausted memory is a finding,
    /// and so is a broken promise, which calls ``broken(_:)``.
    let run: @Sendable (Data) throws -> Void

    static let all: [FuzzTarget] = [
        .safetensors, .quantised, .shardIndex, .gguf, .tokenizer, .sentencePiece, .vocabulary,
        .chatTemplate, .bundle, .statement, .certificates, .keys, .policy, .log, .names,
        .attestations, .trust, .chatRequest, .http,
    ]
}

/// Ends the process as a finding: a parser took its input, and then did not do what it says.
func broken(_ promise: String) -> Never { fatalError("broken promise: \(promise)") }

@main
enum TemperFuzz {
    nonisolated(unsafe) private static var target = FuzzTarget.safetensors

    static func main() {
        var arguments = CommandLine.arguments
        guard arguments.count > 1,
            let chosen = FuzzTarget.all.first(where: { $0.name == arguments[1] })
        else {
            let names = FuzzTarget.all.map(\.name).joined(separator: "\n  ")
            print("usage: temper-fuzz TARGET [libFuzzer's arguments]\n  \(names)")
            exit(2)
        }
        target = chosen
        arguments.remove(at: 1)
        var count = CInt(arguments.count)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        let status = pointers.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            return LLVMFuzzerRunDriver(&count, &start) { bytes, size in
                let input = bytes.map { Data(bytes: $0, count: size) } ?? Data()
                do {
                    try TemperFuzz.target.run(input)
                } catch {
                    // Every message must be one line, whatever names the file brings along.
                    if "\(error)".contains(where: \.isNewline) { broken("a message of one line") }
                }
                return 0
            }
        }
        exit(status)
    }
}
