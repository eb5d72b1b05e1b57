// SPDX-License-Identifier: Apache-2.0
// The operations that decoding is made of agree with those that read whole sequences, which the
// goldens of the layers check.

import Tensors
import Testing

@Suite("Decoding steps")
struct DecodingStepTests {
    struct Case: Sendable {
        var heads = 4
        var keyHeads = 2
        var width = 8
        var window = 0
        var softCap: Float = 0
        /// How much shorter than the longest each prompt is.
        var padding = [0, 0, 0]
    }

    static let cases = [
        Case(), Case(heads: 9, keyHeads: 3, width: 64, padding: [0]),
        Case(heads: 4, keyHeads: 1, width: 66, padding: [0, 3, 4]), Case(window: 3),
        Case(width: 10, softCap: 2, padding: [0, 1]),
        Case(
            heads: 8, keyHeads: 8, width: 16, window: 2,
            padding: [4] + Array(repeating: 0, count: 16)),
    ]

    @Test(
        "behind a prompt, token by token, attention is that of the whole sequence",
        arguments: cases, [true, false])
    func steps(test: Case, kernels: Bool) throws {
        try computing(withKernels: kernels) {
            let (prompt, length) = (5, 9)
            let rule = AttentionRule(
                frequencies: Tensor([1, 0.3, 0.02] as [Float], shape: [3]), window: test.window,
                scale: 0.4, softCap: test.softCap)
            // The sequences one by one, [rows, tokens, heads, width]; the first places are none.
            let rows = test.padding.count
            let queries = noise(1, [rows, length, test.heads, test.width])
            let keys = noise(2, [rows, length, test.keyHeads, test.width])
            let values = noise(3, keys.shape)
            func part(_ tensor: Tensor, _ row: Int, _ places: Range<Int>) -> Tensor {
                tensor.slice(axis: 0, from: row, to: row + 1).squeezed(at: 0)
                    .slice(axis: 0, from: places.lowerBound, to: places.upperBound)
            }
            func packed(_ tensor: Tensor, to end: Int) -> Tensor {
                Tensor.concatenated(
                    test.padding.enumerated().map { part(tensor, $0, $1..<end) }, axis: 0)
            }
            func segments(to end: Int) -> [Segment] {
                test.padding.map { Segment(length: end - $0) }
            }
            let whole = Tensor.causalAttention(
                queries: packed(queries, to: length), keys: packed(keys, to: length),
                values: packed(values, to: length), segments: segments(to: length), rule: rule)
            // A place of the capacity stays free.
            var kept = Tensor.keptContexts(
                keys: packed(keys, to: prompt), values: packed(values, to: prompt),
                segments: segments(to: prompt), rows: Array(0..<rows), capacity: length + 1,
                frequencies: rule.frequencies)
            for token in prompt..<length {
                func column(_ tensor: Tensor) -> Tensor {
                    tensor.slice(axis: 1, from: token, to: token + 1).squeezed(at: 1)
                }
                let step = Tensor.attentionStep(
                    queries: column(queries), keys: column(keys), values: column(values),
                    kept: kept, count: token,
                    sequences: test.padding.enumerated().map {
                        KeptSequence(place: $0.offset, padding: $0.element)
                    }, rule: rule)
                kept = step.kept
                var end = 0
                let places = test.padding.map { padding in
                    end += length - padding
                    return Int32(end - (length - token))
                }
                let expected = whole.take(Tensor(places, shape: [rows]), axis: 0)
                try expectClose(step.output, expected.values(), rtol: 1e-4, atol: 1e-5)
            }
        }
    }

    @Test("a kept context is that of its ancestors and its own", arguments: [true, false])
    func contexts(kernels: Bool) throws {
        try computing(withKernels: kernels) {
            let (keys, values) = (noise(1, [9, 2, 6]), noise(2, [9, 2, 6]))
            let frequencies = Tensor([0.7] as [Float], shape: [1])
            // Tokens 0 1 2 | 3 4 | 5 6 | 7 8, of which the second and third continue the first.
            let segments = [
                Segment(length: 3), Segment(length: 2, parent: 0),
                Segment(length: 2, parent: 0),
                Segment(length: 2),
            ]
            let forest = Tensor.keptContexts(
                keys: keys, values: values, segments: segments, rows: [2, 0, 3], capacity: 8,
                frequencies: frequencies)
            func alone(_ tokens: [Int32]) throws -> [Float] {
                let rows = Tensor(tokens, shape: [tokens.count])
                return try Tensor.keptContexts(
                    keys: keys.take(rows, axis: 0), values: values.take(rows, axis: 0),
                    segments: [Segment(length: tokens.count)], rows: [0],
                    capacity: tokens.count, frequencies: frequencies
                ).values()
            }
            #expect(forest.shape == [3, 8, 2, 2, 6])
            for (row, tokens) in [[0, 1, 2, 5, 6], [0, 1, 2], [7, 8] as [Int32]].enumerated() {
                let found = forest.slice(axis: 0, from: row, to: row + 1)
                    .slice(axis: 1, from: 5 - tokens.count, to: 5)
                try expectClose(found, alone(tokens), rtol: 1e-6, atol: 1e-6)
            }
        }
    }

