// SPDX-License-Identifier: Apache-2.0
// The Merkle tree against published vectors, against RFC 6962's definition, and by its properties.

import Foundation
import Testing

@testable import Provenance

@Suite("Merkle trees")
struct MerkleTreeTests {
    /// The eight leaves and roots of the certificate-transparency project's reference tests.
    static let leaves = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ].map(bytes)

    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    static func bytes(_ digits: String) -> Data {
        let values = digits.utf8.map { UInt8($0 < 58 ? $0 - 48 : $0 - 87) }
        return Data(
            stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] })
    }

    /// RFC 6962's MTH, word for word: the definition that the tests compare with.
    static func definition(_ hashes: ArraySlice<TreeHash>) -> TreeHash {
        if hashes.isEmpty { return .empty }
        if hashes.count == 1, let only = hashes.first { return only }
        var power = 1
        while power * 2 < hashes.count { power *= 2 }
        return .node(definition(hashes.prefix(power)), definition(hashes.dropFirst(power)))
    }

    private static func tree(_ size: Int) -> (tree: MerkleTree, hashes: [TreeHash]) {
        let hashes = (0..<size).map { TreeHash.leaf(Data("entry \($0)".utf8)) }
        let tree = MerkleTree(size: size) { level, index in
            definition(hashes[index << level..<(index + 1) << level])
        }
        return (tree, hashes)
    }

    @Test("roots of the published tree are as published", arguments: 0...8)
    func publishedRoots(size: Int) throws {
        let hashes = Self.leaves.prefix(size).map { TreeHash.leaf($0) }
        let tree = MerkleTree(size: size) { level, index in
            MerkleTree.root(ofComplete: hashes[index << level..<(index + 1) << level])
        }
        #expect(try tree.root().bytes == Self.bytes(Self.roots[size]))
    }

    @Test(
        "inclusion proofs of the published tree are as published",
        arguments: [
            (
                0, 8,
                [
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ]
            ),
            (
                5, 8,
                [
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ]
            ),
        ])
    func publishedInclusion(index: Int, size: Int, expected: [String]) throws {
        let hashes = Self.leaves.prefix(size).map { TreeHash.leaf($0) }
        let tree = MerkleTree(size: size) { level, place in
            MerkleTree.root(ofComplete: hashes[place << level..<(place + 1) << level])
        }
        let proof = try tree.inclusionProof(of: index)
        #expect(proof.map(\.bytes) == expected.map(Self.bytes))
    }

    @Test(
        "consistency proofs of the published tree are as published",
        arguments: [
            (1, 1, []),
            (
                1, 8,
                [
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ]
            ),
            (
                6, 8,
                [
                    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ]
            ),
            (
                2, 5,
                [
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                ]
            ),
        ])
    func publishedConsistency(earlier: Int, size: Int, expected: [String]) throws {
        let hashes = Self.leaves.prefix(size).map { TreeHash.leaf($0) }
        let tree = MerkleTree(size: size) { level, place in
            MerkleTree.root(ofComplete: hashes[place << level..<(place + 1) << level])
        }
        let proof = try tree.consistencyProof(from: earlier)
        #expect(proof.map(\.bytes) == expected.map(Self.bytes))
    }

    @Test("every leaf of every tree is proved, and nothing else is", arguments: 1...33)
    func inclusion(size: Int) throws {
        let (tree, hashes) = Self.tree(size)
        let root = try tree.root()
        #expect(root == Self.definition(hashes[...]))
        for index in 0..<size {
            let proof = try tree.inclusionProof(of: index)
            func holds(
                _ proof: [TreeHash], _ leaf: TreeHash, _ index: Int, _ size: Int, _ root: TreeHash
            ) -> Bool {
                MerkleTree.isIncluded(proof, leaf: leaf, at: index, size: size, root: root)
            }
            #expect(holds(proof, hashes[index], index, size, root))
            let other = TreeHash.leaf(Data("another".utf8))
            #expect(!holds(proof, other, index, size, root))
            #expect(!holds(proof, hashes[index], index, size, other))
            #expect(!holds(proof + [other], hashes[index], index, size, root))
            #expect(
                !holds(proof.dropLast() + [other], hashes[index], index, size, root) || size == 1)
            for wrong in 0..<size where wrong != index {
                #expect(!holds(proof, hashes[index], wrong, size, root))
            }
            for changed in proof.indices {
                var damaged = proof
                damaged[changed] = other
                #expect(!holds(damaged, hashes[index], index, size, root))
                damaged.remove(at: changed)
                #expect(!holds(damaged, hashes[index], index, size, root))
            }
            #expect(!holds(proof, hashes[index], -1, size, root))
            #expect(!holds(proof, hashes[index], size, size, root))
        }
    }

    @Test(
        "every prefix of every tree is consistent with it, and nothing else is", arguments: 1...33)
    func consistency(size: Int) throws {
        let (tree, hashes) = Self.tree(size)
        let root = try tree.root()
        let other = TreeHash.leaf(Data("another".utf8))
        for earlier in 0...size {
            let before = Self.definition(hashes.prefix(earlier))
            let proof = try tree.consistencyProof(from: earlier)
            func holds(_ proof: [TreeHash], _ before: TreeHash, _ root: TreeHash) -> Bool {
                MerkleTree.isConsistent(proof, earlier: (earlier, before), later: (size, root))
            }
            #expect(holds(proof, before, root))
            #expect(!holds(proof, other, root))
            #expect(!holds(proof, before, other) || earlier == 0)
            #expect(!holds(proof + [other], before, root))
            for changed in proof.indices {
                var damaged = proof
                damaged[changed] = other
                #expect(!holds(damaged, before, root))
                damaged.remove(at: changed)
                #expect(!holds(damaged, before, root))
            }
            #expect(
                earlier == size
                    || !MerkleTree.isConsistent(
                        proof, earlier: (size, root), later: (earlier, before))
            )
        }
    }
}
