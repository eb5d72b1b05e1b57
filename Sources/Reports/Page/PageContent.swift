// SPDX-License-Identifier: Apache-2.0
// The content of the page's templates.

import Foundation
import Records

/// A value in bold with its meaning under it.
struct Fact {
    let figure: String
    let meaning: String
}

/// A chart with a heading and a line that explains it.
struct Panel {
    let heading: String
    let remark: String
    let svg: String
    /// The chart's numbers in words; nil where the remark has them.
    let data: String?

    init(heading: String, remark: String, svg: String) {
        self.heading = heading
        self.remark = remark
        self.svg = svg
        data = nil
    }

    init(heading: String, remark: String, drawing: Drawing) {
        self.heading = heading
        self.remark = remark
        svg = drawing.svg
        data = drawing.words
    }

    /// The template of such a chart.
    static let template = """
        {{% CONTENT_TYPE: SAFE}}
        <figure><figcaption><h3>{{heading}}</h3>{{#remark}}<p>{{.}}</p>{{/remark}}</figcaption>{{{svg}}}{{#data}}<details class="data"><summary>Numbers</summary><p>{{.}}</p></details>{{/data}}</figure>
        """
}

/// A table whose rows have headings.
struct Table {
    /// One cell. Its label is shown when a narrow screen has no room for the header.
    struct Cell {
        let label: String
        let text: String
        var small: String?
        /// Whether it holds words, which are aligned left and may wrap, instead of a number.
        var isText = false
        /// The number that a sorted column is ordered by.
        var value: Double?

        /// The number as an attribute holds it; nil without a finite one.
        var order: String? { value.flatMap { $0.isFinite ? "\($0)" : nil } }
    }
    struct Header {
        let label: String
        var isText = false
    }
    struct Row {
        let heading: String
        let subheading: String?
        let isReference: Bool
        let cells: [Cell]
    }
    let caption: String
    let corner: String
    let headers: [Header]
    let rows: [Row]

    /// The template of such a table.
    static let template = """
        {{% CONTENT_TYPE: SAFE}}
        <table>
        <caption>{{caption}}</caption>
        <thead><tr><th scope="col">{{corner}}</th>{{#headers}}<th scope="col"{{#isText}} class="text"{{/isText}}>{{label}}</th>{{/headers}}</tr></thead>
        <tbody>
        {{#rows}}
        <tr{{#isReference}} class="reference"{{/isReference}}>
        <th scope="row">{{heading}}{{#subheading}}<small>{{.}}</small>{{/subheading}}</th>
        {{#cells}}<td{{#isText}} class="text"{{/isText}} data-label="{{label}}"{{#order}} data-order="{{.}}"{{/order}}><span>{{text}}{{#small}} <small>{{.}}</small>{{/small}}</span></td>{{/cells}}
        </tr>
        {{/rows}}
        </tbody>
        </table>
        """
}

/// A term and its explanation.
struct Term {
    let term: String
    let meaning: String
}

/// The whole content of the page. Every text is escaped by the template, every `svg` by the code
/// that makes it.
struct PageContent {
    let title: String
    let subtitle: String
    let verdictKind: String
    let verdict: [Phrase]
    let details: String
    let facts: [Fact]
    let tracesHeading: String
    let traces: [Panel]
    let otherTraces: [Panel]
    let hasOtherTraces: Bool
    let otherTracesSummary: String
    let tracesRemark: String
    let hasPrices: Bool
    let costs: [Panel]
    let hasCosts: Bool
    let withoutCosts: String
    let costsRemark: String
    let immunization: Table
    let immunizationRemark: String
    let hasImmunization: Bool
    let survival: [Panel]
    let survivalRemark: String
    let survivalTable: Table
    let hasSurvival: Bool
    let scaling: Table
    let scalingRemark: String
    let hasScaling: Bool
    let searches: [SearchSection]
    let hasSearches: Bool
    let answers: [Panel]
    let answersRemark: String
    let judges: JudgesPart?
    let effects: [Table]
    let differences: Table
    let differencesRemark: String
    let hasDifferences: Bool
    let prices: Table
    let pricesRemark: String
    let unmeasured: [String]
    let hasUnmeasured: Bool
    let tax: [TaxRow]
    let taxLead: String
    let taxHasOriginal: Bool
    let taxHeading: String
    let taxColumn: String
    let identity: [Term]
    let command: String
    let commandRemark: String
    let adversaries: Table
    let limits: [String]
    let glossary: [Term]
    let patterns = Strip.patterns
    let style = PageStyle.css

