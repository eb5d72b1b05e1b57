// SPDX-License-Identifier: Apache-2.0
// The engine as a whole: where it computes, and what memory and threads it takes.

import CTensor

/// Where tensors are computed.
public enum Device: String, Sendable {
    case cpu, gpu
}

/// The tensor engine.
public enum Engine {
    /// Where tensors are computed; the GPU where the engine was built with one.
    public static var device: Device { ct_uses_gpu() ? .gpu : .cpu }

    /// Computes everything from now on somewhere else.
    ///
    /// - Parameter device: Where.
    /// - Throws: A ``TensorError`` when there is no such device.
    public static func use(_ device: Device) throws {
        var error = ct_error()
        guard ct_use_device(device == .gpu, &error) == .ok else {
            throw TensorError(
                operation: "Engine.use(.\(device.rawValue))", shapes: [], message: error.text)
        }
    }

    /// What the tensors' memory takes, in bytes.
    public struct Memory: Sendable, Hashable {
        /// In use now.
        public let active: Int
        /// The most that was in use since the start or the last ``Engine/resetPeakMemory()``.
        public let peak: Int
        /// Kept for reuse.
        public let cached: Int
    }

    /// What the tensors' memory takes now.
    public static var memory: Memory {
        let memory = ct_read_memory()
        return Memory(active: memory.active, peak: memory.peak, cached: memory.cached)
    }

    /// Starts a new measurement of the peak.
    public static func resetPeakMemory() { ct_reset_peak_memory() }

    /// Gives the memory that is kept for reuse back to the system.
    public static func clearCache() { ct_clear_memory_cache() }

    /// Limits the memory that is kept for reuse.
    ///
    /// - Parameter bytes: The limit.
    public static func setCacheLimit(_ bytes: Int) { ct_set_memory_cache_limit(max(bytes, 0)) }

    /// How many threads compute on the CPU, at least 1; at first, one for each core that the
    /// process may use. Results are the same bits only for the same number.
    public static var threadCount: Int {
        get { Int(ct_thread_count()) }
        set { ct_set_thread_count(Int32(clamping: newValue)) }
    }

    /// The computing time of one kind of kernel.
    public struct Timing: Sendable, Hashable {
        /// The kernel's name.
        public let name: String
        /// Seconds on the engine's thread; for `products` on all threads together.
        public let seconds: Double
        /// How often it ran.
        public let calls: Int

        /// The name of the entry that counts matrix products.
        public static let products = "products"
    }

    /// Where the CPU kernels have spent their time since the start or the last
    /// ``Engine/resetTimings()``. The entry `products` counts matrix products on all threads, those
    /// within other kernels included. What the engine's own operations take is not in here.
    public static var timings: [Timing] {
        var entries = [ct_timing](repeating: ct_timing(), count: 64)
        let count = ct_read_timings(&entries, entries.count)
        return entries.prefix(count).map {
            Timing(name: String(cString: $0.name), seconds: $0.seconds, calls: Int($0.calls))
        }
    }

    /// Starts a new measurement of the kernels' time.
    public static func resetTimings() { ct_reset_timings() }

    /// Builds tensors of the engine's own operations where the CPU has fused kernels, in order to
    /// compare both. It holds for this thread and for what `body` builds, whenever that is computed.
    ///
    /// - Parameter body: Builds tensors.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    package static func withComposedOperations<Result>(
        _ body: () throws -> Result
    ) rethrows -> Result {
        let before = ct_compose_operations(true)
        defer { _ = ct_compose_operations(before) }
        return try body()
    }

    /// The file of the library that multiplies matrices on the CPU; empty when it is unknown.
    public static var matrixLibrary: String { String(cString: ct_matrix_library()) }

    /// The version of the engine that is linked, such as `0.32.4`.
    public static var version: String { String(cString: ct_engine_version()) }

    /// The engine's name and version, as records state it.
    public static var nameAndVersion: String { "mlx \(version)" }
}
