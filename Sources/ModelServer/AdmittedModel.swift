// SPDX-License-Identifier: Apache-2.0
// A model that may be served: it is verified, and then loaded from a copy of the verified bytes.

import Checkpoints
public import Foundation
import JSONText
public import LanguageModels
public import Provenance

/// A verified model with its weights in memory.
///
/// Nothing of it is read from the files any more: they are copied into memory of this process, the
/// copy is hashed, and only if it has the verified digests is the model loaded from it.
public struct AdmittedModel: Sendable {
    /// The model.
    public let model: LanguageModel
    /// The signer and the signed files.
    public let verified: VerifiedModel
    /// The same of the adapter on the model; nil without one.
    public let adapter: VerifiedModel?

    /// The kinds of files that a model is loaded from.
    private static let kinds: Set = ["gguf", "jinja", "json", "safetensors"]

    /// Loads a model from a private copy of the verified files, which have been held open since. A
    /// file that has replaced one of them meanwhile is not read.
    ///
    /// - Parameters:
    ///   - verified: The result of the verification.
    ///   - adapter: The adapter that was verified together with the model.
    ///   - url: Where the model is.
    /// - Throws: A `VerificationFailure` when the model has files that are not signed, or a
    ///   verified file was written to; also the errors of loading.
    public init(
        _ verified: VerifiedModel, with adapter: VerifiedModel? = nil, at url: URL
    ) throws {
        let adapters = ["adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"]
        for name in adapters
        where verified.model.file(name) != nil || verified.ignored.contains(name) {
            throw VerificationFailure(
                .files, url.appending(path: name).path(percentEncoded: false),
                "is an adapter, which no certificate of the model speaks of",
                remedy: "move it to a directory of its own, have it audited and signed with the "
                    + "model, and name it with --adapter")
        }
        self.verified = verified
        self.adapter = adapter
        let base = try LanguageModel(Self.copy(of: verified), at: url)
        model = try adapter.map { try base.merging(StoredAdapter(Self.copy(of: $0))) } ?? base
    }

    private static func copy(of verified: VerifiedModel) throws -> OpenModel {
        do {
            return try verified.model.privateCopy(where: isRead)
        } catch let error as InputError where error.systemError == nil {
            throw VerificationFailure(.files, error.place, error.problem, remedy: error.remedy)
        }
    }

    private static func isRead(_ name: String) -> Bool {
        guard name != "." else { return true }
        let kind = name.split(separator: ".").last.map { $0.lowercased() }
        return !name.utf8.contains(UInt8(ascii: "/")) && kinds.contains(kind ?? "")
    }

    /// Whether the files on disk still are those that were verified. What is served does not depend
    /// on that, but the model would be refused at the next start.
    var filesAreUnchanged: Bool {
        [verified, adapter].compactMap(\.self).allSatisfy { (try? $0.checkUnchanged()) != nil }
    }
}
