// SPDX-License-Identifier: Apache-2.0
// Unicode's normal forms as the reference tokenizers compute them, with the tables of Unicode 9.
// Assigned characters never change their form, so characters assigned later only need to be left
// unchanged. The decomposition of each scalar comes from Foundation, whose own ordering of marks is
// not reliable.

import Foundation

/// One of the four normal forms.
enum NormalForm: String, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    /// Scalars below U+0300 are composed already, and none of them combines.
    private static let firstUnsettled: UInt32 = 0x300

    /// Returns a text in this form.
    ///
    /// - Parameter text: Any text.
    /// - Returns: The text in this form.
    func apply(_ text: String) -> String {
        let isSettled =
            self == .nfc
            ? text.unicodeScalars.allSatisfy { $0.value < Self.firstUnsettled }
            : text.utf8.allSatisfy { $0 < 0x80 }
        if isSettled { return text }
        var scalars = decomposed(text)
        if self == .nfc || self == .nfkc { scalars = Self.composed(scalars) }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars.lazy.map(\.scalar))
        return String(result)
    }

    /// A scalar and its canonical combining class.
    private struct Mark {
        let scalar: Unicode.Scalar
        let order: UInt8

        init(_ scalar: Unicode.Scalar) {
            self.scalar = scalar
            let isKnown = scalar.value >= firstUnsettled && NormalForm.isKnown(scalar)
            order = isKnown ? scalar.properties.canonicalCombiningClass.rawValue : 0
        }
    }

    private static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.age.map { $0.major <= 9 } ?? false
    }

    /// Returns the decomposed scalars, with runs of marks in canonical order.
    private func decomposed(_ text: String) -> [Mark] {
        var known: [Unicode.Scalar: [Mark]] = [:]
        var result: [Mark] = []
        var runStart = 0
        func sortRun(upTo end: Int) {
            guard end - runStart > 1 else { return }
            let run = result[runStart..<end].enumerated().sorted {
                ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
            }
            result.replaceSubrange(runStart..<end, with: run.map(\.element))
        }
        for scalar in text.unicodeScalars {
            let parts = known[scalar] ?? decomposition(of: scalar)
            known[scalar] = parts
            for part in parts {
                if part.order == 0 {
                    sortRun(upTo: result.count)
                    runStart = result.count + 1
                }
                result.append(part)
            }
        }
        sortRun(upTo: result.count)
        return result
    }

    private func decomposition(of scalar: Unicode.Scalar) -> [Mark] {
        guard scalar.value >= 0x80, Self.isKnown(scalar) else { return [Mark(scalar)] }
        let text = String(Character(scalar))
        let isCanonical = self == .nfc || self == .nfd
        let parts =
            isCanonical
            ? text.decomposedStringWithCanonicalMapping
            : text.decomposedStringWithCompatibilityMapping
        return parts.unicodeScalars.map(Mark.init)
    }

    // MARK: - Composition

    /// Joins each mark with the base before it if Unicode has one scalar for both.
    private static func composed(_ marks: [Mark]) -> [Mark] {
        var result: [Mark] = []
        var base: Int?
        for mark in marks {
            if let base {
                // A mark is blocked by a mark before it with the same or a higher class.
                let last = result[result.count - 1]
                let isAdjacent = result.count == base + 1
                if isAdjacent || last.order != 0 && last.order < mark.order {
                    if let joined = composition(result[base].scalar, mark.scalar) {
                        result[base] = Mark(joined)
                        continue
                    }
                }
            }
            if mark.order == 0 { base = result.count }
            result.append(mark)
        }
        return result
    }

    private struct Pair: Hashable {
        let first: Unicode.Scalar
        let second: Unicode.Scalar
    }

    /// Returns the scalar composed of two, if there is one.
    private static func composition(
        _ first: Unicode.Scalar, _ second: Unicode.Scalar
    ) -> Unicode.Scalar? {
        // Hangul syllables follow from arithmetic: a lead, a vowel and an optional tail.
        let syllable = Int(first.value) - 0xAC00
        switch (first.value, second.value) {
        case (0x1100...0x1112, 0x1161...0x1175):
            return Unicode.Scalar(
                0xAC00 + ((first.value - 0x1100) * 21 + second.value - 0x1161) * 28)
        case (0xAC00...0xD7A3, 0x11A8...0x11C2) where syllable % 28 == 0:
            return Unicode.Scalar(first.value + second.value - 0x11A7)
        default: return pairs[Pair(first: first, second: second)]
        }
    }

    /// The pairs that compose to one scalar, found by decomposing that scalar.
    private static let pairs: [Pair: Unicode.Scalar] = {
        var wholes: [[Unicode.Scalar]: Unicode.Scalar] = [:]
        for value in [0xC0...0x30FF, 0x11000...0x115FF].joined() {
            guard let scalar = Unicode.Scalar(UInt32(value)), isKnown(scalar),
                !scalar.properties.isFullCompositionExclusion
            else { continue }
            let parts = NormalForm.nfd.decomposition(of: scalar).map(\.scalar)
            if parts.count > 1 { wholes[parts] = scalar }
        }
        var pairs: [Pair: Unicode.Scalar] = [:]
        for (parts, whole) in wholes {
            let before = Array(parts.dropLast())
            let first = before.count == 1 ? before[0] : wholes[before]
            if let first, let last = parts.last {
                pairs[Pair(first: first, second: last)] = whole
            }
        }
        return pairs
    }()
}
