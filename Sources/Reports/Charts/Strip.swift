// SPDX-License-Identifier: Apache-2.0
// Strips as wide as their container: shares of a whole, and a share before and after.

import Records

/// Charts one line high. Their horizontal coordinates are percentages, so that no text is scaled.
enum Strip {
    /// The fill patterns of the strips. A page needs them once.
    static let patterns = """
        <svg xmlns="http://www.w3.org/2000/svg" class="patterns" width="0" height="0" \
        aria-hidden="true"><defs>\
        <pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" \
        patternTransform="rotate(45)"><rect class="comply" width="7" height="7"/>\
        <rect class="paper stripe" width="1.8" height="7"/></pattern>\
        <pattern id="dots" width="7" height="7" patternUnits="userSpaceOnUse">\
        <rect class="paper" width="7" height="7"/>\
        <circle class="incoherent" cx="2" cy="2" r="1.3"/>\
        <circle class="incoherent" cx="5.5" cy="5.5" r="1.3"/></pattern></defs></svg>
        """

    /// Returns a strip of shares of a whole: refused, complied, incoherent, never answered.
    static func outcomes(_ shares: [Double], id: String, title: String, text: String) -> String {
        var body = ""
        var start = 0.0
        let names = ["refuse", "comply", "incoherent", "unanswered"]
        for (share, name) in zip(shares, names) where share > 0 {
            let width = min(share, 1 - start)
            body += """
                <rect class="outcome-\(name)" x="\(number(start * 100))%" y="0" \
                width="\(number(width * 100))%" height="22"/>
                """
            start += width
        }
        body += "<rect class=\"frame\" x=\"0\" y=\"0\" width=\"100%\" height=\"22\"/>"
        return svg(body, height: 22, id: id, title: title, text: text)
    }

    /// Returns a strip of one share of two models with their intervals: a hollow mark before, a
    /// full one after.
    static func change(
        before: MeasuredValue?, after: MeasuredValue, id: String, title: String, text: String
    ) -> String {
        var body = "<line class=\"axis\" x1=\"0\" y1=\"14\" x2=\"100%\" y2=\"14\"/>"
        for quarter in 0...4 {
            let x = "\(quarter * 25)%"
            body += "<line class=\"axis\" x1=\"\(x)\" y1=\"11\" x2=\"\(x)\" y2=\"17\"/>"
        }
        for (value, name, y) in [(before, "hollow", 8.0), (after, "full", 20.0)] {
            guard let value, (0...1).contains(value.value) else { continue }
            if let interval = value.interval, interval.lower.isFinite, interval.upper.isFinite {
                body += """
                    <line class="bound" x1="\(number(interval.lower * 100))%" y1="\(number(y))" \
                    x2="\(number(interval.upper * 100))%" y2="\(number(y))"/>
                    """
            }
            body += """
                <circle class="\(name)" cx="\(number(value.value * 100))%" cy="\(number(y))" \
                r="4.5"/>
                """
        }
        return svg(body, height: 28, id: id, title: title, text: text)
    }

    private static func svg(
        _ body: String, height: Int, id: String, title: String, text: String
    ) -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" class="strip" role="img" width="100%" \
        height="\(height)" aria-labelledby="\(id)-title \(id)-desc">\
        <title id="\(id)-title">\(escaped(title))</title>\
        <desc id="\(id)-desc">\(escaped(text))</desc>\(body)</svg>
        """
    }
}
