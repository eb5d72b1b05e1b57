// SPDX-License-Identifier: Apache-2.0
// Cells in one SQLite file, for an audit in one process.

public import Foundation
internal import GRDB
internal import JSONText
public import Records

/// Cells in one SQLite file.
///
/// The store is locked during an audit: two audits cannot share it.
public final class SQLiteCellStore: CellStore {
    private let database: DatabaseQueue
    private let file: URL

    /// Opens the store, or makes an empty one.
    ///
    /// - Throws: `InputError` when another audit holds the store, or it is not a store of this
    ///   version.
    public init(at file: URL) throws {
        self.file = file
        var configuration = Configuration()
        configuration.busyMode = .timeout(1)
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON
                    """)
        }
        do {
            database = try DatabaseQueue(path: file.path, configuration: configuration)
            try Self.migrator.migrate(database)
            // The first write takes an exclusive lock and keeps it.
            try database.write { try $0.execute(sql: "UPDATE cell SET state = state WHERE FALSE") }
        } catch let error as DatabaseError {
            throw Self.failure(error, of: file)
        }
    }

    /// Reads the stored part of a cell.
    ///
    /// - Parameter key: The cell's key.
    /// - Returns: The stored part, or an empty trace if nothing is stored.
    /// - Throws: `InputError` when the store cannot be read.
    public func cell(_ key: String) throws -> StoredCell {
        try reading { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT state, reason, machine FROM cell WHERE key = ?",
                arguments: [key])
            let points = try String.fetchAll(
                database, sql: "SELECT point FROM point WHERE cell = ? ORDER BY step",
                arguments: [key])
            let reason: String = row?["reason"] ?? ""
            let state: CellRecord.State? =
                switch (row?["state"] as String?).flatMap(State.init) {
                case .finished: .finished
                case .failed: .failed(reason: reason)
                case .inapplicable: .inapplicable(reason: reason)
                case .started, nil: nil
                }
            return StoredCell(
                state: state,
                trace: try points.map {
                    try RecordJSON.decoder().decode(TracePoint.self, from: Data($0.utf8))
                },
                machine: try (row?["machine"] as String?).map {
                    try RecordJSON.decoder().decode(Machine.self, from: Data($0.utf8))
                })
        }
    }

    /// Makes a trace point durable.
    ///
    /// - Parameters:
    ///   - point: The point.
    ///   - job: The cell of the point.
    /// - Throws: `InputError` when the store cannot be written.
    public func append(_ point: TracePoint, to job: CellJob) throws {
        let text = String(decoding: try canonicalJSON(point), as: UTF8.self)
        try writing { database in
            try Self.insert(job, into: database)
            try database.execute(
                sql: "INSERT OR REPLACE INTO point (cell, step, point) VALUES (?, ?, ?)",
                arguments: [job.key, point.step, text])
        }
    }

    /// Stores how a cell ended.
    ///
    /// - Parameters:
    ///   - job: The cell.
    ///   - state: How it ended.
    ///   - machine: The machine on which it ran.
    /// - Throws: `InputError` when the store cannot be written.
    public func finish(_ job: CellJob, as state: CellRecord.State, on machine: Machine) throws {
        let machine = String(decoding: try canonicalJSON(machine), as: UTF8.self)
        try writing { database in
            try Self.insert(job, into: database)
            try database.execute(
                sql: "UPDATE cell SET state = ?, reason = ?, machine = ? WHERE key = ?",
                arguments: [state.name, state.reason, machine, job.key])
        }
    }

    /// Removes a failed cell from the store, so that it can be tried again.
    ///
    /// - Parameter job: The cell.
    /// - Throws: `InputError` when the cell cannot be removed.
    public func forget(_ job: CellJob) throws {
        try writing { try $0.execute(sql: "DELETE FROM cell WHERE key = ?", arguments: [job.key]) }
    }

    /// Claims a cell. This process has the whole store already.
    ///
    /// - Parameter job: The cell.
    /// - Returns: True.
    public func claim(_ job: CellJob) -> Bool { true }

    /// Releases a claimed cell: there is nothing to do.
    ///
    /// - Parameter job: The cell.
    public func release(_ job: CellJob) {}

    // MARK: - Schema

    private enum State: String {
        case started, finished, failed, inapplicable
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("cells and points") { database in
            try database.execute(
                sql: """
                    CREATE TABLE cell (
                        key TEXT PRIMARY KEY, adversary TEXT NOT NULL, seed INTEGER NOT NULL,
                        state TEXT NOT NULL, reason TEXT
                    ) STRICT;
                    CREATE TABLE point (
                        cell TEXT NOT NULL REFERENCES cell(key) ON DELETE CASCADE,
                        step INTEGER NOT NULL, point TEXT NOT NULL,
                        PRIMARY KEY (cell, step)
                    ) STRICT;
                    """)
        }
        migrator.registerMigration("machines") { database in
            try database.execute(sql: "ALTER TABLE cell ADD COLUMN machine TEXT")
        }
        return migrator
    }

    private static func insert(_ cell: CellJob, into database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO cell (key, adversary, seed, state) VALUES (?, ?, ?, ?)
                """,
            arguments: [
                cell.key, cell.adversary.name, Int64(bitPattern: cell.seed),
                State.started.rawValue,
            ])
    }

    // MARK: - Errors

    private func reading<T>(_ body: (Database) throws -> T) throws -> T {
        do {
            return try database.read(body)
        } catch let error as DatabaseError {
            throw Self.failure(error, of: file)
        } catch is DecodingError {
            throw InputError(
                file.path, "a stored trace point cannot be read",
                remedy: "move the store away and start again")
        }
    }

    private func writing(_ body: (Database) throws -> Void) throws {
        do {
            try database.write(body)
        } catch let error as DatabaseError {
            throw Self.failure(error, of: file)
        }
    }

    private static func failure(_ error: DatabaseError, of file: URL) -> InputError {
        let (problem, remedy): (String, String) =
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                ("another audit is writing to this store", "wait for it, or choose another --out")
            case .SQLITE_NOTADB, .SQLITE_CORRUPT:
                ("is not an audit store, or is damaged", "move it away and start again")
            case .SQLITE_FULL:
                ("the disk is full", "free space and run the same command again")
            case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
                ("cannot be written", "check the directory's owner and permissions")
            default:
                (
                    "SQLite says: \(error.message ?? "error \(error.resultCode.rawValue)")",
                    "check the disk, and run the same command again"
                )
            }
        return InputError(file.path, problem, remedy: remedy)
    }
}
