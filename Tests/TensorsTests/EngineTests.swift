// SPDX-License-Identifier: Apache-2.0
// Memory, threads, random keys, and the speed that depends on how the engine was linked.

import Foundation
import Tensors
import Testing

@Suite("Engine")
struct EngineTests {
    final class Owner: @unchecked Sendable {
        let memory: UnsafeMutableBufferPointer<Float>
        let released: @Sendable () -> Void

        /// The values come after a few others, as in a file.
        private let whole: UnsafeMutableBufferPointer<Float>

        init(_ values: [Float], released: @escaping @Sendable () -> Void) {
            whole = .allocate(capacity: values.count + 4)
            _ = whole.initialize(from: [.nan, .nan, .nan, .nan] + values)
            memory = .init(rebasing: whole[4...])
            self.released = released
        }

        deinit {
            whole.deallocate()
            released()
        }
    }

    @Test("a tensor over mapped memory copies nothing and keeps the owner alive")
    func mapped() async throws {
        try await confirmation("the owner is released") { confirm in
            var owner: Owner? = Owner([1, 2, 3, 4]) { confirm() }
            weak let watched = owner
            let memory = try #require(owner?.memory)
            var tensor: Tensor? = Tensor(
                mapping: UnsafeRawBufferPointer(memory), shape: [2, 2], type: .float32,
                owner: try #require(owner))
            owner = nil
            #expect(watched != nil)
            #expect(try tensor?.sum().item() == 10)
            let address = try tensor?.withBytes { $0.baseAddress }
            #expect(address == UnsafeRawPointer(memory.baseAddress))
            let projected = tensor.map {
                Tensor.ones([1, 2]).projected(by: Projection(weight: $0))
            }
            #expect(try projected?.values() == [3, 7])
            tensor = nil
            #expect(watched == nil)
        }
    }

    @Test("memory that is not aligned for its type is copied, and still right")
    func unaligned() throws {
        let owner = Owner([1, 2, 3]) {}
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 13, alignment: 8)
        defer { bytes.deallocate() }
        let moved = UnsafeMutableRawBufferPointer(rebasing: bytes[1...])
        moved.copyMemory(from: UnsafeRawBufferPointer(owner.memory))
        let tensor = Tensor(
            mapping: UnsafeRawBufferPointer(moved), shape: [3], type: .float32, owner: owner)
        #expect(try tensor.values() == [1, 2, 3])
    }

    @Test("any thread can build and evaluate, also the same tensor")
    func threads() async throws {
        let shared = Tensor.ones([64, 64]).matmul(.ones([64, 64]))
        let results = try await withThrowingTaskGroup(of: Float.self) { group in
            for index in 0..<16 {
                group.addTask { try (shared * index).sum().item() }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let wanted = (0..<16).map { Float($0) * 262_144 }
        #expect(results.sorted() == wanted)
    }

    @Test("every element type keeps its values through a conversion and back")
    func types() throws {
        for type in ElementType.allCases where type != .bool {
            let tensor = Tensor([0, 1, 2, 100] as [Float], shape: [4]).converted(to: type)
            #expect(tensor.type == type)
            #expect(try tensor.values() == [0, 1, 2, 100])
            #expect(try tensor.withBytes { $0.count } == 4 * type.byteCount)
        }
        #expect(try Tensor([true, false], shape: [2]).values() == [1, 0])
    }

    @Test("memory counters see a tensor come")
    func memory() async {
        // Elsewhere other tests take and free memory meanwhile.
        await #expect(processExitsWith: .success) {
            let before = Engine.memory.active
            Engine.resetPeakMemory()
            let tensor = try Tensor.zeros([16 << 20]).evaluated()
            #expect(Engine.memory.active - before >= 64 << 20)
            #expect(Engine.memory.peak - before >= 64 << 20)
            #expect(try tensor.sum().item() == 0)
        }
    }

    @Test("the time of matrix products is counted")
    func timings() throws {
        func calls() -> Int {
            Engine.timings.first { $0.name == Engine.Timing.products }?.calls ?? 0
        }
        let before = calls()
        let square = Tensor.ones([64, 64])
        try evaluate([square.matmul(square)])
        #expect(calls() > before)
    }

    @Test("random numbers depend on the key alone and have the right moments")
    func random() throws {
        let key = RandomKey(seed: .max)
        let normal = Tensor.normal([20_000], key: key)
        #expect(try normal.values() == Tensor.normal([20_000], key: key).values())
        let (left, right) = key.split()
        #expect(
            try Tensor.normal([8], key: left).values() != Tensor.normal([8], key: right).values())
        try expectClose(normal.mean(), [0], atol: 0.03)
        try expectClose(normal.variance(), [1], atol: 0.05)
        let uniform = Tensor.uniform([20_000], low: -1, high: 3, key: key)
        try expectClose(uniform.mean(), [1], atol: 0.05)
        #expect(try uniform.min().item() >= -1)
        #expect(try uniform.max().item() < 3)
        try expectClose(
            Tensor.bernoulli(0.3, [20_000], key: key).converted(to: .float32).mean(), [0.3],
            atol: 0.02)
        var moving = key
        let draws = try (0..<200).map { _ in
            try Tensor.categorical(
                logits: Tensor([-100, 2, 2] as [Float], shape: [1, 3]), key: moving.next()
            ).integers()[0]
        }
        #expect(Set(draws) == [1, 2])
        #expect(try Tensor.permutation(50, key: key).integers().sorted() == Array(0..<50))
    }

    @Test("matrices are multiplied by the OpenBLAS that the bootstrap fetched")
    func matrixLibrary() {
        #if os(Linux)
            #expect(Engine.matrixLibrary.hasSuffix("/libscipy_openblas.so"))
        #endif
    }

    @Test("the kernel uses the widest vectors of the processor, or the user chose it")
    func matrixKernel() {
        let kernel = MatrixKernel.current
        let chosen = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"]
        #expect(
            kernel.isWidest || kernel.name.lowercased() == chosen?.lowercased(),
            "\(kernel.warning() ?? "")")
    }

    @Test("a kernel that is not the widest is said in one line, with the remedy")
    func narrowKernel() throws {
        let narrow = MatrixKernel(name: "Prescott", vectors: .sse, processorVectors: .avx512)
        let unset = try #require(narrow.warning(environment: ["OPENBLAS_CORETYPE": "Prescott"]))
        #expect(unset.contains("unset OPENBLAS_CORETYPE, which is Prescott"))
        let set = try #require(narrow.warning(environment: [:]))
        #expect(set.contains("set OPENBLAS_CORETYPE=SkylakeX"))
        #expect(!set.contains("\n"))
        let widest = MatrixKernel(name: "Haswell", vectors: .avx2, processorVectors: .avx2)
        #expect(widest.warning(environment: [:]) == nil)
    }
}
