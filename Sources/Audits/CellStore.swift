// SPDX-License-Identifier: Apache-2.0
// The store of cells: the measurements of an audit so far.

public import Records

/// Keeps the traces of cells by their keys.
///
/// A cell's key is the digest of everything that its numbers depend on, so a stored point is valid
/// for any audit with that key. Each point is durable when ``append(_:to:)`` returns.
public protocol CellStore: Sendable {
    /// Reads the stored part of a cell.
    ///
    /// - Parameter key: The cell's key.
    /// - Returns: The stored part, or an empty trace if nothing is stored.
    /// - Throws: `InputError` when the store cannot be read.
    func cell(_ key: String) throws -> StoredCell

    /// Makes a trace point durable.
    ///
    /// - Parameters:
    ///   - point: The point.
    ///   - job: The cell of the point.
    /// - Throws: `InputError` when the store cannot be written.
    func append(_ point: TracePoint, to job: CellJob) throws

    /// Stores how a cell ended.
    ///
    /// - Parameters:
    ///   - job: The cell.
    ///   - state: How it ended.
    ///   - machine: The machine on which it ran.
    /// - Throws: `InputError` when the store cannot be written.
    func finish(_ job: CellJob, as state: CellRecord.State, on machine: Machine) throws

    /// Removes a failed cell from the store, so that it can be tried again.
    ///
    /// - Parameter job: The cell.
    /// - Throws: `InputError` when the cell cannot be removed.
    func forget(_ job: CellJob) throws

    /// Claims a cell for this process.
    ///
    /// - Parameter job: The cell.
    /// - Returns: True if this process has the cell now; false if another process works on it.
    /// - Throws: `InputError` when the store cannot be used.
    func claim(_ job: CellJob) throws -> Bool

    /// Releases a claimed cell.
    ///
    /// - Parameter job: The cell.
    func release(_ job: CellJob)
}

/// The stored part of one cell.
public struct StoredCell: Sendable, Hashable {
    /// How the cell ended; nil while it is not done.
    public let state: CellRecord.State?
    /// Its trace so far, by step.
    public let trace: [TracePoint]
    /// The machine on which it ran; nil while it is not done.
    public let machine: Machine?

    /// Makes a stored cell.
    ///
    /// - Parameters:
    ///   - state: How the cell ended; nil while it is not done.
    ///   - trace: Its trace so far.
    ///   - machine: The machine on which it ran.
    public init(state: CellRecord.State?, trace: [TracePoint], machine: Machine?) {
        self.state = state
        self.trace = trace
        self.machine = machine
    }

    /// Whether the cell is complete.
    public var isDone: Bool { state != nil }
}
