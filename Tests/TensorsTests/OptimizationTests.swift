// SPDX-License-Identifier: Apache-2.0
// Optimizers and schedules take the same steps as PyTorch's.

import Foundation
import Tensors
import Testing

@Suite("Optimization")
struct OptimizationTests {
    @Test(
        "twenty steps end where PyTorch ends",
        arguments: [
            ("sgd", SGD(), 0.05), ("momentum", SGD(momentum: 0.9, weightDecay: 0.1), 0.05),
            ("nesterov", SGD(momentum: 0.9, nesterov: true), 0.05), ("adam", Adam(), 0.05),
            ("adamw", AdamW(betas: (0.8, 0.95), weightDecay: 0.2), 0.05),
            ("adagrad", Adagrad(), 0.05), ("adadelta", Adadelta(), 1),
            ("scheduleFree", ScheduleFreeAdamW(), 0.05),
            (
                "scheduleFreeDecay",
                ScheduleFreeAdamW(betas: (0.8, 0.95), weightDecay: 0.2), 0.05
            ),
        ] as [(String, any Optimizer, Float)])
    func steps(name: String, optimizer: any Optimizer, rate: Float) throws {
        try expectTraining(with: optimizer, toGive: name) { _ in rate }
    }

    @Test("Lion takes the steps of its definition, and keeps its mean apart from the mix")
    func lion() throws {
        // By hand: all numbers are exact in binary.
        var optimizer = Lion(betas: (0.5, 0.75), weightDecay: 0.1)
        var parameters = [Tensor([1, 2, 3] as [Float], shape: [3])]
        let gradients: [[Float]] = [[2, -2, 0], [-2, 1, 1], [0.25, 0, -3]]
        // Means behind the steps: m <- 0.75 m + 0.25 g.
        let means: [[Float]] = [
            [0.5, -0.5, 0], [-0.125, -0.125, 0.25], [-0.03125, -0.09375, -0.5625],
        ]
        // Signs of 0.5 m + 0.5 g, with the mean in front of the step.
        let signs: [[Float]] = [[1, -1, 0], [-1, 1, 1], [1, -1, -1]]
        var expected: [Float] = [1, 2, 3]
        for step in 0..<3 {
            parameters = optimizer.update(
                parameters, gradients: [Tensor(gradients[step], shape: [3])], learningRate: 0.1)
            expected = zip(expected, signs[step]).map { $0 * 0.99 - 0.1 * $1 }
            try expectClose(parameters[0], expected)
            try expectClose(optimizer.state[0], means[step])
        }
    }

    @Test("a schedule-free average follows a learning rate that rises from zero and falls")
    func changingRate() throws {
        let schedule = LearningRateSchedule.warmup(steps: 5, then: .linear)
        try expectTraining(with: ScheduleFreeAdamW(), toGive: "scheduleFreeWarmup") {
            schedule.rate(at: $0, of: 20, base: 0.05)
        }
    }

