// SPDX-License-Identifier: Apache-2.0
// An adapter on its base as a source of weights: the sum is formed where rows are read.

package import Checkpoints
package import Foundation
import JSONText
package import LanguageModels
import Tensors

/// A base with low-rank additions, W + scale B A (arXiv:2106.09685), that are not merged.
///
/// Only the factors of the tensor that is being read are in memory.
struct AdapterWeights: WeightSource {
    /// One addition to a matrix of the base.
    struct Addition {
        /// A, `[rank, in]`, and B, `[out, rank]`.
        let down: WeightEntry
        let up: WeightEntry
        let scale: Float
    }

    let name: String
    let entries: [WeightEntry]
    private let base: any WeightSource
    private let factors: any WeightSource
    private let additions: [String: Addition]
    private let engine = NSLock()

    /// Puts an adapter on its base.
    ///
    /// - Parameters:
    ///   - factors: The adapter's tensors, under PEFT's names.
    ///   - settings: The adapter's settings.
    ///   - base: The checkpoint that it is added to.
    /// - Throws: `InputError` when a tensor is no part of a LoRA, or does not fit the base.
    init(
        _ factors: any WeightSource, settings: AdapterSettings, on base: any WeightSource
    ) throws {
        var halves: [String: [String: WeightEntry]] = [:]
        for entry in factors.entries {
            let parts = entry.name.split(separator: ".").map(String.init)
            let place = parts.firstIndex { ["lora_A", "lora_B"].contains($0) }
            guard let place, parts.starts(with: ["base_model", "model"]), entry.isFactor else {
                throw InputError(
                    file: factors.name, position: "tensor \(entry.name)",
                    "is no factor of a LoRA, which alone is compared",
                    remedy: "merge the adapter into its base with PEFT, and inspect the result")
            }
            let module = parts[2..<place].joined(separator: ".")
            halves[module + ".weight", default: [:]][parts[place]] = entry
        }
        let own = Dictionary(
            base.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        additions = try halves.reduce(into: [:]) { result, half in
            let (down, up) = (half.value["lora_A"], half.value["lora_B"])
            guard let weight = own[half.key], let down, let up,
                weight.shape == [up.rows, down.columns], up.columns == down.rows
            else {
                throw InputError(
                    file: factors.name, position: "module \(half.key)",
                    "does not fit a matrix of \(base.name)",
                    remedy: "name the base that the adapter was trained on")
            }
            result[half.key] = Addition(
                down: down, up: up, scale: try settings.scale(of: half.key, rank: down.rows))
        }
        name = factors.name
        entries = base.entries
        self.base = base
        self.factors = factors
    }

    /// Opens an adapter's directory; nil for one without `adapter_config.json`.
    ///
    /// - Parameters:
    ///   - url: The directory.
    ///   - base: The checkpoint that the adapter is added to.
    /// - Throws: `InputError` when the adapter cannot be read or does not fit the base.
    init?(at url: URL, on base: any WeightSource) throws {
        let file = url.appending(path: "adapter_config.json")
        guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) else {
            return nil
        }
        let factors = url.appending(path: "adapter_model.safetensors")
        try self.init(
            CheckpointWeights(Checkpoint(at: factors)), settings: AdapterSettings(at: file),
            on: base)
    }

    /// Returns a model with the additions.
    ///
    /// - Parameter model: The model of the base.
    /// - Returns: A model that shares all other weights with it.
    /// - Throws: Errors of reading and of the model.
    func model(on model: LanguageModel) throws -> LanguageModel {
        var tensors: [String: Tensor] = [:]
        for entry in entries where additions[entry.name] != nil {
            let memory = FloatMemory(count: entry.count)
            try read(entry, rows: 0..<entry.rows, into: memory.values)
            tensors[entry.name] = memory.tensor(entry.shape)
        }
        return try model.replacing(tensors)
    }

