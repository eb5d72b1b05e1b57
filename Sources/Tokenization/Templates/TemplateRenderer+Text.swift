// SPDX-License-Identifier: Apache-2.0
// Values as text: as Python prints them, and as JSON.

import JSONText

extension TemplateRenderer {
    /// Returns Python's `str()` of a value.
    func text(
        of value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> String {
        switch value {
        case .undefined: ""
        case .string(let text), .markup(let text): text
        default: try representation(of: value, position)
        }
    }

    /// Returns Python's `repr()` of a value.
    func representation(
        of value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> String {
        var text = ""
        try append(value, to: &text, position)
        return text
    }

    private func append(
        _ value: RuntimeValue, to text: inout String, _ position: TemplatePosition
    ) throws(InputError) {
        try checkLength(text.utf8.count, work: 0, position)
        switch value {
        case .undefined: text += "Undefined"
        case .none: text += "None"
        case .boolean(let value): text += value ? "True" : "False"
        case .integer(let value): text += String(value)
        case .number(let value): text += PythonNumber.text(of: value)
        case .string(let value):
            try spend(value.utf8.count / 8, position)
            text += PythonText.quoted(value)
        case .markup(let value):
            try spend(value.utf8.count / 8, position)
            text += "Markup(\(PythonText.quoted(value)))"
        case .list(let values): try append(values, "[", "]", to: &text, position)
        case .tuple(let values):
            try append(values, "(", values.count == 1 ? ",)" : ")", to: &text, position)
        case .range(let range):
            text += "range(\(range.first), \(range.end)"
            text += range.step == 1 ? ")" : ", \(range.step))"
        case .view(let name, let values): try append(values, "\(name)([", "])", to: &text, position)
        case .dictionary(let members): try append(members, to: &text, position)
        case .namespace(let namespace):
            text += "<Namespace "
            if namespace.isPrinting {
                text += "{...}"
            } else {
                namespace.isPrinting = true
                defer { namespace.isPrinting = false }
                try append(namespace.members, to: &text, position)
            }
            text += ">"
        case .loop(let loop):
            text += "<LoopContext \(loop.index + 1)/\(try loop.count())>"
        case .macro(let macro):
            text += "<Macro \(macro.definition.name.map(PythonText.quoted) ?? "anonymous")>"
        case .iterator(let iterator):
            // Python prints where the object is in memory.
            text += "<\(iterator.label) at 0x000000000000>"
        default: text += "<\(value.typeName)>"
        }
    }

    private func append(
        _ values: RuntimeList, _ opening: String, _ closing: String, to text: inout String,
        _ position: TemplatePosition
    ) throws(InputError) {
        text += opening
        depth += 1
        defer { depth -= 1 }
        try checkDepth(position)
        for (index, value) in values.enumerated() {
            if index > 0 { text += ", " }
            try append(value, to: &text, position)
        }
        text += closing
    }

    private func append(
        _ members: RuntimeDictionary, to text: inout String, _ position: TemplatePosition
    ) throws(InputError) {
        text += "{"
        depth += 1
        defer { depth -= 1 }
        try checkDepth(position)
        for (index, member) in members.enumerated() {
            if index > 0 { text += ", " }
            try append(member.key, to: &text, position)
            text += ": "
            try append(member.value, to: &text, position)
        }
        text += "}"
    }
}
