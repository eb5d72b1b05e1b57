// SPDX-License-Identifier: Apache-2.0
// A model that may be served: verified first, and then loaded from the files that were verified.

import Checkpoints
public import Foundation
import JSONText
public import LanguageModels
public import Provenance

/// A verified model with its weights in memory.
public struct AdmittedModel: Sendable {
    /// The model.
    public let model: LanguageModel
    /// Who signed it, and what.
    public let verified: VerifiedModel
    private let watch: ModelWatch

    /// Loads a model from the files that were verified, which are held open since: a file that was
    /// put in the place of one of them meanwhile is not looked at.
    ///
    /// - Parameters:
    ///   - verified: The verification's result.
    ///   - url: Where the model is.
    /// - Throws: A `VerificationFailure` when it brings along what no certificate speaks of or what
    ///   was verified was written to, and the errors of loading.
    public init(_ verified: VerifiedModel, at url: URL) throws {
        let adapters = ["adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"]
        for name in adapters
        where verified.model.file(name) != nil || verified.ignored.contains(name) {
            throw VerificationFailure(
                .files, url.appending(path: name).path(percentEncoded: false),
                "is an adapter, which no certificate of the model speaks of",
                remedy: "merge it into the weights, and have those audited and signed")
        }
        self.verified = verified
        watch = ModelWatch(verified.model)
        model = try LanguageModel(verified.model, at: url)
        // What was written to the files while they were read may be in the weights.
        try checkBytes()
    }

    /// Checks that the files which the weights are read from still hold what was verified.
    ///
    /// - Throws: A `VerificationFailure` when one was written to.
    public func checkBytes() throws {
        do {
            try watch.check()
        } catch let error as InputError {
            throw VerificationFailure(
                .files, error.place, error.problem, remedy: error.remedy)
        }
    }
}
