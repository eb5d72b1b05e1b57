// SPDX-License-Identifier: Apache-2.0
// Values as protobuf's JSON writes them: bytes in base64, times as text, long integers as strings.

import Foundation
import JSONText

extension JSONNode {
    /// Returns a string of base64 as bytes.
    func base64() throws -> Data {
        guard let data = Data(base64OfEitherAlphabet: try string()) else {
            throw error("is not base64", remedy)
        }
        return data
    }

    /// Returns an integer of 64 bits that is not negative: a string of digits, or a number.
    func longCount() throws -> Int {
        guard case .string(let text) = value else { return try count() }
        guard let number = Int(text), number >= 0, String(number) == text else {
            throw error("is not a whole number", remedy)
        }
        return number
    }

    /// Returns a time, such as `2022-10-31T23:59:59.999Z`.
    func time() throws -> Date {
        let text = try string()
        let date =
            (try? Date(text, strategy: .iso8601))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        // Foundation takes 30 February for 2 March.
        guard let date, text.hasSuffix("Z"), date.formatted(.iso8601).prefix(19) == text.prefix(19)
        else { throw error("is not a time in UTC", remedy) }
        return date
    }

    /// Checks that an object has no other keys.
    func check(keys: Set<String>) throws {
        for member in try members() where !keys.contains(member.key) {
            throw error("the key \"\(member.key)\" is not known", remedy)
        }
    }
}
