// SPDX-License-Identifier: Apache-2.0
// Reads the parties that a policy's file names.

import Foundation

extension [Party] {
    /// Reads the parties of a policy.
    init(_ list: PolicyValue, directory: URL) throws {
        var parties: [Party] = []
        func place(_ value: PolicyValue) throws -> URL {
            let path = try value.text()
            return path.hasPrefix("/") ? URL(filePath: path) : directory.appending(path: path)
        }
        for value in try list.elements() {
            let fields = try value.fields(["name", "key", "root", "subject", "alternativeName"])
            let name = try fields.required("name").text()
            let means: Party.Means
            if let key = fields["key"] {
                if let other = fields["root"] ?? fields["subject"] ?? fields["alternativeName"] {
                    throw other.error(
                        "stands beside a key", remedy: "keep the key, or the root and its names")
                }
                let file = try place(key)
                means = .key(try key.reading { try VerificationKey(contentsOf: file) })
            } else {
                let root = try fields.required("root")
                guard fields["subject"] != nil || fields["alternativeName"] != nil else {
                    throw root.error(
                        "would trust everybody whom it certifies",
                        remedy: "add \"subject:\" or \"alternativeName:\", with * for any text")
                }
                let subject = try fields["subject"].map { value in
                    guard let pattern = SubjectPattern(try value.text()) else {
                        throw value.error(
                            "is no pattern of a subject",
                            remedy: "write it as CN=*,O=Acme,C=US, with \\ before a comma that "
                                + "belongs to a value")
                    }
                    return pattern
                }
                let alternativeName = try fields["alternativeName"]
                    .map { AlternativeNamePattern(try $0.text()) }
                let file = try place(root)
                means = .certificate(
                    roots: try root.reading { try RootCertificate.all(in: file) },
                    subject: subject, alternativeName: alternativeName)
            }
            let party = Party(name: name, means: means)
            if parties.contains(where: { $0.name == name }) {
                throw value.error(
                    "has the name of another, \"\(name)\"", remedy: "give each its own")
            }
            if let key = party.key, let twin = parties.first(where: { $0.key == key }) {
                throw value.error(
                    "has the key of \"\(twin.name)\": one key would count as two",
                    remedy: "remove one of them")
            }
            parties.append(party)
        }
        self = parties
    }
}
