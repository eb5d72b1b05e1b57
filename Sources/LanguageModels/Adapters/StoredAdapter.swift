// SPDX-License-Identifier: Apache-2.0
// An adapter on disk, as PEFT saves it: its settings, and which of its tensors change what.

public import Checkpoints
public import Foundation
import JSONText

/// A LoRA (arXiv:2106.09685) in a PEFT directory: `adapter_config.json` and
/// `adapter_model.safetensors`.
///
/// ```swift
/// let adapter = try StoredAdapter(at: directory)
/// let model = try LanguageModel(at: base).merging(adapter)
/// ```
public struct StoredAdapter: Sendable {
    /// The name of the directory.
    public let name: String
    /// The adapter's files, held open.
    public let files: OpenModel
    let configuration: AdapterConfiguration
    /// The changes in the order of the weights' names.
    package let changes: [Change]
    private let checkpoint: Checkpoint

    /// A change of one parameter of the base.
    package struct Change: Sendable {
        package enum Kind: Sendable {
            /// W + scale * up down; an embedding gets the transpose of that.
            case addition(down: StoredTensor, up: StoredTensor, scale: Float, isTransposed: Bool)
            /// Another tensor. `isInBase` if it also changes parameters that share the base's.
            case replacement(StoredTensor, isInBase: Bool)
        }

        /// The parameter's Hugging Face name.
        package let parameter: String
        package let kind: Kind

        /// Throws unless the change fits the base's parameter.
        ///
        /// - Parameter base: The parameter's shape; nil if the base does not have it.
        /// - Throws: `InputError` that names the adapter's file and tensor.
        package func check(against base: [Int]?) throws {
            let (stored, own) =
                switch kind {
                case .replacement(let stored, _): (stored, stored.shape)
                case .addition(let down, let up, _, let isTransposed):
                    (
                        down,
                        isTransposed ? [down.shape[1], up.shape[0]] : [up.shape[0], down.shape[1]]
                    )
                }
            guard let base else {
                throw stored.fault(
                    "changes \(parameter), which the base does not have",
                    remedy: "name the base that the adapter was trained on")
            }
            guard own == base else {
                throw stored.fault(
                    "changes a weight of shape \(own), and the base's \(parameter) is \(base)",
                    remedy: "name the base that the adapter was trained on, of the same size and "
                        + "with the same vocabulary")
            }
        }
    }

    /// Opens an adapter's directory.
    ///
    /// - Parameter url: A directory with `adapter_config.json` and `adapter_model.safetensors`.
    /// - Throws: `InputError` with the file, the place in it and a remedy.
    public init(at url: URL) throws {
        try self.init(OpenModel(identifyingAdapter: url))
    }

    /// Reads an adapter from files that are held open.
    ///
    /// - Parameter files: The files of the directory.
    /// - Throws: `InputError` with the file, the place in it and a remedy.
    public init(_ files: OpenModel) throws {
        let file = files.url.appending(path: OpenModel.adapterConfigurationName)
            .path(percentEncoded: false)
        guard let data = try files.data(of: OpenModel.adapterConfigurationName) else {
            throw InputError(
                file, "is missing", remedy: "name the directory that PEFT saved the adapter in")
        }
        name = files.url.standardizedFileURL.lastPathComponent
        self.files = files
        configuration = try AdapterConfiguration(data, file: file)
        checkpoint = try Checkpoint(files, at: files.url)
        changes = try Self.changes(checkpoint, configuration)
    }

    /// Returns whether a path is the directory of an adapter, and not of a model.
    public static func isAdapter(_ url: URL) -> Bool {
        func holds(_ name: String) -> Bool {
            FileManager.default.fileExists(
                atPath: url.appending(path: name).path(percentEncoded: false))
        }
        return holds(OpenModel.adapterConfigurationName) && !holds("config.json")
    }

    /// The model that the adapter was trained on, as its trainer called it; nil if the adapter does
    /// not say.
    public var statedBase: String? { configuration.statedBase }

    /// The ranks of the low-rank additions, without repetitions, in ascending order.
    public var ranks: [Int] {
        let ranks = changes.compactMap { change -> Int? in
            guard case .addition(let down, _, _, _) = change.kind else { return nil }
            return down.shape.first
        }
        return Set(ranks).sorted()
    }

    /// The last parts of the names of the modules with a low-rank addition, such as `q_proj`.
    public var targets: [String] {
        modules { if case .addition = $0 { true } else { false } }
    }

    /// The last parts of the names of the modules that are stored whole, such as `lm_head`.
    public var replacedModules: [String] {
        modules { if case .replacement = $0 { true } else { false } }
    }

    /// The number of scalars in the files.
    public var parameterCount: Int { checkpoint.tensors.values.reduce(0) { $0 + $1.count } }

    private func modules(_ isMeant: (Change.Kind) -> Bool) -> [String] {
        let names = changes.filter { isMeant($0.kind) }.compactMap { change in
            change.parameter.split(separator: ".").dropLast().last.map(String.init)
        }
        return Set(names).sorted()
    }

    /// Returns the values of a stored tensor in fp32.
    package func values(_ stored: StoredTensor) throws -> [Float] {
        if let index = try checkpoint.firstNonFinite(in: stored.name) {
            throw stored.fault(
                "element \(index) is NaN or infinite",
                remedy: "download or train the adapter again")
        }
        return try checkpoint.float32(stored.name)
    }
}

