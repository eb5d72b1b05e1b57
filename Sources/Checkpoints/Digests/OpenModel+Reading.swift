// SPDX-License-Identifier: Apache-2.0
// Reads a model's files through the descriptors that were hashed, and detects later changes of
// their contents.

import Crypto
public import Foundation
import JSONText
import Synchronization

extension OpenModel {
    /// Returns a file of the model.
    ///
    /// - Parameter name: Its path within the model, compared byte by byte.
    /// - Returns: The file, or nil when no file of that name was hashed.
    public func file(_ name: String) -> OpenFile? {
        files.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// Returns the digest that a file had when it was hashed, in hexadecimal digits.
    fileprivate func sha256(of file: OpenFile) -> String? {
        digest.resources.first { $0.name.utf8.elementsEqual(file.name.utf8) }?.sha256
    }

    /// Returns the bytes of a file.
    ///
    /// - Parameter name: Its path within the model.
    /// - Returns: The bytes that were hashed; nil when there is no file of that name.
    /// - Throws: An `InputError` when it cannot be read.
    public func data(of name: String) throws -> Data? {
        guard let file = file(name) else { return nil }
        guard file.byteCount > 0 else { return Data() }
        let mapping = try file.mapped(as: file.url)
        return withExtendedLifetime(mapping) { Data(mapping.bytes) }
    }
}

/// Checks that the open files of a model still hold the bytes that were hashed.
///
/// A file that was replaced or removed does not matter, because its descriptor still holds the old
/// bytes. A file that was written to does.
public final class ModelWatch: Sendable {
    private let model: OpenModel
    private let stamps: Mutex<[FileStamp]>

    /// Starts to watch.
    ///
    /// - Parameter model: The model.
    public init(_ model: OpenModel) {
        self.model = model
        stamps = Mutex(model.files.map(\.stamp))
    }

    /// Reads the files' times, and hashes again the files whose times changed.
    ///
    /// - Throws: An `InputError` when a file no longer holds the bytes that were hashed.
    public func check() throws {
        try stamps.withLock { stamps in
            for (index, file) in model.files.enumerated() {
                let now = try file.current()
                guard now != stamps[index] else { continue }
                var hash = SHA256()
                var count = 0
                try ReadAhead.forEachBlock(of: file.descriptor, byteCount: now.byteCount) {
                    hash.update(bufferPointer: $0)
                    count += $0.count
                } orThrow: { code in
                    file.failed("read it", code, remedy: "check the storage medium")
                }
                guard count == file.byteCount,
                    hash.finalize().hexadecimal == model.sha256(of: file)
                else { throw file.changed("was written to after it was hashed") }
                stamps[index] = now
            }
        }
    }
}
