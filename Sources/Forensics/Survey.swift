// SPDX-License-Identifier: Apache-2.0
// Inspects many derivatives of one base, one after the other.

package import Checkpoints
package import Foundation
import JSONText
package import Records

/// Asks models for what inspections compare beside weights.
package struct InspectedModels {
    /// The suite's name in verdicts.
    let suite: String
    /// Returns candidates for a refusal direction of the base.
    let directions: () throws -> [ResidualDirection]
    /// Returns whether a model refuses each restricted prompt; nil asks the base.
    let refusals: (URL?) throws -> [Bool]

    package init(
        suite: String, directions: @escaping () throws -> [ResidualDirection],
        refusals: @escaping (URL?) throws -> [Bool]
    ) {
        self.suite = suite
        self.directions = directions
        self.refusals = refusals
    }
}

extension Inspector {
    /// Inspects weights, and behaviour where models are given.
    ///
    /// - Parameters:
    ///   - url: The derived checkpoint, for ``InspectedModels/refusals``.
    ///   - models: Asks the models; nil leaves behaviour out.
    ///   - progress: Called before each block of rows. An error that it throws ends the inspection.
    /// - Returns: The verdict and its evidence.
    /// - Throws: Errors of the inspection and of the models.
    package func inspect(
        at url: URL, asking models: InspectedModels?,
        progress: (Progress) throws -> Void = { _ in }
    ) throws -> Inspection {
        var inspection = try inspect(refusalDirections: models?.directions, progress: progress)
        guard let models else { return inspection }
        inspection.behaviour = try SafeguardRules.behaviour(
            base: models.refusals(nil), derived: models.refusals(url), inspection: inspection,
            suite: models.suite)
        return inspection
    }
}

/// Inspects many derivatives. One that cannot be inspected becomes a line with the reason.
///
/// - Parameters:
///   - base: The base of all of them.
///   - derivatives: Their names and places.
///   - third: The presumed other parent of merges.
///   - models: Asks the models; nil leaves behaviour out.
///   - progress: Called before each block of rows, with the index of the derivative. An error that
///     it throws ends the survey.
/// - Returns: The lines in the order of the derivatives.
/// - Throws: The errors of `progress`, and of asking the base.
package func survey(
    of base: Checkpoint, derivatives: [(name: String, url: () throws -> URL)],
    third: Checkpoint? = nil, asking models: InspectedModels? = nil,
    progress: (Int, Inspector.Progress) throws -> Void = { _, _ in }
) throws -> InspectionSurvey {
    // What is wrong with the base is no fault of each derivative.
    _ = try models?.refusals(nil)
    let rows = try derivatives.enumerated().map { index, derivative in
        var stop: (any Error)?
        do {
            let url = try derivative.url()
            let inspection = try Inspector(base: base, derivedAt: url, third: third).inspect(
                at: url, asking: models
            ) { event in
                do { try progress(index, event) } catch {
                    stop = error
                    throw error
                }
            }
            return InspectionSurvey.Row(derived: derivative.name, inspection: inspection)
        } catch {
            if let stop { throw stop }
            return InspectionSurvey.Row(
                derived: derivative.name,
                failure: String(describing: error).onOneLine())
        }
    }
    return InspectionSurvey(base: base.url.path(percentEncoded: false), rows: rows)
}
