// SPDX-License-Identifier: Apache-2.0
// One form of a JSON value, so that equal values have equal digests.

public import Foundation
import JSONText

/// Returns the canonical JSON of a value, after RFC 8785: keys sorted by UTF-16 code units, no
/// white space, and the shortest number that reads back the same, in the format of ECMAScript.
///
/// Deviations: whole numbers beyond 2^53 keep all their digits, so that 64-bit seeds stay exact;
/// NaN and infinities become the texts `NaN`, `Infinity` and `-Infinity`.
///
/// - Parameter value: The value to write.
/// - Returns: UTF-8 bytes without a line break at the end.
/// - Throws: `EncodingError` when the value cannot be written as JSON.
public func canonicalJSON(_ value: some Encodable) throws -> Data {
    let data = try RecordJSON.encoder(pretty: false).encode(value)
    return try JSON(data, file: "canonical JSON", greatestDepth: 512).data(.canonical)
}
