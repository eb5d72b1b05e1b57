// SPDX-License-Identifier: Apache-2.0
// The parts of a suite that are kept apart: items to learn from, to choose on and to report.

public import Records

/// The three parts that keep fitting, choosing and reporting apart.
public struct Splits<Item: Sendable>: Sendable {
    /// The items from which hardening and attacks may learn.
    public let train: [Item]
    /// The items on which choices are made.
    public let validation: [Item]
    /// The items that are reported.
    public let test: [Item]

    /// Makes the three parts.
    ///
    /// - Parameters:
    ///   - train: The items from which hardening and attacks may learn.
    ///   - validation: The items on which choices are made.
    ///   - test: The items that are reported.
    public init(train: [Item], validation: [Item], test: [Item]) {
        self.train = train
        self.validation = validation
        self.test = test
    }

    /// The part with a name.
    public subscript(split: SuiteSplit) -> [Item] {
        switch split {
        case .train: train
        case .validation: validation
        case .test: test
        }
    }
}
