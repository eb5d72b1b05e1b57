// SPDX-License-Identifier: Apache-2.0
// What holds of the parameters of every attack and every defense, whatever they are.

import Foundation
import JSONText
package import Records

/// Looks for parameters that are neither read back nor refused by their name.
///
/// Each parameter is changed on its own: a number up and down, a choice to each other one, a list
/// to a shorter one and to another order.
/// - Parameters:
///   - type: An attack or a defense.
///   - kind: Its name.
/// - Returns: What is wrong, a line for each; empty if nothing is.
/// - Throws: What reading the defaults throws.
package func parameterProblems<Value: Configurable>(
    of type: Value.Type, kind: String
) throws -> [String] {
    func read(_ values: [String: ParameterValue]) throws -> Value {
        try type.configured(by: values, place: kind, kind: kind)
    }
    let defaults = try read([:])
    let values = try parameterValues(of: defaults)
    var problems: [String] = []
    if try read(values) != defaults { problems.append("the defaults are not read back") }
    for leaf in leaves(of: values, in: defaults, at: []) {
        let name = leaf.path.joined(separator: ".")
        var isRead = false
        for other in try leaf.others() {
            let wanted = values.setting(other, at: leaf.path[...])
            do {
                let found = try parameterValues(of: read(wanted))
                isRead = true
                if !isClose(.object(found), .object(wanted)) {
                    problems.append("\(name): \(other) is not read back")
                }
            } catch let error as InputError {
                if !error.description.contains(leaf.path.last ?? "") {
                    problems.append("\(name): \(other) is refused without its name: \(error)")
                }
            }
        }
        if !isRead, leaf.value.number != nil || leaf.value.bool != nil {
            problems.append("\(name): no value but the default is taken")
        }
    }
    return problems
}

/// The parameters with some replaced by their names, wherever these stand: what makes an attack or
/// a defense small enough for a tiny model.
/// - Parameters:
///   - values: The parameters.
///   - small: Values by the last part of a parameter's name.
/// - Returns: The parameters.
package func replacing(
    _ values: [String: ParameterValue], by small: [String: ParameterValue]
) -> [String: ParameterValue] {
    func replaced(_ value: ParameterValue) -> ParameterValue {
        switch value {
        case .object(let fields): .object(replacing(fields, by: small))
        case .list(let items): .list(items.map { replaced($0) })
        case .number, .string, .bool: value
        }
    }
    var result = values
    for (name, value) in values {
        result[name] = small[name] ?? replaced(value)
    }
    return result
}

/// A parameter that is no group of parameters.
private struct Leaf {
    let path: [String]
    let value: ParameterValue
    /// The same as the configuration holds it, where reflection finds it.
    let reflected: Any?

    /// Other values that it could have.
    func others() throws -> [ParameterValue] {
        switch value {
        case .number(let number):
            let isWhole = number == number.rounded()
            return isWhole
                ? [.number(number + 1), .number(number - 1)]
                : [.number(number * 1.25), .number(number * 0.5)]
        case .bool(let isSet):
            return [.bool(!isSet)]
        case .string(let text):
            guard let choice = reflected as? any CaseIterable & Encodable else {
                return [.string(text + "x")]
            }
            return try allCases(like: choice).filter { $0 != value }
        case .list(let items):
            let lists: [[ParameterValue]] = [Array(items.dropLast()), items.reversed()]
            return lists.filter { $0 != items }.map { .list($0) }
        case .object:
            return []
        }
    }
}

private func allCases<Choice: CaseIterable & Encodable>(
    like choice: Choice
) throws -> [ParameterValue] {
    let data = try JSONEncoder().encode(Array(Choice.allCases))
    return try JSONDecoder().decode([ParameterValue].self, from: data)
}

private func leaves(
    of values: [String: ParameterValue], in owner: Any, at path: [String]
) -> [Leaf] {
    var children: [String: Any] = [:]
    for child in Mirror(reflecting: owner).children {
        if let label = child.label { children[label] = child.value }
    }
    var found: [Leaf] = []
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
        let path = path + [name]
        if case .object(let fields) = value {
            found += leaves(of: fields, in: children[name] ?? owner, at: path)
        } else {
            found.append(Leaf(path: path, value: value, reflected: children[name]))
        }
    }
    return found
}

extension [String: ParameterValue] {
    fileprivate func setting(
        _ value: ParameterValue, at path: ArraySlice<String>
    ) -> [String: ParameterValue] {
        guard let name = path.first else { return self }
        var result = self
        if path.count == 1 {
            result[name] = value
        } else {
            let fields = self[name]?.object ?? [:]
            result[name] = .object(fields.setting(value, at: path.dropFirst()))
        }
        return result
    }
}

/// Whether two values are the same but for the rounding of numbers to single precision.
private func isClose(_ first: ParameterValue, _ second: ParameterValue) -> Bool {
    switch (first, second) {
    case (.number(let one), .number(let other)):
        return abs(one - other) <= 1e-6 * max(abs(one), abs(other))
    case (.list(let one), .list(let other)):
        return one.count == other.count && zip(one, other).allSatisfy { isClose($0, $1) }
    case (.object(let one), .object(let other)):
        return Set(one.keys) == Set(other.keys)
            && one.allSatisfy { name, value in
                other[name].map { isClose(value, $0) } ?? false
            }
    default:
        return first == second
    }
}
