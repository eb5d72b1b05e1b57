// SPDX-License-Identifier: Apache-2.0
// A value in a policy's file with its line. Reading is strict: nothing is guessed or ignored.

import Checkpoints
import Foundation
import JSONText
import Records
import Yams

/// One value of a YAML file.
struct PolicyValue {
    /// The most bytes of a policy; a longer file is refused.
    static let longest = 1 << 20

    private let node: Node
    private let file: String
    /// The dotted name of the value, empty for the whole file.
    private let name: String

    /// Reads the only document of a file.
    ///
    /// - Throws: An `InputError` with the line when the text is not YAML or has a key twice.
    init(yaml: Data, file: String) throws {
        guard yaml.count <= Self.longest, let text = String(validating: yaml, as: UTF8.self) else {
            throw InputError(
                file, "is not UTF-8 text of at most \(Self.longest) bytes",
                remedy: "give a policy as Documentation/Attestation.md describes it")
        }
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw InputError(
                    file, "is empty",
                    remedy: "write a policy as Documentation/Attestation.md describes it")
            }
            self.init(node: node, file: file, name: "")
        } catch let error as YamlError {
            throw Self.error(error, file: file)
        }
    }

    private init(node: Node, file: String, name: String) {
        self.node = node
        self.file = file
        self.name = name
    }

    // MARK: - Objects and lists

    /// Returns the fields of a mapping.
    ///
    /// - Parameter known: The allowed keys.
    /// - Returns: The fields by their keys.
    /// - Throws: An `InputError` for a value that is not a mapping and for an unknown key.
    func fields(_ known: [String]) throws -> Fields {
        guard let mapping = node.mapping else { throw wrongType("key: value lines") }
        var values: [String: PolicyValue] = [:]
        for (key, value) in mapping {
            let child = PolicyValue(
                node: key, file: file,
                name: [name, key.string ?? ""].filter { !$0.isEmpty }.joined(separator: "."))
            guard let word = key.string, known.contains(word) else {
                throw child.error(
                    "is not known here", remedy: "use one of: \(known.joined(separator: ", "))")
            }
            guard values[word] == nil else {
                throw child.error("stands here twice", remedy: "keep one of them")
            }
            values[word] = PolicyValue(node: value, file: file, name: child.name)
        }
        return Fields(values: values, owner: self)
    }

    /// Returns the elements of a list.
    ///
    /// - Throws: An `InputError` for a value that is not a list, or an empty list.
    func elements() throws -> [PolicyValue] {
        guard let sequence = node.sequence else {
            throw wrongType("a list, each element after \"- \"")
        }
        guard !sequence.isEmpty else {
            throw error("is an empty list", remedy: "name at least one, or leave the key out")
        }
        return sequence.enumerated().map { index, node in
            PolicyValue(node: node, file: file, name: "\(name)[\(index)]")
        }
    }

    /// The fields of a mapping by their keys.
    struct Fields {
        fileprivate let values: [String: PolicyValue]
        fileprivate let owner: PolicyValue

        /// The keys that are present.
        var keys: Set<String> { Set(values.keys) }

        /// The field, or nil if it is missing.
        subscript(key: String) -> PolicyValue? { values[key] }

        /// Returns a field that must be there.
        func required(_ key: String) throws -> PolicyValue {
            guard let value = values[key] else {
                throw owner.error("lacks \"\(key)\"", remedy: "add \"\(key):\"")
            }
            return value
        }
    }

    // MARK: - Scalars

    /// Returns a text that is not empty.
    func text() throws -> String {
        guard let scalar = node.scalar, node.tag == Tag(.str), !scalar.string.isEmpty else {
            throw wrongType("a text; put quotes around what looks like a number")
        }
        return scalar.string
    }

    /// Returns the choice for one of some words.
    func word<Choice>(_ choices: [(String, Choice)]) throws -> Choice {
        guard let choice = choices.first(where: { $0.0 == node.scalar?.string }) else {
            throw wrongType("one of: \(choices.map(\.0).joined(separator: ", "))")
        }
        return choice.1
    }

    /// Returns a number in decimal digits, with or without an exponent.
    func number(in range: ClosedRange<Double>) throws -> Double {
        guard let scalar = node.scalar, scalar.style == .plain,
            scalar.string.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }),
            let value = Double(scalar.string), value.isFinite
        else { throw wrongType("a number") }
        guard range.contains(value) else {
            let (low, high) = (DecimalText(range.lowerBound), DecimalText(range.upperBound))
            throw error(
                "is \(scalar.string), which cannot be",
                remedy: "give a number from \(low.map(\.description) ?? "") to "
                    + "\(high.map(\.description) ?? "")")
        }
        return value
    }

    /// Returns a whole number.
    func whole(in range: ClosedRange<Int>) throws -> Int {
        let value = try number(in: Double(range.lowerBound)...Double(range.upperBound))
        guard let whole = Int(exactly: value) else { throw wrongType("a whole number") }
        return whole
    }

    /// Returns a SHA-256.
    func digest() throws -> String {
        guard let text = node.scalar?.string, text.isSHA256 else {
            throw wrongType("a SHA-256 in 64 lowercase hexadecimal digits")
        }
        return text
    }

    /// Returns a period.
    func period() throws -> Period {
        guard let text = node.scalar?.string, let period = Period(text) else {
            throw wrongType("a time such as 180d or 12h")
        }
        return period
    }

    /// Returns the start of a day in UTC.
    func day() throws -> Date {
        guard let text = node.scalar?.string, text.utf8.count == 10,
            let date = try? Date(text, strategy: .iso8601.year().month().day()),
            // Foundation takes 30 February for 2 March.
            date.formatted(.iso8601.year().month().day()) == text
        else { throw wrongType("a day such as 2026-11-30") }
        return date
    }

    // MARK: - Errors

    /// Returns the file whose path the value is, absolute or from a directory.
    func file(from directory: URL) throws -> URL {
        let path = try text()
        return path.hasPrefix("/") ? URL(filePath: path) : directory.appending(path: path)
    }

    /// Reads a file that the value names. An error is reported with the value's line.
    func reading<Value>(_ read: () throws -> Value) throws -> Value {
        do {
            return try read()
        } catch let failure as InputError {
            throw error("names \(failure.place): \(failure.problem)", remedy: failure.remedy)
        }
    }

    /// Returns an error with file, line and name.
    func error(_ problem: String, remedy: String) -> InputError {
        let place = node.mark.map { "\(file):\($0.line)" } ?? file
        return InputError(
            place, name.isEmpty ? "the policy \(problem)" : "\(name) \(problem)", remedy: remedy)
    }

    private func wrongType(_ expected: String) -> InputError {
        let found =
            switch node {
            case .scalar(let scalar): "is \"\(scalar.string)\""
            case .mapping: "has keys of its own"
            case .sequence: "is a list"
            case .alias: "is an alias"
            }
        return error(found, remedy: "give \(expected)")
    }

    private static func error(_ error: YamlError, file: String) -> InputError {
        let (line, problem): (Int?, String) =
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                (mark.line, "is not YAML: \(problem)")
            case .duplicatedKeysInMapping(let duplicates, let context):
                (
                    context.mark.line,
                    "has a key twice: \(duplicates.sorted().joined(separator: ", "))"
                )
            default: (nil, "is not YAML")
            }
        return InputError(
            line.map { "\(file):\($0)" } ?? file, problem,
            remedy: "mend the line; each key stands once, indented with spaces")
    }
}
