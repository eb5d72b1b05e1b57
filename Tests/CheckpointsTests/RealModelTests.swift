// SPDX-License-Identifier: Apache-2.0
// The default model, which the bootstrap fetches: without it the test fails.

import Checkpoints
import Foundation
import Testing

@Suite struct RealModelTests {
    private let model = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".deps/models/smollm2-135m-instruct.gguf")

    @Test("SmolLM2's GGUF opens with its vocabulary and shapes")
    func readsModel() throws {
        let checkpoint = try Checkpoint(at: model)
        let tokens = try checkpoint.requiredMetadata("tokenizer.ggml.tokens", as: \.strings)
        #expect(tokens.count == 49152 && tokens[1] == "<|im_start|>")
        #expect(try checkpoint.requiredMetadata("llama.block_count", as: \.integer) == 30)
        #expect(checkpoint.tensors.count == 272)
        #expect(try checkpoint.tensor("token_embd.weight").shape == [49152, 576])
        #expect(try checkpoint.tensor("token_embd.weight").elementType == .q8_0)
        #expect(try checkpoint.tensor("blk.0.ffn_down.weight").shape == [576, 1536])
        #expect(checkpoint.tensors.values.reduce(0) { $0 + $1.count } == 134_515_008)
        for name in checkpoint.names { #expect(try checkpoint.firstNonFinite(in: name) == nil) }
        // Of a norm's weights, the first few as the gguf package prints them.
        let norm = try checkpoint.float32("output_norm.weight")
        #expect(norm.count == 576 && norm.allSatisfy(\.isFinite))
    }
}
