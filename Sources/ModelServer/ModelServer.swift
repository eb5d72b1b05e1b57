// SPDX-License-Identifier: Apache-2.0
// An OpenAI-compatible chat endpoint for one verified model.

import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import LanguageModels
public import Logging
public import ModelRequests
import NIOCore
import Provenance
import ServiceLifecycle
import UnixSignals

/// Serves one model over HTTP/1.1.
public struct ModelServer: Sendable {
    private let admitted: AdmittedModel
    private let access: ServerAccess
    private let limits: ServingLimits
    private let metrics = ServerMetrics()
    private let queue: DecodingQueue
    let connections: Connections

    /// The longest header of a request, in bytes and in fields.
    private static let headerLimits = HTTP1Channel.Configuration.DecoderConfiguration(
        maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100)

    /// Makes a server.
    ///
    /// - Parameters:
    ///   - admitted: The verified model.
    ///   - access: Who may ask it.
    ///   - limits: The limits of the server.
    public init(
        _ admitted: AdmittedModel, access: ServerAccess, limits: ServingLimits = ServingLimits()
    ) {
        self.admitted = admitted
        self.access = access
        self.limits = limits
        queue = DecodingQueue(admitted.model, limits: limits, metrics: metrics)
        connections = Connections(limits)
    }

    /// Serves until the process is told to end (SIGTERM, SIGINT) or the task is cancelled. Requests
    /// in progress are answered first, if they take no longer than ``ServingLimits/graceSeconds``.
    ///
    /// - Parameters:
    ///   - port: The port; 0 takes a free one.
    ///   - logger: The logger of events. Conversations are never logged.
    ///   - onRunning: Called with the port when the server listens.
    /// - Throws: An error when the server cannot listen on the port.
    public func run(
        port: Int, logger: Logger, onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        let service = Serving { try await serve(port: port, logger: logger, onRunning: onRunning) }
        try await ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        ).run()
    }

    private struct Serving: Service {
        let body: @Sendable () async throws -> Void
        func run() async throws { try await body() }
    }

    /// Serves until the task is cancelled or told to shut down.
    func serve(
        port: Int, logger: Logger, onRunning: @escaping @Sendable (Int) -> Void
    ) async throws {
        let application = try application(port: port, logger: logger, onRunning: onRunning)
        let connections = connections
        let grace = max(limits.graceSeconds - access.secondsToClose, 0)
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(
                        service: application, successTerminationBehavior: .gracefullyShutdownGroup)
                ], logger: logger))
        // A cancelled server would drop connections that it has just accepted, and NIO ends the
        // process for that. So this task has no parent, and is told to shut down.
        let running = Task { try await group.run() }
        do {
            try await withTaskCancellationHandler {
                try await withGracefulShutdownHandler {
                    try await running.value
                } onGracefulShutdown: {
                    Task {
                        await group.triggerGracefulShutdown()
                        // A client that takes or sends nothing must not keep the process alive.
                        try await Task.sleep(for: .seconds(grace))
                        connections.closeAll()
                    }
                }
            } onCancel: {
                connections.closeAll()
                Task { await group.triggerGracefulShutdown() }
            }
        } catch {
            await queue.finish()
            throw error
        }
        await queue.finish()
    }

    private func application(
        port: Int, logger: Logger, onRunning: @escaping @Sendable (Int) -> Void
    ) throws -> some ApplicationProtocol {
        let (connections, limits, metrics) = (connections, limits, metrics)
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ConnectionHandler(connections, limits, metrics)],
                httpDecoderConfiguration: Self.headerLimits))
        return Application(
            router: router(),
            server: try access.tls.map { try .tls(plain, tlsConfiguration: $0) } ?? plain,
            configuration: .init(
                address: .hostname(access.host, port: port), serverName: "temper"),
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? port) },
            logger: logger)
    }

    private func router() -> Router<ServingContext> {
        let router = Router(context: ServingContext.self)
        router.add(
            middleware: Gate(check: RequestCheck(access.clients, limits), metrics: metrics))
        router.get("health") { _, _ in try health() }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(
                    byteBuffer: .init(
                        string: metrics.text(
                            model: admitted.model.name, root: admitted.verified.root,
                            isHealthy: problem == nil, connections: connections.count))))
        }
        let entry = ModelList.Entry(id: admitted.model.name)
        router.get("v1/models") { _, _ in
            try JSONBody.response(ModelList(data: [entry]))
        }
        router.get("v1/models/:name") { _, context in
            let name = context.parameters.get("name") ?? ""
            guard entry.id == name.removingPercentEncoding ?? name else {
                throw RefusedRequest.unknownModel(name, served: entry.id)
            }
            return try JSONBody.response(entry)
        }
        let chat = ChatRoute(
            model: admitted.model, limits: limits, queue: queue, connections: connections,
            metrics: metrics)
        router.post("v1/chat/completions") { request, context in
            try await chat.answer(request, context)
        }
        return router
    }

    /// Why the model gives no answers now, or nil.
    private var problem: String? {
        guard let time = queue.busyTime, time > .seconds(limits.stallSeconds) else { return nil }
        return "\(admitted.model.name) has shown no progress for \(time.components.seconds) s"
    }

    private func health() throws -> Response {
        struct Health: Encodable {
            let status: String
            let model: String
            let root: String
            let adapter: String?
            let signer: String
            let files: String
        }
        let problem = problem
        return try JSONBody.response(
            Health(
                status: problem ?? "ok", model: admitted.model.name, root: admitted.verified.root,
                adapter: admitted.adapter?.root, signer: "\(admitted.verified.signer)",
                files: admitted.filesAreUnchanged ? "as verified" : "changed since"),
            status: problem == nil ? .ok : .serviceUnavailable)
    }

    private struct ModelList: Encodable {
        struct Entry: Encodable {
            let id: String
            let object = "model"
            let created = 0
            let owned_by = "temper"

            private enum CodingKeys: String, CodingKey { case id, object, created, owned_by }
        }

        let object = "list"
        let data: [Entry]

        private enum CodingKeys: String, CodingKey { case object, data }
    }
}
