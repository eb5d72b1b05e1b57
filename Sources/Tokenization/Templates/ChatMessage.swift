// SPDX-License-Identifier: Apache-2.0
// One message of a conversation.

/// A message of a conversation, in the form for chat templates.
public struct ChatMessage: Sendable, Codable, Hashable {
    /// The speaker: `system`, `user`, `assistant`, or another that the template knows.
    public var role: String
    /// The text of the message.
    public var content: String

    /// Makes a message.
    ///
    /// - Parameters:
    ///   - role: The speaker.
    ///   - content: The text.
    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}
