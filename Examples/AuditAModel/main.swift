// SPDX-License-Identifier: Apache-2.0
// Audits a model from one's own program: AuditAModel MODEL SUITE OUT.

import Adversaries
import Audits
import Foundation
import Measuring
import Records
import Reports
import Suites

guard CommandLine.arguments.count == 4 else {
    print("usage: AuditAModel MODEL SUITE OUT (MODEL: a directory or a .gguf file)")
    exit(2)
}
let paths = CommandLine.arguments.dropFirst().map { URL(fileURLWithPath: $0) }
try FileManager.default.createDirectory(at: paths[2], withIntermediateDirectories: true)

let loaded = try LoadedModel(at: paths[0])
let request = Audit.Request(
    model: loaded.model, identity: loaded.identity, suite: try Suite(at: paths[1]),
    battery: try Battery("quick"), seeds: [1])
let store = try SQLiteCellStore(at: paths[2].appendingPathComponent("audit.sqlite"))

for try await event in try Audit(request, store: store).run() {
    switch event {
    case .point(let cell, let point):
        let refusal = point.measurements.first(MeasureName.refusal)?.value ?? .nan
        print("\(cell.adversary.name) after \(point.step) steps: refusal \(refusal)")
    case .record(let record):
        let html = Report(record).html()
        try html.write(
            to: paths[2].appendingPathComponent("report.html"), atomically: true, encoding: .utf8)
    default: break
    }
}
