// SPDX-License-Identifier: Apache-2.0
// Low-rank adapters (LoRA, arXiv:2106.09685), initialised and scaled as in PEFT.

import JSONText
public import Tensors

/// Low-rank additions to linear maps: y = W x + (alpha / rank) B A x.
public struct LowRankAdapters: Sendable {
    /// The configuration of a set of adapters.
    public struct Configuration: Sendable, Hashable, Codable {
        /// The inner width, 1 or more.
        public var rank = 16
        /// The numerator of the scale `alpha / rank` of the addition.
        public var alpha: Float = 32
        /// The maps that get an adapter, in every layer.
        public var targets = LayerProjection.allCases

        /// Makes a configuration.
        ///
        /// - Parameters:
        ///   - rank: The inner width, 1 or more.
        ///   - alpha: The numerator of the scale `alpha / rank` of the addition.
        ///   - targets: The maps that get an adapter, in every layer.
        public init(
            rank: Int = 16, alpha: Float = 32, targets: [LayerProjection] = LayerProjection.allCases
        ) {
            self.rank = rank
            self.alpha = alpha
            self.targets = targets
        }

        /// Returns the shapes of A and B for a target of a layer.
        fileprivate func shapes(
            of target: LayerProjection, in decoder: DecoderConfiguration, layer: Int
        ) -> (down: [Int], up: [Int]) {
            guard let shape = decoder.shape(of: target, inLayer: layer), shape.count > 1 else {
                return ([rank, 0], [0, rank])
            }
            let (experts, widths) = (shape.dropLast(2), shape.suffix(2))
            return (experts + [rank, widths.last ?? 0], experts + [widths.first ?? 0, rank])
        }

        func check() throws {
            guard (1...4096).contains(rank) else {
                throw InputError(
                    "adapter rank", "\(rank) is not in 1...4096", remedy: "choose such a rank")
            }
            guard alpha.isFinite, alpha > 0 else {
                throw InputError(
                    "adapter alpha", "\(alpha) is not above 0", remedy: "choose such an alpha")
            }
            guard !targets.isEmpty, Set(targets).count == targets.count else {
                throw InputError(
                    "adapter targets", "are empty or repeated",
                    remedy: "name each target projection once")
            }
        }
    }

    /// The configuration of the adapters.
    public let configuration: Configuration
    /// The number of layers.
    public let layerCount: Int
    /// A and B, `[rank, in]` and `[out, rank]`, for each target of each layer, in that order. For
    /// experts both have an axis of experts in front; of a map that a layer does not have they are
    /// empty.
    public private(set) var parameters: [Tensor]

    /// Makes adapters without an effect yet: A is uniform within 1 / sqrt(in), B is zero.
    ///
    /// - Parameters:
    ///   - configuration: The configuration of the adapters.
    ///   - decoder: The decoder of the adapters.
    ///   - key: The random key for A.
    /// - Throws: `InputError` for a rank or alpha out of range.
    public init(
        _ configuration: Configuration = Configuration(), for decoder: DecoderConfiguration,
        key: RandomKey
    ) throws {
        try configuration.check()
        self.configuration = configuration
        layerCount = decoder.layerCount
        parameters = []
        var key = key
        for layer in 0..<decoder.layerCount {
            for target in configuration.targets {
                let shapes = configuration.shapes(of: target, in: decoder, layer: layer)
                let bound = 1 / Float(max(shapes.down.last ?? 1, 1)).squareRoot()
                parameters.append(
                    Tensor.uniform(shapes.down, low: -bound, high: bound, key: key.next()))
                parameters.append(Tensor.zeros(shapes.up))
            }
        }
    }

    /// The number of trainable scalars.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }

    /// Returns the same adapters with new parameters.
    ///
    /// - Parameter parameters: Tensors in the order of `parameters`.
    /// - Returns: Adapters of the same configuration.
    /// - Throws: `InputError` for another number of tensors or another shape.
    public func replacing(parameters: [Tensor]) throws -> LowRankAdapters {
        guard parameters.count == self.parameters.count else {
            throw InputError(
                "\(parameters.count) adapter parameters",
                "the adapters have \(self.parameters.count)",
                remedy: "give one tensor for each of parameters")
        }
        for (index, (new, old)) in zip(parameters, self.parameters).enumerated() {
            if let error = new.error { throw error }
            guard new.shape == old.shape else {
                throw InputError(
                    "adapter parameter \(index)", "has shape \(new.shape) instead of \(old.shape)",
                    remedy: "give a tensor of that shape")
            }
        }
        var adapters = self
        adapters.parameters = parameters
        return adapters
    }

    func check(fits decoder: DecoderConfiguration) throws {
        for layer in 0..<max(layerCount, decoder.layerCount) {
            for target in configuration.targets {
                let shapes = configuration.shapes(of: target, in: decoder, layer: layer)
                guard layer < decoder.layerCount,
                    let adapter = adapter(of: target, layer: layer),
                    adapter.down.shape == shapes.down, adapter.up.shape == shapes.up
                else {
                    throw InputError(
                        "adapter of \(target.rawValue) in layer \(layer)", "does not fit the model",
                        remedy: "make adapters for this model's configuration")
                }
            }
        }
    }

    func adapter(of projection: LayerProjection, layer: Int) -> Projection.LowRank? {
        guard let place = configuration.targets.firstIndex(of: projection),
            (0..<layerCount).contains(layer)
        else { return nil }
        let index = 2 * (layer * configuration.targets.count + place)
        return Projection.LowRank(
            down: parameters[index], up: parameters[index + 1],
            scale: configuration.alpha / Float(configuration.rank))
    }
}
