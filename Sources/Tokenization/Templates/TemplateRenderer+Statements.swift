// SPDX-License-Identifier: Apache-2.0
// Executes the statements of a template.

import JSONText

extension TemplateRenderer {
    /// What happens after a statement.
    enum Flow { case next, leave, skip }

    /// Executes statements up to the end, or up to a jump.
    func execute(_ statements: [TemplateStatement]) throws(InputError) -> Flow {
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
        case .output(let expressions):
            for expression in expressions {
                try write(try text(of: try evaluate(expression), position), position)
            }
        case .condition(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test).isTrue {
                return try nested(position) { () throws(InputError) in
                    try execute(branch.body)
                }
            }
            return try nested(position) { () throws(InputError) in
                try execute(otherwise)
            }
        case .loop(let loop): return try execute(loop, position)
        case .assignment(let target, let expression):
            try assign(try evaluate(expression), to: target, position)
        case .capture(let target, let filters, let body):
            guard let value = try captured(body, filters, position) else { return jump }
            try assign(value, to: target, position)
        case .filtered(let filters, let body):
            guard let value = try captured(body, filters, position) else { return jump }
            try writeText(value, position)
        case .macro(let macro):
            if let name = macro.name { scope.variables[name] = makeMacro(macro) }
        case .call(let callee, let arguments, let body):
            try writeText(try call(callee, arguments, with: body, position), position)
        case .scope(let values, let body): return try execute(body, with: values, position)
        case .block(let body, let isScoped):
            return try scoped(in: isScoped ? scope : scope.outermost) { () throws(InputError) in
                try nested(position) { () throws(InputError) in try execute(body) }
            }
        case .refusal(let problem): throw position.error(problem, "write the text here")
        case .leave: return .leave
        case .skip: return .skip
        }
        return .next
    }

    private func write(_ text: String, _ position: TemplatePosition) throws(InputError) {
        try checkLength(output.utf8.count + text.utf8.count, work: text.utf8.count, position)
        output += text
    }

    private func writeText(
        _ value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) {
        guard let text = value.string else {
            throw position.error("the block makes '\(value.typeName)', not a text")
        }
        try write(text, position)
    }

    /// Returns the output of `body`.
    func capture(
        _ position: TemplatePosition, _ body: () throws(InputError) -> Void
    ) throws(InputError) -> String {
        let outer = output
        output = ""
        defer { output = outer }
        try nested(position, body)
        return output
    }

    /// Returns the filtered output of `body`; nil if a jump has left it, which `jump` then states.
    private func captured(
        _ body: [TemplateStatement], _ filters: [TemplateCall], _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue? {
        try scoped(in: scope) { () throws(InputError) -> RuntimeValue? in
            let text = try capture(position) { () throws(InputError) in jump = try execute(body) }
            guard jump == .next else { return nil }
            var value = RuntimeValue.string(text)
            for filter in filters { value = try apply(filter, to: value) }
            return value
        }
    }

    private func execute(
        _ body: [TemplateStatement],
        with values: [(target: TemplateTarget, value: TemplateExpression)],
        _ position: TemplatePosition
    ) throws(InputError) -> Flow {
        var evaluated: [RuntimeValue] = []
        for (_, expression) in values { evaluated.append(try evaluate(expression)) }
        return try scoped(in: scope) { () throws(InputError) in
            for (value, pair) in zip(evaluated, values) {
                try assign(value, to: pair.target, position)
            }
            return try nested(position) { () throws(InputError) in try execute(body) }
        }
    }

    private func assign(
        _ value: RuntimeValue, to target: TemplateTarget, _ position: TemplatePosition
    ) throws(InputError) {
        switch target {
        case .name(let name): scope.variables[name] = value
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace)? = scope[name] else {
                throw position.error(
                    "cannot assign attribute on non-namespace object",
                    "make \(name) with namespace()")
            }
            try checkMember(attribute, position)
            namespace.members = namespace.members.setting(.string(attribute), to: value)
        case .tuple(let targets):
            let values = try elements(of: value, position)
            guard values.count == targets.count else {
                throw position.error("\(values.count) values for \(targets.count) names")
            }
            for (target, value) in zip(targets, values) { try assign(value, to: target, position) }
        }
    }

    /// Checks the name of a namespace's member.
    func checkMember(_ name: String, _ position: TemplatePosition) throws(InputError) {
        guard !name.hasPrefix("_") else {
            throw position.error("a namespace has no \(name)", "choose a name without _ in front")
        }
    }

    // MARK: - Loops

    private func execute(
        _ loop: TemplateLoop, _ position: TemplatePosition
    ) throws(InputError) -> Flow {
        let sequence = try evaluate(loop.sequence)
        if loop.isRecursive {
            try write(try render(loop, in: scope, level: 0, over: sequence, position), position)
        } else {
            try nested(position) { () throws(InputError) in
                try iterate(loop, in: scope, level: 0, over: sequence, position)
            }
        }
        return .next
    }

    /// Returns what a recursive loop writes for a sequence.
    func render(
        _ loop: TemplateLoop, in parent: TemplateScope, level: Int, over sequence: RuntimeValue,
        _ position: TemplatePosition
    ) throws(InputError) -> String {
        try capture(position) { () throws(InputError) in
            try iterate(loop, in: parent, level: level, over: sequence, position)
        }
    }

    private func iterate(
        _ loop: TemplateLoop, in parent: TemplateScope, level: Int, over sequence: RuntimeValue,
        _ position: TemplatePosition
    ) throws(InputError) {
        let source = try iterator(over: sequence, position)
        var isCounted = loop.filter == nil
        switch sequence {
        case .iterator, .loop: isCounted = false
        default: break
        }
        if loop.isRecursive || loop.filter != nil { keep(parent) }
        let state = RuntimeLoop(
            loop, in: loop.isRecursive ? parent : nil, level: level,
            source: try filtered(source, of: loop, in: parent, position),
            count: isCounted ? try count(of: sequence, position) : nil)
        guard state.depth <= RuntimeList.greatestDepth else {
            throw position.error("loops over loops, nested too deep")
        }
        var isComplete = false
        while let element = try state.advance() {
            try spend(1, position)
            let flow = try scoped(in: parent) { () throws(InputError) in
                scope.variables["loop"] = .loop(state)
                try assign(element, to: loop.target, position)
                return try execute(loop.body)
            }
            if flow == .leave { break }
            isComplete = isComplete || flow == .next
        }
        // Jinja runs `else` unless an element got to the end of the body.
        guard !isComplete else { return }
        try scoped(in: parent) { () throws(InputError) in _ = try execute(loop.otherwise) }
    }

    /// Returns an iterator over the elements for which the loop's condition holds.
    private func filtered(
        _ source: RuntimeIterator, of loop: TemplateLoop, in parent: TemplateScope,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeIterator {
        guard let filter = loop.filter else { return source }
        return RuntimeIterator(depth: source.depth - 1) {
            [unowned self] () throws(InputError) -> RuntimeValue? in
            while let element = try source.advance() {
                try spend(1, position)
                let holds = try scoped(in: parent) { () throws(InputError) in
                    try assign(element, to: loop.target, position)
                    return try evaluate(filter).isTrue
                }
                if holds { return element }
            }
            return nil
        }
    }
}
