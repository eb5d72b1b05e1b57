// SPDX-License-Identifier: Apache-2.0
// in-toto Statement v1: a predicate about subjects that are known by their digests
// (github.com/in-toto/attestation, spec/v1/statement.md).

import Checkpoints
public import Foundation
import JSONText

/// The content of an envelope of type ``payloadType``.
public struct Statement: Sendable, Hashable {
    /// Something the statement is about.
    public struct Subject: Sendable, Hashable {
        /// The subject's name, which does not identify it; nil when it has none.
        public let name: String?

        /// Digests by algorithm, such as `sha256`, in hexadecimal digits.
        public let digest: [String: String]

        /// Names a subject.
        ///
        /// - Parameters:
        ///   - name: The subject's name.
        ///   - digest: Digests by algorithm.
        public init(name: String?, digest: [String: String]) {
            self.name = name
            self.digest = digest
        }
    }

    /// The media type of statements in envelopes.
    public static let payloadType = "application/vnd.in-toto+json"

    /// The type of statements.
    public static let type = "https://in-toto.io/Statement/v1"

    /// The subjects of the statement: at least one.
    public let subjects: [Subject]

    /// A URI that defines the predicate's meaning.
    public let predicateType: String

    /// The predicate: one JSON object as it was received or is to be written.
    public let predicate: Data

    /// Makes a statement.
    ///
    /// - Parameters:
    ///   - subjects: The subjects.
    ///   - predicateType: A URI that defines the predicate's meaning.
    ///   - predicate: One JSON object.
    /// - Throws: An `InputError` when the predicate is not strict JSON.
    public init(subjects: [Subject], predicateType: String, predicate: Data) throws {
        try JSONScanner.read(predicate, file: "the predicate") { scanner in
            try scanner.object { scanner, _ in try scanner.skipValue() }
        }
        self.subjects = subjects
        self.predicateType = predicateType
        self.predicate = predicate
    }

    /// Reads a statement. Fields that the standard does not define are ignored, as it asks.
    ///
    /// - Parameters:
    ///   - json: The payload of an envelope.
    ///   - name: The name in errors.
    /// - Throws: An `InputError` when it is not a statement, or an object in it has a key twice.
    public init(json: Data, named name: String) throws {
        self = try JSONScanner.read(json, file: name) { scanner in
            try Statement(&scanner, of: json)
        }
    }

    private init(_ scanner: inout JSONScanner, of json: Data) throws {
        var type: String?
        var subjects: [Subject]?
        var predicateType: String?
        var predicate: Data?
        let start = scanner.nextOffset()
        try scanner.object { scanner, key in
            switch key {
            case "_type": type = try scanner.string()
            case "subject": subjects = try scanner.array { try Subject(&$0) }
            case "predicateType": predicateType = try scanner.string()
            case "predicate":
                let start = scanner.nextOffset()
                predicate = try scanner.rawValue(of: json)
                guard predicate?.first == UInt8(ascii: "{") else {
                    throw scanner.error("the predicate is not an object", at: start)
                }
            default: try scanner.skipValue()
            }
        }
        guard type == Self.type else {
            throw scanner.error(
                "the statement's _type is \(type.map { "\"\($0)\"" } ?? "missing"), not "
                    + "\"\(Self.type)\"", at: start)
        }
        guard let subjects, !subjects.isEmpty, let predicateType, let predicate else {
            throw scanner.error("subject, predicateType or predicate are missing", at: start)
        }
        self.subjects = subjects
        self.predicateType = predicateType
        self.predicate = predicate
    }

    /// The statement as one line of JSON. Equal statements give equal bytes.
    public var json: Data {
        let subjects = subjects.map { subject in
            let name = subject.name.map { "\"name\":\(JSON.literal($0))," } ?? ""
            let digest = subject.digest.sorted { $0.key < $1.key }.map {
                "\(JSON.literal($0.key)):\(JSON.literal($0.value))"
            }
            return "{\(name)\"digest\":{\(digest.joined(separator: ","))}}"
        }
        let head = """
            {"_type":\(JSON.literal(Self.type)),\
            "subject":[\(subjects.joined(separator: ","))],\
            "predicateType":\(JSON.literal(predicateType)),"predicate":
            """
        return Data(head.utf8) + predicate + Data("}".utf8)
    }
}

extension Statement.Subject {
    fileprivate init(_ scanner: inout JSONScanner) throws {
        var name: String?
        var digest: [String: String] = [:]
        let start = scanner.nextOffset()
        try scanner.object { scanner, key in
            switch key {
            case "name": name = try scanner.string()
            case "digest":
                try scanner.object { scanner, algorithm in
                    digest[algorithm] = try scanner.string()
                }
            default: try scanner.skipValue()
            }
        }
        guard !digest.isEmpty else { throw scanner.error("a subject has no digest", at: start) }
        self.init(name: name, digest: digest)
    }
}
