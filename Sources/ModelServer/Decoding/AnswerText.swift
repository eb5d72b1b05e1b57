// SPDX-License-Identifier: Apache-2.0
// The text of an answer while its tokens arrive: how much can be sent already, and where it stops.

import Tokenization

/// The part of an answer's text that cannot change any more.
struct AnswerText {
    private let tokenizer: Tokenizer
    private let stops: [[UInt8]]
    private var sent = 0
    private(set) var isStopped = false

    init(tokenizer: Tokenizer, stops: [String]) {
        self.tokenizer = tokenizer
        self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
    }

    /// Returns the new text since the last call.
    ///
    /// - Parameters:
    ///   - answer: All tokens so far.
    ///   - isLast: Whether no more will come.
    /// - Returns: Text that no later token changes.
    mutating func next(_ answer: [Int], isLast: Bool) -> String {
        guard !isStopped else { return "" }
        let decoded =
            isLast
            ? tokenizer.decode(answer, skippingSpecialTokens: true)
            : tokenizer.decodeSettled(answer, skippingSpecialTokens: true)
        let text = Array(decoded.utf8)
        var end = text.count
        for stop in stops {
            if let place = Self.firstIndex(of: stop, in: text, from: max(0, sent - stop.count)),
                place < end || !isStopped
            {
                end = min(end, max(place, sent))
                isStopped = true
            }
        }
        if !isStopped, !isLast { end = settledEnd(of: text) }
        guard end > sent else { return "" }
        defer { sent = end }
        return String(decoding: text[sent..<end], as: UTF8.self)
    }

    /// Returns the start of what may be the start of a stop text.
    private func settledEnd(of text: [UInt8]) -> Int {
        var end = text.count
        for stop in stops {
            let longest = min(stop.count - 1, end)
            if let length = (0...longest).reversed().first(where: {
                text[..<end].suffix($0).elementsEqual(stop.prefix($0))
            }) {
                end -= length
            }
        }
        return end
    }

    private static func firstIndex(of part: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        guard start <= text.count - part.count else { return nil }
        return (start...(text.count - part.count)).first {
            text[$0..<$0 + part.count].elementsEqual(part)
        }
    }
}
