// SPDX-License-Identifier: Apache-2.0
// The rotary embedding in config.json, in old and in new spelling.

import Foundation
import JSONText

extension HuggingFaceConfiguration {
    /// `rope_parameters` (transformers 5) or `rope_scaling` (before).
    struct Rope: Decodable {
        var ropeType: String?
        var type: String?
        var ropeTheta: Double?
        var factor: Double?
        var lowFrequencyFactor: Double?
        var highFrequencyFactor: Double?
        var originalContextLength: Int?
        var partialRotaryFactor: Double?
        var amplitude: Double?
        var scale: Double?
        var scaleOfAll: Double?
        var fastTurns: Double?
        var slowTurns: Double?
        var truncates: Bool?
        var short: [Double]?
        var long: [Double]?
        var growth: Double?

        enum CodingKeys: String, CodingKey {
            case ropeType = "rope_type"
            case type
            case ropeTheta = "rope_theta"
            case factor
            case lowFrequencyFactor = "low_freq_factor"
            case highFrequencyFactor = "high_freq_factor"
            case originalContextLength = "original_max_position_embeddings"
            case partialRotaryFactor = "partial_rotary_factor"
            case amplitude = "attention_factor"
            case scale = "mscale"
            case scaleOfAll = "mscale_all_dim"
            case fastTurns = "beta_fast"
            case slowTurns = "beta_slow"
            case truncates = "truncate"
            case short = "short_factor"
            case long = "long_factor"
            case growth = "llama_4_scaling_beta"
        }
    }

    /// The parameters for all layers, or for each kind of layer.
    struct RopeParameters: Decodable {
        var all: Rope?
        var byLayerType: [String: Rope] = [:]

        init(from decoder: any Decoder) throws {
            let box = try decoder.container(keyedBy: LayerType.self)
            for key in LayerType.allCases where box.contains(key) {
                byLayerType[key.rawValue] = try box.decodeIfPresent(Rope.self, forKey: key)
            }
            if byLayerType.isEmpty { all = try Rope(from: decoder) }
        }

        private enum LayerType: String, CodingKey, CaseIterable {
            case full = "full_attention"
            case sliding = "sliding_attention"
        }
    }

    /// Returns the rotary embedding of a kind of layer.
    ///
    /// - Parameters:
    ///   - family: The family, whose base and share count where the file has none.
    ///   - layerType: `full_attention` or `sliding_attention`, where they differ.
    ///   - file: The file's name, for errors.
    /// - Returns: The embedding.
    /// - Throws: `InputError` that names the key.
    func rotary(
        of family: Family, for layerType: String? = nil, file: String
    ) throws -> RotaryEmbedding {
        let place = ropeParameters == nil ? "rope_scaling" : "rope_parameters"
        // The old spelling scales only layers that see everything.
        let old = layerType == "sliding_attention" ? nil : ropeScaling
        let rope = layerType.flatMap { ropeParameters?.byLayerType[$0] } ?? ropeParameters?.all
        return try rotary(rope ?? old ?? Rope(), of: family, place: place, file: file)
    }

    private func rotary(
        _ rope: Rope, of family: Family, place: String, file: String
    ) throws -> RotaryEmbedding {
        func required<Number>(_ number: Number?, _ key: String) throws -> Number {
            guard let number else {
                throw InputError(
                    file: file, position: "\(place).\(key)", "is missing",
                    remedy: "use an intact checkpoint")
            }
            return number
        }
        var rotary = RotaryEmbedding(base: rope.ropeTheta ?? ropeTheta ?? family.ropeTheta)
        rotary.share =
            rope.partialRotaryFactor ?? partialRotaryFactor ?? family.rotaryShare ?? 1
        func original() throws -> Int {
            try required(
                rope.originalContextLength ?? originalContextLength,
                "original_max_position_embeddings")
        }
        func factor() throws -> Double { try required(rope.factor, "factor") }
        let type = rope.ropeType ?? rope.type ?? "default"
        switch type {
        case "default": break
        case "linear":
            rotary.scaling = .linear(factor: try factor())
        case "dynamic":
            rotary.scaling = .dynamic(
                factor: try factor(), originalContextLength: contextLength ?? 2048)
        case "llama3":
            rotary.scaling = .llama3(
                .init(
                    factor: try factor(),
                    lowFrequencyFactor: try required(rope.lowFrequencyFactor, "low_freq_factor"),
                    highFrequencyFactor: try required(
                        rope.highFrequencyFactor, "high_freq_factor"),
                    originalContextLength: try original()))
        case "yarn":
            rotary.scaling = .yarn(try yarn(rope, original: original()))
        case "longrope", "su":
            let original = try original()
            let stretch =
                rope.factor ?? Double(contextLength ?? original) / Double(max(original, 1))
            rotary.scaling = .longRope(
                .init(
                    short: try required(rope.short, "short_factor"),
                    long: try required(rope.long, "long_factor"),
                    originalContextLength: original,
                    amplitude: rope.amplitude
                        ?? RotaryEmbedding.LongRope.amplitude(stretch: stretch, original: original)
                ))
        case "proportional":
            rotary.scaling = .proportional(factor: rope.factor ?? 1, share: rotary.share)
            rotary.share = 1
        default:
            throw InputError(
                file: file, position: "\(place).rope_type", "\"\(type)\" is not supported",
                remedy: "supported are default, linear, dynamic, llama3, yarn, longrope, "
                    + "proportional")
        }
        if family.rotaryShare == nil, rotary.share != 1 {
            throw InputError(
                file: file, position: "partial_rotary_factor", "\(rotary.share) is not supported",
                remedy: "use a checkpoint without this feature")
        }
        rotary.isInterleaved = family.rotatesNeighbours
        if let rate = rope.growth, rate != 0 {
            rotary.growth = .init(rate: rate, originalContextLength: try original())
        }
        return rotary
    }

    private func yarn(_ rope: Rope, original: Int) throws -> RotaryEmbedding.YaRN {
        let factor =
            rope.factor ?? Double(contextLength ?? original) / Double(max(original, 1))
        func growth(_ scale: Double) -> Double {
            RotaryEmbedding.YaRN.amplitude(factor: factor, scale: scale)
        }
        var amplitude = growth(1)
        if let scale = rope.scale, let all = rope.scaleOfAll, scale != 0, all != 0 {
            amplitude = growth(scale) / growth(all)
        }
        var numbers = RotaryEmbedding.YaRN(
            factor: factor, originalContextLength: original,
            amplitude: rope.amplitude ?? amplitude)
        if let turns = rope.fastTurns, turns != 0 { numbers.fastTurns = turns }
        if let turns = rope.slowTurns, turns != 0 { numbers.slowTurns = turns }
        numbers.truncates = rope.truncates ?? true
        return numbers
    }
}
