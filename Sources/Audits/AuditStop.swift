// SPDX-License-Identifier: Apache-2.0
// What ends an audit while an attack is running.

/// An error that ends the whole audit and passes through an attack on its way: the store cannot be
/// written, the memory limit is exceeded, or the user has stopped the audit.
///
/// Whatever else an attack throws is the reason of one failed cell.
struct AuditStop: Error {
    /// What the audit throws.
    let cause: any Error

    /// Does what must not fail, on behalf of an attack.
    ///
    /// - Parameter work: A call of the store or of the audit's listener.
    /// - Throws: ``AuditStop`` with what `work` throws.
    static func wrapping(_ work: () throws -> Void) throws {
        do {
            try work()
        } catch {
            throw AuditStop(cause: error)
        }
    }
}
