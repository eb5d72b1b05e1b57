// SPDX-License-Identifier: Apache-2.0
// The identity of a model: SHA-256 over its files, as OpenSSF Model Signing v1 defines it.

internal import Crypto
public import Foundation
import JSONText

/// The digests of a model's files and the one digest that stands for all of them.
///
/// The files are all regular files of the directory, dotfiles included, in the code point order of
/// their paths; the root is SHA-256 over their concatenated raw digests (OpenSSF Model Signing
/// v1.0, method "files"). The root does not cover the names, so a signature covers the list.
public struct ModelDigest: Sendable, Hashable {
    /// A file of the model.
    public struct Resource: Sendable, Hashable {
        /// The path within the model, with `/`; `.` when the model is a single file.
        public let name: String

        /// The file's length in bytes.
        public let byteCount: Int

        /// The file's SHA-256, in lowercase hexadecimal digits.
        public let sha256: String
    }

    /// Version control's own files at the top level are not part of a model.
    public static let ignoredByDefault = [".git", ".gitattributes", ".github", ".gitignore"]

    /// The name of a signature beside the files that it signs.
    public static let signatureName = "model.sig"

    /// The name of the attestations beside the files that they speak of.
    public static let attestationsName = "attestations.jsonl"

    /// What is written beside a model about it; a directory of such a name is part of the model.
    public static let companions = [signatureName, attestationsName]

    /// The files in the order in which the root covers them.
    public let resources: [Resource]

    /// The paths that are there but were ignored.
    public let ignored: [String]

    /// The digest over all files, in lowercase hexadecimal digits.
    public let root: String

    /// Reads a model's files and digests them, several at a time.
    ///
    /// - Parameters:
    ///   - url: A directory or a single file.
    ///   - paths: Paths within the directory to ignore besides ``ignoredByDefault`` and regular
    ///     files with the names of ``companions`` at the top level.
    /// - Throws: An `InputError` when a file cannot be read, is a symbolic link or a special
    ///   file, has a name that is not UTF-8, or changes meanwhile.
    public init(of url: URL, ignoring paths: [String] = []) throws {
        try self.init(
            of: url, ignoringOnly: Self.ignoredByDefault + Self.companions + paths, signature: nil)
    }

    /// Reads a model's files and digests them, as ``OpenModel`` does, but holds none open.
    ///
    /// - Parameters:
    ///   - url: A directory or a single file.
    ///   - paths: Paths within the directory to ignore, and no others.
    ///   - signature: One of these paths that is ignored as a regular file only.
    /// - Throws: An `InputError`, as ``init(of:ignoring:)`` does.
    package init(of url: URL, ignoringOnly paths: [String], signature: String?) throws {
        self = try ModelFiles(of: url, ignoring: paths, signature: signature)
            .hashed(holdingFiles: false).digest
    }

    init(_ resources: [Resource], _ digests: [SHA256Digest], ignored: [String]) {
        self.resources = resources
        self.ignored = ignored
        root = Self.root(of: digests)
    }

    /// The root over files' digests, in the order in which they are given.
    ///
    /// - Parameter digests: SHA-256 digests in lowercase hexadecimal digits.
    /// - Returns: The root in lowercase hexadecimal digits, or nil if a text is not a digest.
    package static func root(of digests: [String]) -> String? {
        let raw = digests.compactMap(rawDigest)
        return raw.count == digests.count ? root(of: raw) : nil
    }

    private static func root<Digest: Sequence>(of digests: [Digest]) -> String
    where Digest.Element == UInt8 {
        SHA256.hash(data: digests.flatMap { Array($0) }).hexadecimal
    }

    private static func rawDigest(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard text.utf8.count == 64, digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
