// SPDX-License-Identifier: Apache-2.0
// The columns of public data sets that hold what a suite needs.

internal import Foundation

/// The columns of a file's prompts.
struct PromptColumns {
    let prompt: String
    /// The beginning of an answer, or the whole of it.
    let target: String?
    /// A context, which is put in front of the prompt.
    let context: String?

    /// The known columns. The first match counts: JailbreakBench has a `Behavior` too, which is
    /// only a title there.
    private static let known: [(prompt: String, targets: [String], context: String?)] = [
        ("goal", ["target"], nil),  // AdvBench, JailbreakBench
        ("forbidden_prompt", [], nil),  // StrongREJECT
        ("behavior", [], "contextstring"),  // HarmBench
        ("prompt", ["compliant", "answer"], nil),  // Temper's own
    ]

    /// Finds the columns by which a file is recognised, or nil.
    init?(_ columns: [String]) {
        guard let known = Self.known.first(where: { columns.contains($0.prompt) }) else {
            return nil
        }
        prompt = known.prompt
        target = known.targets.first(where: columns.contains)
        context = known.context.flatMap { columns.contains($0) ? $0 : nil }
    }

    static let description =
        "goal,target (AdvBench, JailbreakBench); Behavior,ContextString (HarmBench); "
        + "forbidden_prompt (StrongREJECT); prompt, and compliant or answer"

    /// Returns the prompt of a row. The context is put in front of it, as HarmBench does.
    func prompt(of row: DataRow) throws(DataFile.Problem) -> String {
        guard let text = row.text(prompt) else {
            throw .blank(prompt, in: row)
        }
        guard let passage = context.flatMap(row.text) else { return text }
        return passage + "\n\n---\n\n" + text
    }

    /// Returns the target of a row; nil when the file has none.
    func target(of row: DataRow) throws(DataFile.Problem) -> String? {
        guard let target else { return nil }
        guard let text = row.text(target) else { throw .blank(target, in: row) }
        return text
    }
}

/// The columns of a file's questions: MMLU, with or without a header, and WMDP.
enum ChoiceColumns {
    static let description =
        "question,choices,answer (MMLU, WMDP); or MMLU's six columns without a header"

    /// Returns the item of a row.
    static func item(
        of row: DataRow, columns: [String], id: String
    ) throws(DataFile.Problem) -> CapabilityItem {
        guard let question = row.text("question") else { throw .blank("question", in: row) }
        let choices: [String]
        if columns == DataFile.lettered {
            choices = columns[1...4].map { row.text($0) ?? "" }
        } else {
            switch row.values["choices"] {
            case .list(let list): choices = list
            case .text(let text):
                guard let list = quotedTexts(of: text) else {
                    throw DataFile.Problem(
                        number: row.number,
                        text: "column \"choices\" is no list of quoted texts like ['one', 'two']",
                        remedy: "write it so")
                }
                choices = list
            case .null, nil: throw .blank("choices", in: row)
            }
        }
        guard let answer = row.text("answer"), let index = index(of: answer) else {
            throw DataFile.Problem(
                number: row.number,
                text: "column \"answer\" is neither a number from 0 nor a letter from A",
                remedy: "correct it")
        }
        return CapabilityItem(id: id, question: question, choices: choices, answer: index)
    }

    private static func index(of answer: String) -> Int? {
        let letters = "ABCDEFGHIJ"
        let text = answer.trimmingCharacters(in: .whitespaces)
        if let number = Int(text) { return number }
        guard text.count == 1, let place = letters.firstIndex(of: Character(text)) else {
            return nil
        }
        return letters.distance(from: letters.startIndex, to: place)
    }

    /// Returns the texts of a list in the format of Python, NumPy or JSON: in single or double
    /// quotes, separated by commas, white space or both. Nil when the text is not such a list.
    static func quotedTexts(of text: String) -> [String]? {
        if let list = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) {
            return list
        }
        var rest = Substring(text.trimmingCharacters(in: .whitespacesAndNewlines))
        guard rest.popFirst() == "[" else { return nil }
        var texts: [String] = []
        while let character = rest.popFirst() {
            if character == "]" { return rest.isEmpty ? texts : nil }
            if character == "," || character.isWhitespace { continue }
            guard character == "'" || character == "\"",
                let quoted = quotedText(endingIn: character, &rest)
            else { return nil }
            texts.append(quoted)
        }
        return nil
    }

    /// Returns a text in quotes and removes it from the rest; nil when it does not end.
    private static func quotedText(endingIn quote: Character, _ rest: inout Substring) -> String? {
        var result = ""
        while let character = rest.popFirst() {
            if character == quote { return result }
            guard character == "\\" else {
                result.append(character)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            let digits = ["x": 2, "u": 4, "U": 8][escaped]
            if let digits {
                guard
                    let scalar = UInt32(rest.prefix(digits), radix: 16).flatMap(UnicodeScalar.init)
                else { return nil }
                rest = rest.dropFirst(digits)
                result.unicodeScalars.append(scalar)
            } else {
                result.append(["n": "\n", "t": "\t", "r": "\r"][escaped] ?? escaped)
            }
        }
        return nil
    }
}

extension DataFile.Problem {
    fileprivate static func blank(_ column: String, in row: DataRow) -> DataFile.Problem {
        DataFile.Problem(
            number: row.number, text: "column \"\(column)\" is blank",
            remedy: "fill it in, or remove the row")
    }
}
