// SPDX-License-Identifier: Apache-2.0
// Errors about a file.

import Foundation
import JSONText

extension InputError {
    /// Makes an error about a file.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - problem: What is wrong with it.
    ///   - remedy: What the user can do about it.
    init(_ file: URL, _ problem: String, remedy: String) {
        self.init(file.path(percentEncoded: false), problem, remedy: remedy)
    }
}
