// SPDX-License-Identifier: Apache-2.0
// Reads the goldens and the models that the tests compare with them.

import Foundation
import LanguageModels
import Testing

/// The files that the scripts in Goldens/ made.
enum Goldens {
    static func url(_ name: String) throws -> URL {
        try #require(Bundle.module.url(forResource: "Goldens", withExtension: nil))
            .appending(path: name)
    }

    static func read<Golden: Decodable>(_ name: String, as type: Golden.Type) throws -> Golden {
        try JSONDecoder().decode(type, from: Data(contentsOf: url(name)))
    }

    static let tiny = [
        "gqa", "linear", "llama3", "bias", "mistral", "qwen2", "qwen3", "gemma", "gemma2",
    ]

    static func tinyModel(_ name: String) throws -> LanguageModel {
        try LanguageModel(at: url("tiny-\(name)"))
    }

    static func tinyExpected(_ name: String) throws -> TinyGolden {
        try read("tiny-\(name)/expected.json", as: TinyGolden.self)
    }
}

struct TinyGolden: Decodable {
    struct Sequence: Decodable {
        let ids: [Int]
        let logprobs: [Float]
        let greedy: [Int]
        let next: [Float]
        let residual: [[Float]]
    }

    let sequences: [Sequence]
    let inverseFrequencies: [Float]
    let full: [Float]?

    enum CodingKeys: String, CodingKey {
        case sequences, full
        case inverseFrequencies = "inverse_frequencies"
    }
}

/// The default model, which the bootstrap fetches: without it the tests fail.
enum DefaultModel {
    static let url = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".deps/models/smollm2-135m-instruct.gguf")

    private static let loaded = Result { try LanguageModel(at: url) }

    static func load() throws -> LanguageModel { try loaded.get() }
}

/// Expects equality within a tolerance; says where the worst difference is.
func expectClose(
    _ actual: [Float], _ expected: [Float], absolute: Float, relative: Float = 0,
    _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.count == expected.count else {
        Issue.record(
            "\(comment): \(actual.count) values instead of \(expected.count)",
            sourceLocation: sourceLocation)
        return
    }
    var worst: (index: Int, excess: Float)?
    for (index, (value, wanted)) in zip(actual, expected).enumerated() {
        let excess = abs(value - wanted) - absolute - relative * abs(wanted)
        let counted = excess.isNaN ? Float.infinity : excess
        if counted > worst?.excess ?? 0 { worst = (index, counted) }
    }
    if let worst {
        Issue.record(
            "\(comment): [\(worst.index)] is \(actual[worst.index]), not \(expected[worst.index])",
            sourceLocation: sourceLocation)
    }
}
