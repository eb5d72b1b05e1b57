// SPDX-License-Identifier: Apache-2.0
// The options of the commands that sign: a private key, its certificate and its password.

import ArgumentParser
import Foundation
import JSONText
import Provenance

/// Throws unless every path can be left out: a plain one within the model, as the format has it.
func checkIgnoredPaths(_ paths: [String]) throws {
    guard let path = paths.first(where: { !ModelSignature.canIgnore($0) }) else { return }
    throw ValidationError(
        "--ignore-paths \(path.onOneLine()): give a path within the model, with / between its "
            + "parts, without * ? [ and without parts that are empty, . or ..")
}

/// The signer.
struct SigningOptions: ParsableArguments {
    @Option(help: "The private key, in PEM, that 'temper keygen' or openssl made.")
    var key: String

    @Option(
        help: """
            The certificate of the key, and those above it but for the root, in one PEM file. \
            Without it, verifiers need the public key.
            """)
    var certificate: String?

    @Option(
        help: """
            The password of the key is the first line of this file or pipe, such as /dev/fd/3; - is \
            standard input.
            """)
    var passwordFile: String?

    /// Reads the files.
    func signatory() throws -> Signatory {
        warnIfReadByOthers(key)
        return Signatory(
            key: try SigningKey(
                contentsOf: URL(fileURLWithPath: key), password: passwordFile.map(readPassword)),
            certificates: try certificate.map {
                try CertificateChain(contentsOf: URL(fileURLWithPath: $0))
            })
    }
}
