// SPDX-License-Identifier: Apache-2.0
// Chat templates: parsing, and rendering a conversation and values of every kind.

import Foundation
import Tokenization

extension FuzzTarget {
    /// A Jinja template, and after a zero byte what the user says.
    static let chatTemplate = FuzzTarget(name: "chat-template") { input in
        let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let said = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : "Hello <b>&"
        let template = try ChatTemplate(String(decoding: parts[0], as: UTF8.self))
        _ = try template.render(
            [
                ChatMessage(role: "system", content: "Be useful."),
                ChatMessage(role: "user", content: said),
                ChatMessage(role: "assistant", content: ""),
            ],
            addingGenerationPrompt: true,
            variables: [
                "bos_token": "<s>", "n": 7, "f": .number(2.5), "t": true, "no": .none,
                "l": [3, 1, 2], "d": ["a": 1, "b": [1, 2]], "s": "Hello World",
                "tools": [["type": "function", "function": ["name": "f", "parameters": [:]]]],
            ],
            date: Date(timeIntervalSince1970: 1_750_000_000))
    }
}
