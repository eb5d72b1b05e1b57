// SPDX-License-Identifier: Apache-2.0
// Attributes, items and slices.

import JSONText

extension TemplateRenderer {
    /// `value.name`: an attribute or method, or else a mapping's value for the name.
    func attribute(
        _ name: String, of value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        if Self.methods(of: value)[name] != nil { return .method(value, name) }
        var found: RuntimeValue?
        switch value {
        case .undefined(let reason): throw position.error(reason)
        case .dictionary(let members): found = members[.string(name)]
        case .namespace(let namespace): found = namespace.members[.string(name)]
        case .loop(let loop): found = try attribute(name, of: loop)
        case .macro(let macro): found = attribute(name, of: macro.definition)
        case .cycler(let cycler):
            found = name == "current" ? cycler.values[cycler.index] : nil
        default: break
        }
        return found ?? .undefined("'\(value.typeName) object' has no attribute '\(name)'")
    }

    private func attribute(
        _ name: String, of loop: RuntimeLoop
    ) throws(InputError) -> RuntimeValue? {
        let index = loop.index
        switch name {
        case "index": return .integer(index + 1)
        case "index0": return .integer(index)
        case "revindex": return .integer(try loop.count() - index)
        case "revindex0": return .integer(try loop.count() - index - 1)
        case "first": return .boolean(index == 0)
        case "last": return .boolean(try loop.peek() == nil)
        case "length": return .integer(try loop.count())
        case "depth": return .integer(loop.level + 1)
        case "depth0": return .integer(loop.level)
        case "previtem": return loop.previous ?? .undefined("there is no previous item")
        case "nextitem": return try loop.peek() ?? .undefined("there is no next item")
        default: return nil
        }
    }

    /// `value[index]`: an item, or else the attribute with that name.
    func item(
        _ index: RuntimeValue, of value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        switch value {
        case .undefined(let reason): throw position.error(reason)
        case .dictionary(let members):
            try spend(members.count / 8 + index.weight, position)
            if index.isHashable, let value = members[index] { return value }
        case .list, .tuple, .range:
            if let place = index.integer, let values = value.elements {
                let offset = place < 0 ? place + values.count : place
                if values.indices.contains(offset) { return values[offset] }
            }
        case .string(let text), .markup(let text):
            if let place = index.integer {
                try spend(text.utf8.count / 32, position)
                let scalars = text.unicodeScalars
                let offset = place < 0 ? place + scalars.count : place
                if offset >= 0,
                    let start = scalars.index(
                        scalars.startIndex, offsetBy: offset, limitedBy: scalars.endIndex),
                    start < scalars.endIndex
                {
                    return .text(String(Character(scalars[start])), isMarkup: value.isMarkup)
                }
            }
        default: break
        }
        if let name = index.string { return try attribute(name, of: value, position) }
        return .undefined("'\(value.typeName) object' has no such element")
    }

    /// `value[start:stop:step]`
    func slice(
        _ value: RuntimeValue, _ bounds: [Int?], _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        try spend(value.weight, position)
        let step = bounds.count > 2 ? bounds[2] ?? 1 : 1
        guard step != 0 else { throw position.error("slice step cannot be zero") }
        func picked<Element>(_ elements: [Element]) -> [Element] {
            Self.indices(elements.count, bounds[0], bounds[1], step).map { elements[$0] }
        }
        switch value {
        case .undefined(let reason): throw position.error(reason)
        case .list(let values): return .list(of: picked(values.elements))
        case .tuple(let values): return .tuple(of: picked(values.elements))
        case .range(let range):
            let limits = Self.bounds(range.values.count, bounds[0], bounds[1], step)
            let (stride, overflows) = range.step.multipliedReportingOverflow(by: step)
            guard !overflows else { throw position.error("a whole number beyond 64 bits") }
            return .range(
                RuntimeRange(
                    from: range.first &+ limits.first &* range.step,
                    to: range.first &+ limits.last &* range.step, by: stride,
                    count: Self.indices(range.values.count, bounds[0], bounds[1], step).count))
        case .string(let text), .markup(let text):
            var scalars = String.UnicodeScalarView()
            scalars.append(contentsOf: picked(Array(text.unicodeScalars)))
            return .text(String(scalars), isMarkup: value.isMarkup)
        default: throw position.error("'\(value.typeName)' object is not subscriptable")
        }
    }

    /// Returns the indices of Python's `[start:stop:step]`, where the step is not 0.
    static func indices(_ count: Int, _ start: Int?, _ stop: Int?, _ step: Int) -> [Int] {
        let (first, last) = bounds(count, start, stop, step)
        // A stride far out of range must not overflow.
        let stride = step > 0 ? min(step, count + 1) : max(step, -count - 1)
        return Array(Swift.stride(from: first, to: last, by: stride))
    }

    /// Returns the first index of a slice and the one behind the last.
    private static func bounds(
        _ count: Int, _ start: Int?, _ stop: Int?, _ step: Int
    ) -> (first: Int, last: Int) {
        let (lowest, highest) = step > 0 ? (0, count) : (-1, count - 1)
        func bound(_ value: Int?, _ fallback: Int) -> Int {
            guard let value else { return fallback }
            let near = min(max(value, -count - 1), count + 1)
            return min(max(near < 0 ? near + count : near, lowest), highest)
        }
        return (
            bound(start, step > 0 ? lowest : highest), bound(stop, step > 0 ? highest : lowest)
        )
    }
}
