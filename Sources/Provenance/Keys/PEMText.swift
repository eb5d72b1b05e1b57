// SPDX-License-Identifier: Apache-2.0
// Finds the one key in a PEM file, among the text and the parameters that other tools write with it.

import JSONText
import SwiftASN1

/// The text of PEM files.
enum PEMText {
    /// What `openssl ecparam -genkey` writes in front of a key, which names its curve, too.
    private static let parameters = "EC PARAMETERS"

    /// Returns the only key of a file as a PEM document of its own.
    ///
    /// - Parameters:
    ///   - text: The file. Text outside of its documents is left out, as RFC 7468 has it.
    ///   - name: The name in errors.
    /// - Returns: The document, or the text as it is when it has none. The caller finds no key in
    ///   it then, and says so.
    /// - Throws: An `InputError` when there are several.
    static func key(in text: String, named name: String) throws -> String {
        guard let documents = try? PEMDocument.parseMultiple(pemString: text) else { return text }
        let keys = documents.filter { $0.discriminator != parameters }
        guard keys.count < 2 else {
            throw InputError(
                name, "holds \(keys.count) PEM documents where one key is expected",
                remedy: "leave one of them in the file")
        }
        return keys.first?.pemString ?? text
    }
}
