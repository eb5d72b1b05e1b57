// SPDX-License-Identifier: Apache-2.0
// The source of a checkpoint's files: the file system, or a model that is held open.

import Foundation
import JSONText

/// The files around a checkpoint.
struct FileAccess {
    /// The path that was named.
    let root: URL
    /// The only files that are visible; nil for all files of the file system.
    let model: OpenModel?

    private static let single = "."

    /// Whether the path is a directory; nil when nothing is there.
    var isDirectory: Bool? {
        if let model { return model.file(Self.single) == nil }
        var isDirectory: ObjCBool = false
        let isThere = FileManager.default.fileExists(
            atPath: root.path(percentEncoded: false), isDirectory: &isDirectory)
        return isThere ? isDirectory.boolValue : nil
    }

    /// Returns the names of the files in the directory, without those in its subdirectories.
    func names() throws -> [String] {
        if let model {
            return model.files.map(\.name).filter { !$0.utf8.contains(UInt8(ascii: "/")) }
        }
        do {
            return try FileManager.default.contentsOfDirectory(
                atPath: root.path(percentEncoded: false))
        } catch {
            throw InputError(
                root, nil, "cannot be listed", remedy: "check that you may read it")
        }
    }

    /// Returns whether a file is there.
    func exists(_ file: URL) -> Bool {
        model.map { $0.file(name(of: file)) != nil }
            ?? FileManager.default.fileExists(atPath: file.path(percentEncoded: false))
    }

    /// Maps a file.
    func map(_ file: URL) throws -> MappedFile {
        guard let model else { return try MappedFile(file) }
        guard let open = model.file(name(of: file)) else {
            throw InputError(
                file, nil, "is not among the files that were hashed",
                remedy: "name, or sign, the whole directory of the model")
        }
        return try open.mapped(as: file)
    }

    /// Returns the bytes of a file in a directory, and its path; nil if it is not there.
    func data(of name: String, in directory: URL) throws -> (path: String, data: Data)? {
        let file = directory.appending(path: name)
        guard exists(file) else { return nil }
        let mapping = try map(file)
        return withExtendedLifetime(mapping) {
            (file.path(percentEncoded: false), Data(mapping.bytes))
        }
    }

    private func name(of file: URL) -> String {
        file == root ? Self.single : file.lastPathComponent
    }
}
