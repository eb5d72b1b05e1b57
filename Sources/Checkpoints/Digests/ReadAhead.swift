// SPDX-License-Identifier: Apache-2.0
// Reads a file in order. A second thread reads the next blocks while one block is worked on.

import Foundation

/// A ring of blocks between a thread that reads and a thread that works.
///
/// Unchecked Sendable: a block and its length belong to the reader from `free` to `filled`, and to
/// the worker from `filled` to `free`.
final class ReadAhead: @unchecked Sendable {
    /// Small enough for a core's own cache, so that a block is still there when the work on it
    /// starts.
    private static let blockSize = 1 << 18
    private static let depth = 8

    private let descriptor: Int32
    private let blocks: UnsafeMutableRawBufferPointer
    /// The number of bytes in each block: fewer than fit at the end, a negative error number on
    /// failure.
    private let lengths: UnsafeMutableBufferPointer<Int>
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
        blocks = .allocate(byteCount: Self.blockSize * Self.depth, alignment: 4096)
        lengths = .allocate(capacity: Self.depth)
        lengths.initialize(repeating: 0)
    }

    deinit {
        blocks.deallocate()
        lengths.deallocate()
    }

    /// Calls `work` with each block of a file, in order.
    ///
    /// - Parameters:
    ///   - descriptor: An open file; it must stay open until this returns.
    ///   - byteCount: About how long the file is. A short file is read without a second thread.
    ///   - work: What to do with a block.
    ///   - failure: The error to throw for a system's error number.
    /// - Throws: The error of `failure` for a failed read.
    static func forEachBlock(
        of descriptor: Int32, byteCount: Int, _ work: (UnsafeRawBufferPointer) -> Void,
        orThrow failure: (Int32) -> any Error
    ) throws {
        #if os(Linux)
            posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_SEQUENTIAL))
        #endif
        let ring = ReadAhead(descriptor)
        let isThreaded = byteCount > 2 * blockSize
        if isThreaded {
            for _ in 0..<depth { ring.free.signal() }
            Thread.detachNewThread { ring.readAll() }
        }
        for block in 0... {
            if isThreaded { ring.filled.wait() } else { ring.read(block) }
            let length = ring.lengths[block % depth]
            guard length >= 0 else { throw failure(Int32(-length)) }
            work(UnsafeRawBufferPointer(rebasing: ring.bytes(of: block)[..<length]))
            if length < blockSize { return }
            if isThreaded { ring.free.signal() }
        }
    }

    private func readAll() {
        for block in 0... {
            free.wait()
            let isLast = read(block) < Self.blockSize
            filled.signal()
            if isLast { return }
        }
    }

    private func bytes(of block: Int) -> UnsafeMutableRawBufferPointer {
        let start = block % Self.depth * Self.blockSize
        return UnsafeMutableRawBufferPointer(rebasing: blocks[start..<start + Self.blockSize])
    }

    /// Fills a block as far as the file goes. Stores and returns its length.
    @discardableResult
    private func read(_ block: Int) -> Int {
        let bytes = bytes(of: block)
        var length = 0
        while length < bytes.count {
            let rest = bytes[length...]
            let count = pread(
                descriptor, UnsafeMutableRawBufferPointer(rebasing: rest).baseAddress, rest.count,
                off_t(block * Self.blockSize + length))
            if count < 0, errno == EINTR { continue }
            if count < 0 { length = -Int(errno) }
            if count <= 0 { break }
            length += count
        }
        lengths[block % Self.depth] = length
        return length
    }
}
