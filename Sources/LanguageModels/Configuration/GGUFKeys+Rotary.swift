// SPDX-License-Identifier: Apache-2.0
// The rotary embedding in a GGUF file.

import Checkpoints
import JSONText

extension GGUFKeys {
    /// Returns the rotary embedding.
    ///
    /// - Parameters:
    ///   - attention: The attention that the family made without it.
    ///   - family: The family.
    ///   - contextLength: The longest sequence, in tokens.
    /// - Returns: The embedding.
    /// - Throws: `InputError` that names the key.
    func rotary(
        like attention: DecoderConfiguration.Attention, of family: Family, _ contextLength: Int
    ) throws -> RotaryEmbedding {
        var rotary = attention.rotary
        rotary.base = try optionalNumber("rope.freq_base") ?? 10_000
        let original = try integer(
            "rope.scaling.original_context_length", default: contextLength)
        let lists = try ["rope_factors_short.weight", "rope_factors_long.weight"].map { name in
            try checkpoint.tensors[name] == nil ? nil : checkpoint.float32(name).map(Double.init)
        }
        if let short = lists[0], let long = lists[1] {
            rotary.scaling = .longRope(
                .init(
                    short: short, long: long, originalContextLength: original,
                    amplitude: try optionalNumber("rope.scaling.attn_factor") ?? 1))
            return rotary
        }
        // Old files name the factor otherwise, and a file without a type means a linear scaling.
        let factor =
            try optionalNumber("rope.scaling.factor") ?? optionalNumber("rope.scale_linear") ?? 0
        let type = value("rope.scaling.type")?.string ?? "linear"
        switch type {
        case "none", "longrope": break
        case "linear" where factor == 0 || factor == 1: break
        case "linear": rotary.scaling = .linear(factor: factor)
        case "yarn":
            let truncates = family.modelType != "gpt_oss"
            rotary.scaling = .yarn(
                try yarn(factor: factor, original: original, truncates: truncates))
        default:
            throw bad(
                "rope.scaling.type",
                "\"\(type)\" is not supported (supported are none, linear, yarn, longrope)")
        }
        guard checkpoint.tensors["rope_freqs.weight"] != nil else { return rotary }
        return try divided(rotary, by: checkpoint.float32("rope_freqs.weight"), contextLength)
    }

    private func yarn(
        factor: Double, original: Int, truncates: Bool
    ) throws -> RotaryEmbedding.YaRN {
        var numbers = RotaryEmbedding.YaRN(
            factor: factor, originalContextLength: original,
            amplitude: RotaryEmbedding.YaRN.amplitude(factor: factor)
                * (try optionalNumber("rope.scaling.attn_factor") ?? 1))
        numbers.fastTurns = try optionalNumber("rope.scaling.yarn_beta_fast") ?? 32
        numbers.slowTurns = try optionalNumber("rope.scaling.yarn_beta_slow") ?? 1
        numbers.truncates = truncates
        return numbers
    }

    /// Returns an embedding with a divisor for each frequency. GGUF keeps Llama 3.1's scaling only
    /// so. The numbers from which its divisors are made are published, so they are recognised.
    private func divided(
        _ rotary: RotaryEmbedding, by divisors: [Float], _ contextLength: Int
    ) throws -> RotaryEmbedding {
        guard divisors.contains(where: { $0 != 1 }) else { return rotary }
        guard case .none = rotary.scaling else {
            throw InputError(
                "\(file), rope_freqs.weight", "stands beside another scaling of positions",
                remedy: "use the safetensors checkpoint of this model")
        }
        let numbers = RotaryEmbedding.Llama3(
            factor: Double(divisors.max() ?? 1), lowFrequencyFactor: 1, highFrequencyFactor: 4,
            originalContextLength: 8192)
        let dimension = 2 * divisors.count
        let scaled = RotaryEmbedding(base: rotary.base, scaling: .llama3(numbers))
            .frequencies(dimension: dimension)
        let plain = RotaryEmbedding(base: rotary.base).frequencies(dimension: dimension)
        let isLlama3 = zip(zip(scaled, plain), divisors).allSatisfy {
            abs($0.1 / $0.0 - $1) <= 1e-3 * $1
        }
        var found = rotary
        let list = divisors.map { Double($0) }
        found.scaling =
            isLlama3
            ? .llama3(numbers)
            : .longRope(
                .init(
                    short: list, long: list, originalContextLength: contextLength, amplitude: 1))
        return found
    }
}
