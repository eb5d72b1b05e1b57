// SPDX-License-Identifier: Apache-2.0
// Executes the statements of a template.

import Foundation
import JSONText

/// One rendering of a template: its variables, its output and its remaining work.
final class TemplateRenderer {
    /// The greatest work of one rendering. A conversation of a megabyte takes a hundredth of it.
    static let greatestStepCount = 4_000_000
    /// The greatest length of a text in bytes, the output included.
    static let greatestTextLength = 1 << 25
    private static let greatestDepth = 128

    private enum Flow { case next, leave, skip }

    /// Variables, from the outermost scope to the innermost.
    var scopes: [[String: RuntimeValue]]
    let date: Date?
    private var output = ""
    private var steps = 0
    private var depth = 0

    init(variables: [String: RuntimeValue], date: Date?) {
        scopes = [variables]
        self.date = date
    }

    /// Executes a whole template.
    ///
    /// - Parameter statements: The template.
    /// - Returns: The rendered text.
    /// - Throws: An error with line and column.
    func render(_ statements: [TemplateStatement]) throws(InputError) -> String {
        _ = try execute(statements)
        return output
    }

    // MARK: - Limits

    /// Counts work.
    func spend(_ count: Int, _ position: TemplatePosition) throws(InputError) {
        steps += 1 + min(count, Self.greatestStepCount)
        guard steps <= Self.greatestStepCount else {
            throw position.error(
                "the template does not end within \(Self.greatestStepCount) steps",
                "it loops too long or repeats too much")
        }
    }

    /// Checks the size of a text that is about to be made, and counts the work: its bytes, or fewer
    /// if it grows in place.
    func checkLength(
        _ count: Int, work: Int? = nil, _ position: TemplatePosition
    ) throws(InputError) {
        guard count <= Self.greatestTextLength else {
            throw position.error(
                "a text of more than \(Self.greatestTextLength) bytes", "the template repeats it")
        }
        try spend((work ?? count) / 32, position)
    }

    /// Returns Python's `str()` of a value.
    func text(
        of value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> String {
        if case .string(let text) = value { return text }
        try spend(value.weight, position)
        return value.text
    }

    /// Runs `body` one level deeper.
    func nested<Result>(
        _ position: TemplatePosition, _ body: () throws(InputError) -> Result
    ) throws(InputError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.greatestDepth else {
            throw position.error(
                "nested deeper than \(Self.greatestDepth) levels", "a macro calls itself")
        }
        return try body()
    }

    // MARK: - Statements

    private func execute(_ statements: [TemplateStatement]) throws(InputError) -> Flow {
        for statement in statements {
            let flow = try execute(statement)
            if flow != .next { return flow }
        }
        return .next
    }

    private func execute(_ statement: TemplateStatement) throws(InputError) -> Flow {
        let position = statement.position
        try spend(1, position)
        switch statement.kind {
        case .text(let text): try write(text, position)
        case .output(let expression):
            try write(try text(of: try evaluate(expression), position), position)
        case .condition(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test).isTrue {
                return try nested(position) { () throws(InputError) in
                    try execute(branch.body)
                }
            }
            return try nested(position) { () throws(InputError) in
                try execute(otherwise)
            }
        case .loop(let loop):
            return try nested(position) { () throws(InputError) in
                try execute(loop, position)
            }
        case .assignment(let target, let expression):
            try assign(try evaluate(expression), to: target, position)
        case .capture(let target, let filters, let body):
            var value = RuntimeValue.string(
                try capture(position) { () throws(InputError) in _ = try execute(body) })
            for filter in filters { value = try apply(filter, to: value) }
            try assign(value, to: target, position)
        case .macro(let macro):
            scopes[scopes.count - 1][macro.name] = .macro(macro, depth: scopes.count)
        case .group(let body): return try execute(body)
        case .leave: return .leave
        case .skip: return .skip
        }
        return .next
    }

    private func write(_ text: String, _ position: TemplatePosition) throws(InputError) {
        try checkLength(output.utf8.count + text.utf8.count, work: text.utf8.count, position)
        output += text
    }

    /// Returns the output of `body`.
    private func capture(
        _ position: TemplatePosition, _ body: () throws(InputError) -> Void
    ) throws(InputError) -> String {
        let outer = output
        output = ""
        try nested(position, body)
        defer { output = outer }
        return output
    }

    private func execute(
        _ loop: TemplateLoop, _ position: TemplatePosition
    ) throws(InputError) -> Flow {
        var elements = try elements(of: try evaluate(loop.sequence), position)
        try spend(elements.count, position)
        scopes.append([:])
        defer { scopes.removeLast() }
        if let filter = loop.filter {
            var kept: [RuntimeValue] = []
            for element in elements {
                try assign(element, to: loop.target, position)
                if try evaluate(filter).isTrue { kept.append(element) }
            }
            elements = kept
        }
        if elements.isEmpty {
            scopes[scopes.count - 1] = [:]
            return try execute(loop.otherwise)
        }
        let state = RuntimeValue.Loop(elements)
        for (index, element) in elements.enumerated() {
            try spend(1, position)
            state.index = index
            scopes[scopes.count - 1] = ["loop": .loop(state)]
            try assign(element, to: loop.target, position)
            if try execute(loop.body) == .leave { break }
        }
        return .next
    }

    private func assign(
        _ value: RuntimeValue, to target: TemplateTarget, _ position: TemplatePosition
    ) throws(InputError) {
        switch target {
        case .name(let name): scopes[scopes.count - 1][name] = value
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace)? = variable(name) else {
                throw position.error(
                    "cannot assign attribute on non-namespace object",
                    "make \(name) with namespace()")
            }
            guard value.depth < RuntimeList.greatestDepth else {
                throw position.error("a namespace in a namespace, or lists nested too deep")
            }
            if let index = namespace.members.firstIndex(where: { $0.key == attribute }) {
                namespace.members[index].value = value
            } else {
                namespace.members.append((attribute, value))
            }
        case .tuple(let targets):
            let values = try elements(of: value, position)
            guard values.count == targets.count else {
                throw position.error("\(values.count) values for \(targets.count) names")
            }
            for (target, value) in zip(targets, values) { try assign(value, to: target, position) }
        }
    }

