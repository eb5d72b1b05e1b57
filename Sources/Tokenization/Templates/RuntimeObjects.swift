// SPDX-License-Identifier: Apache-2.0
// Values that change after they were made: namespaces, loops, iterators, macros and their scopes.

import JSONText

/// The variables of one block, with those of the blocks around it.
final class TemplateScope {
    var variables: [String: RuntimeValue] = [:]
    let parent: TemplateScope?

    init(in parent: TemplateScope?) { self.parent = parent }

    /// The scope of the template itself.
    var outermost: TemplateScope {
        var scope = self
        while let parent = scope.parent { scope = parent }
        return scope
    }

    /// Returns the value of a variable, looked up from the innermost scope.
    subscript(name: String) -> RuntimeValue? {
        var scope: TemplateScope? = self
        while let current = scope {
            if let value = current.variables[name] { return value }
            scope = current.parent
        }
        return nil
    }
}

/// The result of `namespace()`.
final class RuntimeNamespace {
    var members: RuntimeDictionary
    /// Whether it is being printed: one that holds itself is abbreviated.
    var isPrinting = false
    init(_ members: RuntimeDictionary) { self.members = members }
}

/// A macro or a call block with the scope in which it was defined.
final class RuntimeMacro {
    let definition: TemplateMacro
    let scope: TemplateScope

    init(_ definition: TemplateMacro, in scope: TemplateScope) {
        self.definition = definition
        self.scope = scope
    }
}

/// Values that are made one after another and can be read once, as by Python's generators.
final class RuntimeIterator {
    typealias Next = () throws(InputError) -> RuntimeValue?

    /// The name of Python's object.
    let label: String
    /// One more than the depth of what it reads.
    let depth: Int
    private var next: Next?

    init(_ label: String = "generator object", depth: Int, _ next: @escaping Next) {
        self.label = label
        self.depth = depth + 1
        self.next = next
    }

    /// Makes an iterator over values that are there.
    convenience init(_ values: RuntimeList, label: String = "generator object") {
        var index = 0
        self.init(label, depth: values.depth) { () throws(InputError) -> RuntimeValue? in
            guard index < values.count else { return nil }
            index += 1
            return values[index - 1]
        }
    }

    /// Makes the next value, or returns nil at the end. Nothing follows an error.
    func advance() throws(InputError) -> RuntimeValue? {
        guard let make = next else { return nil }
        next = nil
        guard let value = try make() else { return nil }
        next = make
        return value
    }
}

/// The state of a `for` loop: Jinja's `loop`.
final class RuntimeLoop {
    let definition: TemplateLoop
    /// The scope around the loop; nil if the loop is not recursive.
    let scope: TemplateScope?
    /// How many recursive calls are around it.
    let level: Int
    private let source: RuntimeIterator
    private let knownCount: Int?
    private var waiting: ArraySlice<RuntimeValue> = []

    private(set) var index = -1
    private(set) var previous: RuntimeValue?
    private(set) var current: RuntimeValue?
    var lastChanged: RuntimeList?

    var depth: Int { source.depth }

    init(
        _ definition: TemplateLoop, in scope: TemplateScope?, level: Int, source: RuntimeIterator,
        count: Int?
    ) {
        self.definition = definition
        self.scope = scope
        self.level = level
        self.source = source
        knownCount = count
    }

    /// Goes to the next element, or returns nil at the end.
    func advance() throws(InputError) -> RuntimeValue? {
        var next = waiting.popFirst()
        if next == nil { next = try source.advance() }
        guard let value = next else { return nil }
        index += 1
        (previous, current) = (current, value)
        return value
    }

    /// Returns the next element without going to it.
    func peek() throws(InputError) -> RuntimeValue? {
        if waiting.isEmpty, let value = try source.advance() { waiting.append(value) }
        return waiting.first
    }

    /// Returns the number of elements. If this is not known, all are made.
    func count() throws(InputError) -> Int {
        if let knownCount { return knownCount }
        while let value = try source.advance() { waiting.append(value) }
        return index + 1 + waiting.count
    }

    /// Drops what the loop holds.
    func empty() {
        (previous, current, lastChanged) = (nil, nil, nil)
        waiting = []
    }
}

/// The result of `cycler()`.
final class RuntimeCycler {
    let values: RuntimeList
    var index = 0
    init(_ values: RuntimeList) { self.values = values }
}

/// The result of `joiner()`.
final class RuntimeJoiner {
    let separator: RuntimeValue
    var isUsed = false
    init(_ separator: RuntimeValue) { self.separator = separator }
}
