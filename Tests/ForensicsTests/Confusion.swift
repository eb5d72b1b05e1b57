// SPDX-License-Identifier: Apache-2.0
// Right verdicts against given ones, as Markdown.

import Records

/// What inspections said of derivatives whose making is known.
struct Confusion {
    struct Entry {
        let base: String
        let label: String
        let group: String
        let expected: InspectionKind
        let verdict: InspectionKind
        /// Whether the operation's number came out, where one was known.
        let isNumberRight: Bool?
    }
    var entries: [Entry] = []

    func of(_ group: String) -> [Entry] { entries.filter { $0.group == group } }

    static func share(_ entries: [Entry]) -> Double {
        let right = entries.filter { $0.expected == $0.verdict }.count
        return entries.isEmpty ? 1 : Double(right) / Double(entries.count)
    }

    /// All of it, for Documentation/Forensics.md.
    func markdown(seed: UInt64, bases: [String]) -> String {
        var lines = [
            "\(entries.count) derivatives of \(bases.joined(separator: ", ")); seed \(seed).", "",
        ]
        let verdicts = InspectionKind.allCases.filter { kind in
            entries.contains { $0.verdict == kind }
        }
        lines.append(Self.row(["made by"] + verdicts.map(\.rawValue) + ["right", "number right"]))
        lines.append(Self.row(["---"] + verdicts.map { _ in "--:" } + ["--:", "--:"]))
        func line(_ name: String, _ list: [Entry]) -> String {
            let right = list.filter { $0.expected == $0.verdict }.count
            let numbers = list.compactMap(\.isNumberRight)
            return Self.row(
                [name]
                    + verdicts.map { kind in
                        let count = list.filter { $0.verdict == kind }.count
                        return count == 0 ? "" : "\(count)"
                    } + [
                        "\(right)/\(list.count)",
                        numbers.isEmpty ? "" : "\(numbers.filter { $0 }.count)/\(numbers.count)",
                    ])
        }
        for kind in InspectionKind.allCases {
            let list = of("plain").filter { $0.expected == kind }
            if !list.isEmpty { lines.append(line("**\(kind.rawValue)**", list)) }
        }
        for group in ["benign", "evasion", "composed", "structure"] {
            var seen: Set<String> = []
            for label in of(group).map(\.label) where seen.insert(label).inserted {
                lines.append(line("\(group): \(label)", of(group).filter { $0.label == label }))
            }
        }
        lines.append("")
        for (group, name) in [
            ("plain", "Plain kinds"), ("benign", "Benign fine-tuning"), ("evasion", "Evasions"),
            ("composed", "Compositions"), ("structure", "Built differently"),
        ] {
            let list = of(group)
            let right = list.filter { $0.expected == $0.verdict }.count
            lines.append("- \(name): \(right) of \(list.count) right.")
        }
        let alarms = of("benign").filter { $0.verdict == .orthogonalised }.count
        lines.append("- Benign fine-tuning called orthogonalisation: \(alarms).")
        for entry in entries where entry.expected != entry.verdict {
            lines.append(
                "- Wrong: \(entry.label), of \(entry.base): \(entry.verdict.rawValue) for "
                    + "\(entry.expected.rawValue).")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ cells: [String]) -> String {
        "| " + cells.joined(separator: " | ") + " |"
    }
}
