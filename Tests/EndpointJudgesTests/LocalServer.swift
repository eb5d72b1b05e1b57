// SPDX-License-Identifier: Apache-2.0
// A small server on the loopback interface that says what a test tells it to.

import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// What the server was asked.
struct ServedRequest: Sendable {
    let head: HTTPRequestHead
    let body: String
    let time = ContinuousClock.now
}

/// What the server answers.
struct ServedReply: Sendable {
    var status = 200
    var headers: [(String, String)] = []
    var body = ""

    /// A completion as OpenAI's interface has it.
    static func completion(_ text: String) -> ServedReply {
        ServedReply(
            body: """
                {"id": "x", "object": "chat.completion", "choices": [{"index": 0,
                 "message": {"role": "assistant", "content": "\(text)"}, "finish_reason": "stop"}],
                 "usage": {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101}}
                """)
    }
}

/// A server that lives as long as a test.
final class LocalServer: Sendable {
    /// Answers a request, of which it is told the number from 1; nil never answers.
    typealias Script = @Sendable (_ request: ServedRequest, _ number: Int) -> ServedReply?

    private let channel: any Channel
    private let log = Log()
    let port: Int

    var requests: [ServedRequest] { log.requests.withLock { $0 } }
    var address: String { "http://127.0.0.1:\(port)/v1" }

    init(_ script: @escaping Script) throws {
        let log = log
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(log: log, script: script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    fileprivate final class Log: Sendable {
        let requests = Mutex<[ServedRequest]>([])
    }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: LocalServer.Log
    private let script: LocalServer.Script
    private var head: HTTPRequestHead?
    private var body = ""

    init(log: LocalServer.Log, script: @escaping LocalServer.Script) {
        self.log = log
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
        case .body(let buffer): body += String(buffer: buffer)
        case .end:
            guard let head else { return }
            let request = ServedRequest(head: head, body: body)
            let number = log.requests.withLock { requests in
                requests.append(request)
                return requests.count
            }
            if let reply = script(request, number) { write(reply, to: context) }
        }
    }

    private func write(_ reply: ServedReply, to context: ChannelHandlerContext) {
        var headers = HTTPHeaders(reply.headers)
        headers.add(name: "Content-Length", value: "\(reply.body.utf8.count)")
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: reply.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(
            wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: reply.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
