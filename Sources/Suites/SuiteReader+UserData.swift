// SPDX-License-Identifier: Apache-2.0
// Reads a user's files into a suite, and takes the rest from another suite.

internal import Crypto
internal import Foundation
internal import JSONText
import Records

extension SuiteReader {
    /// Returns the suite that the manifest names as its base.
    mutating func base(
        _ locate: ((String) throws -> URL)?
    ) throws -> (suite: Suite, directory: URL)? {
        struct Outline: Decodable { let base: String? }
        let file = directory.appendingPathComponent(Self.manifestName)
        guard let data = FileManager.default.contents(atPath: file.path),
            let name = (try? JSONDecoder().decode(Outline.self, from: data))?.base
        else { return nil }
        let beside = directory.appendingPathComponent(name).standardizedFileURL
        let hasManifest = FileManager.default.fileExists(
            atPath: beside.appendingPathComponent(Self.manifestName).path)
        let remedy = "name a suite's folder by its path from here"
        let found: URL?
        do {
            found = hasManifest ? beside : try locate?(name)
        } catch {
            throw failure(
                Self.manifestName, nil, "the base cannot be found: \(error)", remedy: remedy)
        }
        guard let url = found else {
            throw failure(
                Self.manifestName, nil, "the base \"\(name)\" is no suite's folder", remedy: remedy)
        }
        let outline = FileManager.default.contents(
            atPath: url.appendingPathComponent(Self.manifestName).path
        ).flatMap { try? JSONDecoder().decode(Outline.self, from: $0) }
        if outline?.base != nil {
            throw failure(
                Self.manifestName, nil,
                "the base \"\(name)\" has a base itself", remedy: "name a suite that is whole")
        }
        let suite = try Suite(at: url)
        include(suite)
        return (suite, url)
    }

    /// Returns a manifest whose missing fields are taken from the base's.
    func inheriting(_ data: Data, from base: URL?) throws -> Data {
        guard let base,
            let inherited = FileManager.default.contents(
                atPath: base.appendingPathComponent(Self.manifestName).path),
            var fields = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let others = try? JSONSerialization.jsonObject(with: inherited) as? [String: Any]
        else { return data }
        for name in ["thresholds", "refusalMarkers", "systemPrompts"] where fields[name] == nil {
            fields[name] = others[name]
        }
        fields["files"] = fields["files"] ?? [String: Int]()
        return try JSONSerialization.data(withJSONObject: fields)
    }

    /// Returns the prompts of a role: from the user's files, from the folder's own, or from the
    /// base.
    mutating func splits<Item: PromptItem>(
        _ role: String, from data: [String: DataFiles], else base: Splits<Item>?
    ) throws -> Splits<Item> {
        guard let files = data[role] else {
            return try base.flatMap { has("\(role)-test.jsonl") ? nil : $0 } ?? splits(role)
        }
        let limit = limits[role] ?? .max
        var parts: [SuiteSplit: [Item]] = [:]
        switch files {
        case .whole(let names):
            let dealt = Splits<Item>(dealing: try names.flatMap { try prompts(in: $0) })
            for split in SuiteSplit.allCases { parts[split] = dealt[split] }
        case .splits(let names):
            for split in SuiteSplit.allCases {
                let own: [Item] = try (names[split.rawValue] ?? []).flatMap { try prompts(in: $0) }
                let dealt = Splits(dealing: own)
                parts[split] = dealt.train + dealt.validation + dealt.test
            }
        }
        for split in SuiteSplit.allCases where parts[split]?.isEmpty != false {
            throw failure(
                Self.manifestName, nil,
                "data.\(role) leaves no prompt for the split \"\(split)\"",
                remedy: "bring more prompts, or name files for each of train, validation and test")
        }
        try checkApart(parts, role: role)
        func part(_ split: SuiteSplit) -> [Item] { Array((parts[split] ?? []).prefix(limit)) }
        return Splits(train: part(.train), validation: part(.validation), test: part(.test))
    }

