// SPDX-License-Identifier: Apache-2.0
// One rendering of a template, and what limits it.

import Foundation
import JSONText

/// One rendering of a template: its variables, its output and its remaining work.
final class TemplateRenderer {
    /// The greatest work of one rendering. A conversation of a megabyte takes a hundredth of it.
    static let greatestStepCount = 4_000_000
    /// The greatest length of a text in bytes, the output included.
    static let greatestTextLength = 1 << 25
    private static let greatestDepth = 128

    /// The variables of the block that is being executed.
    var scope: TemplateScope
    let date: Date?
    var output = ""
    var depth = 0
    /// How the last captured block ended.
    var jump = Flow.next
    private var steps = 0
    /// What can change after it was made, and may therefore hold itself.
    private var namespaces: [RuntimeNamespace] = []
    private var capturedScopes: [TemplateScope] = []
    private var loops: [RuntimeLoop] = []

    init(variables: [String: RuntimeValue], date: Date?) {
        scope = TemplateScope(in: nil)
        scope.variables = variables
        self.date = date
    }

    /// Executes a whole template.
    ///
    /// - Parameter statements: The template.
    /// - Returns: The rendered text.
    /// - Throws: An error with line and column.
    func render(_ statements: [TemplateStatement]) throws(InputError) -> String {
        defer { empty() }
        _ = try execute(statements)
        return output
    }

    // MARK: - Memory

    /// Makes a namespace.
    func makeNamespace(_ members: RuntimeDictionary) -> RuntimeValue {
        let namespace = RuntimeNamespace(members)
        namespaces.append(namespace)
        return .namespace(namespace)
    }

    /// Makes a macro that sees the variables of the current scope.
    func makeMacro(_ definition: TemplateMacro) -> RuntimeValue {
        keep(scope)
        return .macro(RuntimeMacro(definition, in: scope))
    }

    /// Notes that a value holds this scope, which may hold the value.
    func keep(_ scope: TemplateScope) { capturedScopes.append(scope) }

    /// Remembers values for `loop.changed`.
    func remember(_ values: RuntimeList, in loop: RuntimeLoop) {
        if loop.lastChanged == nil { loops.append(loop) }
        loop.lastChanged = values
    }

    /// Empties what may hold itself, or be the end of a chain that is too long to be freed at once.
    private func empty() {
        for namespace in namespaces { namespace.members = RuntimeDictionary([]) }
        for scope in capturedScopes { scope.variables = [:] }
        for loop in loops { loop.empty() }
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

    /// Checks the depth of nesting.
    func checkDepth(_ position: TemplatePosition) throws(InputError) {
        guard depth <= Self.greatestDepth else {
            throw position.error(
                "nested deeper than \(Self.greatestDepth) levels", "a macro calls itself")
        }
    }

    /// Runs `body` one level deeper.
    func nested<Result>(
        _ position: TemplatePosition, _ body: () throws(InputError) -> Result
    ) throws(InputError) -> Result {
        depth += 1
        defer { depth -= 1 }
        try checkDepth(position)
        return try body()
    }

    /// Runs `body` with its own variables.
    func scoped<Result>(
        in parent: TemplateScope, _ body: () throws(InputError) -> Result
    ) throws(InputError) -> Result {
        let outer = scope
        scope = TemplateScope(in: parent)
        defer { scope = outer }
        return try body()
    }

    // MARK: - Iteration

    /// Returns an iterator over the elements of a value, as of a `for` loop.
    func iterator(
        over value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeIterator {
        switch value {
        case .iterator(let iterator): return iterator
        case .loop(let loop):
            return RuntimeIterator(depth: loop.depth) { () throws(InputError) in
                try loop.advance().map { .tuple(of: [$0, .loop(loop)]) }
            }
        default: return RuntimeIterator(RuntimeList(try elements(of: value, position)))
        }
    }

    /// Returns the elements of a value.
    func elements(
        of value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> [RuntimeValue] {
        switch value {
        case .list, .tuple, .range, .view: return value.elements?.elements ?? []
        case .dictionary(let members): return members.map(\.key)
        case .string(let text), .markup(let text):
            try spend(text.utf8.count, position)
            return text.unicodeScalars.map { .string(String(Character($0))) }
        case .undefined: return []
        case .iterator, .loop:
            let iterator = try iterator(over: value, position)
            var elements: [RuntimeValue] = []
            while let element = try nested(position, iterator.advance) {
                try spend(1, position)
                elements.append(element)
            }
            return elements
        default: throw position.error("'\(value.typeName)' object is not iterable")
        }
    }

    /// Returns Python's `len()` of a value.
    func count(
        of value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> Int {
        switch value {
        case .loop(let loop): return try loop.count()
        case .dictionary(let members): return members.count
        case .undefined: return 0
        default:
            if let elements = value.elements { return elements.count }
            guard let text = value.string else {
                throw position.error("object of type '\(value.typeName)' has no len()")
            }
            try spend(text.utf8.count / 8, position)
            return text.unicodeScalars.count
        }
    }
}
