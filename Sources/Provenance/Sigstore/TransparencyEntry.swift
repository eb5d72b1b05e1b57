// SPDX-License-Identifier: Apache-2.0
// An entry of Rekor, Sigstore's log of signatures, as bundles carry it.

import Foundation
import JSONText

/// An entry of a transparency log, with its proof. It must be verified before anything in it counts.
struct TransparencyEntry: Sendable, Hashable {
    /// A proof that the entry is in the log.
    struct Inclusion: Sendable, Hashable {
        /// The entry's index in the log's tree.
        let index: Int
        /// The size and root of the tree.
        let size: Int
        let root: TreeHash
        /// The sibling hashes, from the leaf up.
        let hashes: [TreeHash]
        /// The signed note that states size and root.
        let checkpoint: Data
    }

    /// The most hashes of a proof: a tree has at most 2^63 leaves.
    private static let mostHashes = 63

    /// The identifier of the log's key.
    let logIdentifier: Data
    /// The entry's index in the log, over all of its trees.
    let index: Int
    /// The kind of the body, such as `dsse`, and its version.
    let kind: String
    let version: String
    /// When the log took the entry, in seconds since 1970; nil if the log does not say.
    let integratedTime: Int?
    /// The log's signature over body, index and time: the signed entry timestamp.
    let promise: Data?
    let inclusion: Inclusion?
    /// What the log holds: canonical JSON.
    let body: Data

    /// Reads an entry of a bundle.
    ///
    /// - Parameters:
    ///   - json: One element of `tlogEntries`.
    ///   - name: The bundle's name in errors.
    /// - Throws: An `InputError` when it is not an entry.
    init(json: Data, named name: String) throws {
        let file = "\(name), the log's entry"
        let node = JSONNode(
            try JSON(json, file: file), file: file, remedy: "have the model signed again")
        try node.check(keys: [
            "logIndex", "logId", "kindVersion", "integratedTime", "inclusionPromise",
            "inclusionProof", "canonicalizedBody",
        ])
        logIdentifier = try node.required("logId").required("keyId").base64()
        // Protobuf's JSON may leave out a zero.
        index = try node.member("logIndex")?.longCount() ?? 0
        kind = try node.required("kindVersion").required("kind").string()
        version = try node.required("kindVersion").required("version").string()
        let time = try node.member("integratedTime")?.longCount() ?? 0
        integratedTime = time == 0 ? nil : time
        promise = try node.member("inclusionPromise")?.required("signedEntryTimestamp").base64()
        inclusion = try node.member("inclusionProof").map { try Inclusion($0) }
        body = try node.required("canonicalizedBody").base64()
        guard promise != nil || inclusion != nil else {
            throw node.error(
                "has neither an inclusion proof nor a signed entry timestamp", node.remedy)
        }
    }
}

extension TransparencyEntry.Inclusion {
    fileprivate init(_ node: JSONNode) throws {
        try node.check(keys: ["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"])
        func hash(_ node: JSONNode) throws -> TreeHash {
            guard let hash = TreeHash(try node.base64()) else {
                throw node.error("is no hash of 32 bytes", node.remedy)
            }
            return hash
        }
        index = try node.member("logIndex")?.longCount() ?? 0
        size = try node.required("treeSize").longCount()
        root = try hash(node.required("rootHash"))
        let list = try node.member("hashes")?.elements() ?? []
        guard list.count <= TransparencyEntry.mostHashes else {
            throw node.error("has more than \(TransparencyEntry.mostHashes) hashes", node.remedy)
        }
        hashes = try list.map(hash)
        checkpoint = Data(try node.required("checkpoint").required("envelope").string().utf8)
    }
}
