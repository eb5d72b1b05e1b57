// SPDX-License-Identifier: Apache-2.0
// What an audit has measured so far, on disk: a killed audit goes on from here.

public import Foundation
internal import GRDB
public import Records

/// Trace points by content address, in one SQLite file.
///
/// A cell's key is the digest of everything that its numbers depend on, so that a stored point is
/// right wherever its key turns up. Each point is durable when ``append(_:to:)`` returns. The store
/// is locked for the time of an audit: two audits do not share one.
public final class AuditStore: Sendable {
    private let database: DatabaseQueue
    private let file: URL

    /// Opens the store, or makes an empty one.
    /// - Throws: ``AuditError`` when another audit holds it, or it is no store of this version.
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
            // An exclusive lock is taken by the first write and kept.
            try database.write { try $0.execute(sql: "UPDATE cell SET state = state WHERE FALSE") }
        } catch let error as DatabaseError {
            throw AuditError(file: file.path, problem: Self.explain(error))
        }
    }

    /// What is stored of a cell: whether it is finished, and its trace so far.
    public func cell(_ key: String) throws -> StoredCell {
        try reading { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT state, reason FROM cell WHERE key = ?", arguments: [key])
            let points = try String.fetchAll(
                database, sql: "SELECT point FROM point WHERE cell = ? ORDER BY step",
                arguments: [key])
            return StoredCell(
                isFinished: row?["state"] == State.finished.rawValue,
                trace: try points.map {
                    try RecordJSON.decoder().decode(TracePoint.self, from: Data($0.utf8))
                })
        }
    }

    /// Makes a trace point durable.
    public func append(_ point: TracePoint, to cell: AuditPlan.Cell) throws {
        let text = String(decoding: try canonicalJSON(point), as: UTF8.self)
        try writing { database in
            try Self.insert(cell, into: database)
            try database.execute(
                sql: "INSERT OR REPLACE INTO point (cell, step, point) VALUES (?, ?, ?)",
                arguments: [cell.key, point.step, text])
        }
    }

    /// Marks a cell as measured to its end.
    public func finish(_ cell: AuditPlan.Cell) throws {
        try writing { database in
            try Self.insert(cell, into: database)
            try database.execute(
                sql: "UPDATE cell SET state = ? WHERE key = ?",
                arguments: [State.finished.rawValue, cell.key])
        }
    }

    // MARK: - Schema

    private enum State: String {
        case started, finished
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
        return migrator
    }

    private static func insert(_ cell: AuditPlan.Cell, into database: Database) throws {
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
            throw AuditError(file: file.path, problem: Self.explain(error))
        } catch is DecodingError {
            throw AuditError(
                file: file.path,
                problem: "a stored trace point cannot be read; move the store away and start again")
        }
    }

    private func writing(_ body: (Database) throws -> Void) throws {
        do {
            try database.write(body)
        } catch let error as DatabaseError {
            throw AuditError(file: file.path, problem: Self.explain(error))
        }
    }

    private static func explain(_ error: DatabaseError) -> String {
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            "another audit is writing to this store; wait for it, or choose another --out"
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            "is not an audit store, or is damaged; move it away and start again"
        case .SQLITE_FULL: "the disk is full; free space and run the same command again"
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
            "cannot be written; check the directory's owner and permissions"
        default: "SQLite says: \(error.message ?? "error \(error.resultCode.rawValue)")"
        }
    }
}

/// What a store holds of one cell.
public struct StoredCell: Sendable {
    /// Whether its adversary has done all it was allowed to.
    public let isFinished: Bool
    /// Its trace so far, by step.
    public let trace: [TracePoint]
}

/// An audit that cannot be started or go on.
public struct AuditError: Error, Sendable, CustomStringConvertible {
    /// The file to blame.
    public let file: String
    /// What was wrong and what to do about it.
    public let problem: String

    /// One line.
    public var description: String { "\(file): \(problem)" }
}