    @Test("an optimizer is a value: a copy takes the same steps and leaves the original alone")
    func copies() throws {
        let network = Network(try TensorGolden.load().network)
        let (_, gradients) = try valueAndGradient(at: network.parameters, of: network.loss)
        for start in [Adagrad(), Adadelta(), ScheduleFreeAdamW(), Lion()] as [any Optimizer] {
            var original = start
            let once = original.update(
                network.parameters, gradients: gradients, learningRate: 0.05)
            var copy = original
            let state = try original.state.map { try $0.values() }
            let copied = copy.update(once, gradients: gradients, learningRate: 0.05)
            #expect(try original.state.map { try $0.values() } == state)
            let twice = original.update(once, gradients: gradients, learningRate: 0.05)
            #expect(try copied.map { try $0.values() } == twice.map { try $0.values() })
            #expect(
                try copy.evaluationParameters(copied).map { try $0.values() }
                    == original.evaluationParameters(twice).map { try $0.values() })
        }
    }

    @Test("a rule that is given another's state and numbers goes on as that one")
    func takenUp() throws {
        let network = Network(try TensorGolden.load().network)
        let rules: [any Optimizer] = [
            SGD(), SGD(momentum: 0.9, nesterov: true), Adam(), AdamW(), Adagrad(), Adadelta(),
            ScheduleFreeAdamW(), Lion(),
        ]
        for start in rules {
            var (first, second) = (start, start)
            var parameters = network.parameters
            func step(_ rule: inout any Optimizer) throws -> [Tensor] {
                let (_, gradients) = try valueAndGradient(at: parameters, of: network.loss)
                return rule.update(parameters, gradients: gradients, learningRate: 0.05)
            }
            for _ in 0..<3 { parameters = try step(&first) }
            second.state = first.state
            second.numbers = first.numbers
            let expected = try step(&first).map { try $0.values() }
            let found = try step(&second)
            #expect(try found.map { try $0.values() } == expected, "\(type(of: start))")
            #expect(second.numbers == first.numbers)
            #expect(
                try second.evaluationParameters(found).map { try $0.values() }
                    == first.evaluationParameters(found).map { try $0.values() })
        }
    }

    /// The optimizers that divide by the root of a second moment, each with a derivative of its
    /// first step to a gradient that is zero.
    static let adaptive: [(any Optimizer, derivative: Float)] = [
        (Adam(), -1e8), (AdamW(), -1e8), (Adagrad(), -1e10), (ScheduleFreeAdamW(), -1e8),
        (Adadelta(), -1), (SGD(momentum: 0.9), -1),
    ]

    @Test("a step can be differentiated where the gradient is zero", arguments: adaptive.indices)
    func zeroGradient(index: Int) throws {
        let (start, expected) = Self.adaptive[index]
        let inputs = [
            Tensor([0, 2] as [Float], shape: [2]), Tensor([1, 1] as [Float], shape: [2]),
        ]
        let (_, slopes) = try valueAndGradient(at: inputs) { inputs in
            var optimizer = start
            let once = optimizer.update([inputs[1]], gradients: [inputs[0]], learningRate: 1)
            return once[0].sum()
        }
        let values = try slopes[0].values()
        #expect(abs(values[0] / expected - 1) < 1e-3, "\(values[0])")
        #expect(values[1].isFinite)
        // Nothing but zeros for some steps, as at an adapter's start.
        let (_, later) = try valueAndGradient(at: inputs) { inputs in
            var optimizer = start
            return (0..<3).reduce([inputs[1]]) { parameters, _ in
                optimizer.update(parameters, gradients: [inputs[0]], learningRate: 1)
            }[0].sum()
        }
        #expect(try later[0].values().allSatisfy(\.isFinite))
    }

    @Test("the least root of a second moment changes no bit of a step")
    func leastRoot() throws {
        // Gradients whose squares vanish, are denormal, just normal, and of every size above.
        let gradients =
            [Float(0), 1e-30, 1e-23, 1e-20, 3e-19, 1e-18]
            + (-36...4).map {
                Float(sign: .plus, exponent: $0, significand: 1.37)
            }
        let start = (0..<gradients.count).map { Float($0) * 0.37 - 3 }
        var optimizer = AdamW()
        var found = Tensor(start, shape: [start.count])
        // The same step with the plain root, by the same operations.
        var (expected, first, second) = (
            found, Tensor.zeros(found.shape), Tensor.zeros(found.shape)
        )
        var products = (1.0, 1.0)
        for step in 1...5 {
            let gradient = Tensor(gradients, shape: found.shape) * (step == 3 ? 0 : 1)
            found = optimizer.update([found], gradients: [gradient], learningRate: 0.01)[0]
            first = first * Float(0.9) + gradient * (1 - Float(0.9))
            second = second * Float(0.999) + gradient.square() * (1 - Float(0.999))
            products = (products.0 * Double(Float(0.9)), products.1 * Double(Float(0.999)))
            let denominator = second.sqrt() / (1 - products.1).squareRoot() + Float(1e-8)
            expected =
                expected * (1 - Float(0.01) * Float(0.01))
                - first * (Double(Float(0.01)) / (1 - products.0)) / denominator
            #expect(try found.values() == expected.values())
        }
    }

    @Test("the clipping of gradients that are zero is differentiated to one, their norm to zero")
    func clippingOfZeros() throws {
        func slope(_ body: @escaping (_ clipped: Tensor, _ norm: Tensor) -> Tensor) throws
            -> [Float]
        {
            try valueAndGradient(at: [.zeros([3])]) {
                let (clipped, norm) = clippedByGlobalNorm($0, maximum: 1)
                return body(clipped[0], norm)
            }.gradients[0].values()
        }
        #expect(try slope { clipped, _ in clipped.sum() } == [1, 1, 1])
        #expect(try slope { _, norm in norm } == [0, 0, 0])
        let (kept, norm) = clippedByGlobalNorm([.zeros([3])], maximum: 1)
        #expect(try norm.item() == 0)
        #expect(try kept[0].values() == [0, 0, 0])
        let (_, unknown) = clippedByGlobalNorm(
            [Tensor([.nan, 1] as [Float], shape: [2])], maximum: 1)
        #expect(try unknown.item().isNaN)
    }

    @Test("before its first step an optimizer evaluates the parameters themselves")
    func evaluationBeforeSteps() throws {
        let parameters = [Tensor([1.0, 2, 3], shape: [3])]
        for optimizer in [AdamW(), ScheduleFreeAdamW()] as [any Optimizer] {
            let evaluated = optimizer.evaluationParameters(parameters)
            #expect(try evaluated.map { try $0.values() } == [[1, 2, 3]])
        }
    }

    @Test(
        "schedules give the rates of transformers and PyTorch",
        arguments: [
            ("constant", .constant), ("linear", .linear), ("cosine", .cosine),
            ("warmupConstant", .warmup(steps: 5, then: .constant)),
            ("warmupLinear", .warmup(steps: 5, then: .linear)),
            ("warmupCosine", .warmup(steps: 5, then: .cosine)),
            ("restarts", .cosineWithRestarts(firstPeriod: 6, factor: 1)),
            ("growingRestarts", .cosineWithRestarts(firstPeriod: 3, factor: 2)),
        ] as [(String, LearningRateSchedule)])
    func schedules(name: String, schedule: LearningRateSchedule) throws {
        let wanted = try #require(try TensorGolden.load().schedules[name])
        let rates = (0..<20).map { schedule.rate(at: $0, of: 20, base: 0.3) }
        try expectClose(Tensor(rates, shape: [20]), wanted)
        let coded = try JSONEncoder().encode(schedule)
        #expect(try JSONDecoder().decode(LearningRateSchedule.self, from: coded) == schedule)
    }

    @Test("periods of restarts that make no sense count as 1, and large ones do not overflow")
    func restartLimits() {
        let rates = [(0, 0), (-3, 1), (1, -2)].map { period, factor in
            LearningRateSchedule.cosineWithRestarts(firstPeriod: period, factor: factor)
                .rate(at: 7, of: 20, base: 0.3)
        }
        #expect(rates == [0.3, 0.3, 0.3])
        let endless = LearningRateSchedule.cosineWithRestarts(firstPeriod: 5, factor: .max)
        #expect(endless.rate(at: 5, of: 20, base: 0.3) == 0.3)
        #expect(endless.rate(at: 19, of: 20, base: 0.3) == 0.3)
    }

    /// Trains the golden's network for twenty steps and compares it with a golden training.
    private func expectTraining(
        with start: any Optimizer, toGive name: String, rate: (Int) -> Float
    ) throws {
        let golden = try TensorGolden.load()
        let network = Network(golden.network)
        let wanted = try #require(golden.optimizers[name])
        var optimizer = start
        var parameters = network.parameters
        var losses: [Float] = []
        for step in 0..<20 {
            let (loss, gradients) = try valueAndGradient(at: parameters, of: network.loss)
            parameters = optimizer.update(
                parameters, gradients: gradients, learningRate: rate(step))
            try evaluate([loss] + parameters + optimizer.state)
            losses.append(try loss.item())
        }
        try expectClose(Tensor(losses, shape: [20]), wanted.losses, rtol: 1e-4)
        let ends = optimizer.evaluationParameters(parameters)
        for (parameter, end) in zip(ends, wanted.parameters) {
            try expectClose(parameter, end, rtol: 1e-3, atol: 1e-4)
        }
    }
}