    @Test("sequences that are left go on where they are kept", arguments: [true, false])
    func places(kernels: Bool) throws {
        try computing(withKernels: kernels) {
            let kept = try noise(1, [4, 6, 2, 1, 8]).evaluated()
            let (query, token) = (noise(2, [2, 2, 8]), noise(3, [2, 1, 8]))
            let rule = AttentionRule(frequencies: .ones([2]), scale: 0.5)
            func step(_ kept: Tensor, _ places: [Int]) -> (output: Tensor, kept: Tensor) {
                Tensor.attentionStep(
                    queries: query, keys: token, values: token, kept: kept, count: 5,
                    sequences: places.map { KeptSequence(place: $0, padding: $0) }, rule: rule)
            }
            let picked = kept.take(Tensor([3, 1] as [Int32], shape: [2]), axis: 0)
            let alone = Tensor.attentionStep(
                queries: query, keys: token, values: token, kept: picked, count: 5,
                sequences: [
                    KeptSequence(place: 0, padding: 3), KeptSequence(place: 1, padding: 1),
                ],
                rule: rule)
            let among = step(kept, [3, 1])
            try expectClose(among.output, alone.output.values(), rtol: 1e-6, atol: 1e-6)
            let written = among.kept.take(Tensor([3, 1] as [Int32], shape: [2]), axis: 0)
            try expectClose(written, alone.kept.values(), rtol: 1e-6, atol: 1e-6)
            #expect(throws: TensorError.self) { try step(kept, [4, 0]).output.values() }
        }
    }

    @Test("what was kept before a step stays as it was for whoever holds it")
    func valueSemantics() throws {
        let token = noise(1, [2, 3, 4])
        let before = try noise(2, [2, 5, 2, 3, 4]).evaluated()
        let values = try before.values()
        func step(_ kept: Tensor) -> Tensor {
            Tensor.attentionStep(
                queries: token, keys: token, values: token, kept: kept, count: 4,
                sequences: [0, 1].map { KeptSequence(place: $0, padding: 0) },
                rule: AttentionRule(frequencies: .ones([1]), scale: 1)
            ).kept
        }
        let once = try step(before).values()
        #expect(once != values)
        #expect(try before.values() == values)
        #expect(try step(before).values() == once)
    }

    @Test(
        "the likeliest token is that of the logits",
        arguments: [(1, 1), (3, 100), (5, 2048), (33, 2049), (97, 5000)], [true, false])
    func likeliest(size: (rows: Int, vocabulary: Int), kernels: Bool) throws {
        try computing(withKernels: kernels) {
            let hidden = noise(1, [size.rows, 19])
            let weight = noise(2, [size.vocabulary, 19])
            let found = try Tensor.linearArgMax(hidden: hidden, weight: weight).integers()
            let logits = try hidden.matmul(weight.transposed()).values()
            for (row, token) in found.enumerated() {
                let line = logits[row * size.vocabulary..<(row + 1) * size.vocabulary]
                let greatest = try #require(line.max())
                #expect(abs(line[line.startIndex + Int(token)] - greatest) < 1e-5)
            }
            #expect(found.count == size.rows)
        }
    }

    @Test("of equally likely tokens the first is taken", arguments: [true, false])
    func ties(kernels: Bool) throws {
        try computing(withKernels: kernels) {
            var weights = [Float](repeating: 0, count: 5000)
            for place in [7, 2047, 2048, 4999] { weights[place] = 1 }
            let weight = Tensor(weights, shape: [5000, 1])
            let found = try Tensor.linearArgMax(hidden: .ones([1, 1]), weight: weight).integers()
            #expect(found == [7])
        }
    }
}
