// SPDX-License-Identifier: Apache-2.0
// Scales: from values to coordinates in a chart, and the ticks along them.

import Foundation
import Records

/// A scale from values to coordinates.
struct Scale {
    enum Kind {
        case linear, logarithmic
        /// Logarithmic with zero on it: log(1 + value).
        case logarithmicFromZero
    }

    let kind: Kind
    let domain: ClosedRange<Double>
    let start: Double
    let end: Double

    func callAsFunction(_ value: Double) -> Double {
        let low = transformed(domain.lowerBound)
        let width = transformed(domain.upperBound) - low
        guard width > 0 else { return start }
        return start + (transformed(value) - low) / width * (end - start)
    }

    private func transformed(_ value: Double) -> Double {
        switch kind {
        case .linear: value
        case .logarithmic: log10(value)
        case .logarithmicFromZero: log1p(value)
        }
    }

    /// Returns a logarithmic scale over whole decades that hold all positive values; without any it
    /// runs from 1 to 10.
    static func decades(_ values: [Double], start: Double, end: Double) -> Scale {
        let values = values.filter { $0 > 0 && $0.isFinite }
        let low = floor(log10(values.min() ?? 1) + 1e-9)
        let high = max(low + 1, ceil(log10(values.max() ?? 10) - 1e-9))
        return Scale(
            kind: .logarithmic, domain: pow(10, low)...pow(10, high), start: start, end: end)
    }

    /// Returns the powers of ten on a logarithmic scale, thinned so that labels of this width fit.
    func decadeTicks(labelWidth: (Double) -> Double) -> [Double] {
        let low = Int(log10(domain.lowerBound).rounded())
        let high = Int(log10(domain.upperBound).rounded())
        let all = (low...high).map { pow(10, Double($0)) }
        let widest = all.map(labelWidth).max() ?? 0
        let spacing = abs(end - start) / Double(max(1, all.count - 1))
        let stride = max(1, Int(((widest + 8) / spacing).rounded(.up)))
        let thinned = all.enumerated().filter { $0.offset.isMultiple(of: stride) }.map(\.element)
        // An axis with one label has no scale.
        return thinned.count > 1 ? thinned : [all.first, all.last].compactMap(\.self)
    }
}

/// Picks from sorted places those that keep a distance. The first and the last are always included.
func spread(_ values: [Double], apart distance: Double, place: (Double) -> Double) -> [Double] {
    guard let first = values.first, let last = values.last, values.count > 1 else { return values }
    var kept = [first]
    for value in values.dropFirst().dropLast()
    where place(value) - place(kept[kept.count - 1]) >= distance
        && place(last) - place(value) >= distance
    {
        kept.append(value)
    }
    return kept + [last]
}

/// Returns the approximate width of a label in a font of 11 to 12 units.
func labelWidth(_ text: String) -> Double { Double(text.count) * 6.6 }
