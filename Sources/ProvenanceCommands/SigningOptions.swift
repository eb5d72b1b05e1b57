// SPDX-License-Identifier: Apache-2.0
// The options of the commands that sign: a private key, its certificate and its password.

import ArgumentParser
import Checkpoints
import Foundation
import JSONText
import Provenance

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

    @Option(help: "The password of the key is the first line of this file.")
    var passwordFile: String?

    /// Reads the files.
    func signatory() throws -> Signatory {
        Signatory(
            key: try SigningKey(
                contentsOf: URL(fileURLWithPath: key), password: passwordFile.map(readPassword)),
            certificates: try certificate.map {
                try CertificateChain(contentsOf: URL(fileURLWithPath: $0))
            })
    }
}

/// Returns the first line of a file.
func readPassword(_ path: String) throws -> String {
    let remedy = "give a UTF-8 text whose first line is the password"
    let data = try SmallFile.read(URL(fileURLWithPath: path), atMost: 1 << 16, remedy: remedy)
    guard let line = String(validating: data, as: UTF8.self)?.prefix(while: { !$0.isNewline }),
        !line.isEmpty
    else { throw InputError(path, "has no password in its first line", remedy: remedy) }
    return String(line)
}
