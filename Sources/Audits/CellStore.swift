// SPDX-License-Identifier: Apache-2.0
// Where cells are kept: what an audit has measured so far.

public import Records

/// Keeps the traces of cells by their keys.
///
/// A cell's key is the digest of everything that its numbers depend on, so that a stored point is
/// right wherever its key turns up. Each point is durable when ``append(_:to:)`` returns.
public protocol CellStore: Sendable {
    /// Reads what is stored of a cell.
    ///
    /// - Parameter key: The cell's key.
    /// - Returns: What is stored; an empty trace if nothing is.
    /// - Throws: `InputError` when it cannot be read.
    func cell(_ key: String) throws -> StoredCell

    /// Makes a trace point durable.
    ///
    /// - Parameters:
    ///   - point: The point.
    ///   - job: The cell that it belongs to.
    /// - Throws: `InputError` when it cannot be written.
    func append(_ point: TracePoint, to job: CellJob) throws

    /// Notes how a cell ended.
    ///
    /// - Parameters:
    ///   - job: The cell.
    ///   - state: How it ended.
    ///   - machine: The machine that it ran on.
    /// - Throws: `InputError` when it cannot be written.
    func finish(_ job: CellJob, as state: CellRecord.State, on machine: Machine) throws

    /// Removes what is stored of a cell that failed, so that it can be tried again.
    ///
    /// - Parameter job: The cell.
    /// - Throws: `InputError` when it cannot be removed.
    func forget(_ job: CellJob) throws

    /// Claims a cell for this process.
    ///
    /// - Parameter job: The cell.
    /// - Returns: Whether it is this process's now; false if another process works on it.
    /// - Throws: `InputError` when the store cannot be used.
    func claim(_ job: CellJob) throws -> Bool

    /// Gives a claimed cell back.
    ///
    /// - Parameter job: The cell.
    func release(_ job: CellJob)
}

/// What a store holds of one cell.
public struct StoredCell: Sendable, Hashable {
    /// How the cell ended; nil while it is not done.
    public let state: CellRecord.State?
    /// Its trace so far, by step.
    public let trace: [TracePoint]
    /// The machine that it ran on; nil while it is not done.
    public let machine: Machine?

    /// Holds what is stored.
    ///
    /// - Parameters:
    ///   - state: How the cell ended; nil while it is not done.
    ///   - trace: Its trace so far.
    ///   - machine: The machine that it ran on.
    public init(state: CellRecord.State?, trace: [TracePoint], machine: Machine?) {
        self.state = state
        self.trace = trace
        self.machine = machine
    }

    /// Whether nothing is left to do.
    public var isDone: Bool { state != nil }
}