// MARK: - Names

extension StoredAdapter {
    private static let prefix = "base_model.model."

    /// Pairs the tensors and checks them against the settings.
    private static func changes(
        _ checkpoint: Checkpoint, _ configuration: AdapterConfiguration
    ) throws -> [Change] {
        var changes: [Change] = []
        var halves: [String: [String: StoredTensor]] = [:]
        var parameters: Set<String> = []
        for stored in checkpoint.names.compactMap({ checkpoint.tensors[$0] }) {
            guard stored.name.hasPrefix(prefix) else {
                throw stored.fault(
                    "is not named as PEFT names tensors, with \(prefix) in front",
                    remedy: "save the adapter with PEFT's save_pretrained")
            }
            let parts = stored.name.dropFirst(prefix.count).split(
                separator: ".", omittingEmptySubsequences: false
            ).map(String.init)
            if let place = parts.firstIndex(where: { $0.hasPrefix("lora_") }) {
                let module = parts[..<place].joined(separator: ".")
                halves[module, default: [:]][try half(parts[place...], of: stored)] = stored
                continue
            }
            let parameter = parts.filter { !["base_layer", "modules_to_save"].contains($0) }
            let change = try replacement(
                of: parameter.filter { $0 != "default" }, by: stored, configuration)
            guard parameters.insert(change.parameter).inserted else {
                throw stored.fault("stands there twice", remedy: "save the adapter again")
            }
            changes.append(change)
        }
        for (module, halves) in halves.sorted(by: { $0.key < $1.key }) {
            changes.append(try addition(to: module, halves, configuration))
        }
        return changes.sorted { $0.parameter < $1.parameter }
    }

    /// Returns which half of an addition a tensor is. Old files name the adapter in it.
    private static func half(_ parts: ArraySlice<String>, of stored: StoredTensor) throws -> String
    {
        let end = parts.filter { $0 != "default" }.dropFirst()
        switch parts.first {
        case let half? where ["lora_A", "lora_B"].contains(half) && end.elementsEqual(["weight"]):
            return half
        case let half?
        where ["lora_embedding_A", "lora_embedding_B"].contains(half) && end.isEmpty:
            return half
        case "lora_magnitude_vector":
            throw stored.fault(
                "belongs to a DoRA, which is not supported",
                remedy: "merge the adapter into its base with PEFT")
        default:
            throw stored.fault(
                "is no part of a LoRA that is supported",
                remedy: "merge the adapter into its base with PEFT")
        }
    }

    private static func addition(
        to module: String, _ halves: [String: StoredTensor], _ configuration: AdapterConfiguration
    ) throws -> Change {
        let isEmbedding = halves.keys.contains { $0.hasPrefix("lora_embedding") }
        let names = isEmbedding ? ["lora_embedding_A", "lora_embedding_B"] : ["lora_A", "lora_B"]
        guard halves.count == 2, let down = halves[names[0]], let up = halves[names[1]] else {
            let half = halves.values.min { $0.name < $1.name }
            throw InputError(
                half?.file.path(percentEncoded: false) ?? "the adapter",
                "module \(module) has \(halves.keys.sorted().joined(separator: ", ")), not "
                    + names.joined(separator: " and "), remedy: "save the adapter again")
        }
        guard configuration.isTarget(module) else {
            throw down.fault(
                "is for a module that adapter_config.json does not target, so that PEFT leaves it "
                    + "out", remedy: "use the settings that belong to these tensors")
        }
        guard down.shape.count == 2, up.shape.count == 2, let rank = down.shape.first, rank > 0,
            up.shape[1] == rank
        else {
            throw down.fault(
                "has shape \(down.shape), which does not go with \(up.name), \(up.shape)",
                remedy: "save the adapter again, whole and not in parts")
        }
        guard rank == configuration.rank(of: module) else {
            throw down.fault(
                "has rank \(rank), and adapter_config.json says \(configuration.rank(of: module))",
                remedy: "use the settings that belong to these tensors")
        }
        let scale = configuration.scale(of: module, rank: rank)
        guard scale.isFinite else {
            throw down.fault(
                "is scaled by \(scale)", remedy: "correct lora_alpha or alpha_pattern")
        }
        return Change(
            parameter: module + ".weight",
            kind: .addition(down: down, up: up, scale: scale, isTransposed: isEmbedding))
    }

    private static func replacement(
        of parts: [String], by stored: StoredTensor, _ configuration: AdapterConfiguration
    ) throws -> Change {
        let module = parts.dropLast().joined(separator: ".")
        let isSaved = configuration.savedModules.contains { module.hasSuffix($0) }
        let isBias = configuration.storesBiases && parts.last == "bias"
        // PEFT stores embeddings whole when they are targeted or resized.
        let isEmbedding = ["embed_tokens", "lm_head"].contains(parts.dropLast().last)
        guard isSaved || isBias || isEmbedding else {
            throw stored.fault(
                "is none that adapter_config.json accounts for",
                remedy: "use the settings that belong to these tensors")
        }
        return Change(
            parameter: parts.joined(separator: "."), kind: .replacement(stored, isInBase: !isSaved))
    }
}