    /// Returns the questions: from the user's files, in the order of their digests, or like
    /// ``splits``.
    mutating func capability(
        from data: [String: DataFiles], else base: [CapabilityItem]?
    ) throws -> [CapabilityItem] {
        let role = "capability"
        guard let files = data[role] else { return try lines("\(role).jsonl", else: base) }
        guard case .whole(let names) = files else {
            throw failure(
                Self.manifestName, nil,
                "data.\(role) names files by split, but questions have none",
                remedy: "list the files")
        }
        var items: [CapabilityItem] = []
        for name in names {
            let file = try open(name)
            guard file.columns.contains("question"), file.columns.contains("answer") else {
                throw unknownColumns(file, in: name, known: ChoiceColumns.description)
            }
            for row in file.rows {
                try at(name, file) { () throws(DataFile.Problem) in
                    let item = try ChoiceColumns.item(
                        of: row, columns: file.columns, id: "\(name):\(row.number)")
                    if let problem = item.problem {
                        throw DataFile.Problem(
                            number: row.number, text: problem.text, remedy: problem.remedy)
                    }
                    if let twin = items.first(where: { $0.uniqueText == item.uniqueText }) {
                        throw DataFile.Problem(
                            number: row.number,
                            text: "the same question with the same choices already stands in "
                                + twin.id, remedy: "remove one of them")
                    }
                    items.append(item)
                }
            }
        }
        let digests = items.map { Data(SHA256.hash(data: Data($0.question.utf8))) }
        let order = items.indices.sorted {
            digests[$0] == digests[$1]
                ? $0 < $1 : digests[$0].lexicographicallyPrecedes(digests[$1])
        }
        return order.prefix(limits[role] ?? .max).map { items[$0] }
    }

    /// Returns the items of a file of the folder, or those of the base if it is missing.
    mutating func lines<Item: SuiteItem>(_ name: String, else base: [Item]?) throws -> [Item] {
        try base.flatMap { has(name) ? nil : $0 } ?? lines(name)
    }

    /// A file that a suite may lack, if the manifest does not count its lines: the folder's, or what
    /// the base has in its place, or nothing.
    mutating func optionalLines<Item: SuiteItem>(
        _ name: String, else base: [Item]?
    ) throws -> [Item] {
        guard has(name) || expectedLines[name] != nil else { return base ?? [] }
        return try lines(name)
    }

    private mutating func prompts<Item: PromptItem>(in name: String) throws -> [Item] {
        let file = try open(name)
        guard let columns = PromptColumns(file.columns) else {
            throw unknownColumns(file, in: name, known: PromptColumns.description)
        }
        return try file.rows.map { row in
            try at(name, file) { () throws(DataFile.Problem) in
                try Item(
                    id: "\(name):\(row.number)", prompt: columns.prompt(of: row),
                    target: columns.target(of: row))
            }
        }
    }

    private mutating func open(_ name: String) throws -> DataFile {
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw failure(
                Self.manifestName, nil,
                "data names \"\(name)\", which is not in the suite's folder",
                remedy: "copy or link it there")
        }
        let type = (name as NSString).pathExtension.lowercased()
        do {
            return try DataFile(try contents(name), type: type)
        } catch let problem as DataFile.Problem {
            throw failure(name, problem.number, problem.text, remedy: problem.remedy)
        }
    }

    /// Runs `body`, and reports the place of a problem.
    private func at<T>(
        _ name: String, _ file: DataFile, _ work: () throws(DataFile.Problem) -> T
    ) throws -> T {
        do throws(DataFile.Problem) {
            return try work()
        } catch {
            guard let number = error.number, !file.hasLines else {
                throw failure(name, error.number, error.text, remedy: error.remedy)
            }
            throw failure(name, nil, "item \(number): \(error.text)", remedy: error.remedy)
        }
    }

    private func unknownColumns(_ file: DataFile, in name: String, known: String) -> InputError {
        failure(
            name, 1,
            "has the columns \(file.columns.joined(separator: ", ")), which are not known; known "
                + "are \(known)", remedy: "rename the columns")
    }

    /// Checks that reported items cannot be learnt from, and that no prompt counts twice.
    private func checkApart<Item: PromptItem>(
        _ parts: [SuiteSplit: [Item]], role: String
    ) throws {
        var owners: [String: (split: SuiteSplit, id: String)] = [:]
        for split in SuiteSplit.allCases {
            for item in parts[split] ?? [] {
                if let owner = owners[item.prompt] {
                    throw failure(
                        Self.manifestName, nil,
                        "data.\(role): the prompt of \(item.id) (\(split)) is also \(owner.id) "
                            + "(\(owner.split))", remedy: "remove one of them")
                }
                owners[item.prompt] = (split, item.id)
            }
        }
    }

    private func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: directory.appendingPathComponent(name).path)
    }
}
