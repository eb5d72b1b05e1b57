// SPDX-License-Identifier: Apache-2.0
// Parses macros and call blocks.

import JSONText

extension TemplateParser {
    /// Parses a call block.
    mutating func call() throws(InputError) -> TemplateStatement.Kind {
        let parameters =
            kind != .symbol("(")
            ? []
            : try outsideBranch { parser throws(InputError) in
                try parser.parameters()
            }
        let start = position
        guard case .call(let callee, let arguments) = try expression().kind else {
            throw start.error("the tag call takes a call, such as name()")
        }
        return .call(
            callee, arguments, try macro(nil, with: parameters, until: "endcall"))
    }

    /// Parses a macro from its parameters on.
    mutating func macro(
        _ name: String, until end: String
    ) throws(InputError) -> TemplateMacro {
        let parameters = try outsideBranch { parser throws(InputError) in
            try parser.parameters()
        }
        return try macro(name, with: parameters, until: end)
    }

    private mutating func macro(
        _ name: String?, with parameters: [TemplateMacro.Parameter], until end: String
    ) throws(InputError) -> TemplateMacro {
        let outer = namesRead
        namesRead = []
        let start = position
        let body = try jumpless(until: end)
        let inner = namesRead
        namesRead = outer.union(inner)
        if let caller = parameters.first(where: { $0.name == "caller" }), caller.fallback == nil,
            inner.contains("caller")
        {
            throw start.error("the parameter caller needs a default")
        }
        return TemplateMacro(name: name, parameters: parameters, body: body, namesRead: inner)
    }

    private mutating func parameters() throws(InputError) -> [TemplateMacro.Parameter] {
        try expect(symbol: "(")
        var parameters: [TemplateMacro.Parameter] = []
        while !skip(symbol: ")") {
            if !parameters.isEmpty { try expect(symbol: ",") }
            let start = position
            let parameter = try name()
            let fallback = skip(symbol: "=") ? try expression() : nil
            if fallback == nil, parameters.last?.fallback != nil {
                throw start.error("a parameter without default after one with a default")
            }
            guard !parameters.contains(where: { $0.name == parameter }) else {
                throw start.error("a second parameter \(parameter)")
            }
            parameters.append((parameter, fallback))
        }
        return parameters
    }
}
