// SPDX-License-Identifier: Apache-2.0
// The options of the commands that sign: a private key, its certificate and its password.

import ArgumentParser
import Foundation
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
