// SPDX-License-Identifier: Apache-2.0
// The signed content of OpenSSF Model Signing v1.0: a model's files, one by one, and their root.

import Checkpoints
import Foundation
import JSONText

/// The signed list of a model's files.
public struct ModelManifest: Sendable, Hashable {
    /// A file as it was signed.
    public struct Resource: Sendable, Hashable {
        /// The path within the model, with `/`; `.` when the model is a single file.
        public let name: String

        /// The file's SHA-256, in lowercase hexadecimal digits.
        public let sha256: String
    }

    /// The predicate type of such lists.
    public static let predicateType = "https://model_signing/signature/v1.0"

    /// The model's name as the signer wrote it. Anyone may rename the model.
    public let modelName: String

    /// SHA-256 over the files' digests in the order in which they are listed.
    public let root: String

    /// The files.
    public let resources: [Resource]

    /// Paths within the model that were not signed.
    public let ignoredPaths: [String]

    init(_ digest: ModelDigest, modelName: String, ignoredPaths: [String]) {
        self.modelName = modelName
        self.ignoredPaths = ignoredPaths
        root = digest.root
        resources = digest.resources.map { Resource(name: $0.name, sha256: $0.sha256) }
    }

    /// Returns the list as a statement, in the only form that Temper writes.
    func statement() throws -> Statement {
        let ignored = ignoredPaths.map(JSON.literal).joined(separator: ",")
        let resources = resources.map {
            "{\"name\":\(JSON.literal($0.name)),\"algorithm\":\"sha256\","
                + "\"digest\":\"\($0.sha256)\"}"
        }
        let predicate = """
            {"serialization":{"method":"files","hash_type":"sha256","allow_symlinks":false,\
            "ignore_paths":[\(ignored)]},"resources":[\(resources.joined(separator: ","))]}
            """
        return try Statement(
            subjects: [.init(name: modelName, digest: ["sha256": root])],
            predicateType: Self.predicateType, predicate: Data(predicate.utf8))
    }

    // MARK: - Reading

    /// Reads a list.
    ///
    /// - Parameters:
    ///   - statement: A statement of type ``predicateType``.
    ///   - name: The name in errors.
    /// - Throws: A ``VerificationFailure`` of the statement, or an `InputError` when the
    ///   predicate is not strict JSON.
    public init(_ statement: Statement, named name: String) throws {
        func failure(_ problem: String) -> VerificationFailure {
            VerificationFailure(
                .statement, name, problem,
                remedy: "the signer's tool wrote it so: have the model signed with another one")
        }
        guard statement.predicateType == Self.predicateType else {
            throw failure(
                "the predicateType is \"\(statement.predicateType)\", not \"\(Self.predicateType)\""
            )
        }
        guard let subject = statement.subjects.first, statement.subjects.count == 1 else {
            throw failure("there are \(statement.subjects.count) subjects, not one")
        }
        guard let modelName = subject.name, let root = subject.digest["sha256"] else {
            throw failure("the subject has no name or no sha256 digest")
        }
        let (serialization, resources) = try JSONScanner.read(statement.predicate, file: name) {
            scanner in
            var serialization: Serialization?
            var resources: [[String: String]]?
            try scanner.object { scanner, key in
                switch key {
                case "serialization": serialization = try Serialization(&scanner)
                case "resources":
                    resources = try scanner.array { try Self.resource(&$0) }
                default: try scanner.skipValue()
                }
            }
            return (serialization, resources)
        }
        guard let serialization, let resources else {
            throw failure("serialization or resources are missing")
        }
        if let problem = serialization.problem { throw failure(problem) }
        guard !resources.isEmpty else { throw failure("no file is listed") }
        self.modelName = modelName
        self.root = root
        self.ignoredPaths = serialization.ignoredPaths
        self.resources = try resources.map { fields in
            guard let name = fields["name"], let digest = fields["digest"],
                let algorithm = fields["algorithm"]
            else { throw failure("a resource has no name, algorithm or digest") }
            guard algorithm == "sha256" else {
                throw failure("the algorithm of \"\(name)\" is \"\(algorithm)\", not \"sha256\"")
            }
            guard name.isPlainPath || (name == "." && resources.count == 1) else {
                throw failure(
                    "\"\(name)\" is not a plain path: none may be absolute or have empty, "
                        + "\".\" or \"..\" parts")
            }
            return Resource(name: name, sha256: digest)
        }
        var names: Set<[UInt8]> = []
        for resource in self.resources where !names.insert(Array(resource.name.utf8)).inserted {
            throw failure("\"\(resource.name)\" is listed twice")
        }
        guard let computed = ModelDigest.root(of: self.resources.map(\.sha256)) else {
            throw failure("a digest is not 64 lowercase hexadecimal digits")
        }
        guard computed == root else {
            throw failure("the root digest is \(root), but the listed files' is \(computed)")
        }
    }

    private static func resource(_ scanner: inout JSONScanner) throws -> [String: String] {
        var fields: [String: String] = [:]
        try scanner.object { scanner, key in
            if ["name", "algorithm", "digest"].contains(key) {
                fields[key] = try scanner.string()
            } else {
                try scanner.skipValue()
            }
        }
        return fields
    }
}

/// How the files were ordered and hashed.
private struct Serialization {
    private var method: String?
    private var hashType: String?
    private var allowsSymbolicLinks: Bool?
    private(set) var ignoredPaths: [String] = []

    init(_ scanner: inout JSONScanner) throws {
        try scanner.object { scanner, key in
            switch key {
            case "method": method = try scanner.string()
            case "hash_type": hashType = try scanner.string()
            case "allow_symlinks": allowsSymbolicLinks = try scanner.boolean()
            case "ignore_paths": ignoredPaths = try scanner.array { try $0.string() }
            default: try scanner.skipValue()
            }
        }
    }

    /// An option that is not supported, or that would let files go unchecked.
    var problem: String? {
        guard method == "files", hashType == "sha256" else {
            return "the files are serialised by \"\(method ?? "nothing")\" with "
                + "\"\(hashType ?? "nothing")\", not by \"files\" with \"sha256\""
        }
        guard allowsSymbolicLinks != nil else { return "allow_symlinks is missing" }
        return ignoredPaths.first { !$0.isPlainPath }.map {
            "the ignored path \"\($0)\" is not a plain path within the model"
        }
    }
}

extension String {
    /// Whether the text is a relative path in its canonical form.
    var isPlainPath: Bool {
        !utf8.contains(0)
            && utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                .allSatisfy { part in
                    !part.isEmpty && !part.elementsEqual(".".utf8)
                        && !part.elementsEqual("..".utf8)
                }
    }
}
