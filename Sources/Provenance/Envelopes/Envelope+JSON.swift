// SPDX-License-Identifier: Apache-2.0
// A DSSE envelope as JSON.

public import Foundation
package import JSONText

extension Envelope {
    /// Reads an envelope.
    ///
    /// - Parameters:
    ///   - json: One JSON object with `payload`, `payloadType` and `signatures`, and nothing else.
    ///   - name: Its name in errors: its file's path, and the line if the file has several.
    /// - Throws: An `InputError` when it is not such an object or has no signature.
    public init(json: Data, named name: String) throws {
        self = try JSONScanner.read(json, file: name) { try Envelope(&$0) }
    }

    package init(_ scanner: inout JSONScanner) throws {
        var payload: Data?
        var payloadType: String?
        var signatures: [Signature]?
        let start = scanner.nextOffset()
        try scanner.object { scanner, key in
            switch key {
            case "payload": payload = try scanner.base64()
            case "payloadType": payloadType = try scanner.string()
            case "signatures": signatures = try scanner.array { try Signature(&$0) }
            default: throw scanner.error("the key \"\(key)\" is not known", at: scanner.position)
            }
        }
        guard let payload, let payloadType, let signatures else {
            throw scanner.error("payload, payloadType or signatures are missing", at: start)
        }
        guard (1...Self.mostSignatures).contains(signatures.count) else {
            throw scanner.error(
                "there are \(signatures.count) signatures, not 1 to \(Self.mostSignatures)",
                at: start)
        }
        self.init(payload: payload, payloadType: payloadType, signatures: signatures)
    }

    /// The envelope as one line of JSON, without a line feed.
    public var json: Data {
        let signatures = signatures.map { signature in
            let keyID = signature.keyID.map { ",\"keyid\":" + JSON.literal($0) } ?? ""
            return "{\"sig\":\"\(signature.bytes.base64EncodedString())\"\(keyID)}"
        }
        return Data(
            """
            {"payload":"\(payload.base64EncodedString())",\
            "payloadType":\(JSON.literal(payloadType)),\
            "signatures":[\(signatures.joined(separator: ","))]}
            """.utf8)
    }
}

extension Envelope.Signature {
    fileprivate init(_ scanner: inout JSONScanner) throws {
        var bytes: Data?
        var keyID: String?
        let start = scanner.nextOffset()
        try scanner.object { scanner, key in
            switch key {
            case "sig": bytes = try scanner.base64()
            case "keyid": keyID = scanner.skipNull() ? nil : try scanner.string()
            default: throw scanner.error("the key \"\(key)\" is not known", at: scanner.position)
            }
        }
        guard let bytes else { throw scanner.error("sig is missing", at: start) }
        self.init(bytes: bytes, keyID: keyID)
    }
}
