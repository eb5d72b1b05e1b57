// SPDX-License-Identifier: Apache-2.0
// Lists a model's files by their raw names. Links are followed to files or not at all.

import Foundation
import JSONText

/// The files under a path, in the code point order of their names.
struct ModelFiles {
    let url: URL
    private(set) var files: [ModelFile] = []
    private(set) var ignored: [String] = []

    /// Paths are kept as bytes: `String` would treat two normal forms of a name as one.
    private let ignoredPaths: Set<[UInt8]>
    /// Of the ignored paths, those that must be regular files: a directory could hide anything.
    private let companions: Set<[UInt8]>
    /// Whether a link to a regular file counts as that file; otherwise every link is an error.
    private let followsLinks: Bool
    /// The paths of files that are there and not read.
    private var leftOut: Set<[UInt8]> = []

    /// Lists the files of a model.
    ///
    /// - Parameters:
    ///   - url: A directory or a single file.
    ///   - paths: Paths within the directory to ignore. A companion's name is ignored only if it is
    ///     a regular file.
    ///   - signature: One of these paths that is ignored only if it is a regular file.
    ///   - followsLinks: Whether a link to a regular file counts as that file, under the link's
    ///     name; otherwise every link is an error.
    /// - Throws: An `InputError` when a file cannot be listed or is not allowed.
    init(
        of url: URL, ignoring paths: [String], signature: String? = nil, followsLinks: Bool = false
    ) throws {
        let companions = ModelDigest.companions + [signature].compactMap { $0 }
        try self.init(
            of: url, ignoring: Set(paths.map { Array($0.utf8) }),
            companions: Set(companions.map { Array($0.utf8) }), followsLinks: followsLinks)
    }

    init(listingAgain files: ModelFiles) throws {
        try self.init(
            of: files.url, ignoring: files.ignoredPaths, companions: files.companions,
            followsLinks: files.followsLinks)
        self.files.removeAll { files.leftOut.contains($0.path) }
    }

    /// Leaves files out that are not read: they count as ignored.
    mutating func leaveOut(_ isLeftOut: [Bool]) {
        let out = zip(files, isLeftOut).filter(\.1).map(\.0)
        guard !out.isEmpty else { return }
        leftOut = Set(out.map(\.path))
        files.removeAll { leftOut.contains($0.path) }
        ignored = (ignored + out.map(\.name)).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
    }

    private init(
        of url: URL, ignoring paths: Set<[UInt8]>, companions: Set<[UInt8]>, followsLinks: Bool
    ) throws {
        self.url = url
        ignoredPaths = paths
        self.companions = companions
        self.followsLinks = followsLinks
        let root = url.withUnsafeFileSystemRepresentation { path -> [UInt8] in
            guard let path else { return [] }
            return Array(UnsafeRawBufferPointer(start: path, count: strlen(path)))
        }
        var status = stat()
        // The path that the user names may always be a link.
        guard !root.isEmpty, root.withPath({ stat($0, &status) }) == 0 else {
            throw InputError(
                url, failedTo: "look at it", errno: errno, remedy: "check the path")
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            try list(root)
            files.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            ignored.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } else {
            files = [ModelFile(name: ".", path: root, followsLink: true, status)]
        }
    }

    private mutating func list(_ root: [UInt8]) throws {
        var pending: [[UInt8]] = [[]]
        while let directory = pending.popLast() {
            let parent = directory.isEmpty ? root : root + [slash] + directory
            for name in try entries(of: parent) {
                let relative = directory.isEmpty ? name : directory + [slash] + name
                let path = root + [slash] + relative
                let text = relative.withUnsafeBytes { String(strictUTF8: $0) }
                guard let text else {
                    throw InputError(
                        path.url, nil, "has a name that is not UTF-8", remedy: "rename it")
                }
                var status = stat()
                guard path.withPath({ lstat($0, &status) }) == 0 else {
                    throw InputError(
                        path.url, failedTo: "look at it", errno: errno,
                        remedy: "do not change the model meanwhile")
                }
                let isIgnored = ignoredPaths.contains(relative)
                if isIgnored, !companions.contains(relative) {
                    ignored.append(text)
                    continue
                }
                let isLink = status.st_mode & S_IFMT == S_IFLNK
                if isLink, followsLinks { status = try target(of: path) }
                switch status.st_mode & S_IFMT {
                case S_IFREG where isIgnored:
                    ignored.append(text)
                case S_IFREG:
                    files.append(
                        ModelFile(name: text, path: path, followsLink: isLink, status))
                case S_IFDIR:
                    pending.append(relative)
                default:
                    throw InputError(
                        path.url, nil, isLink ? "is a symbolic link" : "is not a regular file",
                        remedy: "put a copy of the file itself into the model's directory")
                }
            }
        }
    }

