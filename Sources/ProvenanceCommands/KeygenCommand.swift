// SPDX-License-Identifier: Apache-2.0
// `temper keygen`: makes a pair of keys.

public import ArgumentParser
import Foundation
public import Provenance

/// Makes a pair of keys.
package struct KeygenCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a key to sign models with.",
        discussion: """
            The private key is written so that only its owner may read it; the public key, for \
            those who verify, beside it: K.pub.pem for K.pem. Nothing is overwritten.
            """)

    @Option(help: "The file of the private key.")
    var out: String

    @Option(help: "The elliptic curve.")
    var curve: Curve = .p256

    @Option(
        help: """
            Encrypt the key with the password in the first line of this file or pipe, such as \
            /dev/fd/3; - is standard input.
            """)
    var passwordFile: String?

    package init() {}

    package func run() throws {
        let file = URL(fileURLWithPath: out)
        let key = SigningKey.generate(curve)
        let password = try passwordFile.map(readPassword)
        let publicFile = try KeyFile.write(key, to: file, password: password)
        print("private key\t\(out)")
        print("public key\t\(publicFile.path)")
        print("hint\t\(key.publicKey.hint)")
    }
}

extension Curve: ExpressibleByArgument {}
