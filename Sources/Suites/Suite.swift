// SPDX-License-Identifier: Apache-2.0
// A suite: the data of one safeguard, read from a folder and checked line by line.

internal import Crypto
public import Foundation
internal import JSONText
public import Records

/// The data of one safeguard: restricted prompts with compliant targets, benign prompts and
/// look-alikes, capability items and retain text.
///
/// A suite is a folder with a `manifest.json` and JSON Lines files; `Suites/README.md` describes
/// each file. Everything is checked when it is read: a bad line is an error with its number.
public struct Suite: Sendable {
    /// The content of `manifest.json`.
    public let manifest: Manifest
    /// Lowercase hexadecimal SHA-256 over the names and digests of the suite's files.
    public let digest: String
    /// Prompts that the safeguard must decline, with the answers of a model that does not.
    public let restricted: Splits<RestrictedPrompt>
    /// Everyday prompts that the safeguard must not affect.
    public let benign: Splits<BenignPrompt>
    /// Benign prompts that resemble restricted ones, on which over-refusal shows first.
    public let lookalike: Splits<BenignPrompt>
    /// Texts that decline, for refusal training.
    public let refusals: [Refusal]
    /// Multiple-choice items that measure the model's other abilities.
    public let capability: [CapabilityItem]
    /// Many more of them, for the safety tax alone: only untampered models are asked. Empty where the
    /// suite has none.
    public let tax: [CapabilityItem]
    /// Plain prose, for perplexity and KL divergence.
    public let retain: [RetainText]
    /// The additional data of a knowledge restriction; nil for a refusal.
    public let knowledge: Knowledge?

    /// The identity of this suite in a record.
    public var identity: SuiteIdentity {
        SuiteIdentity(
            name: manifest.name, version: manifest.version, digest: digest,
            safeguard: manifest.safeguard.rawValue)
    }

    /// Returns the restricted prompts of a split that have a compliant answer.
    ///
    /// - Parameters:
    ///   - split: The split. Attackers have that of training, and may have held-out prompts.
    ///   - adversary: The adversary's name for the error.
    /// - Returns: The prompts with the answers that an attack trains.
    /// - Throws: `InputError` when there are none.
    public func compliantExamples(
        in split: SuiteSplit = .train, for adversary: String = "this attack"
    ) throws -> [(prompt: String, answer: String)] {
        let examples = restricted[split].compactMap { item in
            item.compliant.map { (prompt: item.prompt, answer: $0) }
        }
        guard examples.isEmpty else { return examples }
        throw InputError(
            adversary,
            "learns from compliant answers to restricted prompts, and suite \(manifest.name) has "
                + "prompts alone (as HarmBench and StrongREJECT have)",
            remedy: "name a file with targets as data.restricted.\(split.rawValue), or leave this "
                + "adversary out")
    }

    /// Reads and checks a suite.
    ///
    /// - Parameters:
    ///   - directory: The folder that holds `manifest.json`.
    ///   - locateBase: Finds the suite that the manifest names as its base, if that is not a folder
    ///     beside this one.
    /// - Throws: `InputError` with file and line.
    public init(
        at directory: URL, locateBase: ((String) throws -> URL)? = nil
    ) throws {
        var reader = SuiteReader(directory: directory)
        let base = try reader.base(locateBase)
        manifest = try reader.manifest(over: base?.directory)
        reader.expectedLines = manifest.files
        reader.limits = manifest.limits ?? [:]
        let data = manifest.data ?? [:]
        restricted = try reader.splits("restricted", from: data, else: base?.suite.restricted)
        benign = try reader.splits("benign", from: data, else: base?.suite.benign)
        lookalike = try reader.splits("lookalike", from: data, else: base?.suite.lookalike)
        refusals = try reader.lines("refusals.jsonl", else: base?.suite.refusals)
        capability = try reader.capability(from: data, else: base?.suite.capability)
        tax = try reader.optionalLines("tax.jsonl", else: base?.suite.tax)
        retain = try reader.lines("retain.jsonl", else: base?.suite.retain)
        if manifest.safeguard == .knowledgeRestriction {
            try reader.requireChecks(of: restricted, named: "restricted")
            try reader.requireChecks(of: lookalike, named: "lookalike")
            knowledge = Knowledge(
                facts: try reader.facts(), unanswerable: try reader.splits("unanswerable"))
        } else {
            knowledge = nil
        }
        digest = reader.digest()
    }
}

extension Suite {
    /// Whether it states the phrases of correct answers to restricted prompts.
    package var hasRequiredPhrases: Bool { restricted.test.allSatisfy { $0.required != nil } }

    /// The additional data of a knowledge restriction.
    public struct Knowledge: Sendable {
        /// All facts, restricted and retained, in the wordings in which they are taught.
        public let facts: [Fact]
        /// Questions that have no answer.
        public let unanswerable: Splits<UnanswerablePrompt>

        /// Returns the facts of a topic.
        public func facts(_ topic: Fact.Topic) -> [Fact] { facts.filter { $0.topic == topic } }
    }
}

