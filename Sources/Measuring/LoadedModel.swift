// SPDX-License-Identifier: Apache-2.0
// A checkpoint for an audit: the model, and the identity of its exact files.

package import Checkpoints
public import Foundation
public import LanguageModels
public import Records
internal import Tensors

/// A model with the identity of the files from which it was read.
public struct LoadedModel: Sendable {
    /// The model. Its chat template is told that the model should answer without thinking.
    public private(set) var model: LanguageModel
    /// The identity of its files in a record.
    public let identity: ModelIdentity

    /// The files, held open. Anything else that is read of the model has also been hashed.
    package let files: OpenModel

    /// The adapter that was added to the weights, or nil.
    package let adapter: StoredAdapter?

    /// Digests a model's files and loads the model from the same open files. A file that is
    /// replaced meanwhile is not read, and one that is written to is an error.
    ///
    /// An adapter is added to the weights in memory, in fp32, so that everything that is measured
    /// sees ordinary weights.
    ///
    /// - Parameters:
    ///   - url: A Hugging Face directory, a `.safetensors` file in one, or a `.gguf` file. Symbolic
    ///     links to regular files count as these files, as in a snapshot of a download cache.
    ///   - adapterURL: The directory of a PEFT adapter.
    ///   - form: The chat template and the date, where they are not left to the checkpoint.
    /// - Throws: `InputError` when a file cannot be read, or the adapter does not fit.
    public init(
        at url: URL, adapter adapterURL: URL? = nil, in form: ConversationForm = ConversationForm()
    ) throws {
        files = try OpenModel(identifying: url)
        adapter = try adapterURL.map { try StoredAdapter(at: $0) }
        let watches = [files, adapter?.files].compactMap(\.self).map(ModelWatch.init)
        let checkpoint = try Checkpoint(files, at: files.url)
        let base = try LanguageModel(files, at: files.url).toldNotToThink().conversing(in: form)
        model = try adapter.map(base.merging) ?? base
        let quantised = Set(checkpoint.tensors.values.compactMap(\.quantisation))
        let name =
            url.pathExtension == "gguf" || url.pathExtension == "safetensors"
            ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent
        let baseDigest = files.digest.root
        let parts = adapter.map {
            AdapterIdentity(
                name: $0.name, digest: $0.files.digest.root, baseName: name, baseDigest: baseDigest)
        }
        identity = ModelIdentity(
            name: parts.map { "\(name)+\($0.name)" } ?? name,
            digest: parts.map { ModelDigest.root(ofBase: baseDigest, adapter: $0.digest) }
                ?? baseDigest, format: checkpoint.format.rawValue,
            architecture: model.configuration.family,
            parameterCount: model.parameters.reduce(0) { $0 + $1.count },
            quantisation: quantised.isEmpty
                ? nil : quantised.sorted().joined(separator: ", "),
            adapter: parts)
        // If the files were written to while they were read, the changes may be in the weights.
        for watch in watches { try watch.check() }
    }

    /// Returns the same model with the chat template's switch for thinking set.
    ///
    /// - Parameter isToldNotToThink: Whether it is told not to.
    /// - Returns: The model with the same identity and files.
    package func toldNotToThink(_ isToldNotToThink: Bool) -> LoadedModel {
        var loaded = self
        loaded.model = model.toldNotToThink(isToldNotToThink)
        return loaded
    }

    /// Returns the same model with another chat template, another date, or both.
    ///
    /// - Parameter form: What changes.
    /// - Returns: The model with the same identity and files.
    package func conversing(in form: ConversationForm) -> LoadedModel {
        var loaded = self
        loaded.model = model.conversing(in: form)
        return loaded
    }
}
