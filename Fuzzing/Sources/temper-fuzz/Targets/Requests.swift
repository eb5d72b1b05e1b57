// SPDX-License-Identifier: Apache-2.0
// What clients send to a model server: connections, requests and their bodies. The server's own
// handlers run on a channel without a network, and what would be the model answers at once.

import Foundation
import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

@testable import ModelRequests

extension FuzzTarget {
    /// The body of a request for a chat completion.
    static let chatRequest = FuzzTarget(name: "chat-request") { input in
        do throws(RefusedRequest) {
            let request = try ChatRequest(input)
            guard (0...2).contains(request.temperature), request.choiceCount > 0,
                request.maximumTokens ?? 1 > 0, request.stops.count <= 4,
                (-2...2).contains(request.presencePenalty), request.scoredTokens ?? 0 <= 20
            else { broken("every parameter is in its range") }
        } catch {
            try checkRefusal(error)
        }
    }

    /// The bytes that a client sends over one connection. The first one says how many of them
    /// arrive at once.
    static let http = FuzzTarget(name: "http") { input in
        guard let size = input.first, size > 0 else { return }
        try ServedConnection().exchange(
            stride(from: 1, to: input.count, by: Int(size)).map { start in
                Array(input.dropFirst(start).prefix(Int(size)))
            })
    }

    fileprivate static func checkRefusal(_ refusal: RefusedRequest) throws {
        guard refusal.status.kind == .clientError, !refusal.message.contains(where: \.isNewline),
            JSONSerialization.isValidJSONObject(
                try JSONSerialization.jsonObject(with: Data(refusal.json.utf8)))
        else { broken("a refusal is the client's error, of one line, in JSON") }
    }
}

/// A connection of the server, with limits that small inputs reach.
private struct ServedConnection {
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    private let connections: Connections
    private let answers: Answers
    private let limits: ServingLimits

    init() throws {
        var limits = ServingLimits()
        limits.bodyByteCount = 256
        limits.requestsPerMinute = .max
        limits.burst = .max
        self.limits = limits
        connections = Connections(limits)
        let token = BearerToken("0123456789abcdef")
        answers = Answers(
            RequestCheck(ClientAccess(names: ["models.example"], token: token), limits), limits)
        channel = EmbeddedChannel(loop: loop)
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = 512
        decoder.maxHeaderListSize = 1_024
        decoder.maxHeaderFieldCount = 16
        // The pipeline of Hummingbird's server, of which the decoder and its limits matter here.
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false,
            withOutboundHeaderValidation: false, withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: decoder)
        try pipeline.addHandlers([
            HTTP1ToHTTPServerCodec(secure: false),
            ConnectionHandler(connections, limits, ServerMetrics()), answers,
        ])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// Sends pieces, and then nothing more: the server must answer, close, and forget the client.
    func exchange(_ pieces: [[UInt8]]) throws {
        var isParsed = true
        for piece in pieces where isParsed && channel.isActive {
            do {
                try channel.writeInbound(ByteBuffer(bytes: piece))
            } catch {
                // What is no HTTP: the server closes the connection.
                isParsed = false
                channel.close(promise: nil)
            }
            loop.run()
        }
        guard answers.begun - answers.ended <= 1 else { broken("one answer at a time") }
        loop.advanceTime(by: .seconds(Int64(limits.requestSeconds + limits.closingSeconds + 1)))
        guard !channel.isActive, connections.count == 0 else {
            broken("a silent client loses its connection")
        }
        var output: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            output += buffer.readableBytesView
        }
        try checkAnswers(output)
    }

    /// Checks that the output is whole answers of HTTP/1.1, each with the length that it states.
    private func checkAnswers(_ output: [UInt8]) throws {
        var rest = output[...]
        var count = 0
        while !rest.isEmpty {
            guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else {
                broken("an answer has a whole head")
            }
            let head = String(decoding: rest[..<end.lowerBound], as: UTF8.self).lowercased()
            let lines = head.split(separator: "\r\n").map(String.init)
            let length = lines.first { $0.hasPrefix("content-length: ") }
                .flatMap { Int($0.dropFirst(16)) }
            guard lines.first?.hasPrefix("http/1.1 ") == true, let length,
                rest.distance(from: end.upperBound, to: rest.endIndex) >= length
            else { broken("an answer has the length that it states") }
            rest = rest[(end.upperBound + length)...]
            count += 1
        }
        guard count >= answers.ended else { broken("each request has an answer") }
    }
}

/// Answers as the server's router does, without a model.
private final class Answers: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private let check: RequestCheck
    private let limits: ServingLimits
    private var head: HTTPRequest?
    private var body: [UInt8] = []
    private(set) var begun = 0
    private(set) var ended = 0

    init(_ check: RequestCheck, _ limits: ServingLimits) {
        (self.check, self.limits) = (check, limits)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let request):
            guard head == nil else { broken("a request begins after the one before it") }
            (head, body) = (request, [])
            begun += 1
        case .body(let part):
            guard head != nil else { broken("a body has a head") }
            body += part.readableBytesView
        case .end:
            guard let request = head else { broken("an end has a head") }
            guard body.count <= limits.bodyByteCount else { broken("no body is too long") }
            head = nil
            answer(request, context)
        }
    }

    private func answer(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        var response = HTTPResponse(status: .ok)
        var text = "{}"
        do {
            try check(request, from: "127.0.0.1")
            guard request.headerFields[.origin] == nil else { broken("no web page is answered") }
            if request.method == .post { _ = try ChatRequest(Data(body)) }
        } catch {
            do { try FuzzTarget.checkRefusal(error) } catch { broken("a refusal is JSON") }
            response = HTTPResponse(status: error.status, headerFields: error.headers)
            text = error.json
        }
        response.headerFields[.contentLength] = "\(text.utf8.count)"
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(string: text))), promise: nil)
        ended += 1
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
