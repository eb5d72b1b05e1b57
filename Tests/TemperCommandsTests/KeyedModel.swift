// SPDX-License-Identifier: Apache-2.0
// A small directory to sign, and a key to sign it with.

import Foundation
import TemperFixtures
import Testing

/// `model` with two files beside `k.pem` and `k.pub.pem`; gone when nobody holds it.
struct KeyedModel {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: path("model"), withIntermediateDirectories: true)
        try write("{}", to: "model/config.json")
        try write("weights", to: "model/model.safetensors")
        #expect(try temper("keygen", "--out", path("k.pem")).status == 0)
    }

    func path(_ name: String) -> String { directory.url.appendingPathComponent(name).path }

    func write(_ text: String, to name: String) throws { try directory.write(text, to: name) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
}
