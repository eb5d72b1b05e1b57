// SPDX-License-Identifier: Apache-2.0
// The memory limit of an audit, and the memory of the process.

internal import Foundation
internal import JSONText

/// The most memory that an audit may take. Batches of answers are chosen to fit. If the process
/// exceeds the limit anyway, the audit ends and keeps its measurements.
struct MemoryLimit: Sendable {
    /// The limit for the whole process, mapped checkpoints included, in bytes.
    let bytes: Int

    /// Throws an `InputError` when the process has exceeded the limit.
    func check() throws {
        guard let peak = Self.peak, peak > bytes else { return }
        throw InputError(
            "--memory",
            "the audit has taken \(peak >> 20) MiB, and \(bytes >> 20) MiB are allowed",
            remedy: "what is measured is kept: allow more, or leave out the adversary that was "
                + "running, or give it a smaller batchSize, and run the same command again")
    }

    /// The most memory that the process has held so far, in bytes; nil when that is not known.
    static var peak: Int? {
        var usage = rusage()
        #if os(Linux)
            let (isKnown, unit) = (
                getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0, 1_024
            )
        #else
            let (isKnown, unit) = (getrusage(RUSAGE_SELF, &usage) == 0, 1)
        #endif
        return isKnown ? usage.ru_maxrss * unit : nil
    }
}
