// SPDX-License-Identifier: Apache-2.0
// The lines of entries in a battery's file, so that an error can name the line.

internal import Foundation
internal import JSONText
internal import Records
internal import Yams

/// The lines of a battery's file.
struct BatteryLines {
    private let file: String
    private let root: Node?

    /// Reads the lines of a file. A file that is not YAML has none.
    init(yaml: Data, file: String) {
        self.file = file
        root = try? Yams.compose(yaml: String(decoding: yaml, as: UTF8.self))
    }

    /// Returns the file with the line of a place that a decoder names.
    func place(_ path: [any CodingKey]) -> String {
        var node = root
        var line: Int?
        for key in path {
            let next = key.intValue.flatMap { index in
                node?.sequence.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            }
            node = next ?? node?.mapping?[Node(key.stringValue)]
            line = node?.mark?.line ?? line
        }
        return place(line: line)
    }

    /// Returns the file with the line of an adversary, or of one of its parameters if that is
    /// found.
    func place(ofAdversary index: Int, parameter: String? = nil) -> String {
        let adversary = adversary(index)
        let line = parameter.flatMap { name in adversary.flatMap { Self.line(of: name, in: $0) } }
        return place(line: line ?? adversary?.mark?.line)
    }

    /// Throws an `InputError` for an unknown key, which would otherwise be ignored silently.
    func checkKeys(battery: [String], adversary known: [String]) throws {
        func check(_ node: Node?, _ known: [String], _ what: String) throws {
            for (key, _) in node?.mapping.map(Array.init) ?? [] {
                guard let name = key.string, !known.contains(name) else { continue }
                throw InputError(
                    place(line: key.mark?.line), "\(what) has no \"\(name)\"",
                    remedy: "it has: \(known.joined(separator: ", "))")
            }
        }
        try check(root, battery, "a battery")
        for index in root?["adversaries"]?.sequence?.indices ?? 0..<0 {
            try check(adversary(index), known, "an adversary")
        }
    }

    private func adversary(_ index: Int) -> Node? {
        root?["adversaries"]?.sequence.flatMap { $0.indices.contains(index) ? $0[index] : nil }
    }

    private func place(line: Int?) -> String { line.map { "\(file):\($0)" } ?? file }

    /// Returns the line of the first key with a name in a node or inside it.
    private static func line(of name: String, in node: Node) -> Int? {
        let entries = node.mapping.map(Array.init) ?? []
        if let found = entries.first(where: { $0.key.string == name }) {
            return found.key.mark?.line
        }
        let inner = entries.map(\.value) + (node.sequence.map(Array.init) ?? [])
        return inner.lazy.compactMap { line(of: name, in: $0) }.first
    }
}
