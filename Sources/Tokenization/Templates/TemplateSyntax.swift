// SPDX-License-Identifier: Apache-2.0
// The tree that a template is parsed into.

/// An expression with its place.
struct TemplateExpression: Sendable {
    indirect enum Kind: Sendable {
        case literal(TemplateValue)
        case name(String)
        case list([TemplateExpression])
        case tuple([TemplateExpression])
        case dictionary([(key: TemplateExpression, value: TemplateExpression)])
        case attribute(TemplateExpression, String)
        case item(TemplateExpression, TemplateExpression)
        case slice(TemplateExpression, [TemplateExpression?])
        case call(TemplateExpression, TemplateArguments)
        case filter(TemplateExpression, TemplateCall)
        case test(TemplateExpression, TemplateCall)
        case not(TemplateExpression)
        case negative(TemplateExpression)
        case positive(TemplateExpression)
        case and(TemplateExpression, TemplateExpression)
        case or(TemplateExpression, TemplateExpression)
        case arithmetic(TemplateExpression, [(sign: String, operand: TemplateExpression)])
        case concatenation([TemplateExpression])
        case comparison(TemplateExpression, [(sign: String, operand: TemplateExpression)])
        case condition(
            test: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
    }

    let kind: Kind
    let position: TemplatePosition
}

/// The arguments of a call.
struct TemplateArguments: Sendable {
    var positional: [TemplateExpression] = []
    var named: [(name: String, value: TemplateExpression)] = []
    /// The list after `*`.
    var list: TemplateExpression?
    /// The mapping after `**`.
    var mapping: TemplateExpression?
}

/// A filter or a test with its arguments.
struct TemplateCall: Sendable {
    let name: String
    let arguments: TemplateArguments
    let position: TemplatePosition
}

/// The target of an assignment.
indirect enum TemplateTarget: Sendable {
    case name(String)
    case attribute(String, String)
    case tuple([TemplateTarget])
}

/// The definition of a macro, or the body of a call block.
struct TemplateMacro: Sendable {
    typealias Parameter = (name: String, fallback: TemplateExpression?)

    /// The name; nil for a call block.
    let name: String?
    let parameters: [Parameter]
    let body: [TemplateStatement]
    /// The names that the body reads. A macro that reads `varargs`, `kwargs` or `caller` takes
    /// these from its call.
    let namesRead: Set<String>

    /// Returns whether the macro takes one of the special arguments.
    func takes(_ name: String) -> Bool {
        namesRead.contains(name) && !parameters.contains { $0.name == name }
    }
}

/// A statement with its place.
struct TemplateStatement: Sendable {
    indirect enum Kind: Sendable {
        case text(String)
        case output([TemplateExpression])
        case condition(
            [(test: TemplateExpression, body: [TemplateStatement])], otherwise: [TemplateStatement])
        case loop(TemplateLoop)
        case assignment(TemplateTarget, TemplateExpression)
        case capture(TemplateTarget, [TemplateCall], [TemplateStatement])
        case macro(TemplateMacro)
        case call(TemplateExpression, TemplateArguments, TemplateMacro)
        case filtered([TemplateCall], [TemplateStatement])
        case scope([(target: TemplateTarget, value: TemplateExpression)], [TemplateStatement])
        /// A part with a name. It sees the template's own variables; if it is scoped, also those
        /// around it.
        case block([TemplateStatement], isScoped: Bool)
        /// A statement that fails when it is executed, such as `include`.
        case refusal(String)
        case leave
        case skip
    }

    let kind: Kind
    let position: TemplatePosition
}

/// A `for` loop.
struct TemplateLoop: Sendable {
    let target: TemplateTarget
    let sequence: TemplateExpression
    let filter: TemplateExpression?
    let isRecursive: Bool
    let body: [TemplateStatement]
    let otherwise: [TemplateStatement]
}
