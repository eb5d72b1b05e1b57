// SPDX-License-Identifier: Apache-2.0
// Cells in a directory, one file each. Several processes can share this store.

public import Foundation
internal import JSONText
public import Records
internal import Synchronization

/// Cells in a directory, one append-only JSON Lines file for each key.
///
/// A line is a trace point; the last line states how the cell ended. An unfinished file ends in
/// `.partial.jsonl`, and is renamed when the cell is done. A process that works on a cell locks its
/// file. The system releases the lock when the process ends, even after a crash. On a network file
/// system without locks, two processes may do the same work, and write the same bits.
public final class DirectoryCellStore: CellStore {
    private let directory: URL
    /// The open files of claimed cells.
    private let claims = Mutex<[String: Int32]>([:])

    /// Opens the store, or makes an empty one.
    ///
    /// - Parameter directory: The directory of the files.
    /// - Throws: `InputError` when the directory cannot be made.
    public init(at directory: URL) throws {
        self.directory = directory
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true)
        } catch {
            throw InputError(
                directory.path, "cannot be made",
                remedy: "check the owner and permissions of the directory above")
        }
    }

    deinit { claims.withLock { $0.values.forEach { _ = close($0) } } }

    /// Reads the stored part of a cell.
    ///
    /// - Parameter key: The cell's key.
    /// - Returns: The stored part, or an empty trace if nothing is stored.
    /// - Throws: `InputError` for a damaged file.
    public func cell(_ key: String) throws -> StoredCell {
        for file in [finished(key), partial(key)] {
            guard let data = FileManager.default.contents(atPath: file.path) else { continue }
            return try read(data, file: file)
        }
        return StoredCell(state: nil, trace: [], machine: nil)
    }

    /// Makes a trace point durable.
    ///
    /// - Parameters:
    ///   - point: The point.
    ///   - job: The cell of the point. It must be claimed.
    /// - Throws: `InputError` when the file cannot be written.
    public func append(_ point: TracePoint, to job: CellJob) throws {
        try append(Line(point: point), to: job)
    }

    /// Stores how a cell ended, and renames its file.
    ///
    /// - Parameters:
    ///   - job: The cell. It must be claimed.
    ///   - state: How it ended.
    ///   - machine: The machine on which it ran.
    /// - Throws: `InputError` when the file cannot be written.
    public func finish(_ job: CellJob, as state: CellRecord.State, on machine: Machine) throws {
        try append(Line(state: state, machine: machine), to: job)
        guard rename(partial(job.key).path, finished(job.key).path) == 0 else {
            throw failure(partial(job.key), "cannot be renamed")
        }
    }

    /// Removes a failed cell from the store, so that it can be tried again.
    ///
    /// - Parameter job: The cell.
    /// - Throws: `InputError` when the cell cannot be removed.
    public func forget(_ job: CellJob) throws {
        guard unlink(finished(job.key).path) == 0 || errno == ENOENT else {
            throw failure(finished(job.key), "cannot be removed")
        }
    }

    /// Claims a cell by locking its file.
    ///
    /// - Parameter job: The cell.
    /// - Returns: True if this process has the cell now; false if another process works on it.
    /// - Throws: `InputError` when the file cannot be opened.
    public func claim(_ job: CellJob) throws -> Bool {
        let file = partial(job.key)
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(file, "cannot be opened") }
        // A file system without locks reports that. The work goes on, because the same work gives
        // the same bits.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno == ENOLCK || errno == ENOTSUP
        else {
            close(descriptor)
            return false
        }
        // The process that had the file may have finished and renamed it meanwhile.
        var opened = stat()
        var present = stat()
        guard fstat(descriptor, &opened) == 0, stat(file.path, &present) == 0,
            opened.st_ino == present.st_ino
        else {
            close(descriptor)
            return false
        }
        if FileManager.default.fileExists(atPath: finished(job.key).path) {
            unlink(file.path)
            close(descriptor)
            return false
        }
        try cutTornLine(descriptor, file: file)
        claims.withLock { $0[job.key] = descriptor }
        return true
    }

    /// Releases a claimed cell.
    ///
    /// - Parameter job: The cell.
    public func release(_ job: CellJob) {
        if let descriptor = claims.withLock({ $0.removeValue(forKey: job.key) }) {
            close(descriptor)
        }
    }

    // MARK: - Files

    /// A line of a file.
    private struct Line: Codable {
        var point: TracePoint?
        var state: CellRecord.State?
        var machine: Machine?
    }

    private func finished(_ key: String) -> URL {
        directory.appendingPathComponent("\(key).jsonl")
    }

    private func partial(_ key: String) -> URL {
        directory.appendingPathComponent("\(key).partial.jsonl")
    }

    private func read(_ data: Data, file: URL) throws -> StoredCell {
        var points: [Int: TracePoint] = [:]
        var (state, machine): (CellRecord.State?, Machine?) = (nil, nil)
        var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // Bytes after the last line break are an incomplete line of an interrupted process.
        lines.removeLast()
        for (index, text) in lines.enumerated() {
            guard let line = try? RecordJSON.decoder().decode(Line.self, from: Data(text)) else {
                throw InputError(
                    "\(file.path):\(index + 1)", "cannot be read",
                    remedy: "remove the file, and its cell is measured again")
            }
            if let point = line.point { points[point.step] = point }
            if let end = line.state { (state, machine) = (end, line.machine) }
        }
        return StoredCell(
            state: state, trace: points.values.sorted { $0.step < $1.step }, machine: machine)
    }

    private func append(_ line: Line, to job: CellJob) throws {
        let file = partial(job.key)
        guard let descriptor = claims.withLock({ $0[job.key] }) else {
            throw InputError(
                file.path, "is written without being claimed", remedy: "claim the cell first")
        }
        var bytes = Array(try canonicalJSON(line)) + [UInt8(ascii: "\n")]
        while !bytes.isEmpty {
            let count = write(descriptor, bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(file, "cannot be written") }
            bytes.removeFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw failure(file, "cannot be written") }
    }

    /// Removes an incomplete line that an interrupted process left.
    private func cutTornLine(_ descriptor: Int32, file: URL) throws {
        guard let data = FileManager.default.contents(atPath: file.path), !data.isEmpty else {
            return
        }
        let whole = data.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard whole < data.count else { return }
        guard ftruncate(descriptor, off_t(whole)) == 0 else {
            throw failure(file, "cannot be mended")
        }
    }

    private func failure(_ file: URL, _ what: String) -> InputError {
        InputError(
            file.path, "\(what): \(String(cString: strerror(errno)))",
            remedy: "check the space and the permissions, then run the same command again")
    }
}
