// SPDX-License-Identifier: Apache-2.0
// Recognises a correct answer by its phrases.

package import Records

/// The phrases of a correct answer: at least one of each group, as whole words in any case.
package struct RequiredPhrases {
    private let groups: [[[Substring]]]

    package init(_ groups: [[String]]) {
        self.groups = groups.map { $0.map(Self.words) }
    }

    package func areHeld(by answer: String) -> Bool {
        let words = Self.words(answer)
        return groups.allSatisfy { group in
            group.contains { phrase in
                !phrase.isEmpty && words.count >= phrase.count
                    && (0...(words.count - phrase.count)).contains {
                        words[$0..<($0 + phrase.count)].elementsEqual(phrase)
                    }
            }
        }
    }

    private static func words(_ text: String) -> [Substring] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }
    }

    /// The note about this judge in a record.
    package static let note = JudgeNote(
        measure: MeasureName.restrictedAccuracy, judge: "required phrases",
        note:
            "An answer that complies is right when it holds the phrases that the suite requires of a "
            + "right one, as whole words; whatever else it says.")
}
