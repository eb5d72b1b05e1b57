// SPDX-License-Identifier: Apache-2.0
// Bytes in JSON: as base64, and unchanged.

package import Foundation
package import JSONText

extension Data {
    /// Decodes base64 in either alphabet (RFC 4648, sections 4 and 5).
    ///
    /// - Parameter text: The text. The result is nil if it is not base64.
    package init?(base64OfEitherAlphabet text: String) {
        let isSafeForURLs = text.utf8.contains {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        self.init(
            base64Encoded: isSafeForURLs
                ? text.replacing("-", with: "+").replacing("_", with: "/") : text)
    }
}

extension JSONScanner {
    /// Reads a string of base64.
    package mutating func base64() throws -> Data {
        let start = nextOffset()
        guard let data = Data(base64OfEitherAlphabet: try string()) else {
            throw error("a string is not base64", at: start)
        }
        return data
    }

    /// Reads any value and returns its bytes as they are.
    package mutating func rawValue(of document: Data) throws -> Data {
        let start = nextOffset()
        try skipValue()
        return document.dropFirst(start).prefix(position - start)
    }
}
