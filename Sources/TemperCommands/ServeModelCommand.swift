// SPDX-License-Identifier: Apache-2.0
// `temper serve-model`: answers chats with a model after verifying it.

import ArgumentParser
import Foundation
import Logging
import ModelServer
import Provenance
import ProvenanceCommands

struct ServeModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve-model",
        abstract: "Serve a verified model as an OpenAI-compatible chat endpoint.",
        discussion: """
            The weights are loaded only after signature, files and, with a policy, the audits \
            verify, and from the very files that were verified. Endpoints: /v1/chat/completions, \
            /v1/models, /health, /metrics. Exit codes: 0 told to end, 1 not verified, 2 wrong usage \
            or bad input.
            """)

    @OptionGroup var verification: VerificationOptions

    @Option(help: "The address to listen at; others than loopback have no authentication.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen at; 0 takes a free one.")
    var port = 8080

    @Option(help: "Tokens of an answer at most.")
    var maxTokens = ServingLimits().answerTokenCount

    @Option(help: "Requests that are decoded together.")
    var batchSize = ServingLimits().batchSize

    @Option(help: "Requests that wait at most.")
    var queue = ServingLimits().queueLength

    @Option(help: "Requests a minute of one client at most.")
    var rate = ServingLimits().requestsPerMinute

    func validate() throws {
        try verification.requireTrust()
        guard (0...65535).contains(port) else { throw ValidationError("--port is 0 to 65535") }
        for (name, value) in [
            ("--max-tokens", maxTokens), ("--batch-size", batchSize), ("--queue", queue),
            ("--rate", rate),
        ] where value < 1 {
            throw ValidationError("\(name) must be at least 1")
        }
    }

    func run() async throws {
        let url = try verification.location()
        if let file = verification.missingSignature(of: url) {
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
            admitted = try AdmittedModel(verified, at: url)
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
        var logger = Logger(label: "temper", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = .warning
        let host = host
        try await ModelServer(admitted, limits: limits).run(
            host: host, port: port, logger: logger
        ) { port in
            print("serving\thttp://\(host):\(port)/v1")
            fflush(nil)
        }
    }
}
