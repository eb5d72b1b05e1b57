// SPDX-License-Identifier: Apache-2.0
// The events of an audit.

public import Records

/// The events of an audit, in the order in which they happen.
public enum AuditEvent: Sendable {
    /// The cells that will be measured, on the model under audit or on the undefended original.
    case planned([CellJob], isUndefended: Bool)
    /// The control, or the model before hardening, is being measured.
    case measuring(String)
    /// A cell begins. `stored` points of it are on disk already.
    case started(CellJob, steps: Int, stored: Int)
    /// A cell has reached a step of its attack.
    case advanced(CellJob, step: Int, note: String)
    /// A trace point is on disk.
    case point(CellJob, TracePoint)
    /// A cell is finished and on disk.
    case finished(CellJob, CellRecord)
    /// The audit is done.
    case record(AuditRecord)
}
