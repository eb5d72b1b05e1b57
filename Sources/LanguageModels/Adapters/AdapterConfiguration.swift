// SPDX-License-Identifier: Apache-2.0
// What adapter_config.json says of an adapter. A setting that would change the result and that
// Temper does not compute is refused by its name.

import Foundation
import JSONText

/// The settings of a PEFT adapter of the type LoRA (arXiv:2106.09685).
struct AdapterConfiguration: Sendable, Hashable {
    /// Which modules are meant.
    enum Targets: Sendable, Hashable {
        /// Modules whose names are one of these, or end with one behind a full stop.
        case names([String])
        /// Modules whose whole names match.
        case pattern(ModulePattern)
        /// All linear maps but the head.
        case allLinear
    }

    /// A value for the modules that a pattern names.
    struct Exception: Sendable, Hashable {
        let pattern: ModulePattern
        let value: Double
    }

    /// The model that the adapter was trained on, as its trainer called it.
    let statedBase: String?
    private(set) var targets = Targets.names([])
    private var excluded: Targets?
    private var layers: [Int]?
    private var layerPatterns: [ModulePattern] = []
    private let rank: Int
    private let alpha: Double
    private var ranks: [Exception] = []
    private var alphas: [Exception] = []
    /// Whether the addition is divided by the root of the rank (arXiv:2312.03732).
    private let dividesByRoot: Bool
    /// The ends of the names of modules that are stored whole.
    let savedModules: [String]
    /// Whether the biases of the base are stored too.
    let storesBiases: Bool
    /// Whether a head that shares the embedding shares its change.
    let tiesChanges: Bool
}

extension AdapterConfiguration {
    /// Settings that do not change what a trained adapter computes.
    private static let inert: Set = [
        "auto_mapping", "fan_in_fan_out", "inference_mode", "lora_dropout", "lora_ga_config",
        "megatron_core", "peft_type", "peft_version", "qalora_group_size", "revision",
        "runtime_config", "task_type", "eva_config",
    ]
    /// Settings that are computed.
    private static let read: Set = [
        "alpha_pattern", "base_model_name_or_path", "bias", "ensure_weight_tying",
        "exclude_modules", "init_lora_weights", "layers_pattern", "layers_to_transform",
        "lora_alpha", "modules_to_save", "r", "rank_pattern", "target_modules", "use_rslora",
    ]
    /// Initialisations that leave the base as it is. Others subtract the adapter's start from it.
    private static let plainStarts: Set = ["gaussian", "orthogonal", "eva"]

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - data: The file's bytes.
    ///   - file: The file's path, for errors.
    /// - Throws: `InputError` that names the file and the key.
    init(_ data: Data, file: String) throws {
        let remedy = "save the adapter again with a current PEFT"
        let top = JSONNode(try JSON(data, file: file, remedy: remedy), file: file, remedy: remedy)
        let type = try top.required("peft_type")
        guard try type.string().uppercased() == "LORA" else {
            throw type.error(
                "\"\(try type.string())\" is not supported",
                "merge the adapter into its base with PEFT, or use a LoRA")
        }
        for member in try top.members()
        where !Self.inert.union(Self.read).contains(member.key) && member.value.isSet {
            throw JSONNode(member.value, file: file, path: member.key, remedy: remedy).error(
                "is not supported" + (member.key == "use_dora" ? " (DoRA)" : ""),
                "merge the adapter into its base with PEFT")
        }
        if let start = try top.member("init_lora_weights"), case .string(let name) = start.value,
            !Self.plainStarts.contains(name)
        {
            throw start.error(
                "\"\(name)\" changes the base as well",
                "convert it to a plain LoRA, as PEFT's documentation of \(name) describes")
        }
        statedBase = try top.member("base_model_name_or_path")?.string()
        rank = try top.required("r").count()
        alpha = try top.required("lora_alpha").finite()
        dividesByRoot = try top.flag("use_rslora", default: false)
        tiesChanges = try top.flag("ensure_weight_tying", default: false)
        savedModules = try top.member("modules_to_save")?.texts() ?? []
        let bias = try top.member("bias")
        storesBiases = try bias.map { try $0.string() != "none" } ?? false
        if let bias, !["none", "all", "lora_only"].contains(try bias.string()) {
            throw bias.error("\"\(try bias.string())\" is unknown", remedy)
        }
        targets = try top.member("target_modules").map(Targets.init) ?? .names([])
        excluded = try top.member("exclude_modules").map(Targets.init)
        layers = try top.member("layers_to_transform").map { node in
            if case .integer = node.value { return [try node.count()] }
            return try node.elements().map { try $0.count() }
        }
        layerPatterns =
            try top.member("layers_pattern").map { node in
                try node.texts().filter { !$0.isEmpty }.map { try ModulePattern($0, at: node) }
            } ?? []
        ranks = try Self.exceptions(top.member("rank_pattern"))
        alphas = try Self.exceptions(top.member("alpha_pattern"))
    }

