// SPDX-License-Identifier: Apache-2.0
// The files of a log in the layout of c2sp.org/tlog-tiles, so that any static server can serve it.

import Checkpoints
import Foundation
import JSONText

/// The directory of a log.
struct LogFiles: Sendable {
    /// The number of hashes or entries in a full tile.
    static let width = 256
    /// The number of tree levels in a tile.
    static let height = 8
    /// The longest entry: its length is written with two bytes.
    static let longestEntry = Int(UInt16.max)

    let directory: URL

    var checkpoint: URL { directory.appending(path: "checkpoint") }

    /// Returns the file of hashes at a level, `tile/LEVEL/x001/x234/067`, with `.p/WIDTH` when not
    /// full.
    func hashes(level: Int, index: Int, width: Int) -> URL {
        file("\(level)", index: index, width: width)
    }

    /// Returns the file of entries.
    func entries(index: Int, width: Int) -> URL { file("entries", index: index, width: width) }

    private func file(_ kind: String, index: Int, width: Int) -> URL {
        var groups: [String] = []
        var rest = index
        repeat {
            let digits = String(rest % 1000)
            let group = String(repeating: "0", count: 3 - digits.count) + digits
            groups.append(groups.isEmpty ? group : "x" + group)
            rest /= 1000
        } while rest > 0
        let path = "tile/\(kind)/" + groups.reversed().joined(separator: "/")
        return directory.appending(path: width == Self.width ? path : "\(path).p/\(width)")
    }

    /// Returns how many hashes a tile has in a log of `size` entries.
    static func width(level: Int, index: Int, size: Int) -> Int {
        min(max((size >> (height * level)) - index * width, 0), width)
    }

    // MARK: - Reading

    /// Returns the bytes of a signed note.
    static func readNote(_ file: URL) throws -> Data {
        try SmallFile.read(
            file, atMost: SignedNote.mostBytes, remedy: "give a checkpoint of the log")
    }

    /// Returns the hashes of a tile in a log of `size` entries.
    func readHashes(level: Int, index: Int, size: Int) throws -> [TreeHash] {
        let width = Self.width(level: level, index: index, size: size)
        guard width > 0 else { return [] }
        let (data, file, count) = try read(width) {
            hashes(level: level, index: index, width: $0)
        }
        guard data.count == count * TreeHash.byteCount else {
            throw damage(file, "has \(data.count) bytes instead of those of \(count) hashes")
        }
        return (0..<width).compactMap {
            TreeHash(data.dropFirst($0 * TreeHash.byteCount).prefix(TreeHash.byteCount))
        }
    }

    /// Returns the entries of a tile in a log of `size` entries.
    func readEntries(index: Int, size: Int) throws -> [Data] {
        let width = Self.width(level: 0, index: index, size: size)
        guard width > 0 else { return [] }
        let (data, file, count) = try read(width) { entries(index: index, width: $0) }
        var found: [Data] = []
        var rest = data[...]
        while found.count < width {
            let length = rest.prefix(2).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 2 + length else {
                throw damage(file, "ends within entry \(index * Self.width + found.count)")
            }
            found.append(Data(rest.dropFirst(2).prefix(length)))
            rest = rest.dropFirst(2 + length)
        }
        guard rest.isEmpty || count > width else {
            throw damage(file, "goes on after its \(count) entries")
        }
        return found
    }

    /// Reads a partial file, or the full one once that has replaced it. Returns the width, too.
    private func read(
        _ width: Int, _ file: (_ width: Int) -> URL
    ) throws -> (data: Data, file: URL, width: Int) {
        let longest = Self.width * (2 + Self.longestEntry)
        for candidate in [width, Self.width] {
            if let data = try? SmallFile.read(file(candidate), atMost: longest, remedy: "") {
                return (data, file(candidate), candidate)
            }
        }
        throw damage(file(width), "cannot be read, though the checkpoint counts it")
    }

    private func damage(_ file: URL, _ problem: String) -> InputError {
        InputError(file, problem, remedy: "the log is damaged: restore it from a copy")
    }

    // MARK: - Writing

    /// Writes a file, replacing an existing one, and flushes the file and its name to disk.
    func write(_ data: Data, to file: URL) throws {
        try AtomicFile.makeDirectory(file.deletingLastPathComponent())
        try AtomicFile.write(data, to: file)
    }

    /// Runs `body` while no other process appends.
    func withLock<Result>(_ body: () throws -> Result) throws -> Result {
        try FileLock.withLock(on: directory.appending(path: ".lock"), waiting: .zero, body)
    }
}
