// SPDX-License-Identifier: Apache-2.0
// The file of attestations beside a model: one envelope, bundle or proof of a log a line.

import Checkpoints
import Crypto
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
        /// A proof that another line is in a log.
        case proof(AttachedProof)
        /// None of these.
        case damaged(InputError)
    }

    /// The line's number, from 1; 0 for the file as a whole, where it could not be read. In a log
    /// the entry's number, from 0.
    public let number: Int
    /// The line's name in errors.
    public let name: String
    /// Whether it was found in a log, and not beside the model.
    public let isLogged: Bool
    /// The line's bytes.
    let data: Data
    let content: Content

    /// The envelope, not yet verified; nil for other lines.
    var envelope: Envelope? {
        switch content {
        case .envelope(let envelope): envelope
        case .bundle(let bundle): bundle.envelope
        case .proof, .damaged: nil
        }
    }

    /// The SHA-256 of the envelope's payload, not yet verified; nil for other lines.
    var payloadDigest: String? {
        envelope.map { SHA256.hash(data: $0.payload).hexadecimal }
    }

    /// The proof of a log, if the line is one.
    var proof: AttachedProof? { if case .proof(let proof) = content { proof } else { nil } }
}

/// The file `attestations.jsonl`.
public enum AttestationFile {
    /// The longest file that is read. A longer one is refused as an attack.
    private static let longest = 1 << 26
    /// The longest line that is read. One audit's is a hundredth of that.
    private static let longestLine = 1 << 22
    /// The most lines that are read. An audit has two.
    static let mostLines = 1_024

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
    ///   - isOptional: Whether a missing file has no lines, and one that cannot be read has a
    ///     damaged line 0. They are no errors, because strangers can write beside a model and must
    ///     not prevent the verification of its weights.
    /// - Returns: The lines that are not empty. Of too many lines the first, behind a damaged line 0.
    /// - Throws: An `InputError` when it cannot be read and is not optional.
    public static func lines(of file: URL, isOptional: Bool = true) throws -> [AttestationLine] {
        let path = file.path(percentEncoded: false)
        if isOptional, !FileManager.default.fileExists(atPath: path) { return [] }
        var lines: [AttestationLine] = []
        do {
            try SmallFile.forEachLine(
                of: file, atMost: longest, longestLine: longestLine,
                remedy: "name the attestations with --attestations"
            ) { number, line in
                guard lines.count < mostLines else {
                    throw InputError(
                        file, "has more than \(mostLines) lines; only the first are read",
                        remedy: "remove the lines by strangers")
                }
                lines.append(AttestationLine(line, number: number, of: path))
            }
        } catch let error as InputError {
            guard isOptional || !lines.isEmpty else { throw error }
            // In front, because of many unverified lines only the first are listed.
            lines.insert(AttestationLine(damaged: error, named: path), at: 0)
        }
        return lines
    }

    /// Writes lines. Processes that write to one file do so one after the other, so that no line is
    /// lost, and readers see the old lines or all of the new ones.
    ///
    /// - Parameters:
    ///   - lines: New lines.
    ///   - file: The file to write.
    ///   - model: The model that the lines are about. No other file ever lies in its directory.
    ///   - isAppending: Whether to keep the existing lines in front of the new ones.
    ///   - isReplacing: Whether to replace existing lines if they are not kept.
    /// - Throws: An `InputError` when it cannot be read or written, or has lines that are neither to
    ///   be kept nor to be replaced.
    public static func write(
        _ lines: [Data], to file: URL, beside model: URL? = nil, appending isAppending: Bool,
        replacing isReplacing: Bool = true
    ) throws {
        try update(file, beside: model) { old in
            guard isAppending || isReplacing || old.isEmpty else {
                throw InputError(
                    file, "exists already", remedy: "give --append to add to it, or --replace")
            }
            return isAppending ? joined(old, lines) : joined(Data(), lines)
        }
    }

    /// Writes proofs of a log behind the lines of a file, in place of earlier proofs of that log.
    ///
    /// - Parameters:
    ///   - proofs: The proofs.
    ///   - origin: The origin of the log.
    ///   - file: The file to write.
    ///   - model: The model that the lines are about.
    /// - Throws: An `InputError` when it cannot be read or written.
    public static func attach(
        _ proofs: [AttachedProof], of origin: String, to file: URL, beside model: URL
    ) throws {
        let path = file.path(percentEncoded: false)
        try update(file, beside: model) { old in
            let kept = old.split(separator: UInt8(ascii: "\n")).map { Data($0) }.filter {
                AttestationLine($0, number: 0, of: path).proof?.origin != origin
            }
            return joined(Data(), kept + proofs.map(\.json))
        }
    }

    private static func update(
        _ file: URL, beside model: URL?, _ content: (_ old: Data) throws -> Data
    ) throws {
        try ModelSignature.writeAlone(file, beside: model) { old in
            let data = try content(old)
            let count = data.split(separator: UInt8(ascii: "\n")).count
            guard data.count <= longest, count <= mostLines else {
                throw InputError(
                    file, "would have more than \(longest) bytes or \(mostLines) lines",
                    remedy: "remove old lines, or choose another --out")
            }
            return data
        }
    }

    /// Returns a file's bytes with lines behind them.
    private static func joined(_ old: Data, _ lines: [Data]) -> Data {
        var data = old
        if let last = data.last, last != UInt8(ascii: "\n") { data.append(UInt8(ascii: "\n")) }
        for line in lines { data += line + Data("\n".utf8) }
        return data
    }
}

extension AttestationLine {
    /// Reads a line of a file; nil stands for one that is too long.
    fileprivate init(_ data: Data?, number: Int, of path: String) {
        let name = "\(path):\(number)"
        guard let data else {
            self.init(
                damaged: InputError(name, "is too long a line", remedy: "remove it"), named: name,
                number: number)
            return
        }
        self.init(data, number: number, named: name, isLogged: false)
    }

    /// Reads a line of an entry of a log.
    init(_ data: Data, entry: Int, of path: String) {
        self.init(data, number: entry, named: "\(path), entry \(entry)", isLogged: true)
    }

    fileprivate init(damaged error: InputError, named name: String, number: Int = 0) {
        self.number = number
        self.name = name
        isLogged = false
        data = Data()
        content = .damaged(error)
    }

    private init(_ data: Data, number: Int, named name: String, isLogged: Bool) {
        self.number = number
        self.name = name
        self.isLogged = isLogged
        self.data = data
        // Only one kind of line has each of these keys, and no base64 has quotes.
        func has(_ key: String) -> Bool { data.firstRange(of: Data("\"\(key)\"".utf8)) != nil }
        do {
            content =
                if has("dsseEnvelope") {
                    .bundle(try SignatureBundle(json: data, named: name))
                } else if has(AttachedProof.key) {
                    .proof(try AttachedProof(json: data, named: name))
                } else {
                    .envelope(try Envelope(json: data, named: name))
                }
        } catch let error as InputError {
            content = .damaged(error)
        } catch {
            content = .damaged(InputError(name, "\(error)", remedy: "remove the line"))
        }
    }
}
