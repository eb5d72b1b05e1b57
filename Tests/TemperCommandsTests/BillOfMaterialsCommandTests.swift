// SPDX-License-Identifier: Apache-2.0
// Bills of materials by the real commands.

import Foundation
import Testing

@Suite("temper bom")
struct BillOfMaterialsCommandTests {
    private let model: KeyedModel
    private func path(_ name: String) -> String { model.path(name) }

    init() throws { model = try KeyedModel() }

    private struct Bill: Decodable {
        struct Metadata: Decodable {
            struct Component: Decodable {
                struct Property: Decodable { let name: String }
                let name: String
                let properties: [Property]
            }
            let component: Component
        }
        let bomFormat: String
        let specVersion: String
        let metadata: Metadata

        init(_ text: String) throws {
            self = try JSONDecoder().decode(Bill.self, from: Data(text.utf8))
        }

        /// Whether it names a signer.
        var hasSigner: Bool {
            metadata.component.properties.contains { $0.name == "temper:signer" }
        }
    }

    @Test("a bill is written of any model, and names the signer of one that is verified")
    func written() throws {
        let plain = try temper("bom", path("model"))
        #expect(plain.status == 0, "\(plain.error)")
        #expect(plain.error.hasPrefix("bom: format and parameters are left out: "))
        let bill = try Bill(plain.output)
        #expect(bill.bomFormat == "CycloneDX" && bill.specVersion == "1.6")
        #expect(bill.metadata.component.name == "model" && !bill.hasSigner)

        #expect(try temper("sign", path("model"), "--key", path("k.pem")).status == 0)
        let signed = try temper(
            "bom", path("model"), "--key", path("k.pub.pem"), "--out", path("bom.json"))
        #expect(signed.status == 0 && signed.output.isEmpty, "\(signed.error)")
        let found = try Bill(try text(of: URL(fileURLWithPath: path("bom.json"))))
        #expect(found.hasSigner)
        let alone = try program(
            "temper-verify", ["bom", path("model"), "--key", path("k.pub.pem")])
        #expect(alone.status == 0)
        let same = try Bill(alone.output)
        #expect(same.hasSigner)
        let verified = try temper("verify", path("model"), "--key", path("k.pub.pem"))
        #expect(verified.status == 0, "the bill does not disturb the model")
    }

    @Test("a model that does not verify has no bill, with exit code 1")
    func altered() throws {
        #expect(try temper("sign", path("model"), "--key", path("k.pem")).status == 0)
        try model.write("Weights", to: "model/model.safetensors")
        let result = try temper(
            "bom", path("model"), "--key", path("k.pub.pem"), "--out", path("bom.json"))
        #expect(result.status == 1 && result.output.isEmpty)
        #expect(result.error.contains("\"model.safetensors\" was changed"), "\(result.error)")
        #expect(!model.exists("bom.json"))
    }

    @Test("attestations that nobody was asked to trust are named, and not in the bill")
    func unchecked() throws {
        try model.write("{}", to: "model/attestations.jsonl")
        let result = try temper("bom", path("model"))
        #expect(result.status == 0)
        #expect(result.error.contains("attestations.jsonl is left out: give --key"))
        #expect(!result.output.contains("declarations"))
    }

    @Test("the bill replaces neither a file nor a part of the model")
    func places() throws {
        try model.write("mine", to: "there")
        for (arguments, words) in [
            (["--out", path("there")], "exists already"),
            (["--out", path("model/bom.json")], "is a part of the model"),
            (["--out", path("model/config.json"), "--replace"], "is a part of the model"),
            (["--signature", path("model/model.sig")], "whom to trust"),
            (["--record", path("there")], "there"),
        ] {
            let result = try temper(["bom", path("model")] + arguments)
            #expect(result.status == 2 && result.output.isEmpty, "\(arguments)")
            #expect(result.error.contains(words), "\(result.error)")
        }
        let kept = try text(of: URL(fileURLWithPath: path("there")))
        let config = try text(of: URL(fileURLWithPath: path("model/config.json")))
        #expect(kept == "mine" && config == "{}" && !model.exists("model/bom.json"))
        let replaced = try temper("bom", path("model"), "--out", path("there"), "--replace")
        #expect(replaced.status == 0)
        let bill = try Bill(try text(of: URL(fileURLWithPath: path("there"))))
        #expect(bill.bomFormat == "CycloneDX")
    }
}
