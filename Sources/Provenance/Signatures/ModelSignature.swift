// SPDX-License-Identifier: Apache-2.0
// Signs a model in the format of OpenSSF Model Signing v1.0 (github.com/ossf/model-signing-spec).

public import Checkpoints
public import Foundation
import JSONText
import SwiftASN1
import X509

/// Signing and verifying models.
public enum ModelSignature {
    /// Returns the default place of a model's signature: `model.sig` in its directory, or beside a
    /// single file under its name with `.sig`.
    ///
    /// - Parameter model: A directory or a single file.
    /// - Returns: The signature's place.
    public static func location(of model: URL) -> URL {
        var isDirectory: ObjCBool = false
        let path = model.path(percentEncoded: false)
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        return isDirectory.boolValue
            ? model.appending(path: ModelDigest.signatureName) : model.appendingPathExtension("sig")
    }

    /// Signs a model: all files except those of version control, the records of a download in
    /// `.cache/huggingface`, and the signature and attestations beside a model.
    ///
    /// - Parameters:
    ///   - model: A directory or a single file.
    ///   - key: The signing key.
    ///   - certificates: The signer's certificate and its issuers, without the root; nil signs with
    ///     the key alone.
    ///   - paths: Further paths within the directory that are not signed. The signature lists them.
    ///   - file: The place of the signature. If it is within the model's directory, it is not
    ///     signed.
    /// - Returns: The signature, and the digest of the signed files.
    /// - Throws: An `InputError` when the model cannot be read, or the certificate is not the
    ///   key's.
    public static func sign(
        _ model: URL, key: SigningKey, certificates: CertificateChain? = nil,
        ignoring paths: [String] = [], for file: URL
    ) throws -> (bundle: SignatureBundle, digest: ModelDigest) {
        let signature = path(of: file, within: model)
        if let path = paths.first(where: { !canIgnore($0) }) {
            throw InputError(
                path, "cannot be left out", remedy: "name a path within the model, without * ? ["
            )
        }
        var ignored = ModelDigest.leftOut
        for path in paths where !ignored.contains(where: { $0.utf8.elementsEqual(path.utf8) }) {
            ignored.append(path)
        }
        if let signature, !ignored.contains(signature) { ignored.append(signature) }
        let material = try material(key, certificates)
        let digest = try OpenModel(
            at: model, ignoring: ignored, signature: signature, holdingFiles: false
        ) { names in
            guard let left = names.first(where: AtomicFile.isTemporary) else {
                return names.map { _ in true }
            }
            throw InputError(
                model.appending(path: left), "was left by a process that was interrupted",
                remedy: "remove it, and sign again")
        }.digest
        let manifest = ModelManifest(
            digest, modelName: model.standardizedFileURL.lastPathComponent, ignoredPaths: ignored)
        let envelope = try Envelope.signed(
            payload: try manifest.statement().json, type: Statement.payloadType, by: key, keyID: "")
        return (SignatureBundle(material: material, envelope: envelope), digest)
    }

    static func material(
        _ key: SigningKey, _ chain: CertificateChain?
    ) throws -> SignatureBundle.Material {
        let publicKey = key.publicKey
        guard let chain, let leaf = chain.certificates.first else {
            return .publicKey(hint: publicKey.hint)
        }
        guard VerificationKey(leaf.publicKey) == publicKey else {
            throw InputError(
                "the certificate of \(leaf.subject)", "speaks of another key",
                remedy: "give the key's own certificate first in the file")
        }
        // The verifier must have the root already.
        let sent = chain.certificates.enumerated().filter { index, certificate in
            index == 0 || certificate.issuer != certificate.subject
        }
        return .certificates(try sent.map { try $0.element.der })
    }

    /// Returns whether a path can be left out of a signature (OMS v1.0, section 6.2.1).
    ///
    /// - Parameter path: A path within a model.
    /// - Returns: Whether it is plain and holds no character of patterns.
    package static func canIgnore(_ path: String) -> Bool {
        path.isPlainPath && !path.contains { "*?[".contains($0) }
    }

    /// Returns the path of a file within a model's directory, or nil when it is elsewhere.
    package static func path(of file: URL, within model: URL) -> String? {
        let root = model.resolvingSymlinksInPath().standardizedFileURL.path(percentEncoded: false)
        let folder = file.deletingLastPathComponent().resolvingSymlinksInPath().standardizedFileURL
        let path = folder.appending(path: file.lastPathComponent).path(percentEncoded: false)
        let prefix = root.hasSuffix("/") ? root : root + "/"
        return path.utf8.starts(with: prefix.utf8)
            ? String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : nil
    }
}

extension ModelSignature {
    /// Writes a file about a model while no other process does, so that the model's directory holds
    /// no other file for a moment.
    ///
    /// - Parameters:
    ///   - file: The file to write.
    ///   - model: The model; nil if the file lies elsewhere.
    ///   - content: Makes the new content from the old one, which is empty if there is no file.
    /// - Throws: An `InputError` when the file cannot be read or written; errors of `content`, after
    ///   which it is unchanged.
    static func writeAlone(
        _ file: URL, beside model: URL?, _ content: (_ old: Data) throws -> Data
    ) throws {
        try FileLock.withLock(on: file) {
            let data = try content(
                SmallFile.read(
                    file, atMost: SignatureBundle.longest, remedy: "choose another --out"))
            if let model, path(of: file, within: model) != nil {
                try AtomicFile.write(data, to: file, within: model)
            } else {
                try AtomicFile.write(data, to: file)
            }
        }
    }
}
