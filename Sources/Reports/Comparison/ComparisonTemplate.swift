// SPDX-License-Identifier: Apache-2.0
// The template of a comparison's page. Style and tables are those of an audit's page.

import Mustache

/// The template of a comparison's page.
enum ComparisonTemplate {
    static let library = PageFrame.library(
        kind: "Tamper audits compared", sections: sections,
        source: "the records of the audits above")

    private static let sections = """
        <section class="verdict" aria-label="Verdict">
        <p class="sentence">{{sentence}}</p>
        </section>
        <nav aria-label="Sections"><a href="#maps">Adversary by model</a> {{#hasCourses}}<a href="#courses">Cost curves</a> {{/hasCourses}}{{#hasTradeOff}}<a href="#trade">Trade-off</a> {{/hasTradeOff}}<a href="#differences">Differences</a> <a href="#tax">Safety tax</a> <a href="#runs">What was run</a></nav>
        <div class="table">{{#overview}}{{>table}}{{/overview}}</div>

        <section id="maps">
        <h2>Adversary by model</h2>
        <p class="lead">{{mapsRemark}}</p>
        <div class="table">{{#safeguardMap}}{{>heat}}{{/safeguardMap}}</div>
        <div class="table">{{#costMap}}{{>heat}}{{/costMap}}</div>
        </section>

        {{#hasCourses}}<section id="courses">
        <h2>What a dollar buys</h2>
        <p class="lead">The safeguard against what the adversary paid, the mean over seeds at each point of the trace, on a logarithmic axis; the dashed line is the threshold, the number beside each name the last value.</p>
        <div class="panels pairs">
        {{#courses}}{{>panel}}
        {{/courses}}
        </div>
        {{#hasSurvival}}<h3 class="part">Cost to break over seeds</h3>
        <p class="lead">The share of seeds whose safeguard still stands after so much was paid (Kaplan-Meier), and beside each name the median. A tick across a line is a seed that never broke within its budget.</p>
        <div class="panels pairs">
        {{#survival}}{{>panel}}
        {{/survival}}
        </div>{{/hasSurvival}}
        </section>{{/hasCourses}}

        {{#hasTradeOff}}<section id="trade">
        <h2>What the hardening bought, and what it costs</h2>
        <p class="lead">{{tradeOffRemark}}</p>
        {{#tradeOffCharts}}{{>panel}}{{/tradeOffCharts}}
        <div class="table">{{#tradeOff}}{{>table}}{{/tradeOff}}</div>
        </section>{{/hasTradeOff}}

        <section id="differences">
        <h2>Differences between the models</h2>
        <div class="table">{{#differences}}{{>table}}{{/differences}}</div>
        <p class="source">{{differencesRemark}}</p>
        </section>

        <section id="tax">
        <h2>What the safeguards themselves cost</h2>
        <div class="table">{{#tax}}{{>table}}{{/tax}}</div>
        <div class="table">{{#taxDifferences}}{{>table}}{{/taxDifferences}}</div>
        </section>

        <section id="runs">
        <h2>What was run</h2>
        <div class="table words">{{#identity}}{{>table}}{{/identity}}</div>
        <ul>
        {{#notes}}<li>{{.}}</li>
        {{/notes}}
        </ul>
        </section>
        """
}
