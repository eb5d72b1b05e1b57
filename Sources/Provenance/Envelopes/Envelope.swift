// SPDX-License-Identifier: Apache-2.0
// DSSE: bytes, their type, and their signatures (github.com/secure-systems-lab/dsse, v1.0.2).

public import Foundation

/// A signed payload. The payload is kept as the bytes that were signed and is never encoded again.
public struct Envelope: Sendable, Hashable {
    /// A signature over the envelope's payload and its type.
    public struct Signature: Sendable, Hashable {
        /// An ECDSA signature in DER. The signer can make other valid ones for the same content, so
        /// it identifies nothing.
        public let bytes: Data

        /// A hint about the key, which is not signed; nil when there is none.
        public let keyID: String?

        /// Takes a signature that was made elsewhere.
        ///
        /// - Parameters:
        ///   - bytes: The signature in DER.
        ///   - keyID: A hint about the key.
        public init(bytes: Data, keyID: String?) {
            self.bytes = bytes
            self.keyID = keyID
        }
    }

    /// The most signatures of an envelope. More are refused as an attack.
    static let mostSignatures = 64

    /// The signed content.
    public let payload: Data

    /// The media type of ``payload``.
    public let payloadType: String

    /// One or more signatures; the later ones are countersignatures.
    public let signatures: [Signature]

    init(payload: Data, payloadType: String, signatures: [Signature]) {
        self.payload = payload
        self.payloadType = payloadType
        self.signatures = signatures
    }

    /// Signs a payload.
    ///
    /// - Parameters:
    ///   - payload: What to sign.
    ///   - type: Its media type.
    ///   - key: The signing key. The signature's key ID is its hint.
    /// - Returns: The envelope with one signature.
    /// - Throws: Errors of the cryptographic library.
    public static func signed(payload: Data, type: String, by key: SigningKey) throws -> Envelope {
        try signed(payload: payload, type: type, by: key, keyID: key.publicKey.hint)
    }

    static func signed(
        payload: Data, type: String, by key: SigningKey, keyID: String
    ) throws -> Envelope {
        let message = preAuthenticationEncoding(payload: payload, type: type)
        return Envelope(
            payload: payload, payloadType: type,
            signatures: [Signature(bytes: try key.signature(for: message), keyID: keyID)])
    }

    /// Returns the envelope with one more signature.
    ///
    /// - Parameter key: The signing key.
    /// - Returns: The envelope with all signatures.
    /// - Throws: Errors of the cryptographic library.
    public func countersigned(by key: SigningKey) throws -> Envelope {
        let added = try Self.signed(payload: payload, type: payloadType, by: key)
        return Envelope(
            payload: payload, payloadType: payloadType, signatures: signatures + added.signatures)
    }

    /// Returns the keys that signed, each once. Key IDs are not used.
    ///
    /// - Parameter keys: The keys to try.
    /// - Returns: The keys that made one of the signatures.
    public func signers(among keys: [VerificationKey]) -> [VerificationKey] {
        let message = digests
        return keys.enumerated().filter { index, key in
            !keys[..<index].contains(key)
                && signatures.contains { key.isValidSignature($0.bytes, for: message) }
        }.map(\.element)
    }

    /// Returns the keys that signed, each once, as far as a budget allows.
    ///
    /// A signature that names a trusted key by its hint is verified with that key alone; one that
    /// names none of them, with every key that has not been found yet.
    ///
    /// - Parameters:
    ///   - keys: The trusted keys.
    ///   - hint: The key that signatures without a key ID name; nil for none.
    ///   - budget: What is left for signatures.
    /// - Returns: The keys that made one of the signatures, and whether all signatures were
    ///   verified.
    func signers(
        among keys: [VerificationKey], hint: String?, within budget: inout VerificationBudget
    ) -> (keys: [VerificationKey], isComplete: Bool) {
        let message = digests
        var found: [VerificationKey] = []
        for signature in signatures {
            let name = signature.keyID.flatMap { $0.isEmpty ? nil : $0 } ?? hint
            let named = keys.first { $0.hint == name }
            for key in named.map({ [$0] }) ?? keys where !found.contains(key) {
                guard budget.spend(named == nil ? .guess : .named) else { return (found, false) }
                guard key.isValidSignature(signature.bytes, for: message) else { continue }
                found.append(key)
                break
            }
        }
        return (found, true)
    }

    /// Returns the payload, if a key signed it.
    ///
    /// - Parameters:
    ///   - key: The key that must have signed.
    ///   - name: The envelope's name in a failure: its file's path.
    /// - Returns: The bytes that were signed.
    /// - Throws: A ``VerificationFailure`` when none of the signatures is the key's.
    public func payload(signedBy key: VerificationKey, named name: String) throws -> Data {
        guard !signers(among: [key]).isEmpty else {
            throw VerificationFailure(
                .signature, name, "is not signed by the \(key)",
                remedy: "check that the key is the signer's; if it is, the file was altered")
        }
        return payload
    }

    /// Returns the bytes that are hashed and signed: DSSE's PAE of the payload and its type.
    static func preAuthenticationEncoding(payload: Data, type: String) -> Data {
        head(payload: payload, type: type) + payload
    }

    private static func head(payload: Data, type: String) -> Data {
        Data("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8)
    }

    /// The digests of what was signed.
    var digests: MessageDigests {
        MessageDigests(of: [Self.head(payload: payload, type: payloadType), payload])
    }
}
