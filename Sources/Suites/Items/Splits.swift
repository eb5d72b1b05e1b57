// SPDX-License-Identifier: Apache-2.0
// What a suite keeps apart: the items to learn from, to choose on and to report.

public import Records

/// The three parts that keep fitting, choosing and reporting apart.
public struct Splits<Item: Sendable>: Sendable {
    /// What hardening and attacks may learn from.
    public let train: [Item]
    /// What choices are made on.
    public let validation: [Item]
    /// What is reported.
    public let test: [Item]

    /// Makes the three parts.
    ///
    /// - Parameters:
    ///   - train: What hardening and attacks may learn from.
    ///   - validation: What choices are made on.
    ///   - test: What is reported.
    public init(train: [Item], validation: [Item], test: [Item]) {
        self.train = train
        self.validation = validation
        self.test = test
    }

    /// The part of a name.
    public subscript(split: SuiteSplit) -> [Item] {
        switch split {
        case .train: train
        case .validation: validation
        case .test: test
        }
    }
}
