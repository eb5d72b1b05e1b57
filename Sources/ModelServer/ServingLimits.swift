// SPDX-License-Identifier: Apache-2.0
// How much a server takes on.

/// The limits of a server, each of which refuses what is beyond it.
public struct ServingLimits: Sendable, Hashable {
    /// A request's body in bytes; more is answered 413.
    public var bodyByteCount = 256 * 1024
    /// Messages of one conversation; more is answered 400.
    public var messageCount = 256
    /// Tokens of an answer, whatever the request asks for.
    public var answerTokenCount = 1024
    /// Tokens of an answer where the request does not say.
    public var defaultTokenCount = 256
    /// Requests that are decoded together.
    public var batchSize = 8
    /// Requests that wait; more are answered 503.
    public var queueLength = 64
    /// Requests of one client a minute; more are answered 429.
    public var requestsPerMinute = 120
    /// Requests that one client may make at once after a pause.
    public var burst = 20
    /// Connections that are open at once; more wait.
    public var connectionCount = 256
    /// Seconds after which a connection that is silent within or between requests is closed.
    public var idleSeconds = 30

    /// The limits that `temper serve-model` has by default.
    public init() {}
}
