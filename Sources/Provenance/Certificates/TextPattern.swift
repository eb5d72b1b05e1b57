// SPDX-License-Identifier: Apache-2.0
// A text with asterisks, each of which stands for any text.

/// A pattern of one text: one attribute of a subject, or one part of an alternative name.
struct TextPattern: Sendable, Hashable {
    /// The bytes between the asterisks: one part more than there are asterisks.
    private let parts: [[UInt8]]

    /// Takes the parts between asterisks.
    init(parts: [[UInt8]]) { self.parts = parts }

    /// Reads a pattern in which every `*` is an asterisk.
    init(_ text: some StringProtocol) {
        parts = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
            .map { Array($0) }
    }

    /// Returns whether a whole text matches, byte by byte.
    func matches(_ text: some StringProtocol) -> Bool {
        let text = Array(text.utf8)
        guard let first = parts.first, let last = parts.last, parts.count > 1 else {
            return parts.first == text
        }
        guard text.count >= first.count + last.count, text.starts(with: first),
            text.suffix(last.count).elementsEqual(last)
        else { return false }
        // The leftmost match of each inner part leaves the most room for the rest.
        var rest = text[first.count..<(text.count - last.count)]
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let place = rest.firstRange(of: part) else { return false }
            rest = rest[place.upperBound...]
        }
        return true
    }
}
