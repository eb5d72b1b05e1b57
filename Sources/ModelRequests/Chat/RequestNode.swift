// SPDX-License-Identifier: Apache-2.0
// A value in the body of a request. Errors are refusals that name the parameter.

import Foundation
import JSONText

/// A value and its path, which OpenAI's errors call the parameter.
struct RequestNode {
    private let node: JSONNode

    private static let remedy = "see OpenAI's reference of chat completions"

    /// Parameters of OpenAI's, with the values that ask for nothing that this server lacks. Others
    /// are refused.
    private static let neutral: [String: @Sendable (JSON) -> Bool] = [
        // These change no answer.
        "user": { _ in true }, "metadata": { _ in true }, "store": { _ in true },
        "service_tier": { _ in true }, "safety_identifier": { _ in true },
        "prompt_cache_key": { _ in true }, "prompt_cache_options": { _ in true },
        "prompt_cache_retention": { _ in true },
        // These are what happens anyway.
        "top_p": { $0.number == 1 },
        "tools": \.isEmpty, "functions": \.isEmpty, "logit_bias": \.isEmpty,
        "tool_choice": { ["none", "auto"].contains($0.text) },
        "function_call": { ["none", "auto"].contains($0.text) },
        "parallel_tool_calls": { _ in true },
        "response_format": { value in
            guard case .object(let members) = value, members.count == 1 else { return false }
            return members[0].key == "type" && members[0].value.text == "text"
        },
        "modalities": { value in
            guard case .array(let values) = value, values.count == 1 else { return false }
            return values[0].text == "text"
        },
        // Clients pass an earlier answer back with these.
        "annotations": \.isEmpty, "tool_calls": \.isEmpty,
    ]

    /// Reads a document that is an object.
    ///
    /// - Parameter data: The document.
    /// - Throws: A ``RefusedRequest`` with the position of what is no JSON.
    init(_ data: Data) throws(RefusedRequest) {
        do {
            let value = try JSON(data, file: "the body", remedy: "send a JSON object")
            node = JSONNode(value, file: "", remedy: Self.remedy)
            _ = try node.members()
        } catch {
            throw .invalid("\(error)")
        }
    }

    private init(_ node: JSONNode) { self.node = node }

    /// Refuses members that are not known, unless they are null or ask for nothing.
    func checkNames(known: Set<String>) throws(RefusedRequest) {
        for member in try read({ node throws(InputError) in try node.members() }) {
            if known.contains(member.key) { continue }
            if case .null = member.value { continue }
            if let isNeutral = Self.neutral[member.key], isNeutral(member.value) { continue }
            let name = node.path.isEmpty ? member.key : "\(node.path).\(member.key)"
            let shown = name.onOneLine(length: 100)
            throw .invalid("\(shown) is not supported with this value", parameter: shown)
        }
    }

    /// Returns a refusal of this value.
    func refusal(_ problem: String) -> RefusedRequest {
        .invalid("\(node.path): \(problem)", parameter: node.path)
    }

    /// Returns a refusal because a member is missing.
    func missing(_ key: String) -> RefusedRequest {
        let path = node.path.isEmpty ? key : "\(node.path).\(key)"
        return .invalid("\(path) is missing", parameter: path)
    }

    var isArray: Bool { if case .array = node.value { true } else { false } }

    func member(_ key: String) throws(RefusedRequest) -> RequestNode? {
        try read { node throws(InputError) in try node.member(key) }.map(RequestNode.init)
    }

    func required(_ key: String) throws(RefusedRequest) -> RequestNode {
        guard let member = try member(key) else { throw missing(key) }
        return member
    }

    func elements() throws(RefusedRequest) -> [RequestNode] {
        try read { node throws(InputError) in try node.elements() }.map(RequestNode.init)
    }

    func string() throws(RefusedRequest) -> String {
        try read { node throws(InputError) in try node.string() }
    }

    func boolean() throws(RefusedRequest) -> Bool {
        guard case .boolean(let flag) = node.value else {
            throw refusal("must be true or false, not \(node.value.kind)")
        }
        return flag
    }

    func integer(in range: ClosedRange<Int>) throws(RefusedRequest) -> Int {
        guard case .integer(let number) = node.value, range.contains(number) else {
            throw refusal(
                "must be a whole number"
                    + (range.lowerBound == .min ? "" : " from \(range.lowerBound)")
                    + (range.upperBound == .max ? "" : " to \(range.upperBound)"))
        }
        return number
    }

    func number(in range: ClosedRange<Double>) throws(RefusedRequest) -> Double {
        guard let number = node.value.number, range.contains(number) else {
            throw refusal("must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func read<Value>(
        _ body: (JSONNode) throws(InputError) -> Value
    ) throws(RefusedRequest) -> Value {
        do {
            return try body(node)
        } catch {
            throw .invalid("\(error)", parameter: node.path.isEmpty ? nil : node.path)
        }
    }
}

extension JSON {
    fileprivate var isEmpty: Bool {
        switch self {
        case .array(let values): values.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    fileprivate var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    fileprivate var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .unsigned(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
}
