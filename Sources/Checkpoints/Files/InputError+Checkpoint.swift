// SPDX-License-Identifier: Apache-2.0
// Errors about a checkpoint's files.

import Foundation
package import JSONText

extension InputError {
    /// The remedy for most faults in a file.
    package static let damaged = "the file is damaged or faulty: download or export it again"

    /// Makes an error about a checkpoint's file or directory.
    ///
    /// - Parameters:
    ///   - file: The file or directory.
    ///   - position: A tensor, a key or a byte offset; nil for the file as a whole.
    ///   - problem: What is wrong.
    ///   - remedy: What the user can do about it.
    ///   - systemError: The value of `errno`, if a system call failed.
    init(
        _ file: URL, _ position: String? = nil, _ problem: String,
        remedy: String = InputError.damaged, systemError: Int32? = nil
    ) {
        self.init(
            file: file.path(percentEncoded: false), position: position ?? "", problem,
            remedy: remedy, systemError: systemError)
    }

    /// Makes an error about a failed system call, in the operating system's own words.
    ///
    /// - Parameters:
    ///   - file: The file or directory.
    ///   - action: What failed, such as `open it`.
    ///   - code: The value of `errno`.
    ///   - remedy: What the user can do about it.
    init(_ file: URL, failedTo action: String, errno code: Int32, remedy: String) {
        self.init(
            file, nil, "cannot \(action): \(String(cString: strerror(code)))", remedy: remedy,
            systemError: code)
    }
}