/// Reads the files of one suite and keeps the data for its digest.
struct SuiteReader {
    let directory: URL
    var expectedLines: [String: Int] = [:]
    var limits: [String: Int] = [:]
    private var fileDigests: [(name: String, digest: SHA256.Digest)] = []

    init(directory: URL) {
        self.directory = directory
    }

    mutating func manifest(over base: URL?) throws -> Suite.Manifest {
        let name = Self.manifestName
        let own = try contents(name)
        let data = try inheriting(own, from: base)
        do {
            let manifest = try JSONDecoder().decode(Suite.Manifest.self, from: data)
            try manifest.check { failure(name, nil, $0, remedy: $1) }
            return manifest
        } catch let error as DecodingError {
            let isMissing = if case .keyNotFound = error { true } else { false }
            throw InputError(
                error, in: data, file: place(name),
                remedy: isMissing
                    ? "add it, or name a base that has it"
                    : "write the manifest as Suites/README.md describes it")
        }
    }

    static let manifestName = "manifest.json"

    mutating func splits<Item: SuiteItem>(_ name: String) throws -> Splits<Item> {
        Splits(
            train: try lines("\(name)-train.jsonl"),
            validation: try lines("\(name)-validation.jsonl"),
            test: try lines("\(name)-test.jsonl"))
    }

    mutating func lines<Item: SuiteItem>(_ name: String) throws -> [Item] {
        let data = try contents(name)
        let decoder = JSONDecoder()
        var items: [Item] = []
        var lineOfIdentifier: [String: Int] = [:]
        var lineOfText: [String: Int] = [:]
        for (index, line) in data.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        )
        .enumerated() {
            let isBlank = line.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
            if isBlank { continue }
            let number = index + 1
            do {
                let item = try decoder.decode(Item.self, from: line)
                if let problem = item.problem {
                    throw failure(name, number, problem.text, remedy: problem.remedy)
                }
                if let earlier = lineOfIdentifier.updateValue(number, forKey: item.id) {
                    throw failure(
                        name, number, "the id \"\(item.id)\" already stands in line \(earlier)",
                        remedy: "give each item its own id")
                }
                if let text = item.uniqueText,
                    let earlier = lineOfText.updateValue(number, forKey: text)
                {
                    throw failure(
                        name, number,
                        "the same prompt already stands in line \(earlier), and would count twice",
                        remedy: "remove one of them")
                }
                items.append(item)
            } catch let error as DecodingError {
                throw InputError(
                    error, in: line, file: place(name, number),
                    remedy: "write the line as Suites/README.md describes it")
            }
        }
        if items.isEmpty {
            throw failure(name, nil, "is empty", remedy: "a suite needs at least one line here")
        }
        if let expected = expectedLines[name], expected != items.count {
            throw failure(
                name, nil,
                "has \(items.count) items, the manifest says \(expected)",
                remedy: "restore the file, or state the new number in manifest.json")
        }
        return items
    }

    mutating func facts() throws -> [Fact] {
        let facts: [Fact] = try lines("facts.jsonl")
        for topic in Fact.Topic.allCases where !facts.contains(where: { $0.topic == topic }) {
            throw failure(
                "facts.jsonl", nil,
                "has no \(topic.rawValue) fact",
                remedy: "a knowledge restriction needs both topics")
        }
        return facts
    }

    /// Throws if items do not state how to recognise a correct answer.
    func requireChecks(of splits: Splits<some AnsweredPrompt & SuiteItem>, named name: String)
        throws
    {
        for split in [SuiteSplit.validation, .test] {
            for item in splits[split] where item.required == nil || item.choices == nil {
                let missing = item.required == nil ? "required" : "choices"
                throw failure(
                    "\(name)-\(split.rawValue).jsonl", nil,
                    "the item \"\(item.id)\" has no \"\(missing)\"",
                    remedy: "in a knowledge restriction each has both")
            }
        }
    }

    /// Returns the SHA-256 over `name\0digest` of each file, with names in byte order.
    func digest() -> String {
        var hash = SHA256()
        for file in fileDigests.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
        {
            hash.update(data: Data(file.name.utf8) + [0])
            hash.update(data: Data(file.digest))
        }
        return hash.finalize().hexadecimal
    }

    /// Makes the digest depend on another suite.
    mutating func include(_ base: Suite) {
        fileDigests.append(("base/", SHA256.hash(data: Data(base.digest.utf8))))
    }

    mutating func contents(_ name: String) throws -> Data {
        let url = directory.appendingPathComponent(name)
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw failure(
                    name, nil, "is missing",
                    remedy: "a suite is a folder described in Suites/README.md, or has a base for "
                        + "what it lacks")
            }
            throw failure(name, nil, "cannot be read", remedy: "check its permissions")
        }
        fileDigests.append((name, SHA256.hash(data: data)))
        return data
    }

    /// Returns an error about a file of the suite, or about a line of it.
    func failure(_ name: String, _ line: Int?, _ problem: String, remedy: String) -> InputError {
        InputError(place(name, line), problem, remedy: remedy)
    }

    /// Returns a file of the suite with its path, and the line if one is given.
    private func place(_ name: String, _ line: Int? = nil) -> String {
        let path = directory.appendingPathComponent(name).path
        return line.map { "\(path):\($0)" } ?? path
    }
}
