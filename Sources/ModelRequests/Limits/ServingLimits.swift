// SPDX-License-Identifier: Apache-2.0
// The limits of a server.

/// The limits of a server. Requests beyond them are refused.
public struct ServingLimits: Sendable, Hashable {
    /// The length of a request's body in bytes. A longer one is answered 413.
    public var bodyByteCount = 256 * 1024
    /// The number of messages in a conversation. More are answered 400.
    public var messageCount = 256
    /// The number of answers to one request. More are answered 400.
    public var choiceCount = 8
    /// The most tokens of an answer, whatever the request asks for.
    public var answerTokenCount = 1024
    /// The tokens of an answer if the request does not state a number.
    public var defaultTokenCount = 256
    /// The number of answers decoded together.
    public var batchSize = 8
    /// The number of waiting answers. More are answered 503.
    public var queueLength = 64
    /// The number of requests of one client a minute. More are answered 429.
    public var requestsPerMinute = 120
    /// The number of requests that one client may make at once after a pause.
    public var burst = 20
    /// The number of open connections. One more takes the place of the connection that has waited
    /// longest for a request.
    public var connectionCount = 256
    /// How many of the connections answers may not take, so that `/health` and `/metrics` can
    /// always be asked.
    public var monitoringShare = 16
    /// The seconds within which a connection must deliver a whole request, from when it is opened or
    /// from the end of the last answer. Also the seconds after which a client that does not take
    /// its answer is cut off.
    public var requestSeconds = 30
    /// The seconds that a client has to close a connection after the last answer on it.
    public var closingSeconds = 5
    /// The seconds that answers on their way may still take when the server is told to end.
    public var graceSeconds = 10
    /// The seconds without a sign of the model after which `/health` reports it as stuck.
    public var stallSeconds = 120

    /// Makes the default limits of `temper serve-model`.
    public init() {}
}
