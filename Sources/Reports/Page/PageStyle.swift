// SPDX-License-Identifier: Apache-2.0
// The page's style: calm, readable without colour, in light, in dark and on paper.

/// The style sheet.
///
/// The sources of its ideas: Our World in Data for headings over each chart that state its message,
/// labels at the lines instead of a legend, and a source line below; Distill for a narrow column of
/// text with figures that may be wider; model cards for a fixed order that ends in limits;
/// nutrition labels for four figures at the top.
enum PageStyle {
    static let css = colours + page + tables + charts + narrow + paper

    /// Every text colour has a contrast of at least 4.5 to 1 on its background.
    private static let colours = """
        :root {
          color-scheme: light dark;
          --paper: #fdfcfa; --raised: #f5f3ee; --ink: #1c2126; --soft: #565e68; --rule: #dcd8cf;
          --grid: #e8e5de; --hold: #1f5f99; --harm: #b0431a; --mute: #6b6f76; --band: #1f5f99;
          --capability: #5d4a86;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #14171b; --raised: #1d2126; --ink: #e9e6e0; --soft: #a9b0b8; --rule: #363c44;
            --grid: #2a2f36; --hold: #85bbe9; --harm: #f29a72; --mute: #a2a8b0; --band: #85bbe9;
            --capability: #c3b1ea;
          }
        }

        """

    private static let page = """
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body {
          margin: 0; padding: 0 1.5rem 4rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
        }
        header, main, footer { max-width: 66rem; margin: 0 auto; }
        header { padding: 3.5rem 0 0; }
        h1, h2, .sentence {
          font-family: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", Georgia, "Liberation Serif", serif;
          font-weight: 600; line-height: 1.2; text-wrap: balance;
        }
        h1 { font-size: 2.4rem; margin: 0.2rem 0 0.4rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.6rem; margin: 0 0 0.6rem; }
        h3 { font-size: 1rem; line-height: 1.35; font-weight: 650; margin: 0; overflow-wrap: anywhere; }
        p { margin: 0 0 1rem; }
        small { font-size: 0.82em; color: var(--soft); }
        .kicker { margin: 0; font-size: 0.82rem; font-weight: 600; letter-spacing: 0.09em; text-transform: uppercase; color: var(--soft); }
        .subtitle, .source, footer { color: var(--soft); font-size: 0.92rem; overflow-wrap: anywhere; }
        .lead, .source, #limits ul { max-width: 46rem; }
        .lead { color: var(--soft); }
        main > section { margin-top: 3.5rem; }
        .verdict { margin-top: 2rem; padding-left: 1.4rem; border-left: 5px solid var(--mute); max-width: 54rem; }
        .verdict.broken, .verdict.unsafeguarded { border-color: var(--harm); }
        .verdict.withstood { border-color: var(--hold); }
        .sentence { font-size: 1.75rem; font-weight: 400; line-height: 1.32; margin-bottom: 0.8rem; overflow-wrap: anywhere; }
        .sentence strong { font-weight: 700; }
        .verdict p:last-child { margin: 0; max-width: 46rem; }
        dl { margin: 0; } dd { margin: 0; }
        .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 1px; margin: 2.2rem 0 0; background: var(--rule); border: 1px solid var(--rule); border-radius: 6px; overflow: hidden; }
        .facts div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: 1rem 1.2rem; background: var(--paper); }
        .facts dd { font-size: 1.55rem; line-height: 1.25; font-weight: 600; font-variant-numeric: tabular-nums; }
        .facts dt { color: var(--soft); font-size: 0.88rem; line-height: 1.4; overflow-wrap: anywhere; }
        nav { margin-top: 1.6rem; display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; font-size: 0.92rem; }
        a { color: var(--hold); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
        a:focus-visible { outline: 2px solid var(--hold); outline-offset: 3px; }
        pre { margin: 0 0 1rem; padding: 0.9rem 1.1rem; background: var(--raised); border: 1px solid var(--rule); border-radius: 6px; overflow-wrap: anywhere; white-space: pre-wrap; }
        code { font: 0.92rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
        ul { padding-left: 1.2rem; margin: 0 0 1rem; } li { margin: 0 0 0.5rem; }
        dl.identity { margin: 1.6rem 0; font-size: 0.92rem; }
        dl.identity div, dl.words div { display: grid; grid-template-columns: 11rem 1fr; gap: 0 1.4rem; padding: 0.4rem 0; border-top: 1px solid var(--grid); }
        dl.words { max-width: 54rem; }
        dl.identity dt { color: var(--soft); } dl.words dt { font-weight: 600; }
        dd { overflow-wrap: anywhere; }
        footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
        details > summary { cursor: pointer; color: var(--hold); margin: 1.6rem 0 0; } details > summary:focus-visible { outline: 2px solid var(--hold); outline-offset: 3px; }
        details.data { margin-top: 0.3rem; font-size: 0.85rem; color: var(--soft); } details.data > summary { margin: 0; } details.data p { margin: 0.3rem 0 0; }
        th[aria-sort] { cursor: pointer; } th[aria-sort]:focus-visible { outline: 2px solid var(--hold); outline-offset: 2px; } th[aria-sort="ascending"]::after { content: " ↑"; } th[aria-sort="descending"]::after { content: " ↓"; }
        label.filter { display: block; margin: 0 0 0.6rem; color: var(--soft); font-size: 0.9rem; } label.filter input { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: 4px; padding: 0.2rem 0.5rem; }
        .empty { color: var(--soft); font-style: italic; }

        """

