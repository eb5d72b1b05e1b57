// SPDX-License-Identifier: Apache-2.0
// Attributes, items and slices.

import JSONText

extension TemplateRenderer {
    /// `value.name`: an attribute or method, or else a mapping's value for the name.
    func attribute(
        _ name: String, of value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        if Self.methodNames(of: value).contains(name) { return .method(value, name) }
        switch value {
        case .undefined(let reason): throw position.error(reason)
        case .dictionary(let members):
            if let value = members[.string(name)] { return value }
        case .namespace(let namespace):
            if let member = namespace.members.first(where: { $0.key == name }) {
                return member.value
            }
        case .loop(let loop):
            if let value = try attribute(name, of: loop) { return value }
        default: break
        }
        return .undefined("'\(value.typeName) object' has no attribute '\(name)'")
    }

    private func attribute(
        _ name: String, of loop: RuntimeValue.Loop
    ) throws(InputError) -> RuntimeValue? {
        let (index, count) = (loop.index, loop.elements.count)
        switch name {
        case "index": return .integer(index + 1)
        case "index0": return .integer(index)
        case "revindex": return .integer(count - index)
        case "revindex0": return .integer(count - index - 1)
        case "first": return .boolean(index == 0)
        case "last": return .boolean(index == count - 1)
        case "length": return .integer(count)
        // Other depths exist only in recursive loops, which are not supported.
        case "depth": return .integer(1)
        case "depth0": return .integer(0)
        case "previtem":
            return index > 0 ? loop.elements[index - 1] : .undefined("there is no previous item")
        case "nextitem":
            return index + 1 < count
                ? loop.elements[index + 1] : .undefined("there is no next item")
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
            if index.isKey, let value = members[index] { return value }
        case .list(let values), .tuple(let values):
            if let place = index.integer {
                let offset = place < 0 ? place + values.count : place
                if values.indices.contains(offset) { return values[offset] }
            }
        case .string(let text):
            if let place = index.integer {
                try spend(text.utf8.count / 32, position)
                let scalars = text.unicodeScalars
                let offset = place < 0 ? place + scalars.count : place
                if offset >= 0,
                    let start = scalars.index(
                        scalars.startIndex, offsetBy: offset, limitedBy: scalars.endIndex),
                    start < scalars.endIndex
                {
                    return .string(String(Character(scalars[start])))
                }
            }
        default: break
        }
        if case .string(let name) = index { return try attribute(name, of: value, position) }
        return .undefined("\(value.typeName) object has no element \(index.representation)")
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
        case .string(let text):
            var scalars = String.UnicodeScalarView()
            scalars.append(contentsOf: picked(Array(text.unicodeScalars)))
            return .string(String(scalars))
        default: return .undefined("'\(value.typeName)' object cannot be sliced")
        }
    }

    /// Returns the indices of Python's `[start:stop:step]`, where the step is not 0.
    private static func indices(_ count: Int, _ start: Int?, _ stop: Int?, _ step: Int) -> [Int] {
        let (lowest, highest) = step > 0 ? (0, count) : (-1, count - 1)
        func bound(_ value: Int?, _ fallback: Int) -> Int {
            guard let value else { return fallback }
            // A bound far out of range must not overflow.
            let near = min(max(value, -count - 1), count + 1)
            return min(max(near < 0 ? near + count : near, lowest), highest)
        }
        let first = bound(start, step > 0 ? lowest : highest)
        let last = bound(stop, step > 0 ? highest : lowest)
        let stride = step > 0 ? min(step, count + 1) : max(step, -count - 1)
        return Array(Swift.stride(from: first, to: last, by: stride))
    }
}
