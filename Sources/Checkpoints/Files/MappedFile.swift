// SPDX-License-Identifier: Apache-2.0
// A file's bytes in memory for reading: mapped, or a private copy.

import Foundation
import JSONText

/// The owner of a read-only mapping. The bytes are valid for as long as it lives.
///
/// Sendable because nothing changes after `init`: the mapping is private and cannot be written.
final class MappedFile: @unchecked Sendable {
    let url: URL
    let bytes: UnsafeRawBufferPointer
    /// What the memory belongs to.
    private let memory: Memory

    private enum Memory {
        case file
        case copy
        case another(MappedFile)
    }

    convenience init(_ url: URL) throws {
        // Without O_NONBLOCK, opening a FIFO would wait for its other end.
        let descriptor = url.withUnsafeFileSystemRepresentation {
            $0.map { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) } ?? -1
        }
        guard descriptor >= 0 else {
            throw InputError(
                url, failedTo: "open it", errno: errno,
                remedy: "check the path and that you may read it")
        }
        defer { close(descriptor) }
        try self.init(url, descriptor: descriptor)
    }

    /// Maps an open file. The file may be closed afterwards.
    init(_ url: URL, descriptor: CInt) throws {
        self.url = url
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw InputError(
                url, nil, "is not a regular file", remedy: "name a file that holds weights")
        }
        guard let size = Int(exactly: status.st_size), size > 0 else {
            throw InputError(url, nil, "is empty", remedy: "download or export it again")
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
            address != MAP_FAILED
        else {
            throw InputError(
                url, failedTo: "map it into memory", errno: errno,
                remedy: "raise the limit on address space (ulimit -v)")
        }
        bytes = UnsafeRawBufferPointer(start: address, count: size)
        memory = .file
    }

    /// Takes memory that belongs to this process alone, and forbids to write to it once it is
    /// filled.
    ///
    /// - Parameters:
    ///   - url: The place of the file that is copied, for errors.
    ///   - byteCount: The length of the file.
    ///   - fill: Fills the memory.
    /// - Throws: An `InputError` when there is too little memory; errors of `fill`.
    init(
        _ url: URL, privateMemoryOf byteCount: Int,
        fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        self.url = url
        let size = max(byteCount, 1)
        guard
            let address = mmap(
                nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            address != MAP_FAILED
        else {
            throw InputError(
                url, failedTo: "copy it into memory", errno: errno, remedy: "free memory")
        }
        do {
            try fill(UnsafeMutableRawBufferPointer(start: address, count: byteCount))
        } catch {
            munmap(address, size)
            throw error
        }
        mprotect(address, size, PROT_READ)
        bytes = UnsafeRawBufferPointer(start: address, count: byteCount)
        memory = .copy
    }

    /// Shares the memory of another file under another place.
    init(_ url: URL, sharing other: MappedFile) {
        self.url = url
        bytes = other.bytes
        memory = .another(other)
    }

    /// Lets the system take back the pages within a range. A later access reads them from the file
    /// again. The pages of a copy stay.
    func forget(_ range: Range<Int>) {
        guard case .file = memory else { return }
        let page = sysconf(Int32(_SC_PAGESIZE))
        let start = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound / page * page
        guard start < end, let base = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
    }

    deinit {
        if case .another = memory { return }
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), max(bytes.count, 1))
    }
}

extension String {
    /// Decodes bytes as text; nil when they are not valid UTF-8.
    init?(strictUTF8 bytes: UnsafeRawBufferPointer) {
        self.init(decoding: bytes, as: UTF8.self)
        // Decoding repairs invalid bytes, so a repaired text no longer equals its source.
        guard utf8.count == bytes.count else { return nil }
        let isUnchanged = utf8.withContiguousStorageIfAvailable { text in
            guard let text = text.baseAddress, let source = bytes.baseAddress else { return true }
            return memcmp(text, source, bytes.count) == 0
        }
        guard isUnchanged ?? utf8.elementsEqual(bytes) else { return nil }
    }
}
