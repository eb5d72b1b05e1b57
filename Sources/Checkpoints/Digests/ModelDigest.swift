// SPDX-License-Identifier: Apache-2.0
// The identity of a model: SHA-256 over its files, as OpenSSF Model Signing v1 defines it.

internal import Crypto
public import Foundation
import JSONText

/// The digests of a model's files, and one digest of all of them.
///
/// The files are all regular files of the directory, dotfiles included, in the code point order of
/// their paths. The root is SHA-256 over their concatenated raw digests (OpenSSF Model Signing
/// v1.0, method "files"). The root does not cover the names; a signature covers the whole list.
///
/// To *identify* a model, a symbolic link to a regular file counts as that file, under the link's
/// name. A snapshot in the cache of `huggingface_hub` therefore has the digest of a plain copy of
/// it. To *sign or verify* a model, every link below its directory is an error.
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

    /// The directory in which `huggingface-cli download --local-dir` keeps records of a download.
    /// It is not part of a model, and no `huggingface-cli upload` publishes it.
    public static let downloadRecords = ".cache/huggingface"

    /// The name of a signature beside the files that it signs.
    public static let signatureName = "model.sig"

    /// The name of the attestations beside the files that they describe.
    public static let attestationsName = "attestations.jsonl"

    /// Files about a model that are written beside it. A directory with such a name is part of the
    /// model.
    public static let companions = [signatureName, attestationsName]

    /// The files in the order in which the root covers them.
    public let resources: [Resource]

    /// The ignored paths that exist.
    public let ignored: [String]

    /// The digest over all files, in lowercase hexadecimal digits.
    public let root: String

    /// The paths that are ignored when a model is identified or signed. ``companions`` are ignored
    /// only if they are regular files.
    package static let leftOut = ignoredByDefault + [downloadRecords] + companions

    /// Identifies a model: reads its files and digests them, several at a time.
    ///
    /// A symbolic link to a regular file counts as that file, under the link's name.
    ///
    /// - Parameters:
    ///   - url: A directory or a single file.
    ///   - paths: Paths within the directory to ignore besides ``ignoredByDefault``,
    ///     ``downloadRecords`` and regular files with the names of ``companions`` at the top level.
    /// - Throws: An `InputError` when a file cannot be read, is a special file or a link to
    ///   anything but a regular file, has a name that is not UTF-8, or changes meanwhile.
    public init(of url: URL, ignoring paths: [String] = []) throws {
        self = try ModelFiles(of: url, ignoring: Self.leftOut + paths, followsLinks: true)
            .hashed(holdingFiles: false).digest
    }

    init(_ resources: [Resource], _ digests: [SHA256Digest], ignored: [String]) {
        self.resources = resources
        self.ignored = ignored
        root = Self.root(of: digests)
    }

    /// Returns the root over files' digests, in the order in which they are given.
    ///
    /// - Parameter digests: SHA-256 digests in lowercase hexadecimal digits.
    /// - Returns: The root in lowercase hexadecimal digits, or nil if a text is not a digest.
    package static func root(of digests: [String]) -> String? {
        let raw = digests.compactMap(rawDigest)
        return raw.count == digests.count ? root(of: raw) : nil
    }

    /// Returns the digest of a model with an adapter: SHA-256 over a line about each.
    ///
    /// `printf 'base %s\nadapter %s\n' BASE ADAPTER | sha256sum` gives the same.
    ///
    /// - Parameters:
    ///   - base: The root over the base's files, in lowercase hexadecimal digits.
    ///   - adapter: The root over the adapter's files.
    /// - Returns: The digest in lowercase hexadecimal digits. No other model has it.
    public static func root(ofBase base: String, adapter: String) -> String {
        SHA256.hash(data: Data("base \(base)\nadapter \(adapter)\n".utf8)).hexadecimal
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
