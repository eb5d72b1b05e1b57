// SPDX-License-Identifier: Apache-2.0
// Puts the tensors of a quantised layer together into the one that the model computes with.

import JSONText

/// The tensors of a quantised checkpoint.
struct QuantisedLayers {
    /// Returns the stored bytes of a tensor.
    let bytes: StoredBytes

    private let scheme: Quantisation
    private let stored: [String: StoredTensor]
    /// The tensors that belong to others.
    private var consumed: Set<String> = []

    /// Finds the quantised layers among the tensors of a checkpoint.
    ///
    /// - Parameters:
    ///   - tensors: The tensors as the files declare them, with different names.
    ///   - scheme: How they are quantised.
    ///   - bytes: Returns the stored bytes of a tensor.
    /// - Returns: The tensors that the model computes with, in the order of the files.
    /// - Throws: An `InputError` that names the tensor if parts of a layer are missing or do not fit.
    static func assembled(
        _ tensors: [StoredTensor], _ scheme: Quantisation, _ bytes: @escaping StoredBytes
    ) throws -> [StoredTensor] {
        let stored = Dictionary(
            tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var layers = QuantisedLayers(bytes: bytes, scheme: scheme, stored: stored)
        let assembled = try tensors.map { try layers.assembled($0) }
        var names: Set<String> = []
        return try assembled.filter { tensor in
            guard !layers.consumed.contains(tensor.name) else { return false }
            guard names.insert(tensor.name).inserted else {
                throw tensor.fault("is there twice, quantised and as it is")
            }
            return true
        }
    }

    private init(bytes: @escaping StoredBytes, scheme: Quantisation, stored: [String: StoredTensor])
    {
        self.bytes = bytes
        self.scheme = scheme
        self.stored = stored
    }

    private mutating func assembled(_ tensor: StoredTensor) throws -> StoredTensor {
        switch scheme {
        case .gptq(let layout, let zerosAreLessOne):
            guard let owner = Self.owner(of: tensor, ".qweight") else { return tensor }
            return try gptq(tensor, owner, layout, zeroOffset: zerosAreLessOne ? 1 : 0)
        case .awq(let layout):
            guard let owner = Self.owner(of: tensor, ".qweight") else { return tensor }
            return try awq(tensor, owner, layout)
        case .bitsandbytes:
            return try fourBits(tensor) ?? eightBits(tensor) ?? tensor
        case .fp8(let layout):
            takeStatistics(of: tensor)
            return try scaled(tensor, ["_scale_inv", "_scale"], [layout], "FP8") ?? tensor
        case .mxfp4:
            guard let owner = Self.owner(of: tensor, "_blocks") else { return tensor }
            let experts = try MicroscaledExperts(
                codes: tensor, scales: take(owner + "_scales", for: tensor))
            return StoredTensor(
                name: owner, shape: experts.shape, codes: tensor, encoding: .microscaled(experts),
                quantisation: "MXFP4")
        case .compressedTensors(let layouts):
            takeStatistics(of: tensor)
            if let owner = Self.owner(of: tensor, ".weight_packed") {
                return try packed(tensor, owner, layouts)
            }
            return try scaled(tensor, ["_scale"], layouts, "compressed-tensors") ?? tensor
        }
    }

    // MARK: - Parts

    /// Returns a name without a suffix; nil if it does not end so.
    static func owner(of tensor: StoredTensor, _ suffix: String) -> String? {
        tensor.name.hasSuffix(suffix) ? String(tensor.name.dropLast(suffix.count)) : nil
    }

    /// Returns a tensor as the part of another; nil if the checkpoint lacks it.
    mutating func takeIfThere(_ name: String) -> StoredTensor? {
        guard let tensor = stored[name] else { return nil }
        consumed.insert(name)
        return tensor
    }

    /// Returns a tensor as the part of another.
    mutating func take(_ name: String, for owner: StoredTensor) throws -> StoredTensor {
        guard let tensor = takeIfThere(name) else {
            throw owner.fault(
                "needs the tensor \"\(name)\", which is missing",
                remedy: "use a checkpoint that holds every part of its quantised layers")
        }
        return tensor
    }

    /// Whether a tensor is there.
    func holds(_ name: String) -> Bool { stored[name] != nil }

    /// Leaves out what describes activations and the cache: values are computed in full precision.
    private mutating func takeStatistics(of tensor: StoredTensor) {
        let ends = [
            "input_scale", "input_zero_point", "output_scale", "output_zero_point", "k_scale",
            "v_scale", "q_scale", "activation_scale",
        ]
        if ends.contains(where: { tensor.name.hasSuffix("." + $0) }) {
            consumed.insert(tensor.name)
        }
    }
}
