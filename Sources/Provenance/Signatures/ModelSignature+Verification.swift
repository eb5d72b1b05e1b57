// SPDX-License-Identifier: Apache-2.0
// Verifies a model's signature, more strictly than the format's own tool.

import Checkpoints
import Crypto
public import Foundation
import JSONText

extension ModelSignature {
    /// Verifies that a trusted signer signed exactly the files that exist.
    ///
    /// - Parameters:
    ///   - model: A directory or a single file.
    ///   - bundle: The signature.
    ///   - trust: The keys and roots whose signatures count.
    ///   - now: The time at which certificates must be valid.
    ///   - selection: The files that are read.
    /// - Returns: The signer and the signed files.
    /// - Throws: A ``VerificationFailure`` when a check fails, an `InputError` when something
    ///   cannot be read.
    public static func verify(
        _ model: URL, bundle: SignatureBundle, trust: Trust, now: Date = Date(),
        selection: FileSelection = FileSelection()
    ) async throws -> VerifiedModel {
        let name = bundle.file?.path(percentEncoded: false) ?? "the signature"
        var warnings: [String] = []
        let signer = try await signer(of: bundle, trust, now, named: name, &warnings)
        let manifest = try manifest(
            of: bundle.envelope.payload(signedBy: signer.key, named: name),
            type: bundle.envelope.payloadType, named: name)
        let opened = try open(model, manifest, bundle.file, selection)
        return VerifiedModel(
            signer: signer, manifest: manifest,
            payloadDigest: SHA256.hash(data: bundle.envelope.payload).hexadecimal, model: opened,
            warnings: warnings)
    }

    private static func signer(
        of bundle: SignatureBundle, _ trust: Trust, _ now: Date, named name: String,
        _ warnings: inout [String]
    ) async throws -> Signer {
        switch bundle.material {
        case .certificates(let der):
            let isKeyless = try bundle.identityClaim(named: name) != nil
            if isKeyless, !trust.identities.isEmpty {
                let (identity, notes) = try await bundle.keylessIdentity(
                    among: trust.identities, trust.validation, at: now, named: name)
                warnings += notes
                return .keyless(identity)
            }
            guard !trust.roots.isEmpty else {
                throw VerificationFailure(
                    .certificate, name,
                    isKeyless
                        ? "is a keyless signature, and no identity is trusted"
                        : "is signed with a certificate, and no root is trusted",
                    remedy: isKeyless
                        ? "give --trusted-root, --identity and --identity-provider"
                        : "give the root's certificate with --root")
            }
            warnings += bundle.logWarnings
            let (identity, notes) = try await bundle.identity(
                CertificateChain(der: der, named: name), trust.roots, trust.validation, at: now,
                named: name)
            warnings += notes
            return .certificate(identity)
        case .publicKey(let hint):
            warnings += bundle.logWarnings
            if !bundle.timestamps.isEmpty { warnings.append("the timestamps were not checked") }
            guard !trust.keys.isEmpty else {
                throw VerificationFailure(
                    .signature, name, "is signed with a bare key, and no key is trusted",
                    remedy: "give the signer's public key with --key")
            }
            let candidates = hint.map { hint in trust.keys.filter { $0.hint == hint } }
            if candidates == nil { warnings.append("the signature does not say which key made it") }
            guard let first = (candidates ?? trust.keys).first else {
                throw VerificationFailure(
                    .signature, name, "was made with another key, of hint \(hint ?? "")",
                    remedy: "check that the key is the signer's")
            }
            return .key(
                bundle.envelope.signers(among: candidates ?? trust.keys).first ?? first)
        }
    }

    private static func manifest(
        of payload: Data, type: String, named name: String
    ) throws -> ModelManifest {
        guard type == Statement.payloadType else {
            throw VerificationFailure(
                .statement, name,
                "the payloadType is \"\(type)\", not \"\(Statement.payloadType)\"")
        }
        do {
            let place = "\(name), the signed statement"
            return try ModelManifest(Statement(json: payload, named: place), named: place)
        } catch let error as InputError {
            throw VerificationFailure(
                .statement, error.place, error.problem,
                remedy: "the signer's tool wrote it so: have the model signed with another one")
        }
    }

    /// Compares the existing files with the signed ones, without those that the signature leaves
    /// out: first all names, and then the content of each.
    private static func open(
        _ model: URL, _ manifest: ModelManifest, _ signature: URL?, _ selection: FileSelection
    ) throws -> OpenModel {
        let signature = signature.flatMap { path(of: $0, within: model) }
        let ignored =
            ModelDigest.ignoredByDefault + manifest.ignoredPaths + selection.ignoredPaths
            + [signature].compactMap { $0 }
        do {
            var comparison = FileComparison(manifest, model)
            let opened = try OpenModel(
                at: model, ignoring: ignored, signature: signature,
                holdingFiles: selection.isHolding
            ) { names in
                try comparison.compareNames(
                    names, ignoringUnsigned: selection.ignoresUnsignedFiles)
            }
            try comparison.compareContents(opened.digest.resources)
            return opened
        } catch let error as InputError where error.systemError == nil {
            throw VerificationFailure(.files, error.place, error.problem, remedy: error.remedy)
        }
    }
}
