// SPDX-License-Identifier: Apache-2.0
// A copy of a model's files in this process's own memory, hashed while it is copied.

import Crypto
import Foundation
import JSONText

extension OpenModel {
    /// Copies files into memory of this process, and checks the digest of what was copied.
    ///
    /// A process with write permission can change an open file, through a shared mapping even without
    /// a new modification time. It cannot change a private copy.
    ///
    /// - Parameter isNeeded: Whether a file is copied, by its path within the model. Other files
    ///   are not part of the result.
    /// - Returns: The same model with the copies as its open files. The copies take as much memory
    ///   as the files are long until nothing holds them any more.
    /// - Throws: An `InputError` when a file no longer holds the bytes that were hashed, cannot be
    ///   read, or the memory is exhausted.
    public func privateCopy(where isNeeded: (String) -> Bool) throws -> OpenModel {
        var copies: [OpenFile] = []
        for (file, resource) in zip(files, digest.resources) where isNeeded(file.name) {
            copies.append(try file.privateCopy(sha256: resource.sha256))
        }
        return OpenModel(at: url, digest: digest, files: copies)
    }
}

extension OpenFile {
    /// Copies the file and hashes what is copied.
    ///
    /// - Parameter sha256: The digest that the copy must have, in hexadecimal digits.
    /// - Returns: The copy.
    /// - Throws: An `InputError` when the file cannot be read or copied, or has another digest.
    fileprivate func privateCopy(sha256: String) throws -> OpenFile {
        var hash = SHA256()
        var count = 0
        let contents = try MappedFile(url, privateMemoryOf: byteCount) { memory in
            try ReadAhead.forEachBlock(of: descriptor, byteCount: byteCount) { block in
                defer { count += block.count }
                // A file that has grown does not fit, and is refused below.
                guard count + block.count <= memory.count else { return }
                // The copy is hashed: the block may not be read twice.
                let copy = UnsafeMutableRawBufferPointer(
                    rebasing: memory[count..<count + block.count])
                copy.copyMemory(from: block)
                hash.update(bufferPointer: UnsafeRawBufferPointer(copy))
            } orThrow: { code in
                self.failed("read it", code, remedy: "check the storage medium")
            }
        }
        guard count == byteCount, hash.finalize().hexadecimal == sha256 else {
            throw changed("was written to after it was hashed")
        }
        return try OpenFile(self, copiedTo: contents)
    }
}