    private static func exceptions(_ node: JSONNode?) throws -> [Exception] {
        guard let node else { return [] }
        return try node.members().map { member in
            let place = JSONNode(
                member.value, file: node.file, path: "\(node.path).\(member.key)",
                remedy: node.remedy)
            return Exception(
                pattern: try ModulePattern(member.key, at: place), value: try place.finite())
        }
    }

    /// Returns whether a module of the base gets a low-rank addition.
    ///
    /// - Parameter module: Its name, such as `model.layers.0.self_attn.q_proj`.
    /// - Returns: Whether PEFT would add to it.
    func isTarget(_ module: String) -> Bool {
        guard targets.contains(module), !(excluded?.contains(module) ?? false) else { return false }
        // PEFT looks at layers only when the targets are names.
        guard let layers, !layers.isEmpty, case .names = targets else { return true }
        return layer(of: module).map(layers.contains) ?? false
    }

    /// Returns the rank of a module's addition.
    func rank(of module: String) -> Int {
        ranks.first { $0.pattern.matchesEnd(of: module) }.map { Int(clamping: $0.value) } ?? rank
    }

    /// Returns the factor of a module's addition.
    func scale(of module: String, rank: Int) -> Float {
        let alpha = alphas.first { $0.pattern.matchesEnd(of: module) }?.value ?? alpha
        return Float(alpha / (dividesByRoot ? Double(rank).squareRoot() : Double(rank)))
    }

    private func layer(of module: String) -> Int? {
        let parts = module.split(separator: ".", omittingEmptySubsequences: false)
        func first(_ isLayer: (_ before: String) -> Bool) -> Int? {
            for place in parts.indices.dropFirst().dropLast() {
                guard let number = Int(parts[place]), number >= 0,
                    isLayer(parts[..<place].joined(separator: "."))
                else { continue }
                return number
            }
            return nil
        }
        guard !layerPatterns.isEmpty else { return first { $0.contains(".") } }
        return layerPatterns.lazy.compactMap { pattern in first(pattern.matchesEnd) }.first
    }
}

extension AdapterConfiguration.Targets {
    fileprivate init(_ node: JSONNode) throws {
        if case .string(let text) = node.value {
            self =
                text.lowercased() == "all-linear"
                ? .allLinear : .pattern(try ModulePattern(text, at: node))
        } else {
            self = .names(try node.texts())
        }
    }

    func contains(_ module: String) -> Bool {
        switch self {
        case .names(let names): names.contains { module == $0 || module.hasSuffix(".\($0)") }
        case .pattern(let pattern): pattern.matches(module)
        case .allLinear: module != "lm_head" && !module.hasSuffix("embed_tokens")
        }
    }
}

extension JSON {
    /// Whether a setting asks for anything.
    fileprivate var isSet: Bool {
        switch self {
        case .null, .boolean(false): false
        case .object(let members): !members.isEmpty
        case .array(let elements): !elements.isEmpty
        default: true
        }
    }
}

extension JSONNode {
    fileprivate func finite() throws(InputError) -> Double {
        switch value {
        case .integer(let number): return Double(number)
        case .number(let number): return number
        default: throw error("a number expected, found \(value.kind)", remedy)
        }
    }

    /// Returns the strings of an array, or of one string.
    fileprivate func texts() throws(InputError) -> [String] {
        if case .string(let text) = value { return [text] }
        var texts: [String] = []
        for element in try elements() { texts.append(try element.string()) }
        return texts
    }
}

extension Int {
    fileprivate init(clamping value: Double) {
        self = Int(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }
}
