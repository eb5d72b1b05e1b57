// SPDX-License-Identifier: Apache-2.0
// The digest of the model that a checkpoint was opened from.

extension Checkpoint {
    /// The digest of the model that was opened: of all files of the directory, or of the one file.
    ///
    /// - Returns: The root of ``ModelDigest``, in lowercase hexadecimal digits.
    /// - Throws: An `InputError`, as ``ModelDigest/init(of:ignoring:)`` does.
    public func digest() throws -> String { try ModelDigest(of: url).root }
}
