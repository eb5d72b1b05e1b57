// SPDX-License-Identifier: Apache-2.0
// The template of an inspection's page; style and tables are those of an audit's page.

import Mustache

/// The template of an inspection's page.
enum InspectionTemplate {
    /// The templates are literals of this file, so a test that renders one page proves them all.
    static let library: MustacheLibrary = {
        MustacheContentTypes.register(SafeContent(), named: SafeContent.name)
        do {
            return MustacheLibrary(templates: [
                "page": try MustacheTemplate(string: page),
                "table": try MustacheTemplate(string: PageTemplate.table),
                "heat": try MustacheTemplate(string: ComparisonTemplate.heat),
            ])
        } catch {
            preconditionFailure("the inspection's own template is malformed: \(error)")
        }
    }()

    private static let page = """
        {{% CONTENT_TYPE: SAFE}}
        <!DOCTYPE html>
        <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
        <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>Inspection: {{title}}</title>
        <style>
        {{{style}}}
        .heat { font-size: 0.78rem; } .heat thead th:first-child { width: 5rem; } .heat thead th { min-width: 0; } .heat tbody th { min-width: 0; }
        </style>
        </head>
        <body>
        <header>
        <p class="kicker">How a checkpoint was made</p>
        <h1>{{title}}</h1>
        <p class="subtitle">{{subtitle}}</p>
        </header>
        <main>
        <section class="verdict {{tone}}" aria-label="Verdict">
        <p class="sentence"><strong>{{verdict}}</strong>. {{sentence}}</p>
        {{#agreement}}<p>{{.}}</p>{{/agreement}}
        </section>
        {{#hasOperations}}<section id="operations">
        <h2>What was done</h2>
        <div class="table">{{#operations}}{{>table}}{{/operations}}</div>
        </section>{{/hasOperations}}

        {{#hasChanges}}<section id="changes">
        <h2>Where it changed</h2>
        <p class="lead">Layer by module. The stronger the red, the greater the change, compared with the greatest of this page; every cell says what its colour says.</p>
        <div class="table">{{#changes}}{{>heat}}{{/changes}}</div>
        </section>{{/hasChanges}}

        {{#hasOthers}}<section id="others">
        <h2>Outside the layers</h2>
        <div class="table">{{#others}}{{>table}}{{/others}}</div>
        </section>{{/hasOthers}}

        <section id="limits">
        <h2>Limits</h2>
        <ul>
        {{#notes}}<li>{{.}}</li>
        {{/notes}}<li>A verdict says which way of making explains the difference. Documentation/Forensics.md says how often it is right on derivatives whose making is known, and what is missed.</li>
        </ul>
        </section>
        </main>
        <footer><p>Made by Temper from the weights alone. This page holds everything it shows and loads nothing.</p></footer>
        </body>
        </html>

        """
}
