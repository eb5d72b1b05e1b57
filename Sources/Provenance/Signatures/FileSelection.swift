// SPDX-License-Identifier: Apache-2.0
// Which of a model's files a verification reads, and whether it keeps them open.

/// What a verification does with the files of a model.
public struct FileSelection: Sendable, Hashable {
    /// Paths within the model that are not looked at, besides those that the signature leaves out. A
    /// signed file among them is missing.
    public var ignoredPaths: [String]
    /// Whether files that are not signed are left out, rather than being refused. They are named,
    /// and neither read nor held.
    public var ignoresUnsignedFiles: Bool
    /// Whether the verified files are held open. A model of more files than a process may open is
    /// verified only without that, and its files cannot be read from the result.
    public var isHolding: Bool

    /// Selects files; by default all of them, held open.
    public init(
        ignoredPaths: [String] = [], ignoresUnsignedFiles: Bool = false, isHolding: Bool = true
    ) {
        self.ignoredPaths = ignoredPaths
        self.ignoresUnsignedFiles = ignoresUnsignedFiles
        self.isHolding = isHolding
    }
}
