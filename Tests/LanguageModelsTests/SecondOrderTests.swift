// SPDX-License-Identifier: Apache-2.0
// Gradients through the steps of a training, as a defense that learns against an attack takes them.

import Checkpoints
import LanguageModels
import Tensors
import Testing

@Suite("Gradients through training")
struct SecondOrderTests {
    /// Whether the steps' gradients depend on what is differentiated, or count as constant.
    enum Order {
        case first, second
    }

    /// What `make-second-order.py` trained: a LoRA on tiny-gqa, by four steps of AdamW.
    struct Setting {
        let model: LanguageModel
        let empty: LowRankAdapters
        let start: [Tensor]
        let examples: [CompletionExample]
        let golden: Checkpoint

        init() throws {
            model = try Goldens.tinyModel("gqa")
            golden = try Checkpoint(at: Goldens.url("second-order.safetensors"))
            let made = try LowRankAdapters(
                .init(rank: 2, alpha: 4), for: model.configuration, key: RandomKey(seed: 0))
            empty = made
            start = try made.parameters.indices.map { [golden] index in
                Tensor(
                    try golden.float32("start.\(index)"), shape: made.parameters[index].shape)
            }
            examples = try Goldens.tinyExpected("gqa").sequences.map {
                CompletionExample(
                    prompt: Array($0.ids.prefix(3)), completion: Array($0.ids.dropFirst(3)))
            }
        }

        /// The adapters and then the weights of the model.
        var parameters: [Tensor] { start + model.parameters }

        /// The loss on held-out examples after some steps on others.
        func loss(
            at parameters: [Tensor], epsilon: Float = 1e-8, order: Order = .second,
            recomputing: Bool = false
        ) throws -> Tensor {
            let model = try model.replacing(
                parameters: Array(parameters.dropFirst(start.count)))
            func loss(_ adapters: [Tensor], of examples: ArraySlice<CompletionExample>) throws
                -> Tensor
            {
                try model.adapted(by: empty.replacing(parameters: adapters))
                    .completionLoss(of: Array(examples), recomputing: recomputing)
            }
            var adapters = Array(parameters.prefix(start.count))
            var optimizer = AdamW(epsilon: epsilon)
            for _ in 0..<4 {
                var (_, gradients) = try valueAndGradient(at: adapters) {
                    try loss($0, of: examples.prefix(3))
                }
                if order == .first { gradients = gradients.map { $0.stopGradient() } }
                adapters = optimizer.update(
                    adapters, gradients: gradients, learningRate: 3e-3)
            }
            return try loss(adapters, of: examples.dropFirst(3))
        }

        /// The gradients that PyTorch found, in the order of `parameters`.
        func wantedGradients() throws -> [[Float]] {
            try start.indices.map { try golden.float32("adapter.\($0)") }
                + model.configuration.parameters.map { try golden.float32($0.name) }
        }
    }

    /// The size of a difference relative to what is right, and the largest of its parts.
    static func disagreement(_ found: [[Float]], _ wanted: [[Float]]) -> (
        whole: Double, worst: Double
    ) {
        func squares(_ values: [Float]) -> Double {
            values.reduce(0) { $0 + Double($1) * Double($1) }
        }
        let errors = zip(found, wanted).map { squares(zip($0, $1).map { $0 - $1 }) }
        let sizes = wanted.map(squares)
        return (
            (errors.reduce(0, +) / sizes.reduce(0, +)).squareRoot(),
            zip(errors, sizes).map { ($0 / $1).squareRoot() }.max() ?? 0
        )
    }

    @Test(
        "a gradient through four AdamW steps, to adapters and to weights, is PyTorch's",
        arguments: [true, false], [false, true])
    func steps(kernels: Bool, recomputing: Bool) throws {
        let setting = try Setting()
        func differentiated(_ order: Order = .second) throws -> (Float, [[Float]]) {
            let (loss, gradients) = try valueAndGradient(at: setting.parameters) {
                try setting.loss(at: $0, order: order, recomputing: recomputing)
            }
            try evaluate([loss] + gradients)
            return (try loss.item(), try gradients.map { try $0.values() })
        }
        let wanted = try setting.wantedGradients()
        let (loss, gradients) =
            try kernels
            ? differentiated() : Engine.withComposedOperations { try differentiated() }
        expectClose([loss], try setting.golden.float32("loss"), absolute: 0, relative: 1e-5)
        let count = setting.start.count
        for range in [0..<count, count..<wanted.count] {
            let (whole, worst) = Self.disagreement(
                Array(gradients[range]), Array(wanted[range]))
            #expect(whole <= 1e-4, "of all elements together")
            #expect(worst <= 3e-4, "of one tensor")
        }
        // Without the second order it is another gradient, by far more than that.
        let approximation = Self.disagreement(try differentiated(.first).1, wanted)
        #expect(approximation.whole > 0.05)
    }

    @Test("it is the slope of the loss along a direction")
    func finiteDifference() throws {
        let setting = try Setting()
        // With so large an epsilon, steps do not jump where a gradient changes its sign.
        let (epsilon, step) = (Float(1e-2), Float(1e-2))
        var key = RandomKey(seed: 3)
        let normal = setting.parameters.map { Tensor.normal($0.shape, key: key.next()) }
        let length = Tensor.stacked(normal.map { $0.square().sum() }).sum().sqrt()
        let directions = normal.map { $0 / length }
        let (_, gradients) = try valueAndGradient(at: setting.parameters) {
            try setting.loss(at: $0, epsilon: epsilon)
        }
        let slope = Tensor.stacked(zip(gradients, directions).map { ($0 * $1).sum() }).sum()
        let ends = try [-step, step].map { change in
            let moved = zip(setting.parameters, directions).map { $0 + $1 * change }
            return try setting.loss(at: moved, epsilon: epsilon).item()
        }
        let difference = (ends[1] - ends[0]) / (2 * step)
        expectClose([try slope.item()], [difference], absolute: 0, relative: 1e-2)
    }
}