    private static let tables = """
        .table { margin: 1.6rem 0; }
        .table:not(.words) { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 0.9rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
        caption { text-align: left; font-weight: 650; font-size: 1rem; padding: 0 0 0.5rem; }
        th, td { padding: 0.5rem 0 0.5rem 1rem; text-align: right; vertical-align: top; border-top: 1px solid var(--grid); font-weight: 400; }
        th:first-child { padding-left: 0.6rem; text-align: left; } td:last-child, thead th:last-child { padding-right: 0.6rem; }
        thead th { color: var(--soft); font-size: 0.82rem; vertical-align: bottom; border-top: 0; border-bottom: 1px solid var(--rule); }
        tbody th { font-weight: 600; min-width: 8rem; max-width: 18rem; overflow-wrap: break-word; }
        td { white-space: nowrap; } td.text, thead th.text { text-align: left; white-space: normal; min-width: 9rem; overflow-wrap: break-word; }
        th small, td small { display: block; font-weight: 400; }
        td small { white-space: nowrap; }
        .reference th, .reference td { background: var(--raised); }
        td.wide { width: 34%; padding: 0.35rem 0.6rem 0.35rem 1.6rem; } .tax thead th.wide { padding-left: 1.6rem; } .tax thead th.wide { text-align: left; }

        """

    private static let charts = """
        .patterns { position: absolute; }
        .panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(18.5rem, 1fr)); gap: 2.2rem 2rem; margin-top: 1.4rem; }
        .panels.pairs { grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); }
        figure { margin: 0; break-inside: avoid; }
        figcaption p { margin: 0.1rem 0 0; font-size: 0.88rem; line-height: 1.4; color: var(--soft); }
        .panels figcaption { min-height: 3.4rem; }
        #price .panels figcaption { min-height: 0; margin-bottom: 0.4rem; }
        svg.chart { display: block; width: 100%; height: auto; max-width: 26rem; overflow: visible; }
        svg text { font-family: inherit; font-size: 12px; fill: var(--ink); }
        svg .tick { fill: var(--soft); font-size: 11px; }
        svg .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
        svg .value { font-weight: 650; }
        .grid { stroke: var(--grid); } .axis { stroke: var(--soft); }
        .threshold { stroke: var(--ink); stroke-dasharray: 5 4; }
        .break { stroke: var(--harm); stroke-dasharray: 1.5 2.5; }
        .band { fill: var(--band); opacity: 0.14; } .whisker { stroke: var(--band); opacity: 0.45; }
        .seed { fill: none; stroke: var(--band); opacity: 0.45; stroke-width: 0.8; }
        .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
        .line.safeguard { stroke: var(--hold); }
        .line.capability { stroke: var(--capability); stroke-width: 1.4; stroke-dasharray: 6 3; }
        .mark.safeguard { fill: var(--hold); } .mark.capability { fill: var(--paper); stroke: var(--capability); stroke-width: 1.4; }
        .mark.confirmation { fill: var(--paper); stroke: var(--hold); stroke-width: 1.8; }
        .ring { fill: none; stroke: var(--harm); stroke-width: 1.8; }
        text.safeguard { fill: var(--hold); } text.capability { fill: var(--capability); }
        .guide { stroke: var(--rule); stroke-width: 1.5; }
        .mark.broken { fill: var(--harm); }
        .range { fill: var(--harm); opacity: 0.28; }
        .mark.censored { fill: var(--paper); stroke: var(--hold); stroke-width: 2; }
        line.censored { stroke: var(--hold); stroke-width: 2; stroke-dasharray: 5 3; } .arrow { fill: var(--hold); }
        .line.series-0 { stroke: var(--harm); } .line.series-1 { stroke: var(--hold); stroke-dasharray: 8 3; } .line.series-2 { stroke: var(--capability); stroke-dasharray: 3 2; }
        .line.series-3 { stroke: var(--ink); stroke-width: 1.6; stroke-dasharray: 9 3 2 3; } .line.series-4 { stroke: var(--mute); stroke-dasharray: 1.5 3; }
        .line.solid { stroke-dasharray: none; stroke-width: 1.6; } .line.thin { stroke-width: 1.2; } .band.series-0 { fill: var(--harm); }
        .dot.series-0 { fill: var(--harm); } .dot.series-1 { fill: var(--hold); } .dot.series-2 { fill: var(--capability); } .dot.series-3 { fill: var(--ink); } .dot.series-4 { fill: var(--mute); }
        .mark.outside { fill: var(--paper); stroke: var(--hold); stroke-width: 1.2; opacity: 0.75; } .mark.winner { fill: var(--harm); } .chart .bound.winner { stroke: var(--harm); }
        h3.part { font-size: 1.15rem; margin: 2.6rem 0 0.4rem; }
        .answer { margin: 1rem 0 0; }
        .answer figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.5rem; margin-bottom: 0.25rem; }
        .strip { display: block; overflow: visible; }
        .outcome-refuse, rect.refuse { fill: var(--hold); }
        .outcome-comply { fill: url(#hatch); } rect.comply { fill: var(--harm); }
        .outcome-incoherent { fill: url(#dots); } circle.incoherent { fill: var(--mute); }
        .outcome-unanswered { fill: none; }
        rect.paper { fill: var(--paper); } rect.stripe { opacity: 0.45; } .line.instant { stroke-width: 1.2; stroke-dasharray: 2 3; } .frame { fill: none; stroke: var(--soft); }
        .swatch { vertical-align: -1px; outline: 1px solid var(--soft); }
        .legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.6rem; font-size: 0.92rem; }
        .hollow { fill: var(--paper); stroke: var(--ink); stroke-width: 1.8; } .full { fill: var(--hold); stroke: var(--hold); stroke-width: 1.8; }
        .bound { stroke: var(--soft); stroke-width: 3; opacity: 0.5; } .chart .bound { stroke: var(--band); }

        """

