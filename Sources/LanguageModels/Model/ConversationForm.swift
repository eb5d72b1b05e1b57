// SPDX-License-Identifier: Apache-2.0
// How conversations become a model's text, where this is not left to its checkpoint.

public import Foundation
public import Tokenization

/// A chat template and a date that a user states.
public struct ConversationForm: Sendable {
    /// The template instead of the checkpoint's own; nil leaves it.
    public var template: ChatTemplate?
    /// The date that templates get from `strftime_now`; nil for today.
    public var date: Date?

    /// Makes a form.
    ///
    /// - Parameters:
    ///   - template: The template instead of the checkpoint's own; nil leaves it.
    ///   - date: The date that templates get from `strftime_now`; nil for today.
    public init(template: ChatTemplate? = nil, date: Date? = nil) {
        self.template = template
        self.date = date
    }

    /// Today at midnight, in UTC. Within a day a template always writes the same.
    static var today: Date {
        let day = 86_400.0
        return Date(
            timeIntervalSince1970: (Date().timeIntervalSince1970 / day).rounded(.down) * day)
    }
}

extension LanguageModel {
    /// Returns the same model with another chat template, another date, or both.
    ///
    /// - Parameter form: What changes.
    /// - Returns: A model that shares its weights with this one.
    public func conversing(in form: ConversationForm) -> LanguageModel {
        var model = self
        if let template = form.template { model.setChatTemplate(template) }
        if let date = form.date { model.templateDate = date }
        return model
    }

    /// The chat template's text if it is not the checkpoint's own.
    public var givenTemplateSource: String? { hasGivenTemplate ? chatTemplate?.source : nil }

    /// The date that the chat template gets, such as `2026-03-07`; nil if it does not ask.
    public var statedTemplateDate: String? {
        guard chatTemplate?.asksForDate == true else { return nil }
        return templateDate.formatted(.iso8601.year().month().day())
    }
}
