// SPDX-License-Identifier: Apache-2.0
// A bill of materials as CycloneDX 1.6 (ECMA-424), the profile for machine learning.

import Checkpoints
public import Foundation
import JSONText
import Records

extension BillOfMaterials {
    /// The reference of the model within the bill.
    static let modelReference = "model"

    /// Writes the bill as CycloneDX 1.6.
    ///
    /// - Parameters:
    ///   - serialNumber: The number of the bill. Each bill that is made has its own.
    ///   - date: When the bill was made.
    /// - Returns: Indented JSON in UTF-8 with a line feed at its end.
    /// - Throws: `EncodingError` when a parameter of the hardening cannot be written as JSON.
    public func json(serialNumber: UUID = UUID(), date: Date = Date()) throws -> Data {
        let component = try component()
        let bill = object([
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": .string("urn:uuid:\(serialNumber.uuidString.lowercased())"),
            "version": .integer(1),
            "metadata": object([
                "timestamp": .string(date.formatted(.iso8601)),
                "tools": object([
                    "components": .array([
                        object([
                            "type": "application", "name": "temper",
                            "version": .string(temperVersion),
                        ])
                    ])
                ]),
                "component": component,
            ]),
            // Every file of the model is listed.
            "compositions": .array([
                object([
                    "aggregate": "complete", "assemblies": .array([.string(Self.modelReference)]),
                ])
            ]),
            "declarations": audits.isEmpty ? nil : declarations,
        ])
        return bill.data(.indented) + Data("\n".utf8)
    }

    private func component() throws -> JSON {
        let facts = try model.facts + signatureFacts + hardeningFacts()
        return object([
            "type": "machine-learning-model",
            "bom-ref": .string(Self.modelReference),
            "name": .string(model.name),
            "hashes": model.hashes,
            "pedigree": pedigree,
            "components": model.fileComponents(of: Self.modelReference),
            "modelCard": modelCard,
            "properties": properties(facts),
        ])
    }

    private var pedigree: JSON? {
        let ancestors = original.map { original in
            JSON.array([
                object([
                    "type": "machine-learning-model",
                    "bom-ref": "original",
                    "name": .string(original.model.name),
                    "hashes": original.model.hashes,
                    "components": original.model.fileComponents(of: "original"),
                    "properties": properties(
                        original.model.facts + [("temper:source", original.source.rawValue)]),
                ])
            ])
        }
        let notes = hardening.map { JSON.string("Hardened by \($0.defense.onOneLine()).") }
        guard ancestors != nil || notes != nil else { return nil }
        return object(["ancestors": ancestors, "notes": notes])
    }

    private var modelCard: JSON? {
        let metrics = performanceMetrics
        guard model.architecture != nil || !metrics.isEmpty else { return nil }
        return object([
            "modelParameters": model.architecture.map {
                object(["modelArchitecture": .string($0)])
            },
            "quantitativeAnalysis": metrics.isEmpty
                ? nil : object(["performanceMetrics": .array(metrics)]),
        ])
    }

    private var signatureFacts: [(String, String)] {
        signature.map {
            [("temper:signer", $0.signer), ("temper:signedList:sha256", $0.payloadDigest)]
        } ?? []
    }

    private func hardeningFacts() throws -> [(String, String)] {
        guard let hardening else { return [] }
        let parameters = try canonicalJSON(hardening.parameters)
        let operations = DecimalText(hardening.cost.floatingPointOperations)
        return [
            ("temper:hardening:defense", hardening.defense),
            ("temper:hardening:parameters", String(decoding: parameters, as: UTF8.self)),
            ("temper:hardening:steps", String(hardening.cost.steps)),
        ]
            + (operations.map { [("temper:hardening:floatingPointOperations", $0.description)] }
                ?? [])
    }
}

extension ModelContent {
    /// The digest of a model that is a single file. A directory has none: its root is a property.
    fileprivate var hashes: JSON? {
        isSingleFile ? files.first.map { .array([Self.sha256($0.sha256)]) } : nil
    }

    fileprivate func fileComponents(of reference: String) -> JSON? {
        guard !files.isEmpty else { return nil }
        return .array(
            files.map { file in
                object([
                    "type": "file",
                    "bom-ref": .string("\(reference)/\(file.name)"),
                    "name": .string(file.name),
                    "hashes": .array([Self.sha256(file.sha256)]),
                    "properties": properties([("temper:byteCount", String(file.byteCount))]),
                ])
            })
    }

    fileprivate var facts: [(String, String)] {
        [
            ("temper:root:sha256", root), ("temper:format", format),
            ("temper:architecture", architecture),
            ("temper:parameterCount", parameterCount.map { String($0) }),
            ("temper:quantisation", quantisation),
        ].compactMap { name, value in value.map { (name, $0) } }
    }

    private static func sha256(_ digits: String) -> JSON {
        object(["alg": "SHA-256", "content": .string(digits)])
    }
}

/// Returns an object of the members that have a value.
func object(_ members: KeyValuePairs<String, JSON?>) -> JSON {
    .object(
        members.compactMap { key, value in
            value.map { JSON.Member(key: key, value: $0) }
        })
}

/// Returns CycloneDX's list of named values.
private func properties(_ values: [(String, String)]) -> JSON {
    .array(values.map { object(["name": .string($0.0), "value": .string($0.1)]) })
}
