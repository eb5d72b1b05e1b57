// SPDX-License-Identifier: Apache-2.0
// A model that may be served: it is verified, and then loaded from the verified files.

import Checkpoints
public import Foundation
import JSONText
public import LanguageModels
public import Provenance

/// A verified model with its weights in memory.
public struct AdmittedModel: Sendable {
    /// The model.
    public let model: LanguageModel
    /// The signer and the signed files.
    public let verified: VerifiedModel
    private let watch: ModelWatch

    /// Loads a model from the verified files, which have been held open since. A file that has
    /// replaced one of them meanwhile is not read.
    ///
    /// - Parameters:
    ///   - verified: The result of the verification.
    ///   - url: Where the model is.
    /// - Throws: A `VerificationFailure` when the model has files that are not signed, or a
    ///   verified file was written to; also the errors of loading.
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
        // If the files were written to while they were read, the changes may be in the weights.
        try checkBytes()
    }

    /// Checks that the files of the weights still hold the verified bytes.
    ///
    /// - Throws: A `VerificationFailure` when a file was written to.
    public func checkBytes() throws {
        do {
            try watch.check()
        } catch let error as InputError {
            throw VerificationFailure(
                .files, error.place, error.problem, remedy: error.remedy)
        }
    }
}
