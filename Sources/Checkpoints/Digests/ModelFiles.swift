// SPDX-License-Identifier: Apache-2.0
// Lists a model's files by their raw names and hashes them; nothing is followed or guessed.

import Crypto
import Foundation

/// The files under a path, in the code point order of their names.
struct ModelFiles {
    private(set) var files: [ModelFile] = []
    private(set) var ignored: [String] = []

    /// Paths are kept as bytes: String would take two normal forms of a name for one.
    private let ignoredPaths: Set<[UInt8]>

    init(of url: URL, ignoring paths: [String]) throws {
        ignoredPaths = Set((ModelDigest.ignoredByDefault + paths).map { Array($0.utf8) })
        let root = url.withUnsafeFileSystemRepresentation { path -> [UInt8] in
            guard let path else { return [] }
            return Array(UnsafeRawBufferPointer(start: path, count: strlen(path)))
        }
        // The path that the user names may be a link; what lies below it may not.
        var status = stat()
        guard !root.isEmpty, root.withPath({ stat($0, &status) }) == 0 else {
            throw CheckpointError(
                url, failedTo: "look at it", errno: errno, remedy: "check the path")
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            try list(root)
            files.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            ignored.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } else {
            files = [ModelFile(name: ".", path: root, followsLink: true)]
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
                    throw CheckpointError(
                        path.url, nil, "has a name that is not UTF-8", remedy: "rename it")
                }
                var status = stat()
                guard path.withPath({ lstat($0, &status) }) == 0 else {
                    throw CheckpointError(
                        path.url, failedTo: "look at it", errno: errno,
                        remedy: "do not change the model meanwhile")
                }
                let kind = status.st_mode & S_IFMT
                let isSignature =
                    kind == S_IFREG && relative.elementsEqual(ModelDigest.signatureName.utf8)
                if isSignature || ignoredPaths.contains(relative) {
                    ignored.append(text)
                } else if kind == S_IFDIR {
                    pending.append(relative)
                } else if kind == S_IFREG {
                    files.append(ModelFile(name: text, path: path, followsLink: false))
                } else {
                    throw CheckpointError(
                        path.url, nil,
                        kind == S_IFLNK ? "is a symbolic link" : "is not a regular file",
                        remedy: "put a copy of the file itself into the model's directory")
                }
            }
        }
    }

    /// The names in a directory, as the bytes that the file system holds.
    private func entries(of directory: [UInt8]) throws -> [[UInt8]] {
        guard let stream = directory.withPath({ opendir($0) }) else {
            throw CheckpointError(
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
            throw CheckpointError(
                directory.url, failedTo: "list it", errno: errno,
                remedy: "check the storage medium")
        }
        return names
    }
}

/// A file of a model and how to hash it.
struct ModelFile {
    let name: String
    let path: [UInt8]
    let followsLink: Bool

    /// Streams the file through SHA-256.
    func digest() throws -> (digest: SHA256Digest, byteCount: Int) {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLink ? 0 : O_NOFOLLOW)
        let descriptor = path.withPath { open($0, flags) }
        guard descriptor >= 0 else {
            throw CheckpointError(
                path.url, failedTo: "open it", errno: errno, remedy: "check that you may read it")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError(
                path.url, nil, "is not a regular file", remedy: "name a model's file or directory")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var hash = SHA256()
        var byteCount = 0
        while true {
            let length = read(descriptor, buffer.baseAddress, buffer.count)
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else {
                throw CheckpointError(
                    path.url, failedTo: "read it", errno: errno, remedy: "check the storage medium")
            }
            if length == 0 { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
            byteCount += length
        }
        guard byteCount == Int(status.st_size) else {
            throw CheckpointError(
                path.url, nil, "changed while it was read",
                remedy: "do not change the model meanwhile")
        }
        return (hash.finalize(), byteCount)
    }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")

extension [UInt8] {
    /// Calls `body` with the bytes as a path of the system's own kind.
    fileprivate func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { path in
            // A buffer of at least the terminator has an address.
            body(path.baseAddress.unsafelyUnwrapped)
        }
    }

    fileprivate var url: URL { URL(filePath: String(decoding: self, as: UTF8.self)) }
}
