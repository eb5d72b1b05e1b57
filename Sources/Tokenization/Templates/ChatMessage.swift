// SPDX-License-Identifier: Apache-2.0
// One message of a conversation.

/// A message of a conversation, as chat templates see it.
public struct ChatMessage: Sendable, Codable, Hashable {
    /// Who speaks: `system`, `user`, `assistant`, or what the template knows.
    public var role: String
    /// What is said.
    public var content: String

    /// A message.
    ///
    /// - Parameters:
    ///   - role: Who speaks.
    ///   - content: What is said.
    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}
