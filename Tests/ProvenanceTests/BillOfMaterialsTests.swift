// SPDX-License-Identifier: Apache-2.0
// A bill of materials states what was read and verified, and nothing else. That it is valid against
// CycloneDX's schema is checked by Tests/Interop/bom.py.

import Checkpoints
import Crypto
import Foundation
import JSONText
import Testing

@testable import Provenance
@testable import Records

@Suite("bills of materials")
struct BillOfMaterialsTests {
    let model: ModelFixture

    init() throws { model = try ModelFixture() }

    /// The parts of a bill that the tests read.
    struct Bill: Decodable {
        struct Hash: Decodable, Equatable {
            var alg = "SHA-256"
            let content: String
        }
        struct Property: Decodable {
            let name: String
            let value: String
        }
        struct Pedigree: Decodable {
            let ancestors: [Component]?
            let notes: String?
        }
        struct Component: Decodable {
            let type: String
            let name: String
            let hashes: [Hash]?
            let components: [Component]?
            let pedigree: Pedigree?
            let modelCard: ModelCard?
            let properties: [Property]?

            subscript(name: String) -> String? { properties?.first { $0.name == name }?.value }
        }
        struct ModelCard: Decodable {
            struct Analysis: Decodable {
                struct Metric: Decodable {
                    let type: String
                    let value: String
                }
                let performanceMetrics: [Metric]
            }
            struct Parameters: Decodable { let modelArchitecture: String }
            let modelParameters: Parameters?
            let quantitativeAnalysis: Analysis?
        }
        struct Metadata: Decodable {
            let timestamp: String
            let component: Component
        }
        struct Declarations: Decodable {
            struct Assessor: Decodable {
                struct Organization: Decodable { let name: String }
                let thirdParty: Bool
                let organization: Organization
            }
            struct Attestation: Decodable {
                struct Map: Decodable {
                    let claims: [String]?
                    let counterClaims: [String]?
                }
                let map: [Map]
            }
            struct Claim: Decodable {
                enum CodingKeys: String, CodingKey {
                    case reference = "bom-ref"
                    case predicate, target
                }
                let reference: String
                let predicate: String
                let target: String
            }
            struct Evidence: Decodable {
                struct Item: Decodable {
                    struct Contents: Decodable {
                        struct Attachment: Decodable {
                            let contentType: String
                            let content: Data
                        }
                        let attachment: Attachment
                    }
                    let contents: Contents
                }
                let data: [Item]
            }
            let assessors: [Assessor]
            let attestations: [Attestation]
            let claims: [Claim]
            let evidence: [Evidence]
        }
        let serialNumber: String
        let metadata: Metadata
        let declarations: Declarations?
    }

    private func read(_ bill: BillOfMaterials) throws -> Bill {
        try JSONDecoder().decode(Bill.self, from: try bill.json())
    }

