// SPDX-License-Identifier: Apache-2.0
// A table whose cells are coloured by their value.

/// A table of coloured cells. Every cell also states its value in words.
struct HeatMap {
    struct Cell {
        let label: String
        let text: String
        var small: String?
        /// The class of the colour.
        let tone: String
    }
    struct Row {
        let heading: String
        let subheading: String?
        let cells: [Cell]
    }
    let caption: String
    /// The name of the rows.
    var corner = "Adversary"
    let headers: [String]
    let rows: [Row]

    /// The template of such a table.
    static let template = """
        {{% CONTENT_TYPE: SAFE}}
        <table class="heat">
        <caption>{{caption}}</caption>
        <thead><tr><th scope="col">{{corner}}</th>{{#headers}}<th scope="col">{{.}}</th>{{/headers}}</tr></thead>
        <tbody>
        {{#rows}}
        <tr>
        <th scope="row">{{heading}}{{#subheading}}<small>{{.}}</small>{{/subheading}}</th>
        {{#cells}}<td class="{{tone}}" data-label="{{label}}"><span>{{text}}{{#small}} <small>{{.}}</small>{{/small}}</span></td>{{/cells}}
        </tr>
        {{/rows}}
        </tbody>
        </table>
        """

    /// The number of steps of a colour.
    static let levels = 10
    /// The share of the colour in the strongest cell. Text on it keeps a contrast of 4.5 to 1.
    static let strongest = 0.45

    /// The colours of the cells.
    static var style: String {
        let tones = ["hold", "harm"].flatMap { colour in
            (0...levels).map { level in
                let share = number(strongest * 100 * Double(level) / Double(levels))
                return ".heat td.\(colour)-\(level) { background: color-mix(in srgb, "
                    + "var(--\(colour)) \(share)%, var(--paper)); }"
            }
        }
        return tones.joined(separator: "\n") + """

            .heat { table-layout: fixed; } .heat thead th:first-child { width: 15rem; }
            .heat td { text-align: center; border: 2px solid var(--paper); } .heat td small { color: var(--ink); }
            .heat td.none { color: var(--soft); } .heat td.censored { outline: 1.5px dashed var(--hold); outline-offset: -4px; }
            .heat thead th { text-align: center; min-width: 6rem; overflow-wrap: anywhere; } .heat thead th:first-child { text-align: left; }
            @media (max-width: 46rem) { .heat td { margin-top: 0.25rem; padding: 0.3rem 0.5rem !important; border: 0; } .heat td[data-label]::before { color: var(--ink); overflow-wrap: anywhere; max-width: 55%; } }

            """
    }

    /// Returns the colour of a share.
    static func tone(_ colour: String, _ share: Double) -> String {
        let level = (min(max(share, 0), 1) * Double(levels)).rounded()
        return "\(colour)-\(level.isFinite ? Int(level) : 0)"
    }
}
