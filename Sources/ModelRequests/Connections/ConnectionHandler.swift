// SPDX-License-Identifier: Apache-2.0
// The life of one connection: it lets through whole requests only, one at a time, each in time.

import Foundation
import HTTPTypes
package import NIOCore
package import NIOHTTPTypes

/// Collects each request before anything else sees it, and ends a connection on which a client keeps
/// the server waiting.
///
/// - A request that is too long is answered 413 as soon as that is known. Then the connection is
///   closed, and what still comes is read and dropped.
/// - A connection must deliver a whole request in ``ServingLimits/requestSeconds``, however it spreads
///   the bytes, and a client must take its answer.
/// - One request is answered at a time. If a client sends another before it has its answer
///   (pipelining), the connection is closed after the answer, and the client may ask again.
/// - A client that closes its side while a POST is answered hangs up.
package final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    private enum Phase {
        /// The rest of a request is to come.
        case waiting
        /// A whole request was passed on.
        case answering
        /// Nothing more will be answered.
        case closing
    }

    private let connections: Connections
    private let limits: ServingLimits
    private let metrics: ServerMetrics
    private var connection: Connection?
    private var phase = Phase.waiting
    private var head: HTTPRequest?
    private var body = ByteBuffer()
    private var isLastAnswer = false
    private var deadline: Scheduled<Void>?
    private var stalled: Scheduled<Void>?

    package init(_ connections: Connections, _ limits: ServingLimits, _ metrics: ServerMetrics) {
        self.connections = connections
        self.limits = limits
        self.metrics = metrics
    }

    // MARK: - Opening and closing

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { open(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        // The next handlers must hear of the opening before they may hear of the end.
        context.fireChannelActive()
        open(context)
    }

    private func open(_ context: ChannelHandlerContext) {
        guard connection == nil else { return }
        connection = connections.open(context.channel)
        guard connection != nil else {
            phase = .closing
            context.close(promise: nil)
            return
        }
        startDeadline(context, seconds: limits.requestSeconds)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        deadline?.cancel()
        stalled?.cancel()
        if let connection { connections.remove(connection) }
        connection = nil
        phase = .closing
    }

    private func startDeadline(_ context: ChannelHandlerContext, seconds: Int) {
        deadline?.cancel()
        deadline = schedule(context, seconds: seconds)
    }

    /// Closes the connection after some time.
    private func schedule(_ context: ChannelHandlerContext, seconds: Int) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(seconds))) {
            context.close(promise: nil)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            // The server ends: this handler knows better than the next ones what is under way.
            switch phase {
            case .waiting: context.close(promise: nil)
            case .answering: isLastAnswer = true
            case .closing: break
            }
            return
        }
        if let event = event as? ChannelEvent, event == .inputClosed {
            guard phase == .answering, head?.method != .post else {
                context.close(promise: nil)
                return
            }
            isLastAnswer = true
        }
        context.fireUserInboundEventTriggered(event)
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalled?.cancel()
        stalled =
            context.channel.isWritable ? nil : schedule(context, seconds: limits.requestSeconds)
        context.fireChannelWritabilityChanged()
    }

    // MARK: - Requests

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (phase, unwrapInboundIn(data)) {
        case (.waiting, .head(let request)):
            head = request
            body.clear()
            if let length = request.headerFields[.contentLength].flatMap({ Int($0) }),
                length > limits.bodyByteCount
            {
                refuse(.tooLarge(limits), context)
            }
        case (.waiting, .body(let part)):
            guard body.readableBytes + part.readableBytes <= limits.bodyByteCount else {
                refuse(.tooLarge(limits), context)
                return
            }
            body.writeImmutableBuffer(part)
        case (.waiting, .end(let trailers)):
            passOn(trailers, context)
        case (.answering, _):
            isLastAnswer = true
        case (.closing, _):
            break
        }
    }

    private func passOn(_ trailers: HTTPFields?, _ context: ChannelHandlerContext) {
        guard let head, let connection else { return }
        guard connections.beginAnswer(connection, isMonitoring: head.isMonitoring) else {
            refuse(.unavailable("all connections are taken by answers"), context)
            return
        }
        deadline?.cancel()
        phase = .answering
        isLastAnswer = head.asksToClose
        context.fireChannelRead(wrapInboundOut(.head(head)))
        if body.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(.body(body))) }
        body = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(.end(trailers)))
    }

    // MARK: - Answers

    package func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        guard phase != .closing else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        // What comes in another phase answers a request that cannot be parsed.
        if phase != .answering { isLastAnswer = true }
        switch unwrapOutboundIn(data) {
        case .head(var response) where isLastAnswer:
            response.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(response)), promise: promise)
        case .end(let trailers) where isLastAnswer:
            finish(trailers, context, promise)
        case .end:
            phase = .waiting
            head = nil
            if let connection { connections.endAnswer(connection) }
            startDeadline(context, seconds: limits.requestSeconds)
            context.write(data, promise: promise)
        default:
            context.write(data, promise: promise)
        }
    }

    /// Answers a request that will not be read to its end.
    private func refuse(_ refusal: RefusedRequest, _ context: ChannelHandlerContext) {
        metrics.count(response: refusal.status.code)
        let text = refusal.json
        var response = HTTPResponse(status: refusal.status, headerFields: refusal.headers)
        response.headerFields[.contentLength] = "\(text.utf8.count)"
        response.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(string: text))), promise: nil)
        finish(nil, context, nil)
    }

    /// Ends the last answer. The connection is closed when the client has closed it too, so that
    /// the answer is not lost to a client that is still sending.
    private func finish(
        _ trailers: HTTPFields?, _ context: ChannelHandlerContext,
        _ promise: EventLoopPromise<Void>?
    ) {
        phase = .closing
        head = nil
        body = ByteBuffer()
        if let connection { connections.endAnswer(connection) }
        startDeadline(context, seconds: limits.requestSeconds)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.cascade(to: promise)
        sent.futureResult.assumeIsolated().whenComplete { _ in
            guard self.connection != nil else { return }
            self.startDeadline(context, seconds: self.limits.closingSeconds)
            context.close(mode: .output, promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: sent)
    }
}

extension HTTPRequest {
    /// The path up to a question mark.
    var pathWithoutQuery: Substring { (path ?? "").prefix { $0 != "?" } }

    /// Whether this asks how the server is, and not the model for an answer.
    fileprivate var isMonitoring: Bool {
        method == .get && (path == "/health" || path == "/metrics")
    }

    /// Whether the client will close the connection after the answer.
    fileprivate var asksToClose: Bool {
        headerFields[values: .connection].flatMap { $0.split(separator: ",") }
            .contains { $0.trimmingCharacters(in: .whitespaces).lowercased() == "close" }
    }
}