    private static let narrow = """
        @media (max-width: 46rem) {
          body { padding: 0 1.1rem 3rem; }
          header { padding-top: 1.8rem; }
          h1 { font-size: 1.8rem; } .sentence { font-size: 1.35rem; }
          .verdict { padding-left: 1rem; }
          .facts { grid-template-columns: 1fr 1fr; } .facts div:last-child:nth-child(odd) { grid-column: span 2; } .facts dd { font-size: 1.25rem; } .facts div { padding: 0.8rem; }
          .panels figcaption { min-height: 0; }
          dl.identity div, dl.words div { grid-template-columns: 1fr; }
          thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
          table, tbody, tr, caption { display: block; }
          tr { padding: 0.7rem 0; border-top: 1px solid var(--rule); }
          th, td, tbody th { display: block; border: 0; padding: 0; max-width: none; }
          .reference th, .reference td { background: none; padding-left: 0; }
          td, td:last-child { display: flex; justify-content: space-between; gap: 1rem; padding: 0; white-space: normal; } th:first-child { padding: 0; }
          td.text { text-align: right; }
          td[data-label]::before { content: attr(data-label); color: var(--soft); text-align: left; }
          td small { display: inline; white-space: normal; }
          .words td, .words td.text { display: block; text-align: left; } .words td[data-label]::before { content: attr(data-label) ": "; }
          td.wide { width: 100%; padding: 0.4rem 8px 0; } td.wide:empty { display: none; }
        }

        """

    private static let paper = """
        @media print {
          :root { --paper: #fff; --raised: #f5f3ee; --ink: #000; --soft: #444a52; --rule: #b9b5ac; --grid: #d8d5cd; --hold: #1f5f99; --harm: #b0431a; --mute: #6b6f76; --band: #1f5f99; --capability: #5d4a86; }
          @page { margin: 16mm 14mm; }
          html { font-size: 9.2pt; }
          body { padding: 0; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          header { padding: 0; } nav, details, label.filter { display: none; } th[aria-sort]::after { content: none !important; }
          main > section { margin-top: 2rem; } h2 { break-after: avoid; }
          .panels { grid-template-columns: repeat(3, 1fr); gap: 1.4rem 1.2rem; } .panels figcaption { min-height: 4.2rem; }
          .facts { grid-template-columns: repeat(4, 1fr); } .facts dd { font-size: 1.3rem; }
          .table { overflow: visible; } table { font-size: 0.84rem; } .table th, .table td { padding-left: 0.5rem; }
          .table td.text { min-width: 6rem; } .table td.wide { padding-left: 1.6rem; } caption { break-after: avoid; }
          tr, li, dl div, pre, .verdict, .facts { break-inside: avoid; }
          a { color: inherit; text-decoration: none; }
        }

        """
}
