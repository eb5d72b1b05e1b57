// SPDX-License-Identifier: Apache-2.0
// Several directions projected out at once, from all matrices that write to the stream.

internal import LanguageModels
public import Records
internal import Suites
internal import Tensors
public import Training

/// Finds several directions in which restricted prompts differ from the benign mean at one layer,
/// and projects all of them out of the weights at once.
///
/// Refusal is not one direction (concept cones, arXiv:2502.17420; self-organising maps,
/// arXiv:2511.08379). A defense that hides its mean difference still has the other directions.
public struct MultiDirectionOrthogonalisation: Attack {
    /// How directions are computed from the states after restricted prompts.
    public enum Method: String, Codable, Sendable, CaseIterable {
        /// The leading principal components of the states minus the benign mean, not centred.
        case components
        /// The means of groups of the states, by k-means, minus the benign mean.
        case clusters
    }

    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "multi-direction-orthogonalisation",
        summary: "Several directions of restricted prompts at one layer, all projected out.",
        source: "arXiv:2511.08379, arXiv:2502.17420",
        deviations: """
            K-means in place of a self-organising map, principal components in place of directions \
            found by gradients. The layer is given rather than searched, states are those behind \
            the last token, and no subset of the directions is chosen. A tied head keeps its \
            weights.
            """)

    /// The seed draws the prompts, and the start of the groups.
    public static let dependsOnSeed = true

    /// The number of restricted prompts, and of benign ones.
    public var examples = 128
    /// How many directions are projected out; fewer if the states do not span as many.
    public var directions = 4
    /// How directions are computed.
    public var method = Method.components
    /// The benign prompts over which the mean is taken.
    public var contrast = PromptContrast.unmatched
    /// The layer in front of which states are read, as a share of the depth; 1 is after the last.
    public var layer = 0.6

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 2...100_000)
        try require("directions", directions, in: 1...1_000)
        try require("layer", layer, in: 0...1)
    }

    /// Returns 1: the whole edit is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Returns the extent of the prompts whose states are read.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: The seed of the drawn examples.
    /// - Returns: The extent.
    /// - Throws: Errors of the chat template.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        var extent = AttackExtent(
            promptTokens: try target.extent(under: [Framing()]).promptTokens)
        extent.passes = 2 * examples
        return extent
    }

    /// Finds the directions, projects them out of a copy of the weights, and passes the model on.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        if observer.decision(at: 1) != nil { return }
        let (model, suite) = (target.model, target.suite)
        func tokens(_ prompts: [String]) throws -> [[Int]] {
            try prompts.map { try Subject(model).tokens(for: $0) }
        }
        let restricted = try tokens(
            suite.restricted.train.sample(examples, seed: seed).map(\.prompt))
        let benign = try tokens(contrast.prompts(of: suite, examples, seed: seed))
        for prompt in restricted + benign { meter.countForward(tokens: prompt.count) }
        meter.use(examples: restricted.count)
        try observer.advanced(to: 0, note: "states of \(restricted.count) prompts a class")
        let (edited, count) = try meter.timing {
            let found = try basis(of: model, restricted: restricted, benign: benign, seed: seed)
            // They are orthogonal, so projecting them out one after the other is the same as all at
            // once.
            return (try found.reduce(model) { try $0.orthogonalised(to: $1) }, found.count)
        }
        try observer.advanced(to: 1, note: "\(count) directions")
        _ = try observer.observe(TamperedModel(edited), step: 1, cost: meter.cost)
    }

    /// Returns the directions, `[width]` each: unit vectors, orthogonal to each other.
    func basis(
        of model: LanguageModel, restricted: [[Int]], benign: [[Int]], seed: UInt64
    ) throws -> [Tensor] {
        // In front of the first layer there are only the template's tokens.
        let count = model.configuration.layerCount
        let index = min(max(Int(layer * Double(count)), 1), count)
        func states(_ prompts: [[Int]]) throws -> Tensor {
            try model.promptStates(prompts, positions: [-1], layers: index + 1)
                .slice(axis: 0, from: index, to: index + 1).squeezed(at: 0).squeezed(at: 1)
        }
        let away = try states(restricted) - states(benign).mean(axis: 0, keepingDimensions: true)
        let vectors: [[Double]]
        switch method {
        case .components:
            // The smaller side is decomposed, so there are no components that no state has.
            let rotation = away.matmul(away.transposed()).singularValueDecomposition().u
            vectors = try rotation.transposed().matmul(away).rows()
        case .clusters:
            vectors = StateClusters(of: try away.rows(), count: directions, seed: seed).centres
        }
        return orthonormalBasis(of: Array(vectors.prefix(directions))).map { unit in
            Tensor(unit.map { Float($0) }, shape: [unit.count])
        }
    }
}

extension Tensor {
    /// Returns the rows of a matrix, in double precision.
    fileprivate func rows() throws -> [[Double]] {
        let values = try values().map { Double($0) }
        return values.chunked(into: shape[1])
    }
}
