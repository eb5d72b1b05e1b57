// SPDX-License-Identifier: Apache-2.0
// Checks what must be the same in records that are compared.

import Foundation
import JSONText
import Records

extension Comparison {
    /// Throws when two records measured different things under one name.
    static func check(_ records: [(file: String, record: AuditRecord)]) throws(InputError) {
        let (firstFile, first) = records[0]
        for (file, record) in records.dropFirst() {
            let problems =
                suiteProblems(first, record) + budgetProblems(first, record)
                + adversaryProblems(first, record)
            guard problems.isEmpty else {
                throw InputError(
                    "\(firstFile) and \(file)",
                    "cannot be compared: " + problems.joined(separator: "; "), remedy: remedy)
            }
        }
        // Two later records may share an adversary that the first record lacks.
        for (index, (file, record)) in records.enumerated().dropFirst() {
            for (other, earlier) in records[1..<index] {
                let problems = adversaryProblems(earlier, record)
                guard problems.isEmpty else {
                    throw InputError(
                        "\(other) and \(file)",
                        "cannot be compared: " + problems.joined(separator: "; "), remedy: remedy)
                }
            }
        }
    }

    private static let remedy = "audit both models with the same suite and battery"

    private static func suiteProblems(_ one: AuditRecord, _ two: AuditRecord) -> [String] {
        var problems: [String] = []
        if one.suite.name != two.suite.name || one.suite.version != two.suite.version {
            problems.append(
                "the suites are \(one.suite.name) \(one.suite.version) and \(two.suite.name) "
                    + two.suite.version)
        } else if one.suite.digest != two.suite.digest {
            problems.append(
                "the files of suite \(one.suite.name) differ (\(one.suite.digest.prefix(12)) and "
                    + "\(two.suite.digest.prefix(12)))")
        }
        if one.thresholds != two.thresholds {
            problems.append("the thresholds of \"broken\" differ")
        }
        return problems
    }

    private static func budgetProblems(_ one: AuditRecord, _ two: AuditRecord) -> [String] {
        var problems: [String] = []
        if one.budget != two.budget {
            func text(_ budget: AuditBudget) -> String {
                budget.steps.map { "\($0) steps" } ?? "no limit"
            }
            problems.append("the budgets differ (\(text(one.budget)) and \(text(two.budget)))")
        }
        // Version 1 does not state how measures were taken.
        if let first = one.evaluation, let second = two.evaluation,
            first.answerTokens != second.answerTokens
        {
            problems.append(
                "answers were cut after \(first.answerTokens) and \(second.answerTokens) tokens")
        }
        if one.evaluation?.decidingJudge != two.evaluation?.decidingJudge {
            func text(_ judge: DecidingJudge?) -> String {
                judge.map { "\($0.name) \($0.digest.prefix(12))" } ?? "the text judge's first rules"
            }
            problems.append(
                "another judge decided (\(text(one.evaluation?.decidingJudge)) and "
                    + "\(text(two.evaluation?.decidingJudge)))")
        }
        return problems
    }

    private static func adversaryProblems(_ one: AuditRecord, _ two: AuditRecord) -> [String] {
        one.adversaries.compactMap { adversary in
            guard let other = two.adversaries.first(where: { $0.name == adversary.name }) else {
                return nil
            }
            // The result of a search may differ between models; the searched ranges must not.
            if let search = one.searches?.first(where: { $0.confirmed == adversary.name }),
                let match = two.searches?.first(where: { $0.confirmed == adversary.name })
            {
                return search.trials.count == match.trials.count
                    ? nil
                    : "the searches for \"\(adversary.name)\" had \(search.trials.count) and "
                        + "\(match.trials.count) trials"
            }
            var differing: [String] = []
            if adversary.attack != other.attack {
                differing.append("attack \(adversary.attack) and \(other.attack)")
            }
            let (left, right) = (flat(adversary.parameters), flat(other.parameters))
            for path in Set(left.keys).union(right.keys).sorted()
            where left[path] != right[path] && !isOnlyLonger(path, left, right) {
                differing.append(
                    "\(path) \(left[path] ?? "not set") and \(right[path] ?? "not set")")
            }
            if adversary.search != other.search { differing.append("the ranges of its search") }
            return differing.isEmpty
                ? nil : "adversary \"\(adversary.name)\" differs: \(listed(differing))"
        }
    }

    /// Returns whether a parameter is the number of steps of a training that starts in the same way
    /// for any number. Then two values are one adversary with two budgets.
    private static func isOnlyLonger(
        _ path: String, _ one: [String: String], _ other: [String: String]
    ) -> Bool {
        guard path == "steps" || path.hasSuffix(".steps") else { return false }
        let schedule = path.dropLast("steps".count) + "schedule"
        return [one, other].allSatisfy {
            ($0[String(schedule)] ?? "\"constant\"") == "\"constant\""
        }
    }

    /// Returns parameters by their dotted paths, each as canonical JSON.
    private static func flat(
        _ parameters: [String: ParameterValue], under prefix: String = ""
    ) -> [String: String] {
        parameters.reduce(into: [:]) { result, parameter in
            let path = prefix + parameter.key
            if let inner = parameter.value.object {
                result.merge(flat(inner, under: path + ".")) { $1 }
            } else {
                result[path] = (try? canonicalJSON(parameter.value))
                    .map { String(decoding: $0, as: UTF8.self) }
            }
        }
    }
}

/// Returns the geometric mean of positive numbers.
func geometricMean(_ values: [Double]) -> Double {
    exp(Interval.mean(values.map { log($0) }))
}
