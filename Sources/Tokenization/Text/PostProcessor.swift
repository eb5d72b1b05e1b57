// SPDX-License-Identifier: Apache-2.0
// Adds the tokens that a model expects around a text, such as the token for its beginning.

import JSONText

/// The post-processor of a tokenizer, for single texts only.
struct PostProcessor: Sendable {
    private(set) var before: [Int32] = []
    private(set) var after: [Int32] = []

    /// Makes a post-processor that adds nothing.
    init() {}

    /// Reads the `post_processor` of a tokenizer file.
    ///
    /// - Parameter place: Its place in the file.
    /// - Throws: An error when it is not supported.
    init(_ place: JSONNode) throws(InputError) {
        let type = try place.required("type")
        switch try type.string() {
        case "ByteLevel": break
        case "TemplateProcessing": try readTemplate(place)
        case "BertProcessing", "RobertaProcessing":
            before = [try Self.token(place.required("cls"))]
            after = [try Self.token(place.required("sep"))]
        case "Sequence":
            for element in try place.required("processors").elements() {
                let inner = try PostProcessor(element)
                before = inner.before + before
                after += inner.after
            }
        case let other:
            throw type.error(
                "the post-processor \(other) is not supported",
                "supported: BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing"
            )
        }
    }

    /// Reads a token that is given as its text and its identifier.
    private static func token(_ place: JSONNode) throws(InputError) -> Int32 {
        let parts = try place.elements()
        guard parts.count == 2 else {
            throw place.error("a text and an identifier expected", "check the file")
        }
        return try identifier(parts[1])
    }

    private static func identifier(_ place: JSONNode) throws(InputError) -> Int32 {
        let number = try place.count()
        guard number <= Vocabulary.greatestIdentifier else {
            throw place.error("an identifier out of range", "check the file")
        }
        return Int32(number)
    }

    private mutating func readTemplate(_ place: JSONNode) throws(InputError) {
        let special = try place.required("special_tokens")
        var seesText = false
        for piece in try place.required("single").elements() {
            guard let token = try piece.member("SpecialToken") else {
                let sequence = try piece.required("Sequence").required("id")
                guard !seesText, try sequence.string() == "A" else {
                    throw sequence.error(
                        "a template other than tokens around the text",
                        "supported: special tokens, one sequence A, special tokens")
                }
                seesText = true
                continue
            }
            let name = try token.required("id").string()
            for identifier in try special.required(name).required("ids").elements() {
                let number = try Self.identifier(identifier)
                if seesText { after.append(number) } else { before.append(number) }
            }
        }
    }

    /// Returns a `TemplateProcessing` for a tokenizer file.
    ///
    /// - Parameters:
    ///   - first: The token before a text, if any.
    ///   - last: The token after a text, if any.
    /// - Returns: The JSON value.
    static func template(
        first: (text: String, identifier: Int)?, last: (text: String, identifier: Int)?
    ) -> JSON {
        func token(_ token: (text: String, identifier: Int)?, _ type: Int) -> [JSON] {
            guard let token else { return [] }
            let fields = JSON.members(["id": .string(token.text), "type_id": .integer(type)])
            return [.members(["SpecialToken": fields])]
        }
        func text(_ name: String, _ type: Int) -> [JSON] {
            let fields = JSON.members(["id": .string(name), "type_id": .integer(type)])
            return token(first, type) + [.members(["Sequence": fields])] + token(last, type)
        }
        var special: [JSON.Member] = []
        for token in [first, last].compactMap({ $0 })
        where !special.contains(where: { $0.value.ids == [token.identifier] }) {
            let fields = JSON.members([
                "id": .string(token.text), "ids": .array([.integer(token.identifier)]),
                "tokens": .array([.string(token.text)]),
            ])
            special.append(JSON.Member(key: token.text, value: fields))
        }
        return .members([
            "type": .string("TemplateProcessing"), "single": .array(text("A", 0)),
            "pair": .array(text("A", 0) + text("B", 1)), "special_tokens": .object(special),
        ])
    }
}

extension JSON {
    /// The `ids` of a special token in a template.
    fileprivate var ids: [Int] {
        guard case .object(let members) = self,
            case .array(let ids)? = members.first(where: { $0.key == "ids" })?.value
        else { return [] }
        return ids.compactMap { if case .integer(let id) = $0 { id } else { nil } }
    }
}
