// SPDX-License-Identifier: Apache-2.0
// Writes a model as a Hugging Face directory; not public, because tampered models are not written.

import Checkpoints
package import Foundation
import JSONText
package import LanguageModels
import Tensors
import Tokenization

extension LanguageModel {
    /// How weights are stored.
    package enum StoredPrecision: Sendable {
        /// As they are computed with.
        case float32
        /// Rounded to the upper half of the bits.
        case bfloat16
    }

    /// Writes a directory that transformers and `LanguageModel(at:)` load.
    ///
    /// The directory appears under its name when all of it is written.
    ///
    /// - Parameters:
    ///   - directory: A path that does not exist yet, or an empty directory.
    ///   - precision: How weights are stored.
    ///   - extra: Further files by name.
    /// - Throws: `InputError` when the place cannot be written or a
    ///   weight is NaN or infinite.
    package func write(
        to directory: URL, precision: StoredPrecision = .float32, adding extra: [String: Data] = [:]
    ) throws {
        guard adapters == nil else {
            try fused().write(to: directory, precision: precision, adding: extra)
            return
        }
        let target = directory.standardizedFileURL
        let path = target.path(percentEncoded: false)
        let files = FileManager.default
        func refused(_ problem: String, remedy: String) -> InputError {
            InputError(path, problem, remedy: remedy)
        }
        guard virtualTokens == nil else {
            throw refused(
                "cannot hold virtual tokens, which are no part of a checkpoint",
                remedy: "remove them with prompted(by: nil)")
        }
        guard let family = Family.named(configuration.family) else {
            throw refused(
                "cannot hold a model of the family \"\(configuration.family)\"",
                remedy: "supported are \(Family.all.map(\.modelType).joined(separator: ", "))")
        }
        if files.fileExists(atPath: path) {
            guard let present = try? files.contentsOfDirectory(atPath: path), present.isEmpty else {
                throw refused("exists and is not empty", remedy: "choose another directory")
            }
        }
        let partial = target.deletingLastPathComponent()
            .appending(path: ".\(target.lastPathComponent).\(UUID().uuidString).partial")
        do {
            try files.createDirectory(at: partial, withIntermediateDirectories: true)
        } catch {
            throw refused("cannot be created", remedy: "choose a place that you may write to")
        }
        defer { try? files.removeItem(at: partial) }
        try writeFiles(
            in: partial, names: family.names, precision: precision, adding: extra)
        do {
            if files.fileExists(atPath: path) { try files.removeItem(at: target) }
            try files.moveItem(at: partial, to: target)
        } catch {
            throw refused("cannot be replaced", remedy: "choose a place that you may write to")
        }
    }

    private func writeFiles(
        in directory: URL, names: NameScheme, precision: StoredPrecision,
        adding extra: [String: Data]
    ) throws {
        let stops = stopTokens.sorted().map { JSON.integer($0) }
        let tokens: [(key: String, value: JSON?)] = [
            ("bos_token_id", tokenizer.bosToken.map { .integer($0.identifier) }),
            ("eos_token_id", stops.count > 1 ? .array(stops) : stops.first),
            ("pad_token_id", tokenizer.padToken.map { .integer($0.identifier) }),
        ]
        let type = precision == .float32 ? "float32" : "bfloat16"
        var small = [
            "config.json": JSON.file(
                configuration.huggingFaceKeys + tokens + [("torch_dtype", .string(type))]),
            "generation_config.json": JSON.file(tokens),
            "tokenizer.json": tokenizer.tokenizerJSON(),
            "tokenizer_config.json": tokenizer.tokenizerConfigJSON(
                chatTemplate: chatTemplate?.source),
        ]
        if let chatTemplate { small["chat_template.jinja"] = Data(chatTemplate.source.utf8) }
        small.merge(extra) { own, _ in own }
        for (name, data) in small.sorted(by: { $0.key < $1.key }) {
            let file = directory.appending(path: name)
            do {
                try data.write(to: file)
            } catch {
                throw InputError(
                    file.path(percentEncoded: false), "cannot be written",
                    remedy: "check the space and permissions of the disk")
            }
        }
        try SafetensorsWriter().write(
            sources(names: names, precision: precision), to: directory)
    }

    private func sources(
        names: NameScheme, precision: StoredPrecision
    ) throws -> [TensorSource] {
        try names.storedParameters(of: configuration).map { parameter in
            let tensor = try parameter.tensor(from: weight)
            return TensorSource(
                name: parameter.name, shape: parameter.shape,
                storedAs: precision == .float32 ? .float32 : .bfloat16
            ) { sink in
                try tensor.withBytes { bytes in
                    let values = bytes.bindMemory(to: Float.self)
                    // NaN and infinity are the two that do not equal themselves times zero.
                    guard values.allSatisfy({ $0 * 0 == 0 }) else {
                        throw InputError(
                            "tensor \(parameter.name)", "holds NaN or infinity",
                            remedy: "lower the learning rate")
                    }
                    try sink(values)
                }
            }
        }
    }
}

extension LanguageModel {
    /// Writes a directory; one that is replaced stands until the new one is complete.
    package func write(
        to directory: URL, replacing isReplacing: Bool, adding extra: [String: Data]
    ) throws {
        let files = FileManager.default
        guard isReplacing, files.fileExists(atPath: directory.path) else {
            return try write(to: directory, adding: extra)
        }
        let target = directory.deletingLastPathComponent()
            .appendingPathComponent(".\(directory.lastPathComponent).\(UUID().uuidString)")
        try write(to: target, adding: extra)
        try files.removeItem(at: directory)
        try files.moveItem(at: target, to: directory)
    }
}
