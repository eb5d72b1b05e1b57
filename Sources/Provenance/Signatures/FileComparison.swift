// SPDX-License-Identifier: Apache-2.0
// Compares the signed files with the existing ones, and reports the differences.

import Checkpoints
import Foundation

/// The comparison of one model with its signed list. Names are compared as bytes: `String` would
/// treat two normal forms of a name as one.
struct FileComparison {
    /// The most differences that a failure reports.
    private static let mostDifferences = 10

    private let manifest: ModelManifest
    private let model: URL
    private var signed: [[UInt8]: ModelManifest.Resource] = [:]

    init(_ manifest: ModelManifest, _ model: URL) {
        self.manifest = manifest
        self.model = model
        for resource in manifest.resources { signed[Array(resource.name.utf8)] = resource }
    }

    /// Compares the names. Nothing that is not signed is read: it could have any length.
    ///
    /// - Parameters:
    ///   - names: The names of the existing files.
    ///   - ignoresUnsigned: Whether files that are not signed are left out.
    /// - Returns: Whether each file is signed.
    /// - Throws: A ``VerificationFailure`` that names what came, went or is spelt otherwise.
    mutating func compareNames(
        _ names: [String], ignoringUnsigned ignoresUnsigned: Bool
    ) throws -> [Bool] {
        if names == ["."], let only = manifest.resources.first, manifest.resources.count == 1,
            only.name.utf8.elementsEqual(model.lastPathComponent.utf8)
        {
            // The text of v1.0 uses this name for a single file, its own tool uses ".".
            signed = [Array(".".utf8): only]
        }
        let existing = Set(names.map { Array($0.utf8) })
        var missing = signed.filter { !existing.contains($0.key) }.map(\.value.name)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let areSigned = names.map { signed[Array($0.utf8)] != nil }
        var differences: [String] = []
        for (name, isSigned) in zip(names, areSigned) where !isSigned && !ignoresUnsigned {
            // `String`'s own equality is wanted here: it finds names that look the same.
            if let twin = missing.firstIndex(of: name) {
                missing.remove(at: twin)
                differences.append("\"\(name)\" is spelt in another Unicode normal form")
            } else {
                differences.append("\"\(name)\" was added")
            }
        }
        try check(differences + missing.map { "\"\($0)\" is missing" })
        return areSigned
    }

    /// Compares the contents of files whose names were compared.
    ///
    /// - Parameter resources: The existing files.
    /// - Throws: A ``VerificationFailure`` that names the changed files.
    func compareContents(_ resources: [ModelDigest.Resource]) throws {
        try check(
            resources.compactMap { resource in
                guard let expected = signed[Array(resource.name.utf8)] else {
                    return "\"\(resource.name)\" was added"
                }
                if expected.sha256 == resource.sha256 { return nil }
                let other = manifest.resources.first { $0.sha256 == resource.sha256 }
                return "\"\(resource.name)\" "
                    + (other.map { "has the content of \"\($0.name)\"" } ?? "was changed")
            })
    }

    private func check(_ differences: [String]) throws {
        guard !differences.isEmpty else { return }
        let told = differences.prefix(Self.mostDifferences).joined(separator: "; ")
        let rest = differences.count - Self.mostDifferences
        throw VerificationFailure(
            .files, model.path(percentEncoded: false),
            "is not what was signed: " + told + (rest > 0 ? "; and \(rest) more" : ""))
    }
}