    init(_ record: AuditRecord) {
        let summaries = record.adversaries.map { AdversarySummary($0, of: record) }
        let sections = PageSections(record: record, summaries: summaries)
        let verdict = Verdict(record)
        title = record.model.name
        let date = record.createdAt.formatted(
            Date.VerbatimFormatStyle(
                format: "\(day: .defaultDigits) \(month: .wide) \(year: .defaultDigits)",
                locale: Locale(identifier: "en_GB"), timeZone: .gmt,
                calendar: .init(identifier: .gregorian)))
        subtitle =
            "\(record.suite.safeguard) safeguard · suite \(record.suite.name) "
            + "\(record.suite.version) · battery \(record.battery) · \(date)"
        verdictKind = verdict.kind.rawValue
        self.verdict = verdict.sentence
        details = verdict.details
        facts = sections.facts
        tracesHeading = sections.tracesHeading
        traces = sections.traces
        otherTraces = sections.otherTraces
        hasOtherTraces = !otherTraces.isEmpty
        otherTracesSummary = sections.otherTracesSummary
        tracesRemark = sections.tracesRemark
        hasPrices = record.safeguard != .absent
        costs = sections.costs
        hasCosts = !costs.isEmpty
        withoutCosts = sections.withoutCosts
        costsRemark = sections.costsRemark
        immunization = sections.immunization
        immunizationRemark = sections.immunizationRemark
        hasImmunization = record.safeguard != .absent && !immunization.rows.isEmpty
        survival = sections.survival
        survivalRemark = sections.survivalRemark
        survivalTable = sections.survivalTable
        hasSurvival = !survival.isEmpty
        scaling = sections.scaling
        scalingRemark = sections.scalingRemark
        hasScaling = !scaling.rows.isEmpty
        searches = sections.searches
        hasSearches = !searches.isEmpty
        answers = sections.answers
        answersRemark = sections.answersRemark
        judges = sections.judges
        effects = sections.effects
        differences = sections.differenceTable
        differencesRemark = sections.differencesRemark
        hasDifferences = !differences.rows.isEmpty
        prices = sections.prices
        pricesRemark = sections.pricesRemark
        unmeasured = record.unmeasured
        hasUnmeasured = !unmeasured.isEmpty
        tax = sections.tax
        taxLead = sections.taxLead
        taxHasOriginal = record.original != nil
        taxHeading = sections.taxHeading
        taxColumn = sections.taxColumn
        identity = sections.identity
        command = record.commandLine.map(quotedForShell).joined(separator: " ")
        commandRemark = sections.commandRemark
        adversaries = sections.adversaries
        limits = sections.limits
        glossary = sections.glossary
    }
}

/// One measure of the safety tax.
struct TaxRow {
    let measure: String
    let explanation: String?
    let before: String
    let beforeBounds: String?
    let after: String
    let afterBounds: String?
    let change: String
    let svg: String?
}

/// Returns an argument quoted so that a shell reads it unchanged.
private func quotedForShell(_ argument: String) -> String {
    let isPlain =
        !argument.isEmpty
        && argument.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || "-_=./:,@%+".unicodeScalars.contains($0)
        }
    return isPlain ? argument : "'" + argument.replacing("'", with: "'\\''") + "'"
}
