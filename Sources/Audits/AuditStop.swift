// SPDX-License-Identifier: Apache-2.0
// The errors that end an audit while an attack is running.

/// An error that ends the whole audit and passes through an attack: the store cannot be written,
/// the memory limit is exceeded, or the user has stopped the audit.
///
/// Any other error of an attack is the reason of one failed cell.
struct AuditStop: Error {
    /// The error that the audit throws.
    let cause: any Error

    /// Runs work that must not fail on behalf of an attack.
    ///
    /// - Parameter work: A call of the store or of the audit's listener.
    /// - Throws: ``AuditStop`` with the error of `work`.
    static func wrapping(_ work: () throws -> Void) throws {
        do {
            try work()
        } catch {
            throw AuditStop(cause: error)
        }
    }
}