    private func identified() throws -> BillOfMaterials {
        try BillOfMaterials(OpenModel(identifying: model.directory))
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: model.directory.appending(path: name))
    }

    /// A safetensors file of one 2 by 3 matrix of zeros.
    private func writeWeights() throws {
        let header = #"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#
        let length = UInt64(header.utf8.count).littleEndian
        let data = withUnsafeBytes(of: length) { Data($0) } + Data(header.utf8) + Data(count: 24)
        try data.write(to: model.directory.appending(path: "model.safetensors"))
    }

    /// Verifies the model and its attestations as `temper verify` does.
    private func verified(
        _ lines: [Data], by keys: [VerificationKey], now: Date = AuditFixture.now
    ) async throws -> VerificationReport {
        let file = model.beside("attestations.jsonl")
        try AttestationFile.write(lines, to: file, appending: false)
        let trust = Trust(keys: keys)
        var report = try await VerificationReport(on: model.directory, trust: trust, now: now)
        await report.list(attestations: try AttestationFile.lines(of: file), trust: trust, now: now)
        return report
    }

    /// Signs the model and an audit of it.
    private func attest(
        _ record: AuditRecord, by auditor: SigningKey? = nil,
        _ level: AssuranceLevel = .selfAttested
    ) throws -> [Data] {
        let certification = try Certification(
            signing: model.directory, by: Signatory(key: model.key),
            for: ModelSignature.location(of: model.directory))
        try certification.bundle.write(to: ModelSignature.location(of: model.directory))
        return try certification.attestations(
            of: record, json: try record.json(), suite: AuditFixture.suite,
            terms: AuditFixture.terms(level),
            by: Signatory(key: auditor ?? model.key))
    }

    private func root() throws -> String { try ModelDigest(of: model.directory).root }

    @Test("every file stands with its SHA-256, and the root is the one that audits state")
    func files() throws {
        let component = try read(try identified()).metadata.component
        #expect(component.type == "machine-learning-model")
        #expect(component.name == "model")
        #expect(component.components?.map(\.name) == ["config.json", "model.safetensors"])
        // printf '{}' | sha256sum
        let empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        #expect(component.components?.first?.hashes == [.init(content: empty)])
        let root = try root()
        #expect(component["temper:root:sha256"] == root)
        #expect(component.hashes == nil, "a directory has no digest that sha256sum prints")
    }

    @Test("a model of one file has the file's own digest, and its root apart")
    func singleFile() throws {
        let file = model.beside("tiny.gguf")
        try Data("no header".utf8).write(to: file)
        let bill = try BillOfMaterials(OpenModel(identifying: file))
        let component = try read(bill).metadata.component
        let digest = SHA256.hash(data: Data("no header".utf8)).hexadecimal
        #expect(component.name == "tiny")
        #expect(component.hashes == [.init(content: digest)])
        #expect(component.components?.map(\.name) == ["tiny.gguf"])
        #expect(component["temper:root:sha256"] == bill.model.root && bill.model.root != digest)
    }

    @Test("format, architecture and parameters come from the files; what cannot be read is said")
    func facts() throws {
        let unread = try identified()
        let without = try read(unread).metadata.component
        #expect(without["temper:format"] == nil)
        #expect(unread.omissions.contains { $0.hasPrefix("format and parameters are left out: ") })
        try writeWeights()
        try write(#"{"model_type": "llama"}"#, to: "config.json")
        let bill = try identified()
        let component = try read(bill).metadata.component
        #expect(component["temper:format"] == "safetensors")
        #expect(component["temper:parameterCount"] == "6")
        #expect(component["temper:quantisation"] == nil)
        #expect(component.modelCard?.modelParameters?.modelArchitecture == "llama")
        #expect(bill.omissions.isEmpty, "\(bill.omissions)")
    }

    @Test("the hardening stands with its defense and parameters; a damaged summary is refused")
    func hardening() async throws {
        let summary = HardeningSummary(
            defense: "refusal-training", parameters: ["steps": 60],
            cost: AttackCost(steps: 60, floatingPointOperations: 1.5e15))
        let json = String(
            decoding: try RecordJSON.encoder().encode(summary), as: UTF8.self)
        try write(json, to: HardeningSummary.fileName)
        let bill = try identified()
        let component = try read(bill).metadata.component
        #expect(component["temper:hardening:defense"] == "refusal-training")
        #expect(component["temper:hardening:parameters"] == #"{"steps":60}"#)
        #expect(
            component["temper:hardening:floatingPointOperations"] == "1500000000000000")
        #expect(component.pedigree?.notes == "Hardened by refusal-training.")
        #expect(bill.omissions.contains { $0.hasPrefix("the original is not known") })
        try write("{", to: HardeningSummary.fileName)
        await expectFault(HardeningSummary.fileName) { _ = try self.identified() }
    }

    @Test("an audit stands with its claims, its counter-claims and its signed statement itself")
    func audits() async throws {
        let lines = try attest(AuditFixture.record(digest: root()))
        let report = try await verified(lines, by: [model.key.publicKey])
        let bill = try read(
            BillOfMaterials(#require(report.model), audits: report.audits))
        let declarations = try #require(bill.declarations)
        let map = try #require(declarations.attestations.first?.map.first)
        func predicates(_ references: [String]?) -> [String] {
            declarations.claims.filter { references?.contains($0.reference) == true }
                .map(\.predicate)
        }
        let passed = predicates(map.claims)
        let failed = predicates(map.counterClaims)
        #expect(declarations.attestations.count == 1, "the test result is not a second audit")
        #expect(passed.count == 2 && failed.count == 1)
        #expect(passed.contains { $0.hasPrefix("untampered: refusal >= ") })
        #expect(passed.contains { $0.hasPrefix("under prompt: refusal >= ") })
        #expect(failed.contains { $0.hasPrefix("under lora: refusal < ") })
        #expect(declarations.claims.allSatisfy { $0.target == "model" })
        #expect(bill.metadata.component["temper:signer"] == model.key.publicKey.description)

        let attachment = try #require(declarations.evidence.first?.data.first).contents.attachment
        #expect(attachment.contentType == "application/vnd.dsse.envelope.v1+json")
        let envelope = try Envelope(json: attachment.content, named: "the attachment")
        let payload = try envelope.payload(
            signedBy: model.key.publicKey, named: "the attachment")
        #expect(SHA256.hash(data: payload).hexadecimal == report.audits.first?.digest)
        let metrics = bill.metadata.component.modelCard?.quantitativeAnalysis?.performanceMetrics
        #expect(metrics?.contains { $0.type == "refusal (fraction)" } == true)
        #expect(metrics?.contains { $0.type == "safety tax (capability)" } == true)
    }

    @Test("whoever signed the weights is no third party, and another auditor is one if they say so")
    func thirdParties() async throws {
        let record = AuditFixture.record(digest: try root())
        let auditor = SigningKey.generate(.p256)
        let lines =
            try attest(record) + attest(record, by: auditor, .thirdParty)
            + attest(record, by: auditor, .selfAttested)
        let report = try await verified(lines, by: [model.key.publicKey, auditor.publicKey])
        let bill = try read(
            BillOfMaterials(#require(report.model), audits: report.audits))
        #expect(bill.declarations?.assessors.map(\.thirdParty) == [false, true, false])
    }

    @Test("an audit that is expired, of other weights or by nobody trusted is not in the bill")
    func leftOut() async throws {
        let record = AuditFixture.record(digest: try root())
        let stranger = try attest(record, by: .generate(.p256))
        let late = AuditFixture.evaluatedAt + 181 * AuditFixture.day
        let own = try attest(record)
        for (lines, now) in [(stranger, AuditFixture.now), (own, late)] {
            let report = try await verified(lines, by: [model.key.publicKey], now: now)
            #expect(report.audits.isEmpty)
            let bill = try read(
                BillOfMaterials(#require(report.model), audits: report.audits))
            #expect(bill.declarations == nil)
        }
        let other = try ModelFixture(weights: "others")
        let foreign = try Certification(
            signing: other.directory, by: Signatory(key: model.key),
            for: ModelSignature.location(of: other.directory)
        ).attestations(
            of: AuditFixture.record(digest: ModelDigest(of: other.directory).root), json: Data(),
            suite: AuditFixture.suite,
            terms: AuditFixture.terms(), by: Signatory(key: model.key))
        let report = try await verified(foreign, by: [model.key.publicKey])
        #expect(report.audits.isEmpty && report.attestations.count == 2)
    }

    @Test("the original of a record is attested only if an auditor signed that very record")
    func original() async throws {
        var record = AuditFixture.record(digest: try root())
        let base = ModelIdentity(
            name: "base", digest: String(repeating: "ab", count: 32), format: "safetensors",
            architecture: "llama", parameterCount: 1_000)
        record.baseModel = base
        let report = try await verified(try attest(record), by: [model.key.publicKey])
        let verifiedModel = try #require(report.model)
        var bill = try BillOfMaterials(verifiedModel, audits: report.audits)
        try bill.setOriginal(fromRecord: try record.json(), named: "record.json")
        let ancestor = try #require(
            try read(bill).metadata.component.pedigree?.ancestors?.first)
        #expect(ancestor.name == "base" && ancestor["temper:root:sha256"] == base.digest)
        #expect(ancestor["temper:source"] == "attested-record")

        // The same claims in other bytes, which nobody signed.
        var unsigned = try BillOfMaterials(verifiedModel, audits: report.audits)
        try unsigned.setOriginal(
            fromRecord: try record.json() + Data("\n".utf8), named: "record.json")
        #expect(unsigned.original?.source == .unsignedRecord)
        #expect(unsigned.omissions.contains { $0.contains("the word of a record") })
    }

    @Test("a record of other weights, without an original or of another original is refused")
    func wrongOriginals() async throws {
        let root = try root()
        var other = AuditFixture.record(digest: String(repeating: "0", count: 64))
        other.baseModel = other.model
        await expectFailure(.files, "other weights") {
            var bill = try self.identified()
            try bill.setOriginal(fromRecord: try other.json(), named: "record.json")
        }
        await expectFault("names no original") {
            var bill = try self.identified()
            try bill.setOriginal(
                fromRecord: try AuditFixture.record(digest: root).json(), named: "record.json")
        }
        let base = try ModelFixture(weights: "before")
        var record = AuditFixture.record(digest: root)
        record.baseModel = ModelIdentity(
            name: "base", digest: String(repeating: "ab", count: 32), format: "safetensors",
            architecture: "llama", parameterCount: 1)
        await expectFailure(.files, "another original") { [record] in
            var bill = try self.identified()
            bill.setOriginal(try OpenModel(identifying: base.directory))
            try bill.setOriginal(fromRecord: try record.json(), named: "record.json")
        }
        record.baseModel?.digest = try ModelDigest(of: base.directory).root
        var bill = try identified()
        bill.setOriginal(try OpenModel(identifying: base.directory))
        try bill.setOriginal(fromRecord: try record.json(), named: "record.json")
        #expect(bill.original?.source == .hashed)
        #expect(bill.original?.model.files.map(\.name) == ["config.json", "model.safetensors"])
    }

    @Test("a bill has its own serial number and its date, and is otherwise the same")
    func deterministic() throws {
        let bill = try identified()
        let number = UUID()
        let date = AuditFixture.now
        let one = try bill.json(serialNumber: number, date: date)
        let two = try bill.json(serialNumber: number, date: date)
        #expect(one == two)
        let parts = try JSONDecoder().decode(Bill.self, from: one)
        #expect(parts.serialNumber == "urn:uuid:\(number.uuidString.lowercased())")
        #expect(parts.metadata.timestamp == date.formatted(.iso8601))
        let (third, fourth) = (try read(bill), try read(bill))
        #expect(third.serialNumber != fourth.serialNumber)
    }
}
