// SPDX-License-Identifier: Apache-2.0
// Signed notes, checkpoints and their keys, against a published note and with one byte changed.

import Foundation
import Testing

@testable import Provenance

@Suite("Signed notes")
struct SignedNoteTests {
    /// The example of Go's note package, golang.org/x/mod/sumdb/note.
    static let publishedKey =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    static let publishedNote = """
        If you think cryptography is the answer to your problem,
        then you don't know what your problem is.

        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=

        """

    @Test("a note that another implementation signed is verified")
    func published() throws {
        let key = try NoteVerifierKey(Self.publishedKey)
        #expect(key.description == Self.publishedKey)
        let note = try SignedNote(Data(Self.publishedNote.utf8), subject: "note")
        try note.verify(with: key)
        #expect(note.text.hasSuffix("your problem is.\n"))
        #expect(note.data == Data(Self.publishedNote.utf8))
    }

    @Test("a note of which any byte was changed is refused")
    func changed() throws {
        let key = try NoteSigningKey(name: "example.org/audits")
        let checkpoint = LogCheckpoint(
            origin: "example.org/audits", size: 12, root: .leaf(Data("x".utf8)))
        let data = try SignedNote(checkpoint.text, signedBy: key).data
        let read = try LogCheckpoint(data, signedBy: key.verifierKey, subject: "c")
        #expect(read == checkpoint)
        for place in data.indices {
            for bit in 0..<8 {
                var damaged = data
                damaged[place] ^= 1 << bit
                #expect(throws: (any Error).self) {
                    try LogCheckpoint(damaged, signedBy: key.verifierKey, subject: "c")
                }
            }
        }
    }

    @Test("a key of the same name does not count, nor does another log's checkpoint")
    func others() throws {
        let key = try NoteSigningKey(name: "example.org/audits")
        let twin = try NoteSigningKey(name: "example.org/audits")
        let foreign = LogCheckpoint(origin: "example.org/other", size: 0, root: .empty)
        let data = try SignedNote(foreign.text, signedBy: key).data
        for verifier in [twin.verifierKey, key.verifierKey] {
            #expect(throws: (any Error).self) {
                try LogCheckpoint(data, signedBy: verifier, subject: "c")
            }
        }
    }

    @Test("keys survive being written, and only whole ones are read")
    func keys() throws {
        let key = try NoteSigningKey(name: "example.org/audits")
        #expect(try NoteSigningKey(key.text).verifierKey.description == "\(key.verifierKey)")
        let text = "\(key.verifierKey)"
        let secret = try #require(key.text.split(separator: "+", maxSplits: 4).last)
        var dumped = ""
        dump(key, to: &dumped)
        for print in ["\(key)", String(reflecting: key), dumped] {
            #expect(print.contains(text) && !print.contains(secret))
        }
        #expect(throws: (any Error).self) { try NoteVerifierKey(String(text.dropLast(4))) }
        #expect(throws: (any Error).self) { try NoteVerifierKey("x" + text) }
        #expect(throws: (any Error).self) { try NoteVerifierKey("") }
        #expect(throws: (any Error).self) { try NoteSigningKey(text) }
        #expect(throws: (any Error).self) { try NoteSigningKey(name: "a b") }
        #expect(throws: (any Error).self) { try NoteSigningKey(name: "") }
    }

    @Test(
        "what is no note or no checkpoint is refused",
        arguments: [
            "", "\n\n", "a\n", "a\n\n", "a\n\n— n\n", "a\n\n- n AAAAAAAA\n", "a\n\n— n AAAA\n",
            "a\n\n— n AAAAAAAA", "a\n\n— n  AAAAAAAA\n", "a\u{7}\n\n— n AAAAAAAA\n",
            "o\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— n AAAAAAAA\n",
            "o\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— n AAAAAAAA\n",
            "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==\n\n— n AAAAAAAA\n",
            "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— n AAAAAAAA\n",
            "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\nx\n\n— n AAAAAAAA\n",
        ])
    func malformed(text: String) {
        #expect(throws: (any Error).self) {
            try LogCheckpoint(SignedNote(Data(text.utf8), subject: "c"), subject: "c")
        }
    }
}
