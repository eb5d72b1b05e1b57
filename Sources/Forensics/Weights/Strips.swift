// SPDX-License-Identifier: Apache-2.0
// Divides the rows of a block among the cores.

import Foundation

/// Work on parts of a block's rows, on all cores.
enum Strips {
    /// The number of parts of a block. It is the same on every machine, so that sums over the parts
    /// are, too.
    private static let count = 4
    /// A smaller block is not worth waking a thread.
    private static let leastElements = 1 << 16

    /// Calls `body` with each part of the rows.
    ///
    /// - Parameters:
    ///   - rows: The rows of a block.
    ///   - columns: Their length.
    ///   - body: Works on a part. It runs on several threads and must access only its own rows.
    /// - Returns: What `body` returned, in the order of the rows.
    /// - Throws: The error of the first part that failed.
    static func map<Value>(
        _ rows: Range<Int>, columns: Int, _ body: (Range<Int>) throws -> Value
    ) throws -> [Value] {
        let parts = min(rows.count, rows.count * columns < leastElements ? 1 : count)
        guard parts > 1 else { return [try body(rows)] }
        let bounds = (0...parts).map { rows.lowerBound + $0 * rows.count / parts }
        var results = [Result<Value, any Error>?](repeating: nil, count: parts)
        withoutActuallyEscaping(body) { body in
            results.withUnsafeMutableBufferPointer { buffer in
                // Each part writes its own slot, and all parts are done before this returns.
                nonisolated(unsafe) let (slots, work) = (buffer, body)
                DispatchQueue.concurrentPerform(iterations: parts) { part in
                    slots[part] = Result { try work(bounds[part]..<bounds[part + 1]) }
                }
            }
        }
        return try results.compactMap { try $0?.get() }
    }
}