    /// Returns the status of the file that a link leads to, through any number of links.
    ///
    /// - Parameter link: The path of a symbolic link.
    /// - Returns: The status of the regular file at its end.
    /// - Throws: An `InputError` when the link leads to something else, or to nothing.
    private func target(of link: [UInt8]) throws -> stat {
        var status = stat()
        let code = link.withPath { stat($0, &status) == 0 ? 0 : errno }
        switch code {
        case 0: break
        case ENOENT, ENOTDIR:
            throw InputError(
                link.url, nil,
                "is a symbolic link to \"\(destination(of: link))\", which does not exist",
                remedy: "download the model again")
        case ELOOP:
            throw InputError(
                link.url, nil, "is a symbolic link that leads back to itself",
                remedy: "download the model again")
        default:
            throw InputError(
                link.url, failedTo: "follow the symbolic link to \"\(destination(of: link))\"",
                errno: code, remedy: "check that you may read the file that it leads to")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isDirectory = status.st_mode & S_IFMT == S_IFDIR
            throw InputError(
                link.url, nil,
                "is a symbolic link to " + (isDirectory ? "a directory" : "a special file"),
                remedy: "only links to regular files are followed: "
                    + (isDirectory
                        ? "put a copy of the directory into the model's directory"
                        : "remove the link"))
        }
        return status
    }

    /// Returns the path that a link holds, for errors.
    private func destination(of link: [UInt8]) -> String {
        let longest = Int(PATH_MAX)
        var path = [CChar](repeating: 0, count: longest)
        let length = link.withPath { readlink($0, &path, longest) }
        return String(
            decoding: path.prefix(max(0, length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Returns the names in a directory, as the bytes that the file system holds.
    private func entries(of directory: [UInt8]) throws -> [[UInt8]] {
        guard let stream = directory.withPath({ opendir($0) }) else {
            throw InputError(
                directory.url, failedTo: "list it", errno: errno,
                remedy: "check that you may read it")
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [dot], name != [dot, dot] { names.append(name) }
            errno = 0
        }
        guard errno == 0 else {
            throw InputError(
                directory.url, failedTo: "list it", errno: errno,
                remedy: "check the storage medium")
        }
        return names
    }
}

/// A file of a model, as it was when it was listed.
struct ModelFile: Sendable {
    let name: String
    let path: [UInt8]
    let followsLink: Bool
    let stamp: FileStamp

    init(name: String, path: [UInt8], followsLink: Bool, _ status: stat) {
        self.name = name
        self.path = path
        self.followsLink = followsLink
        stamp = FileStamp(status)
    }
}

/// The identity of a file and the time of its last change. Any write, truncation or replacement
/// changes it.
struct FileStamp: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
    let byteCount: Int
    private let modified: [Int]
    private let changed: [Int]

    init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        byteCount = Int(status.st_size)
        #if canImport(Darwin)
            let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
        #else
            let (modified, changed) = (status.st_mtim, status.st_ctim)
        #endif
        self.modified = [Int(modified.tv_sec), Int(modified.tv_nsec)]
        self.changed = [Int(changed.tv_sec), Int(changed.tv_nsec)]
    }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")

extension [UInt8] {
    /// Calls `body` with the bytes as a C path.
    func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { path in
            // A buffer of at least the terminator has an address.
            body(path.baseAddress.unsafelyUnwrapped)
        }
    }

    var url: URL { URL(filePath: String(decoding: self, as: UTF8.self)) }
}
