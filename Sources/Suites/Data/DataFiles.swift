// SPDX-License-Identifier: Apache-2.0
// The files that a user brings for each role, and how one file becomes three splits.

internal import Crypto
internal import Foundation

/// The files of one role in a manifest: one, several, or some for each split.
enum DataFiles: Decodable, Sendable {
    case whole([String])
    case splits([String: [String]])

    /// The roles for which a suite can use such files.
    static let roles = ["restricted", "benign", "lookalike", "capability"]

    init(from decoder: any Decoder) throws {
        struct Names: Decodable {
            let names: [String]
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                names =
                    try (try? container.decode(String.self)).map { [$0] }
                    ?? container.decode([String].self)
            }
        }
        if let parts = try? decoder.singleValueContainer().decode([String: Names].self) {
            self = .splits(parts.mapValues(\.names))
        } else {
            self = .whole(try Names(from: decoder).names)
        }
    }
}

/// An item that is identified by its prompt, which also decides its split.
protocol PromptItem: SuiteItem {
    var prompt: String { get }

    /// Makes an item from the fields of a file. `target` is the answer or its beginning, if the
    /// file has one.
    init(id: String, prompt: String, target: String?) throws(DataFile.Problem)
}

extension RestrictedPrompt: PromptItem {
    init(id: String, prompt: String, target: String?) throws(DataFile.Problem) {
        self.init(id: id, prompt: prompt, compliant: target)
    }
}

extension BenignPrompt: PromptItem {
    init(id: String, prompt: String, target: String?) throws(DataFile.Problem) {
        guard let target else {
            throw DataFile.Problem(
                number: nil,
                text: "has no column \"target\" or \"answer\", and a benign prompt needs an answer "
                    + "to train on", remedy: "add one, or name files of another shape")
        }
        self.init(id: id, prompt: prompt, answer: target)
    }
}

extension Splits where Item: PromptItem {
    /// Divides items by the SHA-256 of their prompts, so that the same prompt is always in the same
    /// split, whatever the other items: two fifths train, one fifth validation, two fifths test.
    /// Within a split they are ordered by that digest, which works like shuffling.
    init(dealing items: [Item]) {
        func place(_ item: Item) -> UInt64 {
            SHA256.hash(data: Data(item.prompt.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
        let placed = items.map { (item: $0, place: place($0)) }
            .sorted { ($0.place, $0.item.id) < ($1.place, $1.item.id) }
        func part(_ shares: Range<Double>) -> [Item] {
            placed.filter { shares.contains(Double($0.place) / 0x1p64) }.map(\.item)
        }
        // The largest digests are rounded to one.
        self.init(train: part(0..<0.4), validation: part(0.4..<0.6), test: part(0.6..<1.5))
    }
}
