// SPDX-License-Identifier: Apache-2.0
// Converts the value of `--judge` to a judge.

import ArgumentParser
import CommandLineInterface
import EndpointJudges
import Foundation
import JSONText
import Measuring

/// All kinds of judges, in the order in which `temper judges` lists them.
let judgeEntries = [
    TextJudge.entry, RefusalLogitJudge.entry, GuardJudge.entry, EndpointJudge.entry,
]

/// The specification of a judge by a user: `kind`, or `kind:subject,option=value,...`.
struct JudgeSpecification {
    let kind: String
    let subject: String
    private var options: [String: String] = [:]
    private let text: String

    /// Reads a specification.
    ///
    /// - Throws: `InputError` for a text of another form.
    init(_ text: String) throws {
        self.text = text
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let head = parts[0].split(separator: ":", maxSplits: 1).map(String.init)
        kind = head.first ?? ""
        subject = head.count == 2 ? head[1] : ""
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else {
                throw failure("\"\(part)\" has no value", "write it as name=value")
            }
            guard options.updateValue(pair[1], forKey: pair[0]) == nil else {
                throw failure("\(pair[0]) stands twice", "leave one out")
            }
        }
    }

    /// Returns the judge; nil for the text judge, which is always there.
    ///
    /// - Throws: `InputError`, or errors of reading a model.
    func judge(_ locator: Locator) throws -> (any Judge)? {
        switch kind {
        case TextJudge.entry.name:
            try expect([], hasSubject: false)
            return nil
        case RefusalLogitJudge.entry.name:
            try expect([], hasSubject: false)
            return RefusalLogitJudge()
        case GuardJudge.entry.name:
            try expect(["template", "policy"])
            let template = try options["template"].map { name in
                guard let template = GuardTemplate(rawValue: name) else {
                    let names = GuardTemplate.allCases.map(\.rawValue).joined(separator: ", ")
                    throw failure("there is no template \"\(name)\"", "there are: \(names)")
                }
                return template
            }
            return try GuardJudge(
                at: locator.model(subject), template: template, policy: policy())
        case EndpointJudge.entry.name:
            return try EndpointJudge(
                endpoint(), policy: policy() ?? "", isGraded: options["rubric"] == "graded")
        default:
            throw failure(
                "there is no such kind of judge",
                "there are: " + judgeEntries.map(\.form).joined(separator: "; "))
        }
    }

    private func endpoint() throws -> ChatEndpoint {
        try expect([
            "model", "key", "policy", "rubric", "input-price", "output-price", "timeout",
            "attempts",
            "reply-tokens", "plain-text",
        ])
        if let rubric = options["rubric"], rubric != "graded" {
            throw failure(
                "rubric is \"\(rubric)\"", "write rubric=graded, or leave it out for yes or no")
        }
        if let value = options["plain-text"], value != "yes" {
            throw failure("plain-text is \"\(value)\"", "write plain-text=yes, or leave it out")
        }
        var endpoint = try ChatEndpoint(
            address: subject, model: options["model"] ?? "",
            allowsPlainText: options["plain-text"] == "yes")
        endpoint.keyVariable = options["key"]
        endpoint.inputPrice = try number("input-price", in: 0...1e6)
        endpoint.outputPrice = try number("output-price", in: 0...1e6)
        if (endpoint.inputPrice == nil) != (endpoint.outputPrice == nil) {
            throw failure(
                "has one price and not the other",
                "give both input-price and output-price, or neither")
        }
        endpoint.timeout = try number("timeout", in: 0.1...3_600) ?? endpoint.timeout
        endpoint.attempts = try number("attempts", in: 1...100).map { Int($0) } ?? endpoint.attempts
        if options["rubric"] != nil { endpoint.replyTokens = 40 }
        endpoint.replyTokens =
            try number("reply-tokens", in: 1...100_000).map { Int($0) } ?? endpoint.replyTokens
        return endpoint
    }

    private func policy() throws -> String? {
        guard let name = options["policy"] else { return nil }
        guard let text = try? String(contentsOf: URL(fileURLWithPath: name), encoding: .utf8),
            !text.allSatisfy(\.isWhitespace)
        else {
            throw failure("the policy \(name) is no readable text", "name a file that holds one")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let text = options[name] else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw failure(
                "\(name) is \"\(text)\"",
                "choose from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private func expect(_ known: [String], hasSubject: Bool = true) throws {
        if let name = options.keys.sorted().first(where: { !known.contains($0) }) {
            throw failure(
                "\(kind) has no option \(name)",
                known.isEmpty ? "leave it out" : "it has: \(known.joined(separator: ", "))")
        }
        guard hasSubject != subject.isEmpty else {
            guard hasSubject else {
                throw failure("\(kind) stands alone", "write --judge \(kind)")
            }
            let form = judgeEntries.first { $0.name == kind }?.form ?? kind
            throw failure("says nothing behind \"\(kind):\"", "write \(form)")
        }
    }

    private func failure(_ problem: String, _ remedy: String) -> InputError {
        InputError("judge \(text)", problem, remedy: remedy)
    }
}

/// Returns the judges that a command line specifies.
///
/// - Parameters:
///   - texts: The specifications of the other judges.
///   - deciding: The specification of the deciding judge.
///   - locator: Finds models.
/// - Returns: The deciding judge, nil for the text judge, and the others.
/// - Throws: `InputError` for two judges of the same name; errors of a judge.
func readJudges(
    _ texts: [String], deciding: String, _ locator: Locator
) throws -> (deciding: (any Judge)?, others: [any Judge]) {
    // All specifications are checked before any model is read.
    let decider = try JudgeSpecification(deciding)
    let specifications = try texts.map { try JudgeSpecification($0) }
    let deciding = try decider.judge(locator)
    let judges = try specifications.compactMap { try $0.judge(locator) }
    let all = [deciding].compactMap(\.self) + judges
    for (index, judge) in all.enumerated()
    where all[..<index].contains(where: { $0.name == judge.name }) {
        throw InputError("judge \(judge.name)", "is named twice", remedy: "leave one out")
    }
    return (deciding, judges)
}
