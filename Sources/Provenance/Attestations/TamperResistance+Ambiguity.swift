// SPDX-License-Identifier: Apache-2.0
// Finds what two readers of a predicate could count or take in two ways.

import Records

extension TamperResistance {
    /// The first statement that is not made once and in one way.
    var ambiguity: (place: String, problem: String)? {
        var lists = [("seeds", seeds)]
        for adversary in adversaries {
            lists.append(("adversary \"\(adversary.name)\"'s seeds", adversary.seeds))
            lists.append(("adversary \"\(adversary.name)\"'s failedSeeds", adversary.failedSeeds))
        }
        for (place, seeds) in lists {
            // "1" and "01" are one seed.
            if let seed = seeds.first(where: { UInt64($0).map(String.init) != $0 }) {
                return (place, "has \"\(seed)\", which is not how a seed is written")
            }
            if Set(seeds).count != seeds.count { return (place, "names a seed twice") }
        }
        return safetyTax.flatMap(ambiguity)
    }

    /// The safety tax must be the difference of two numbers that the predicate states once each.
    private func ambiguity(of tax: SafetyTax) -> (place: String, problem: String)? {
        for (place, measures, value) in [
            ("utility's untampered", utility.untampered, tax.untampered),
            ("utility's original", utility.original ?? [], tax.original),
        ] {
            let stated = measures.filter { $0.metric == tax.metric }
            guard Set(stated.map(\.split)).count == stated.count else {
                return (place, "states \(tax.metric) twice")
            }
            guard stated.contains(where: { $0.value == value }) else {
                return ("safetyTax", "has a \(tax.metric) that \(place) does not state")
            }
        }
        let loss = tax.original.value - tax.untampered.value
        guard abs(tax.loss.value - loss) <= 1e-9, tax.interval.lower.value <= tax.loss.value,
            tax.loss.value <= tax.interval.upper.value
        else { return ("safetyTax", "has a loss that is not the difference of its numbers") }
        return nil
    }
}
