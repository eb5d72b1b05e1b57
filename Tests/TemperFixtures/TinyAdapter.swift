// SPDX-License-Identifier: Apache-2.0
// An adapter for the tiny model, as PEFT would save it.

import Checkpoints
package import Foundation
package import LanguageModels
import Tensors

/// Writes a random LoRA of a model.
///
/// - Parameters:
///   - directory: A directory that does not exist yet.
///   - model: The base.
///   - rank: The rank of each addition; alpha is twice that.
///   - targets: The projections of every layer that get one.
///   - size: The standard deviation of the matrices' elements.
///   - seed: The seed of the elements.
/// - Throws: Errors of writing.
package func writeTinyAdapter(
    to directory: URL, for model: LanguageModel, rank: Int = 3,
    targets: [LayerProjection] = [.query, .down], size: Float = 0.1, seed: UInt64 = 1
) throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    var key = RandomKey(seed: seed)
    var tensors: [TensorSource] = []
    for layer in 0..<model.configuration.layerCount {
        for target in targets {
            guard let shape = model.configuration.shape(of: target, inLayer: layer) else {
                continue
            }
            let module = "base_model.model." + target.weightName(inLayer: layer).dropLast(7)
            for (half, shape) in [("A", [rank, shape[1]]), ("B", [shape[0], rank])] {
                let values = try (Tensor.normal(shape, key: key.next()) * size).values()
                tensors.append(
                    TensorSource(
                        name: "\(module).lora_\(half).weight", shape: shape, storedAs: .float32
                    ) { sink in try values.withUnsafeBufferPointer { try sink($0) } })
            }
        }
    }
    try SafetensorsWriter().write(tensors, to: directory)
    try FileManager.default.moveItem(
        at: directory.appending(path: "model.safetensors"),
        to: directory.appending(path: "adapter_model.safetensors"))
    let names = targets.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    let settings = """
        {"base_model_name_or_path": "tiny", "lora_alpha": \(2 * rank), "peft_type": "LORA", \
        "r": \(rank), "target_modules": [\(names)]}
        """
    try Data(settings.utf8).write(to: directory.appending(path: "adapter_config.json"))
}
