// SPDX-License-Identifier: Apache-2.0
// How commands print what programs read.

import Foundation

/// Prints one JSON value on one line; keys are sorted, slashes are left alone.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
