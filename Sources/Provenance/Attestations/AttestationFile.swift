// SPDX-License-Identifier: Apache-2.0
// The file of attestations beside a model: one envelope or bundle a line.

import Checkpoints
public import Foundation
import JSONText

/// One line of an attestations' file, not yet verified.
public struct AttestationLine: Sendable {
    /// The content of a line.
    enum Content: Sendable {
        /// A DSSE envelope, signed with bare keys.
        case envelope(Envelope)
        /// A Sigstore bundle, which carries its signer's certificates.
        case bundle(SignatureBundle)
        /// Neither.
        case damaged(InputError)
    }

    /// The line's number, from 1.
    public let number: Int
    /// The line's name in errors.
    public let name: String
    let content: Content
}

/// The file `attestations.jsonl`.
public enum AttestationFile {
    /// The longest file that is read. A longer one is refused as an attack.
    private static let longest = 1 << 26

    /// Returns the default place of a model's attestations: beside its signature; for a single
    /// file, under its name.
    ///
    /// - Parameter model: A directory or a single file.
    /// - Returns: The file's place.
    public static func location(of model: URL) -> URL {
        let signature = ModelSignature.location(of: model)
        return signature.lastPathComponent == ModelDigest.signatureName
            ? signature.deletingLastPathComponent().appending(
                path: ModelDigest.attestationsName)
            : model.appendingPathExtension(ModelDigest.attestationsName)
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - isOptional: Whether a missing file has no lines, rather than being an error.
    /// - Returns: The lines that are not empty.
    /// - Throws: An `InputError` when it cannot be read.
    public static func lines(of file: URL, isOptional: Bool = true) throws -> [AttestationLine] {
        let path = file.path(percentEncoded: false)
        if isOptional, !FileManager.default.fileExists(atPath: path) { return [] }
        let data = try SmallFile.read(
            file, atMost: longest, remedy: "name the attestations with --attestations")
        return data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
            .filter { !$0.element.allSatisfy { UInt8(ascii: " ") >= $0 } }
            .map { AttestationLine($0.element, number: $0.offset + 1, of: path) }
    }

    /// Writes lines to a temporary file and renames it when it is complete.
    ///
    /// - Parameters:
    ///   - lines: New lines.
    ///   - file: The file to write.
    ///   - isAppending: Whether to keep the existing lines in front of the new ones.
    /// - Throws: An `InputError` when it cannot be read or written.
    public static func write(_ lines: [Data], to file: URL, appending isAppending: Bool) throws {
        var data = Data()
        if isAppending, FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) {
            data = try SmallFile.read(file, atMost: longest, remedy: "choose another --out")
            if let last = data.last, last != UInt8(ascii: "\n") { data.append(UInt8(ascii: "\n")) }
        }
        for line in lines { data += line + Data("\n".utf8) }
        try AtomicFile.write(data, to: file)
    }
}

extension AttestationLine {
    fileprivate init(_ data: Data, number: Int, of path: String) {
        self.number = number
        name = "\(path):\(number)"
        do {
            // Only a bundle has this key, and no base64 has quotes.
            content =
                data.firstRange(of: Data("\"dsseEnvelope\"".utf8)) == nil
                ? .envelope(try Envelope(json: Data(data), named: name))
                : .bundle(try SignatureBundle(json: Data(data), named: name))
        } catch let error as InputError {
            content = .damaged(error)
        } catch {
            content = .damaged(InputError(name, "\(error)", remedy: "remove the line"))
        }
    }
}
