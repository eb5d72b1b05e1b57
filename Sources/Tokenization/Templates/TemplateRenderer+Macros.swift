// SPDX-License-Identifier: Apache-2.0
// Calls of macros and call blocks.

import JSONText

extension TemplateRenderer {
    /// Calls a macro.
    ///
    /// - Parameters:
    ///   - macro: The macro, with the scope in which it was defined.
    ///   - arguments: The arguments of the call.
    ///   - position: The place of the call.
    /// - Returns: Its output.
    /// - Throws: An error for unknown arguments, and the macro's own errors.
    func call(
        _ macro: RuntimeMacro, _ arguments: CallArguments, _ position: TemplatePosition
    ) throws(InputError) -> String {
        try scoped(in: macro.scope) { () throws(InputError) in
            try bind(arguments, to: macro.definition, position)
            return try capture(position) { () throws(InputError) in
                _ = try execute(macro.definition.body)
            }
        }
    }

    private func bind(
        _ arguments: CallArguments, to macro: TemplateMacro, _ position: TemplatePosition
    ) throws(InputError) {
        let name = macro.name ?? "caller"
        var named = arguments.named
        var missing: [TemplateMacro.Parameter] = []
        for (index, parameter) in macro.parameters.enumerated() {
            if index < arguments.positional.count {
                scope.variables[parameter.name] = arguments.positional[index]
            } else if let place = named.firstIndex(where: { $0.name == parameter.name }) {
                scope.variables[parameter.name] = named.remove(at: place).value
            } else {
                scope.variables[parameter.name] = .undefined(
                    "parameter '\(parameter.name)' was not provided")
                missing.append(parameter)
            }
        }
        if macro.takes("caller") {
            let place = named.firstIndex { $0.name == "caller" }
            scope.variables["caller"] =
                place.map { named.remove(at: $0).value } ?? .undefined("No caller defined")
        }
        if macro.takes("kwargs") {
            scope.variables["kwargs"] = .dictionary(of: named.map { (.string($0.name), $0.value) })
        } else if let extra = named.first {
            throw position.error("the macro \(name) has no parameter \(extra.name)")
        }
        let count = macro.parameters.count
        if macro.takes("varargs") {
            scope.variables["varargs"] = .tuple(of: Array(arguments.positional.dropFirst(count)))
        } else if arguments.positional.count > count {
            throw position.error("the macro \(name) takes \(count) arguments")
        }
        for parameter in missing {
            guard let fallback = parameter.fallback else { continue }
            scope.variables[parameter.name] = try evaluate(fallback)
        }
    }

    /// Calls a value with the body of a call block as `caller`.
    func call(
        _ callee: TemplateExpression, _ arguments: TemplateArguments, with body: TemplateMacro,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        let callee = try evaluate(callee)
        var arguments = try evaluate(arguments, position)
        guard !arguments.named.contains(where: { $0.name == "caller" }) else {
            throw position.error("the argument caller is the body of the call")
        }
        arguments.named.append(("caller", makeMacro(body)))
        return try call(callee, arguments, position)
    }

    /// `macro.name`: what a macro says about itself.
    func attribute(_ name: String, of macro: TemplateMacro) -> RuntimeValue? {
        switch name {
        case "name": macro.name.map(RuntimeValue.string) ?? RuntimeValue.none
        case "arguments": .tuple(of: macro.parameters.map { .string($0.name) })
        case "catch_kwargs": .boolean(macro.takes("kwargs"))
        case "catch_varargs": .boolean(macro.takes("varargs"))
        case "caller": .boolean(macro.namesRead.contains("caller"))
        default: nil
        }
    }
}