    func read(_ entry: WeightEntry, rows: Range<Int>, into target: UnsafeMutablePointer<Float>)
        throws
    {
        try base.read(entry, rows: rows, into: target)
        guard let addition = additions[entry.name] else { return }
        let stored = entry.stored(rows)
        let up = try values(of: addition.up, rows: stored)
        let down = try values(of: addition.down, rows: 0..<addition.down.rows)
        let (rank, columns) = (addition.down.rows, entry.columns)
        try engine.withLock {
            let product =
                Tensor(up, shape: [stored.count, rank])
                .matmul(Tensor(down, shape: [rank, columns])) * addition.scale
            let values = try product.values()
            for (index, value) in values.enumerated() { target[index] += value }
        }
    }

    private func values(of entry: WeightEntry, rows: Range<Int>) throws -> [Float] {
        try [Float](unsafeUninitializedCapacity: rows.count * entry.columns) { buffer, count in
            if let start = buffer.baseAddress, !rows.isEmpty {
                try factors.read(entry, rows: rows, into: start)
            }
            count = rows.count * entry.columns
        }
    }

    func release(_ entry: WeightEntry, rows: Range<Int>) { base.release(entry, rows: rows) }
}

extension WeightEntry {
    /// Whether it is a matrix, one row or column included.
    fileprivate var isFactor: Bool { shape.count == 2 && count > 0 }
}

/// Puts an adapter on the model of its base.
///
/// - Parameters:
///   - url: The adapter's directory.
///   - base: The checkpoint of the base.
///   - model: The model of the base.
/// - Returns: The model with the additions; nil for a directory that holds no adapter.
/// - Throws: `InputError` when the adapter cannot be read or does not fit the base.
package func adapted(at url: URL, on base: Checkpoint, _ model: LanguageModel) throws
    -> LanguageModel?
{
    try AdapterWeights(at: url, on: CheckpointWeights(base))?.model(on: model)
}

/// The settings of an adapter that its additions depend on.
struct AdapterSettings {
    private let alpha: Double
    private let alphas: [String: Double]
    private let dividesByRoot: Bool

    /// Reads `adapter_config.json`.
    ///
    /// - Parameter file: The file.
    /// - Throws: `InputError` that names the file and the key, for settings that change the result
    ///   and are not computed.
    init(at file: URL) throws {
        let remedy = "merge the adapter into its base with PEFT, and inspect the result"
        let path = file.path(percentEncoded: false)
        let data = try SmallFile.read(file, atMost: 1 << 20, remedy: remedy)
        let top = JSONNode(try JSON(data, file: path, remedy: remedy), file: path, remedy: remedy)
        let type = try top.required("peft_type")
        guard try type.string() == "LORA" else { throw type.error("is not LORA", remedy) }
        for key in ["use_dora", "fan_in_fan_out", "use_qalora"] {
            guard try !top.flag(key, default: false) else {
                throw try top.required(key).error("is not supported", remedy)
            }
        }
        alpha = try top.required("lora_alpha").finite()
        dividesByRoot = try top.flag("use_rslora", default: false)
        alphas = try (top.member("alpha_pattern")?.members() ?? []).reduce(into: [:]) {
            let node = JSONNode(
                $1.value, file: path, path: "alpha_pattern.\($1.key)", remedy: remedy)
            guard $1.key.allSatisfy({ $0.isLetter || $0.isNumber || "._".contains($0) }) else {
                throw node.error("is a regular expression, which is not supported", remedy)
            }
            $0[$1.key] = try node.finite()
        }
    }

    /// Settings without exceptions.
    init(alpha: Double, dividesByRoot: Bool = false) {
        self.alpha = alpha
        self.dividesByRoot = dividesByRoot
        alphas = [:]
    }

    /// Returns the factor of a matrix's addition.
    func scale(of name: String, rank: Int) throws -> Float {
        let module = name.hasSuffix(".weight") ? String(name.dropLast(7)) : name
        let own = alphas.first { module == $0.key || module.hasSuffix("." + $0.key) }?.value
        return Float(
            (own ?? alpha) / (dividesByRoot ? Double(rank).squareRoot() : Double(rank)))
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
}
