// SPDX-License-Identifier: Apache-2.0
// `temper serve-model`: answers chats with a model after verifying it.

import ArgumentParser
import Foundation
import Logging
import ModelRequests
import ModelServer
import Provenance
import ProvenanceCommands

struct ServeModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve-model",
        abstract: "Serve a verified model as an OpenAI-compatible chat endpoint.",
        discussion: """
            The weights are loaded only after signature, files and, with a policy, the audits \
            verify, and from a copy in memory that has the verified digests. With --adapter, model \
            and adapter must be admitted together. Endpoints: \
            /v1/chat/completions, /v1/models, /health, /metrics. Exit codes: 0 told to end, 1 not \
            verified, 2 wrong usage or bad input.
            """)

    @OptionGroup var verification: VerificationOptions

    @Option(help: "The address to listen at; others than loopback need --token-file.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen at; 0 takes a free one.")
    var port = 8080

    @Option(
        help: """
            A name under which clients reach the server, besides localhost; may be given several \
            times.
            """)
    var allowHost: [String] = []

    @Option(help: "A file with the token that requests must carry (Authorization: Bearer TOKEN).")
    var tokenFile: String?

    @Option(help: "The server's certificate and its chain, in PEM: serves HTTPS.")
    var tlsCertificate: String?

    @Option(help: "The certificate's private key, in PEM.")
    var tlsKey: String?

    @Option(help: "Tokens of an answer at most.")
    var maxTokens = ServingLimits().answerTokenCount

    @Option(help: "Answers that are decoded together.")
    var batchSize = ServingLimits().batchSize

    @Option(help: "Answers that wait at most.")
    var queue = ServingLimits().queueLength

    @Option(help: "Requests a minute of one client at most.")
    var rate = ServingLimits().requestsPerMinute

    @Option(help: "Seconds that answers on their way may take when the server is told to end.")
    var grace = ServingLimits().graceSeconds

    func validate() throws {
        try verification.requireTrust()
        guard (0...65535).contains(port) else { throw ValidationError("--port is 0 to 65535") }
        for (name, value) in [
            ("--max-tokens", maxTokens), ("--batch-size", batchSize), ("--queue", queue),
            ("--rate", rate), ("--grace", grace),
        ] where value < 1 {
            throw ValidationError("\(name) must be at least 1")
        }
    }

    func run() async throws {
        // A faulty file is refused before anything is hashed.
        [tokenFile, tlsKey].compactMap(\.self).forEach(warnIfReadByOthers)
        let access = try ServerAccess(
            host: host, names: allowHost,
            token: tokenFile.map { try BearerToken(contentsOf: URL(filePath: $0)) },
            certificate: tlsCertificate.map { URL(filePath: $0) },
            key: tlsKey.map { URL(filePath: $0) })
        let url = try verification.location()
        if let file = try verification.missingSignature(of: url) {
            print("NO\tsignature\t\(file) is missing: the model is not signed\nNOT VERIFIED")
            throw ExitCode(1)
        }
        let report = try await verification.verify(url)
        guard report.isVerified, let verified = report.model else {
            for line in report.lines { print(line) }
            throw ExitCode(1)
        }
        let admitted: AdmittedModel
        do {
            admitted = try AdmittedModel(verified, with: report.adapter, at: url)
        } catch let failure as VerificationFailure {
            print("NO\t\(failure.check.rawValue)\t\(failure)\nNOT VERIFIED")
            throw ExitCode(1)
        }
        for line in report.lines { print(line) }
        var limits = ServingLimits()
        limits.answerTokenCount = maxTokens
        limits.defaultTokenCount = min(limits.defaultTokenCount, maxTokens)
        limits.batchSize = batchSize
        limits.queueLength = queue
        limits.requestsPerMinute = rate
        limits.graceSeconds = grace
        var logger = Logger(label: "temper", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = .warning
        try await ModelServer(admitted, access: access, limits: limits).run(
            port: port, logger: logger
        ) { port in
            let host = access.host.contains(":") ? "[\(access.host)]" : access.host
            print("serving\t\(access.usesTLS ? "https" : "http")://\(host):\(port)/v1")
            fflush(nil)
        }
    }
}
