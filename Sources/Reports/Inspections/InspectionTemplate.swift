// SPDX-License-Identifier: Apache-2.0
// The template of an inspection's page. Style and tables are those of an audit's page.

import Mustache

/// The template of an inspection's page.
enum InspectionTemplate {
    static let library = PageFrame.library(
        kind: "How a checkpoint was made", sections: sections, source: "the checkpoints")

    /// Columns are narrower than in a comparison, because there is one for each module.
    static let style = """
        .heat { font-size: 0.78rem; } .heat thead th:first-child { width: 5rem; }
        .heat thead th { min-width: 0; } .heat tbody th { min-width: 0; }
        """

    private static let sections = """
        <section class="verdict {{tone}}" aria-label="Verdict">
        <p class="sentence"><strong>{{verdict}}</strong>. {{sentence}}</p>
        {{#agreement}}<p>{{.}}</p>{{/agreement}}
        {{#behaviour}}<p>{{.}}</p>{{/behaviour}}
        </section>
        {{#hasOperations}}<section id="operations">
        <h2>What was done</h2>
        <div class="table">{{#operations}}{{>table}}{{/operations}}</div>
        {{#directions}}<div class="table">{{>table}}</div>{{/directions}}
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
        """
}
