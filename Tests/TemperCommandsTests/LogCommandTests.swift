// SPDX-License-Identifier: Apache-2.0
// `temper log` from an empty log to a proof that is checked without it.

import Foundation
import TemperFixtures
import Testing

@Suite("temper log")
struct LogCommandTests {
    @Test("what is appended is proved without the log; what is changed is refused")
    func log() throws {
        let directory = try TemporaryDirectory()
        func path(_ name: String) -> String { directory.url.appendingPathComponent(name).path }
        try directory.write("one\ntwo\nthree\n", to: "audits.jsonl")
        try directory.write("two", to: "entry")
        let created = try temper(
            "log", "create", path("log"), "--origin", "example.org/audits", "--key", path("key"))
        #expect(created.status == 0, "\(created)")
        let attributes = try FileManager.default.attributesOfItem(atPath: path("key"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let key = try #require(
            created.output.split(separator: "\n").last?.split(separator: "\t").last.map(String.init)
        )
        let append = [
            "log", "append", path("log"), path("audits.jsonl"), "--lines", "--key", path("key"),
        ]
        #expect(try temper(append).output.hasPrefix("entry\t0\nentry\t1\nentry\t2\nsize\t3\n"))
        try FileManager.default.copyItem(atPath: path("log/checkpoint"), toPath: path("earlier"))
        #expect(try temper(append).status == 0)

        #expect(
            try temper("log", "prove", path("log"), path("entry"), "--out", path("proof")).status
                == 0)
        let verify = ["log", "verify", path("proof"), "--key", key, "--entry"]
        let good = try temper(verify + [path("entry")])
        #expect(good.output.hasPrefix("ok\tlog\texample.org/audits, 6 entries\n"))
        #expect(try temper(verify + [path("audits.jsonl")]).status == 1)
        let whole = ["log", "verify", path("log"), "--key", key, "--since", path("earlier")]
        #expect(try temper(whole).status == 0)
        #expect(try temper("log", "prove", path("log"), path("audits.jsonl")).status == 1)
        #expect(try temper("log", "prove", path("log"), "6").status == 2)
        #expect(try temper("log", "verify", path("proof"), "--key", key).status == 2)
        // What would not be looked at is not taken.
        for unused in [
            verify + [path("entry"), "--since", path("earlier")],
            whole + ["--entry", path("entry")],
        ] {
            #expect(try temper(unused).status == 2)
        }
        let again = try temper(
            "log", "create", path("log"), "--origin", "x", "--key", path("other"))
        #expect(again.status == 2 && again.error.contains("is not empty"))
        #expect(!FileManager.default.fileExists(atPath: path("other")))

        let entries = directory.url.appendingPathComponent("log/tile/entries/000.p/6")
        var data = try Data(contentsOf: entries)
        data[4] ^= 1
        try data.write(to: entries)
        let damaged = try temper(whole)
        #expect(damaged.status == 1)
        #expect(damaged.output.contains("entry 0 is not what was logged"))
        let refused = try temper(append)
        #expect(refused.status == 1 && refused.error.contains("entry 0 is not what was logged"))
    }
}
