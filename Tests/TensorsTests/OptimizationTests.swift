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
            ("sgd", SGD()), ("momentum", SGD(momentum: 0.9, weightDecay: 0.1)),
            ("nesterov", SGD(momentum: 0.9, nesterov: true)), ("adam", Adam()),
            ("adamw", AdamW(betas: (0.8, 0.95), weightDecay: 0.2)),
        ] as [(String, any Optimizer)])
    func steps(name: String, optimizer: any Optimizer) throws {
        let golden = try TensorGolden.load()
        let network = Network(golden.network)
        let wanted = try #require(golden.optimizers[name])
        var optimizer = optimizer
        var parameters = network.parameters
        var losses: [Float] = []
        for _ in 0..<20 {
            let (loss, gradients) = try valueAndGradient(at: parameters, of: network.loss)
            parameters = optimizer.update(parameters, gradients: gradients, learningRate: 0.05)
            try evaluate([loss] + parameters + optimizer.state)
            losses.append(try loss.item())
        }
        try expectClose(Tensor(losses, shape: [20]), wanted.losses, rtol: 1e-4)
        for (parameter, end) in zip(parameters, wanted.parameters) {
            try expectClose(parameter, end, rtol: 1e-3, atol: 1e-4)
        }
    }

    @Test(
        "schedules give the rates of transformers",
        arguments: [
            ("constant", .constant), ("linear", .linear), ("cosine", .cosine),
            ("warmupConstant", .warmup(steps: 5, then: .constant)),
            ("warmupLinear", .warmup(steps: 5, then: .linear)),
            ("warmupCosine", .warmup(steps: 5, then: .cosine)),
        ] as [(String, LearningRateSchedule)])
    func schedules(name: String, schedule: LearningRateSchedule) throws {
        let wanted = try #require(try TensorGolden.load().schedules[name])
        let rates = (0..<20).map { schedule.rate(at: $0, of: 20, base: 0.3) }
        try expectClose(Tensor(rates, shape: [20]), wanted)
        let coded = try JSONEncoder().encode(schedule)
        #expect(try JSONDecoder().decode(LearningRateSchedule.self, from: coded) == schedule)
    }
}
