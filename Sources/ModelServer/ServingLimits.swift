// SPDX-License-Identifier: Apache-2.0
// The limits of a server.

/// The limits of a server. Requests beyond them are refused.
public struct ServingLimits: Sendable, Hashable {
    /// The length of a request's body in bytes. A longer one is answered 413.
    public var bodyByteCount = 256 * 1024
    /// The number of messages in a conversation. More are answered 400.
    public var messageCount = 256
    /// The most tokens of an answer, whatever the request asks for.
    public var answerTokenCount = 1024
    /// The tokens of an answer if the request does not state a number.
    public var defaultTokenCount = 256
    /// The number of requests decoded together.
    public var batchSize = 8
    /// The number of waiting requests. More are answered 503.
    public var queueLength = 64
    /// The number of requests of one client a minute. More are answered 429.
    public var requestsPerMinute = 120
    /// The number of requests that one client may make at once after a pause.
    public var burst = 20
    /// The number of open connections. More have to wait.
    public var connectionCount = 256
    /// The seconds after which a silent connection is closed, within or between requests.
    public var idleSeconds = 30

    /// Makes the default limits of `temper serve-model`.
    public init() {}
}
