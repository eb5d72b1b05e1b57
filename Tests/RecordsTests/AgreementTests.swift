// SPDX-License-Identifier: Apache-2.0
// Numbers that were measured again: exactly the same, within the interval, or neither.

import Testing

@testable import Records

@Suite struct AgreementTests {
    private let outcome = RecordFixture.record().outcomes[1]

    @Test("a cell that was run again agrees exactly, whatever the clock says")
    func exact() {
        let cell = RecordFixture.cell("a", seed: 1, brokenAt: 16)
        var again = cell
        for point in again.trace.indices { again.trace[point].cost.deviceSeconds += 1 }
        let agreements = Agreement.cells(cell, now: again, outcome: nil)
        #expect(agreements.allSatisfy { $0.verdict == .exact })
        // Four points of three measures, and the steps and dollars to break.
        #expect(agreements.count == 14)
        #expect(agreements.count { $0.step == nil } == 5)
    }

    @Test("a share within its interval agrees, one beyond it does not")
    func shares() {
        let recorded = [MeasuredValue.share(MeasureName.refusal, 24, of: 48, split: .test)]
        for (count, verdict) in [
            (24, Agreement.Verdict.exact), (27, .within), (18, .within), (40, .disagrees),
            (2, .disagrees),
        ] {
            let now = [MeasuredValue.share(MeasureName.refusal, count, of: 48, split: .test)]
            let found = Agreement.measurements(recorded, now: now, subject: "untampered")
            #expect(found.map(\.verdict) == [verdict], "\(count)")
        }
        let missing = Agreement.measurements(recorded, now: [], subject: "untampered")
        #expect(missing.map(\.verdict) == [.disagrees])
    }

    @Test("a last bit is rounding even where the interval has no width; a cost has no last bit")
    func rounding() {
        let zeros = MeasuredValue.mean(
            MeasureName.divergence, of: [0, 0, 0], unit: .nats, split: .test)
        for (value, verdict) in [
            (0, Agreement.Verdict.exact), (2.5e-9, .rounding), (1e-3, .disagrees),
        ] {
            var now = zeros
            now.value = value
            let found = Agreement.measurements([zeros], now: [now], subject: "untampered")
            #expect(found.map(\.verdict) == [verdict])
        }
        let cell = RecordFixture.cell("a", seed: 1, brokenAt: 16)
        var again = cell
        if case .broken(var cost, let step) = cell.broken {
            cost.dollars += 1e-9
            again.broken = .broken(at: cost, step: step)
        }
        let dollars = Agreement.cells(cell, now: again, outcome: nil)
            .first { $0.number == "dollars to break" }
        #expect(dollars?.verdict == .disagrees)
    }

    @Test("a cost agrees within the interval over seeds, and without one only exactly")
    func costs() throws {
        let cell = RecordFixture.cell("a", seed: 1, brokenAt: 16)
        func steps(_ now: CellRecord, _ outcome: AdversaryOutcome?) throws -> Agreement.Verdict {
            let found = Agreement.cells(cell, now: now, outcome: outcome)
            return try #require(found.first { $0.number == "steps to break" }).verdict
        }
        // The interval of the fixture's three seeds reaches from 8 steps to "never broken".
        #expect(try #require(outcome.steps).lower == 8)
        let earlier = RecordFixture.cell("a", seed: 1, brokenAt: 8)
        let never = RecordFixture.cell("a", seed: 1, brokenAt: nil)
        #expect(try steps(earlier, outcome) == .within)
        #expect(try steps(never, outcome) == .within)
        #expect(try steps(earlier, nil) == .disagrees)
        #expect(try steps(never, nil) == .disagrees)
    }
}
