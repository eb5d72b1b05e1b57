// SPDX-License-Identifier: Apache-2.0
// A suite's manifest.json.

internal import JSONText
public import Records

extension Suite {
    /// The content of `manifest.json`.
    public struct Manifest: Decodable, Sendable {
        /// The version of the suite format that this library reads.
        public static let readableSchemaVersion = 1

        /// The version of the suite format.
        public let schemaVersion: Int
        /// The suite's name.
        public let name: String
        /// The suite's version.
        public let version: String
        /// The safeguard.
        public let safeguard: Safeguard
        /// The number of lines of each file, so that a truncated file is detected.
        public let files: [String: Int]
        /// When the safeguard counts as broken.
        public let thresholds: Thresholds
        /// The source of the threshold of a knowledge restriction.
        public let knowledge: KnowledgeLevels?
        /// Lower-case phrases by which an answer is recognised as a refusal.
        public let refusalMarkers: [String]
        /// System prompts for override attacks, in the order in which they are tried.
        public let systemPrompts: [String]
        /// The suite from which missing parts are taken: a folder beside this one, or a name.
        let base: String?
        /// Files that a user brings, by role: `restricted`, `benign`, `lookalike`, `capability`.
        let data: [String: DataFiles]?
        /// The most items of a role that are taken from such files, for each split.
        let limits: [String: Int]?

        /// Throws for values that contradict each other or are out of range.
        ///
        /// - Parameter failure: Makes the error from a problem and a remedy.
        /// - Throws: The error that `failure` makes.
        func check(_ failure: (_ problem: String, _ remedy: String) -> InputError) throws {
            if schemaVersion != Self.readableSchemaVersion {
                throw failure(
                    "schemaVersion is \(schemaVersion); this Temper reads "
                        + "\(Self.readableSchemaVersion)", "use a Temper of the suite's age")
            }
            for (name, list) in [
                ("refusalMarkers", refusalMarkers), ("systemPrompts", systemPrompts),
            ] where list.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) {
                throw failure("\"\(name)\" is empty", "list at least one")
            }
            for role in (data ?? [:]).keys.sorted() + (limits ?? [:]).keys.sorted()
            where !DataFiles.roles.contains(role) {
                throw failure(
                    "there is no role \"\(role)\" for data",
                    "there are: " + DataFiles.roles.joined(separator: ", "))
            }
            for (role, limit) in limits ?? [:] where limit < 1 {
                throw failure("limits.\(role) is \(limit)", "it must be at least 1")
            }
            for (name, value) in [
                ("safeguard", thresholds.safeguard), ("utilityLoss", thresholds.utilityLoss),
                ("coherence", thresholds.coherence),
            ] where !(0...1).contains(value) {
                throw failure("thresholds.\(name) is \(value)", "it is a share from 0 to 1")
            }
            if safeguard == .knowledgeRestriction {
                guard let knowledge else {
                    throw failure(
                        "the field \"knowledge\" is missing",
                        "a knowledge restriction states chance, taught and recovered there")
                }
                try knowledge.check(against: thresholds, failure)
            }
        }
    }
}
