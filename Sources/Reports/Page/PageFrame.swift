// SPDX-License-Identifier: Apache-2.0
// The frame of every page, around its sections.

import Mustache

/// The frame of a page, and the library that holds its template.
enum PageFrame {
    /// Returns a library with a page's template as `page`, and with the tables that it may show.
    ///
    /// The templates are literals, so a test that renders one page tests them all.
    ///
    /// - Parameters:
    ///   - kind: The kind of page, for its title and the line above its heading.
    ///   - sections: The content of `main`.
    ///   - source: The source of the page.
    /// - Returns: The library. Its pages need `title`, `subtitle` and `style`, `patterns` if they
    ///   have charts with patterns, and the values that the sections name.
    static func library(kind: String, sections: String, source: String) -> MustacheLibrary {
        MustacheContentTypes.register(SafeContent(), named: SafeContent.name)
        do {
            return MustacheLibrary(templates: [
                "page": try MustacheTemplate(
                    string: page(kind: kind, sections: sections, source: source)),
                "table": try MustacheTemplate(string: Table.template),
                "panel": try MustacheTemplate(string: Panel.template),
                "heat": try MustacheTemplate(string: HeatMap.template),
            ])
        } catch {
            preconditionFailure("a template of Temper's own is malformed: \(error)")
        }
    }

    private static func page(kind: String, sections: String, source: String) -> String {
        """
        {{% CONTENT_TYPE: SAFE}}
        <!DOCTYPE html>
        <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
        <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-\(PageScript.digest)'" />
        <title>\(kind): {{title}}</title>
        <style>
        {{{style}}}
        </style>
        </head>
        <body>
        {{{patterns}}}
        <header>
        <p class="kicker">\(kind)</p>
        <h1>{{title}}</h1>
        <p class="subtitle">{{subtitle}}</p>
        </header>
        <main>
        \(sections)
        </main>
        <footer><p>Made by Temper from \(source). This page holds everything it shows and loads nothing.</p></footer>
        <script>\(PageScript.text)</script>
        </body>
        </html>

        """
    }
}
