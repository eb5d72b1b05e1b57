// SPDX-License-Identifier: Apache-2.0
// Compares the signed files with the existing ones, and reports the differences.

import Checkpoints
import Foundation

extension ModelSignature {
    /// The most differences that a failure reports.
    private static let mostDifferences = 10

    /// Compares names as bytes: `String` would treat two normal forms of a name as one.
    static func compare(_ digest: ModelDigest, _ manifest: ModelManifest, _ model: URL) throws {
        var signed: [[UInt8]: ModelManifest.Resource] = [:]
        for resource in manifest.resources { signed[Array(resource.name.utf8)] = resource }
        let isSingleFile = digest.resources.map(\.name) == ["."]
        if isSingleFile, let only = manifest.resources.first, manifest.resources.count == 1,
            only.name.utf8.elementsEqual(model.lastPathComponent.utf8)
        {
            // The text of v1.0 uses this name for a single file, its own tool uses ".".
            signed = [Array(".".utf8): only]
        }
        var differences: [String] = []
        var unknown: [ModelDigest.Resource] = []
        for resource in digest.resources {
            guard let expected = signed.removeValue(forKey: Array(resource.name.utf8)) else {
                unknown.append(resource)
                continue
            }
            if expected.sha256 != resource.sha256 {
                let other = manifest.resources.first { $0.sha256 == resource.sha256 }
                differences.append(
                    "\"\(resource.name)\" "
                        + (other.map { "has the content of \"\($0.name)\"" } ?? "was changed"))
            }
        }
        var missing = signed.values.sorted {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
        for resource in unknown {
            // `String`'s own equality is wanted here: it finds names that look the same.
            if let twin = missing.firstIndex(where: { $0.name == resource.name }) {
                missing.remove(at: twin)
                differences.append(
                    "\"\(resource.name)\" is spelt in another Unicode normal form")
            } else if let old = missing.firstIndex(where: { $0.sha256 == resource.sha256 }) {
                differences.append(
                    "\"\(missing.remove(at: old).name)\" was renamed to \"\(resource.name)\"")
            } else {
                differences.append("\"\(resource.name)\" was added")
            }
        }
        differences += missing.map { "\"\($0.name)\" is missing" }
        guard !differences.isEmpty else { return }
        let told = differences.prefix(mostDifferences).joined(separator: "; ")
        let rest = differences.count - mostDifferences
        throw VerificationFailure(
            .files, model.path(percentEncoded: false),
            "is not what was signed: " + told + (rest > 0 ? "; and \(rest) more" : ""))
    }
}
