// SPDX-License-Identifier: Apache-2.0
// The methods of lists, mappings, numbers, loops and cyclers, and those of all values by name.

import JSONText

extension TemplateRenderer {
    private static let mappingMethods: [String: Signature] = [
        "items": "", "keys": "", "values": "", "get": "KEY DEFAULT?", "copy": "",
    ]
    private static let listMethods: [String: Signature] = [
        "index": "VALUE START? END?", "count": "VALUE", "copy": "",
    ]
    private static let tupleMethods = listMethods.filter { $0.key != "copy" }
    private static let loopMethods: [String: Signature] = ["cycle": "*", "changed": "*"]
    private static let cyclerMethods: [String: Signature] = ["next": "", "reset": ""]
    private static let integerMethods: [String: Signature] = ["bit_length": ""]
    private static let numberMethods: [String: Signature] = ["is_integer": ""]

    /// Returns the methods that a value has.
    static func methods(of value: RuntimeValue) -> [String: Signature] {
        switch value {
        case .string, .markup: textMethods
        case .dictionary: mappingMethods
        case .list: listMethods
        case .tuple, .range: tupleMethods
        case .loop: loopMethods
        case .cycler: cyclerMethods
        case .integer, .boolean: integerMethods
        case .number: numberMethods
        case .function("dict"): ["fromkeys": "KEYS VALUE?"]
        default: [:]
        }
    }

    /// Calls a method of a value.
    func call(
        _ arguments: BoundArguments, on value: RuntimeValue
    ) throws(InputError) -> RuntimeValue {
        switch value {
        case .string(let text): return try call(arguments, on: text, isMarkup: false)
        case .markup(let text): return try call(arguments, on: text, isMarkup: true)
        case .dictionary(let members): return try call(arguments, on: members)
        case .list, .tuple, .range:
            return try call(arguments, on: value.elements ?? RuntimeList([]))
        case .loop(let loop): return try call(arguments, on: loop)
        case .cycler(let cycler):
            guard arguments.function == "next" else {
                cycler.index = 0
                return .none
            }
            defer { cycler.index = (cycler.index + 1) % cycler.values.count }
            return cycler.values[cycler.index]
        case .number(let number): return .boolean(number.isFinite && number.rounded() == number)
        case .function:
            let keys = try elements(of: arguments[0] ?? .none, arguments.position)
            let value = arguments[1] ?? .none
            let pairs = keys.map { RuntimeValue.tuple(of: [$0, value]) }
            let dictionary = CallArguments(positional: [.list(of: pairs)])
            return try call(.function("dict"), dictionary, arguments.position)
        default:
            let magnitude = (value.integer ?? 0).magnitude
            return .integer(magnitude.bitWidth - magnitude.leadingZeroBitCount)
        }
    }

    private func call(
        _ arguments: BoundArguments, on members: RuntimeDictionary
    ) throws(InputError) -> RuntimeValue {
        switch arguments.function {
        case "items":
            let items = members.map { RuntimeValue.tuple(of: [$0.key, $0.value]) }
            return .view("dict_items", RuntimeList(items))
        case "keys": return .view("dict_keys", RuntimeList(members.map(\.key)))
        case "values": return .view("dict_values", RuntimeList(members.map(\.value)))
        case "copy": return .dictionary(members)
        default:
            let key = arguments[0] ?? .none
            guard key.isHashable else {
                throw arguments.position.error("unhashable type: '\(key.typeName)'")
            }
            return members[key] ?? arguments[1] ?? .none
        }
    }

    private func call(
        _ arguments: BoundArguments, on values: RuntimeList
    ) throws(InputError) -> RuntimeValue {
        let value = arguments[0] ?? .none
        switch arguments.function {
        case "copy": return .list(values)
        case "count": return .integer(values.count { $0.equals(value) })
        default:
            let bounds = [
                try arguments.integer(1, default: 0),
                try arguments.integer(2, default: values.count),
            ]
            let indices = Self.indices(values.count, bounds[0], bounds[1], 1)
            guard let index = indices.first(where: { values[$0].equals(value) }) else {
                let text = try representation(of: value, arguments.position)
                throw arguments.position.error("\(text) is not in list")
            }
            return .integer(index)
        }
    }

    private func call(
        _ arguments: BoundArguments, on loop: RuntimeLoop
    ) throws(InputError) -> RuntimeValue {
        let values = RuntimeList(arguments.rest.positional)
        guard arguments.rest.named.isEmpty else {
            throw arguments.position.error("\(arguments.function)() takes no names")
        }
        if arguments.function == "changed" {
            let isSame = loop.lastChanged.map { RuntimeValue.list($0).equals(.list(values)) }
            remember(values, in: loop)
            return .boolean(!(isSame ?? false))
        }
        guard !values.isEmpty else { throw arguments.position.error("no items for cycling") }
        return values[max(loop.index, 0) % values.count]
    }
}
