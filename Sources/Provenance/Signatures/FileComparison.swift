// SPDX-License-Identifier: Apache-2.0
// Compares the files that were signed with those that are there, and says how they differ.

import Checkpoints
import Foundation

extension ModelSignature {
    /// How many differences a failure tells of.
    private static let mostDifferences = 10

    /// Compares names as bytes: String would take two normal forms of a name for one.
    static func compare(_ digest: ModelDigest, _ manifest: ModelManifest, _ model: URL) throws {
        var signed: [[UInt8]: ModelManifest.Resource] = [:]
        for resource in manifest.resources { signed[Array(resource.name.utf8)] = resource }
        let isSingleFile = digest.resources.map(\.name) == ["."]
        if isSingleFile, let only = manifest.resources.first, manifest.resources.count == 1,
            only.name.utf8.elementsEqual(model.lastPathComponent.utf8)
        {
            // The v1.0 text names a single file so, its own tool ".".
            signed = [Array(".".utf8): only]
        }
        var changed: [String] = []
        var added: [ModelDigest.Resource] = []
        for resource in digest.resources {
            let expected = signed.removeValue(forKey: Array(resource.name.utf8))
            guard let expected else {
                added.append(resource)
                continue
            }
            if expected.sha256 != resource.sha256 {
                let other = manifest.resources.first { $0.sha256 == resource.sha256 }
                changed.append(
                    "\"\(resource.name)\" "
                        + (other.map { "has the content of \"\($0.name)\"" } ?? "was changed"))
            }
        }
        var missing = signed.values.sorted {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
        let renamed = added.compactMap { resource -> String? in
            let twin = missing.firstIndex { $0.name == resource.name }
            guard let index = twin ?? missing.firstIndex(where: { $0.sha256 == resource.sha256 })
            else { return nil }
            let old = missing.remove(at: index)
            let scalars = resource.name.unicodeScalars.filter { !$0.isASCII }
                .map { String($0.value, radix: 16, uppercase: true) }.joined(separator: " ")
            return old.name == resource.name
                ? "\"\(resource.name)\" is spelt in another Unicode normal form (U+\(scalars))"
                : "\"\(old.name)\" was renamed to \"\(resource.name)\""
        }
        let differences =
            changed + renamed + missing.map { "\"\($0.name)\" is missing" }
            + added.filter { resource in
                !renamed.contains { $0.contains("\"\(resource.name)\"") }
            }.map { "\"\($0.name)\" was added" }
        guard !differences.isEmpty else { return }
        let told = differences.prefix(mostDifferences).joined(separator: "; ")
        let rest = differences.count - mostDifferences
        throw VerificationFailure(
            .files, model.path(percentEncoded: false),
            "is not what was signed: " + told + (rest > 0 ? "; and \(rest) more" : ""))
    }
}
