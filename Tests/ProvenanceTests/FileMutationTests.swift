// SPDX-License-Identifier: Apache-2.0
// Models that are no longer what was signed; each difference has its own words.

import Checkpoints
import Foundation
import JSONText
import Provenance
import Testing

@Suite("Altered models")
struct FileMutationTests {
    private let signed: SignedModel
    private let manager = FileManager.default

    init() throws {
        signed = try SignedModel()
        try signed.sign()
    }

    private func file(_ path: String) -> URL { signed.model.appendingPathComponent(path) }

    private func expectRefusal(
        _ words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        await expectFailure(.files, words, sourceLocation: sourceLocation) {
            try await signed.verify()
        }
    }

    @Test("an unaltered model verifies on every curve, twice", arguments: Curve.allCases)
    func unaltered(curve: Curve) async throws {
        let signed = try SignedModel(curve)
        try signed.sign()
        for _ in 0..<2 {
            let model = try await signed.verify()
            #expect(model.signer == .key(signed.key.publicKey))
            #expect(
                model.manifest.resources.map(\.name) == [
                    ".hidden", "config.json", "model.safetensors", "tokenizer/caf\u{E9}.txt",
                    "tokenizer/empty.bin",
                ])
            #expect(try model.root == ModelDigest(of: signed.model).root)
            #expect(model.ignored == ["model.sig"])
            try signed.sign()
        }
    }

    @Test("one flipped bit", arguments: [0, 400_000, 799_999])
    func flippedBit(offset: Int) async throws {
        let handle = try FileHandle(forUpdating: file("model.safetensors"))
        try handle.seek(toOffset: UInt64(offset))
        let byte = try #require(try handle.read(upToCount: 1)?.first)
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: [byte ^ 0x40])
        try handle.close()
        await expectRefusal("\"model.safetensors\" was changed")
    }

    @Test("a file that was cut short, and one that grew")
    func lengths() async throws {
        try signed.write("", to: "config.json")
        await expectRefusal("\"config.json\" has the content of \"tokenizer/empty.bin\"")
        try signed.write("{\"a\": 1}\n\n", to: "config.json")
        await expectRefusal("\"config.json\" was changed")
    }

    @Test("a renamed file")
    func renamed() async throws {
        try manager.moveItem(at: file("config.json"), to: file("Config.json"))
        await expectRefusal("\"Config.json\" was added; \"config.json\" is missing")
    }

    @Test("a file in another directory")
    func moved() async throws {
        try manager.moveItem(at: file("config.json"), to: file("tokenizer/config.json"))
        await expectRefusal("\"tokenizer/config.json\" was added; \"config.json\" is missing")
    }

    @Test("an added file", arguments: ["evil.py", ".evil", "tokenizer/.gitignore", "a/b/c"])
    func added(path: String) async throws {
        try signed.write("import os\n", to: path)
        await expectRefusal("\"\(path)\" was added")
    }

    @Test("names are compared before anything that is not signed is read")
    func unsignedContent() async throws {
        // To hash it would take hours.
        let handle = open(file("sparse.bin").path, O_WRONLY | O_CREAT, 0o600)
        try #require(ftruncate(handle, 1 << 40) == 0)
        close(handle)
        let start = ContinuousClock.now
        await expectRefusal("\"sparse.bin\" was added")
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test("a model is verified without holding its files, and then not read from the answer")
    func notHeld() async throws {
        func verify() async throws -> VerifiedModel {
            try await ModelSignature.verify(
                signed.model, bundle: SignatureBundle(contentsOf: signed.signature),
                trust: signed.trust, selection: FileSelection(isHolding: false))
        }
        let model = try await verify()
        #expect(model.digest.resources.count == 5 && model.model.files.isEmpty)
        await expectFailure(.files, "were not held open") { try model.checkUnchanged() }
        try signed.write("{}", to: "config.json")
        await expectFailure(.files, "\"config.json\" was changed") { _ = try await verify() }
    }

    @Test("files that are not signed are left out where that is asked for, and only named")
    func unsignedFiles() async throws {
        func verify(_ selection: FileSelection) async throws -> VerifiedModel {
            try await ModelSignature.verify(
                signed.model, bundle: SignatureBundle(contentsOf: signed.signature),
                trust: signed.trust, selection: selection)
        }
        let handle = open(file("sparse.bin").path, O_WRONLY | O_CREAT, 0o600)
        try #require(ftruncate(handle, 1 << 40) == 0)
        close(handle)
        try signed.write("x", to: "extra/notes.txt")
        let model = try await verify(FileSelection(ignoresUnsignedFiles: true))
        #expect(model.ignored == ["extra/notes.txt", "model.sig", "sparse.bin"])
        #expect(model.model.files.count == 5 && model.model.file("sparse.bin") == nil)
        let report = try await VerificationReport(
            on: signed.model, trust: signed.trust,
            selection: FileSelection(ignoresUnsignedFiles: true))
        #expect(report.warnings.count == 2 && report.warnings[1].hasPrefix("sparse.bin is there"))
        _ = try await verify(FileSelection(ignoredPaths: ["extra", "sparse.bin"]))
        await expectFailure(.files, "\"extra/notes.txt\" was added") {
            _ = try await verify(FileSelection(ignoredPaths: ["sparse.bin", "notes.txt"]))
        }
        // What is signed must still be there, as it was.
        await expectFailure(.files, "\"config.json\" is missing") {
            _ = try await verify(
                FileSelection(ignoredPaths: ["config.json"], ignoresUnsignedFiles: true))
        }
        try signed.write("{}", to: "config.json")
        await expectFailure(.files, "\"config.json\" was changed") {
            _ = try await verify(FileSelection(ignoresUnsignedFiles: true))
        }
    }

    @Test("a path that the signer leaves out is listed, and named by the verifier")
    func ignoredPaths() async throws {
        try signed.write("x", to: "logs/run.txt")
        let (bundle, digest) = try ModelSignature.sign(
            signed.model, key: signed.key, ignoring: ["logs", ".git"], for: signed.signature)
        #expect(digest.ignored == ["logs", "model.sig"])
        try bundle.write(to: signed.signature)
        let model = try await signed.verify()
        #expect(model.manifest.ignoredPaths.filter { $0 == "logs" || $0 == ".git" }.count == 2)
        #expect(model.ignored == ["logs", "model.sig"])
        for path in ["/logs", "../x", "a//b", ".", "*.txt", "a?", "[a]"] {
            await expectFault(path, "cannot be left out") {
                _ = try ModelSignature.sign(
                    signed.model, key: signed.key, ignoring: [path], for: signed.signature)
            }
        }
        #expect(throws: InputError.self) {
            try ModelSignature.sign(
                signed.model, key: signed.key, ignoring: [""], for: signed.signature)
        }
    }

    @Test("a removed file", arguments: ["config.json", "tokenizer/empty.bin", ".hidden"])
    func removed(path: String) async throws {
        try manager.removeItem(at: file(path))
        await expectRefusal("\"\(path)\" is missing")
    }

    @Test("two files that changed places")
    func swapped() async throws {
        try manager.moveItem(at: file("config.json"), to: file("x"))
        try manager.moveItem(at: file(".hidden"), to: file("config.json"))
        try manager.moveItem(at: file("x"), to: file(".hidden"))
        await expectRefusal("\".hidden\" has the content of \"config.json\"")
        await expectRefusal("\"config.json\" has the content of \".hidden\"")
    }

    #if os(Linux)
        // Other systems' file systems take two normal forms of a name for one.
        @Test("the same name in another normal form, alone and beside the first")
        func normalForms() async throws {
            let composed = file("tokenizer").path + "/caf\u{E9}.txt"
            let decomposed = file("tokenizer").path + "/cafe\u{301}.txt"
            #expect(rename(composed, decomposed) == 0)
            await expectRefusal("is spelt in another Unicode normal form")
            #expect(link(decomposed, composed) == 0)
            await expectRefusal("was added")
        }
    #endif

    @Test("a symbolic link in place of a file, even to the same bytes, and one in addition")
    func links() async throws {
        let target = signed.directory.url.appendingPathComponent("elsewhere.json")
        try manager.moveItem(at: file("config.json"), to: target)
        try manager.createSymbolicLink(at: file("config.json"), withDestinationURL: target)
        await expectRefusal("is a symbolic link")
        try manager.removeItem(at: file("config.json"))
        try manager.moveItem(at: target, to: file("config.json"))
        try await signed.verify()
        try manager.createSymbolicLink(
            atPath: file("tokenizer/x").path, withDestinationPath: "empty.bin")
        await expectRefusal("is a symbolic link")
    }

    @Test("a linked directory, and a pipe")
    func specialFiles() async throws {
        try manager.moveItem(at: file("tokenizer"), to: file("t"))
        try manager.createSymbolicLink(at: file("tokenizer"), withDestinationURL: file("t"))
        await expectRefusal("is a symbolic link")
        try manager.removeItem(at: file("tokenizer"))
        try manager.moveItem(at: file("t"), to: file("tokenizer"))
        #expect(mkfifo(file("pipe").path, 0o600) == 0)
        await expectRefusal("is not a regular file")
    }

    @Test("a directory of the signature's or the attestations' name hides nothing")
    func companions() async throws {
        let bundle = try SignatureBundle(contentsOf: signed.signature)
        try manager.removeItem(at: signed.signature)
        try signed.write("import os\n", to: "model.sig/evil.py")
        await expectFailure(.files, "\"model.sig/evil.py\" was added") {
            _ = try await signed.verify(bundle)
        }
        try manager.removeItem(at: signed.signature)
        try signed.write("{}\n", to: "attestations.jsonl")
        let model = try await signed.verify(bundle)
        #expect(model.ignored == ["attestations.jsonl"])
        try manager.removeItem(at: file("attestations.jsonl"))
        try signed.write("{}\n", to: "attestations.jsonl/x")
        await expectFailure(.files, "\"attestations.jsonl/x\" was added") {
            _ = try await signed.verify(bundle)
        }
    }

    @Test("a signature of any name in the directory is not signed itself, and hides nothing else")
    func otherPlace() async throws {
        let place = file("signatures/mine.json")
        try manager.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try manager.removeItem(at: signed.signature)
        let (bundle, digest) = try ModelSignature.sign(signed.model, key: signed.key, for: place)
        try bundle.write(to: place)
        #expect(digest.resources.count == 5)
        let read = try SignatureBundle(contentsOf: place)
        #expect(try await signed.verify(read).ignored == ["signatures/mine.json"])
        try signed.write("x", to: "signatures/evil.py")
        await expectFailure(.files, "\"signatures/evil.py\" was added") {
            _ = try await signed.verify(read)
        }
    }

    @Test("version control's own files at the top are told of, and not below it")
    func ignored() async throws {
        try signed.write("x", to: ".git/hooks/post-checkout")
        try signed.write("x", to: ".gitignore")
        let model = try await signed.verify()
        #expect(model.ignored == [".git", ".gitignore", "model.sig"])
        let report = try await VerificationReport(on: signed.model, trust: signed.trust)
        #expect(report.warnings.contains { $0.hasPrefix(".git is there but was not signed") })
        #expect(!report.warnings.contains { $0.contains("model.sig") })
        try signed.write("x", to: "tokenizer/.git/config")
        await expectRefusal("\"tokenizer/.git/config\" was added")
    }

    @Test("the records of a download are not signed, and are told of")
    func downloadRecords() async throws {
        try signed.write("x", to: ".cache/huggingface/download/config.json.metadata")
        let (bundle, digest) = try ModelSignature.sign(
            signed.model, key: signed.key, for: signed.signature)
        #expect(digest.resources.count == 5)
        #expect(try digest.root == ModelDigest(of: signed.model).root)
        #expect(try await signed.verify(bundle).ignored == [".cache/huggingface", "model.sig"])
        try bundle.write(to: signed.signature)
        let report = try await VerificationReport(on: signed.model, trust: signed.trust)
        #expect(report.warnings.contains { $0.hasPrefix(".cache/huggingface is there but") })
        try signed.write("x", to: ".cache/other")
        await expectRefusal("\".cache/other\" was added")
    }

    @Test("a signature that does not leave the records of a download out refuses them")
    func coveredDownloadRecords() async throws {
        let statement = String(decoding: try signed.sign().envelope.payload, as: UTF8.self)
        let leftOut = try #require(statement.range(of: "\".cache/huggingface\","))
        let strict = statement.replacingCharacters(in: leftOut, with: "")
        try signed.bundle(signing: Data(strict.utf8)).write(to: signed.signature)
        try await signed.verify()
        try signed.write("x", to: ".cache/huggingface/x")
        await expectRefusal("\".cache/huggingface/x\" was added")
    }

    @Test("many differences are counted, not all told")
    func many() async throws {
        for index in 0..<25 { try signed.write("\(index)", to: "extra-\(index)") }
        await expectRefusal("; and 15 more")
    }

    @Test("a file that is written to after the check is noticed before it is used")
    func changedAfterwards() async throws {
        let model = try await signed.verify()
        try model.checkUnchanged()
        let handle = try FileHandle(forUpdating: file("config.json"))
        try handle.write(contentsOf: Data("[".utf8))
        try handle.close()
        await expectFailure(.files, "config.json", "changed after it was read") {
            try model.checkUnchanged()
        }
    }

    @Test("a file that is replaced after the check is noticed, and what was checked is still read")
    func replacedAfterwards() async throws {
        let model = try await signed.verify()
        let before = try Data(contentsOf: file("config.json"))
        try Data("evil".utf8).write(to: file("x"))
        #expect(rename(file("x").path, file("config.json").path) == 0)
        await expectFailure(.files, "config.json", "was replaced after it was read") {
            try model.checkUnchanged()
        }
        let held = try #require(model.model.files.first { $0.name == "config.json" })
        #expect(try Data(contentsOf: held.url) == before)
        var bytes = [UInt8](repeating: 0, count: held.byteCount)
        #expect(pread(held.descriptor, &bytes, bytes.count, 0) == before.count)
        #expect(Data(bytes) == before)
    }

    @Test("a missing signature and a missing model are faults that name a remedy")
    func missing() async throws {
        try manager.removeItem(at: signed.signature)
        do {
            try await signed.verify()
            Issue.record("verified without a signature")
        } catch {
            #expect("\(error)".contains("model.sig") && "\(error)".contains("temper sign"))
        }
    }

    @Test(
        "a signature replaces a signature, and no other file",
        arguments: ["config.json", "tokenizer"])
    func otherFiles(name: String) async throws {
        let (bundle, _) = try ModelSignature.sign(signed.model, key: signed.key, for: file(name))
        await expectFault(name, "is not a signature", "--out") { try bundle.write(to: file(name)) }
        try await signed.verify()
    }

    @Test("a signature by another key is replaced only where that is asked for")
    func anothersSignature() async throws {
        let before = try Data(contentsOf: signed.signature)
        let other = SigningKey.generate(.p384)
        let (bundle, _) = try ModelSignature.sign(signed.model, key: other, for: signed.signature)
        await expectFault("model.sig", "by another key", "--replace") {
            try SignatureBundle.checkPlace(signed.signature, replacing: other.publicKey)
        }
        await expectFault("model.sig", "by another key", "--replace") {
            try bundle.write(
                to: signed.signature, beside: signed.model, replacing: other.publicKey)
        }
        #expect(try Data(contentsOf: signed.signature) == before)
        let (own, _) = try ModelSignature.sign(signed.model, key: signed.key, for: signed.signature)
        try own.write(
            to: signed.signature, beside: signed.model, replacing: signed.key.publicKey)
        try bundle.write(to: signed.signature, beside: signed.model)
        #expect(try Data(contentsOf: signed.signature) == bundle.json)
    }

    @Test("a file that an interrupted write left is not signed")
    func leftOver() async throws {
        for (name, isLeft) in [
            (".model.sig.1f00dcafe.partial", true), ("tokenizer/.x.safetensors.0.partial", true),
            (".model.sig.partial", false), ("x.1f.partial", false),
        ] {
            try signed.write("x", to: name)
            defer { try? manager.removeItem(at: file(name)) }
            if isLeft {
                await expectFault(name, "interrupted", "remove it") { try signed.sign() }
            } else {
                try signed.sign()
            }
        }
    }

    @Test("what is written is whole or not there, and an old signature is replaced")
    func writing() throws {
        let before = try Data(contentsOf: signed.signature)
        try signed.sign()
        #expect(try Data(contentsOf: signed.signature) != before)
        let names = try manager.contentsOfDirectory(atPath: signed.model.path).sorted()
        #expect(names == [".hidden", "config.json", "model.safetensors", "model.sig", "tokenizer"])
    }
}