    /// Returns the value of a variable, looked up from the innermost scope.
    func variable(_ name: String) -> RuntimeValue? {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        return nil
    }

    /// Returns the elements of a `for` loop.
    func elements(
        of value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> [RuntimeValue] {
        switch value {
        case .list(let values), .tuple(let values): return values.elements
        case .dictionary(let members): return members.map(\.key)
        case .string(let text):
            try spend(text.utf8.count, position)
            return text.unicodeScalars.map { .string(String(Character($0))) }
        case .undefined: return []
        default: throw position.error("'\(value.typeName)' object is not iterable")
        }
    }

    // MARK: - Macros

    /// Calls a macro.
    ///
    /// - Parameters:
    ///   - macro: The macro.
    ///   - scopeCount: The number of scopes where it was defined; these are visible to it.
    ///   - arguments: The arguments of the call.
    ///   - position: The place of the call.
    /// - Returns: Its output.
    /// - Throws: An error for unknown arguments, and the macro's own errors.
    func call(
        _ macro: TemplateMacro, scopeCount: Int, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> String {
        guard arguments.positional.count <= macro.parameters.count else {
            throw position.error(
                "the macro \(macro.name) takes \(macro.parameters.count) arguments")
        }
        for name in arguments.named.map(\.name)
        where !macro.parameters.contains(where: { $0.name == name }) {
            throw position.error("the macro \(macro.name) has no parameter \(name)")
        }
        let outer = scopes
        scopes = Array(scopes.prefix(scopeCount)) + [[:]]
        defer {
            // It can change only namespaces outside of itself, and these are shared anyway.
            scopes = outer
        }
        for (index, parameter) in macro.parameters.enumerated() {
            var value = RuntimeValue.undefined("parameter '\(parameter.name)' was not provided")
            if index < arguments.positional.count {
                value = arguments.positional[index]
            } else if let named = arguments.named.first(where: { $0.name == parameter.name }) {
                value = named.value
            } else if let fallback = parameter.fallback {
                value = try evaluate(fallback)
            }
            scopes[scopes.count - 1][parameter.name] = value
        }
        return try capture(position) { () throws(InputError) in
            _ = try execute(macro.body)
        }
    }
}
