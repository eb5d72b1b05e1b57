// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Help")
struct HelpTests {
    @Test(
        "help says what it said before; a change is seen in review",
        arguments: [
            "audit", "teach", "harden", "measure", "report", "attacks", "batteries", "judges",
            "measures", "models", "generate", "score", "tokenize", "compare", "reproduce",
            "plan", "cell", "collect", "defenses", "doctor", "keygen", "sign", "certify", "verify",
            "log", "serve-model", "inspect", "realign", "tune-defense", "bom", "info", "withdraw",
        ])
    func subcommand(name: String) throws {
        let result = try temper(name, "--help")
        #expect(result.status == 0)
        let expected = try snapshot(name)
        #expect(result.output == expected)
    }

    @Test("the root's help lists every command")
    func root() throws {
        let output = try temper("--help").output
        let expected = try snapshot("temper")
        #expect(output == expected)
    }

    private func snapshot(_ name: String) throws -> String {
        let file = Bundle.module.url(
            forResource: name, withExtension: "txt", subdirectory: "Snapshots")
        return try text(of: try #require(file))
    }
}
