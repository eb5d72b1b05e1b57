// SPDX-License-Identifier: Apache-2.0
// How the checkpoints of a family name and cut the parameters of a decoder.

import Tensors

/// A tensor of a checkpoint, made of one or several parameters.
package struct StoredParameter: Sendable, Hashable {
    /// The parameters in a tensor.
    package enum Content: Sendable, Hashable {
        /// One parameter.
        case whole(String)
        /// Several parameters, one behind the other along an axis.
        case joined([String], axis: Int)
        /// One slice along the first axis of a parameter, such as an expert.
        case slice(of: String, index: Int, count: Int)
        /// Two parameters whose rows alternate (gpt-oss); then matrices are transposed.
        case alternating([String])
        /// A parameter whose matrices are transposed.
        case transposed(String)
    }

    /// The name in the checkpoint.
    package let name: String
    /// The shape in the checkpoint.
    package let shape: [Int]
    /// The parameters in it.
    package let content: Content
}

/// The names that a family's checkpoints use, as far as they differ from Llama's.
package struct NameScheme: Sendable {
    /// How experts are stored.
    enum Experts: Sendable {
        /// Each matrix of each expert: the path up to the expert's number, and the three names.
        case each(path: String, gate: String, up: String, down: String)
        /// All experts together, each matrix for itself (GGUF).
        case stacked(gate: String, up: String, down: String)
        /// All experts together, gates in front of the matrices beside them.
        case joined(gateUp: String, down: String)
        /// All experts together, the rows of gates alternating with those beside them.
        case alternating(gateUp: String, down: String)
    }

    /// What stands in front of `layers`, `embed_tokens` and `norm`.
    var prefix = "model."
    /// What stands in front of `lm_head`.
    var headPrefix = ""
    /// Other names of a layer's parts and of outer parts, without their suffix.
    var renamed: [String: String] = [:]
    /// Projections that are stored as one tensor.
    var joined: [(name: String, parts: [LayerProjection])] = []
    /// How experts are stored.
    var experts = Experts.each(
        path: "mlp.experts", gate: "gate_proj", up: "up_proj", down: "down_proj")
    /// Whether each head's norm has a name of its own: `NAME.norms.3.weight`.
    var splitsHeadNorms = false

    /// Returns the tensors of a checkpoint.
    ///
    /// - Parameter configuration: The decoder.
    /// - Returns: The tensors in the order of the forward pass.
    package func storedParameters(of configuration: DecoderConfiguration) -> [StoredParameter] {
        let parameters = configuration.parameters
        let shapes = Dictionary(
            parameters.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
        return parameters.flatMap { parameter -> [StoredParameter] in
            let (layer, path, suffix) = Self.parts(of: parameter.name)
            guard let layer else {
                return [whole(parameter, outerName(path) + suffix)]
            }
            func stored(_ name: String) -> String { "\(prefix)layers.\(layer).\(name)" }
            if let projection = LayerProjection.allCases.first(where: { $0.path == path }) {
                if configuration.isExpert(projection, inLayer: layer) {
                    return expertTensors(projection, parameter, shapes, stored)
                }
                if let group = joined.first(where: { $0.parts.contains(projection) }) {
                    guard projection == group.parts[0] else { return [] }
                    let names = group.parts.map { "model.layers.\(layer).\($0.path)\(suffix)" }
                    let rows = names.reduce(0) { $0 + (shapes[$1]?[0] ?? 0) }
                    return [
                        StoredParameter(
                            name: stored(group.name) + suffix,
                            shape: [rows] + parameter.shape.dropFirst(),
                            content: .joined(names, axis: 0))
                    ]
                }
            }
            if splitsHeadNorms, path.hasSuffix("_norm") {
                let count = parameter.shape[0]
                return (0..<count).map { head in
                    StoredParameter(
                        name: stored("\(renamed[path] ?? path).norms.\(head)\(suffix)"),
                        shape: Array(parameter.shape.dropFirst()),
                        content: .slice(of: parameter.name, index: head, count: count))
                }
            }
            return [whole(parameter, stored((renamed[path] ?? path) + suffix))]
        }
    }

    private func whole(
        _ parameter: DecoderConfiguration.Parameter, _ name: String
    ) -> StoredParameter {
        StoredParameter(name: name, shape: parameter.shape, content: .whole(parameter.name))
    }

    /// The name of the head's weight in the checkpoint.
    var headName: String { outerName("lm_head") + ".weight" }

    private func outerName(_ path: String) -> String {
        if path == "lm_head" { return headPrefix + (renamed[path] ?? path) }
        let inner = String(path.dropFirst("model.".count))
        return prefix + (renamed[inner] ?? inner)
    }

    private func expertTensors(
        _ projection: LayerProjection, _ parameter: DecoderConfiguration.Parameter,
        _ shapes: [String: [Int]], _ stored: (String) -> String
    ) -> [StoredParameter] {
        let isBias = parameter.name.hasSuffix(".bias")
        let suffix = isBias ? ".bias" : ".weight"
        let shape = parameter.shape
        func gateAndUp(_ name: String) -> [String] {
            [name, name.replacing(LayerProjection.gate.rawValue, with: "up_proj")]
        }
        switch experts {
        case .each(let path, let gate, let up, let down):
            let name = projection == .gate ? gate : projection == .up ? up : down
            return (0..<shape[0]).map { index in
                StoredParameter(
                    name: stored("\(path).\(index).\(name)\(suffix)"),
                    shape: Array(shape.dropFirst()),
                    content: .slice(of: parameter.name, index: index, count: shape[0]))
            }
        case .stacked(let gate, let up, let down):
            let name = projection == .gate ? gate : projection == .up ? up : down
            return [whole(parameter, stored(name + suffix))]
        case .joined(let name, let down):
            guard projection != .down else { return [whole(parameter, stored(down + suffix))] }
            guard projection == .gate else { return [] }
            return [
                StoredParameter(
                    name: stored(name + suffix),
                    shape: [shape[0], 2 * shape[1]] + shape.dropFirst(2),
                    content: .joined(gateAndUp(parameter.name), axis: 1))
            ]
        case .alternating(let name, let down):
            let ending = isBias ? "_bias" : ""
            if projection == .down {
                guard !isBias else { return [whole(parameter, stored(down + ending))] }
                return [
                    StoredParameter(
                        name: stored(down), shape: [shape[0], shape[2], shape[1]],
                        content: .transposed(parameter.name))
                ]
            }
            guard projection == .gate else { return [] }
            return [
                StoredParameter(
                    name: stored(name + ending),
                    shape: [shape[0]] + shape.dropFirst(2) + [2 * shape[1]],
                    content: .alternating(gateAndUp(parameter.name)))
            ]
        }
    }

    /// Returns a parameter's layer, its path and its last part with the dot in front.
    private static func parts(of name: String) -> (layer: Int?, path: String, suffix: String) {
        let pieces = name.split(separator: ".")
        let isLayer = pieces.count > 3 && pieces[1] == "layers"
        let inner = isLayer ? pieces.dropFirst(3) : pieces[...]
        let hasSuffix = ["weight", "bias"].contains(inner.last)
        let path = (hasSuffix ? inner.dropLast() : inner).joined(separator: ".")
        return (
            isLayer ? Int(pieces[2]) : nil, path, hasSuffix ? ".\(inner.last ?? "")" : ""
        )
    }
}

// MARK: - Decoders inside other models

extension NameScheme {
    /// What stands in front of a decoder's tensors and of its head, alone and inside models that
    /// also take images or sound.
    private static let places = [
        ("model.", ""), ("model.language_model.", ""),
        ("language_model.model.", "language_model."), ("model.text_model.", ""),
    ]

    /// Returns the same names at the place where a checkpoint has them.
    func within(_ names: some Sequence<String>) -> NameScheme {
        guard let place = Self.place(among: names) else { return self }
        var scheme = self
        (scheme.prefix, scheme.headPrefix) = place
        return scheme
    }

    /// Returns whether a tensor belongs to another part of a model than its decoder, such as an
    /// image encoder.
    static func isOfAnotherPart(_ name: String, among names: some Sequence<String>) -> Bool {
        guard let place = place(among: names), place.prefix != "model." else { return false }
        return !name.hasPrefix(place.prefix) && name != place.headPrefix + "lm_head.weight"
    }

    private static func place(
        among names: some Sequence<String>
    ) -> (prefix: String, headPrefix: String)? {
        let present = Set(names.filter { $0.hasSuffix("embed_tokens.weight") })
        return places.first { present.contains($0.0 + "embed_tokens.weight") }
    }
}

extension DecoderConfiguration {
    /// Whether a projection of a layer is one of all experts.
    func isExpert(_ projection: LayerProjection, inLayer layer: Int) -> Bool {
        guard case .experts = feedForward(ofLayer: layer) else { return false }
        return [.gate, .up, .down].contains(projection)
    }
}
