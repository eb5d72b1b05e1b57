// SPDX-License-Identifier: Apache-2.0
// Reads the parties that a policy's file names.

import Foundation

extension [Party] {
    /// Reads the parties of a policy.
    init(_ list: PolicyValue, directory: URL) throws {
        // How a party may be named: by the first of each, with what belongs to it.
        let ways: [(first: String, others: [String], title: String)] = [
            ("key", [], "a key"), ("root", ["subject", "alternativeName"], "a root"),
            ("trustedRoot", ["identity", "identityProvider"], "a trusted root"),
        ]
        var parties: [Party] = []
        for value in try list.elements() {
            let fields = try value.fields(ways.flatMap { [$0.first] + $0.others } + ["name"])
            let name = try fields.required("name").text()
            let means: Party.Means
            for way in ways where fields[way.first] != nil {
                let own = Set([way.first] + way.others + ["name"])
                guard let key = fields.keys.subtracting(own).sorted().first, let other = fields[key]
                else { continue }
                throw other.error(
                    "stands beside \(way.title)",
                    remedy: "keep the key, the root and its names, or the trusted root and its "
                        + "identity")
            }
            if let key = fields["key"] {
                let file = try key.file(from: directory)
                means = .key(try key.reading { try VerificationKey(contentsOf: file) })
            } else if let root = fields["trustedRoot"] {
                let file = try root.file(from: directory)
                means = .identity(
                    TrustedIdentity(
                        AlternativeNamePattern(try fields.required("identity").text()),
                        provider: try fields.required("identityProvider").text(),
                        trustedRoot: try root.reading { try TrustedRoot(contentsOf: file) }))
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
                let file = try root.file(from: directory)
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
