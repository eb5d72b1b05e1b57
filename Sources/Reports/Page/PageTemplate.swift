// SPDX-License-Identifier: Apache-2.0
// The template of an audit's page. It is in Swift so that a program that uses it needs no resource
// bundle.

import Mustache

/// The template of an audit's page.
enum PageTemplate {
    static let library = PageFrame.library(
        kind: "Tamper audit", sections: sections, source: "record.json")

    private static let sections = """
        <section class="verdict {{verdictKind}}" aria-label="Verdict">
        <p class="sentence">{{#verdict}}{{#isStrong}}<strong>{{text}}</strong>{{/isStrong}}{{^isStrong}}{{text}}{{/isStrong}}{{/verdict}}</p>
        <p>{{details}}</p>
        </section>
        <dl class="facts">
        {{#facts}}<div><dt>{{meaning}}</dt><dd>{{figure}}</dd></div>
        {{/facts}}
        </dl>
        <nav aria-label="Sections"><a href="#traces">Traces</a> {{#hasPrices}}<a href="#price">Cost to break</a> {{/hasPrices}} {{#hasUnmeasured}}<a href="#unmeasured">Not measured</a> {{/hasUnmeasured}}{{#hasSearches}}<a href="#search">Search</a> {{/hasSearches}}<a href="#answers">Answers</a> {{#judges}}<a href="#judges">Judges</a> {{/judges}}<a href="#tables">Numbers</a> <a href="#tax">Safety tax</a> {{#hasImmunization}}<a href="#immunization">Immunisation</a> {{/hasImmunization}}<a href="#again">Run it again</a> <a href="#limits">Limits</a> <a href="#glossary">Glossary</a></nav>

        <section id="traces">
        <h2>{{tracesHeading}}</h2>
        <p class="lead">{{tracesRemark}}</p>
        <div class="panels">
        {{#traces}}{{>panel}}
        {{/traces}}
        {{^traces}}<p class="empty">Nothing was measured.</p>{{/traces}}
        </div>
        {{#hasOtherTraces}}<details class="others"><summary>{{otherTracesSummary}}</summary>
        <div class="panels">
        {{#otherTraces}}{{>panel}}
        {{/otherTraces}}
        </div></details>{{/hasOtherTraces}}
        </section>

        {{#hasPrices}}<section id="price">
        <h2>What it takes to break it</h2>
        {{#hasCosts}}<p class="lead">{{costsRemark}}</p>
        <div class="panels">
        {{#costs}}{{>panel}}
        {{/costs}}
        </div>{{/hasCosts}}{{^hasCosts}}<p class="empty">{{withoutCosts}}</p>{{/hasCosts}}
        {{#hasSurvival}}<h3 class="part">Cost to break over seeds</h3>
        <p class="lead">{{survivalRemark}}</p>
        <div class="panels pairs">
        {{#survival}}{{>panel}}
        {{/survival}}
        </div>
        <div class="table">{{#survivalTable}}{{>table}}{{/survivalTable}}</div>{{/hasSurvival}}
        {{#hasScaling}}<h3 class="part">The same attack on larger models</h3>
        <p class="lead">{{scalingRemark}}</p>
        <div class="table">{{#scaling}}{{>table}}{{/scaling}}</div>{{/hasScaling}}
        </section>{{/hasPrices}}

        {{#hasUnmeasured}}<section id="unmeasured">
        <h2>What could not be measured</h2>
        <p class="lead">These cells say nothing of the safeguard: what did not run might have broken it.</p>
        <ul>
        {{#unmeasured}}<li>{{.}}</li>
        {{/unmeasured}}
        </ul>
        </section>

        {{/hasUnmeasured}}{{#hasSearches}}<section id="search">
        <h2>What an attacker that searches finds</h2>
        {{#searches}}<h3 class="part">{{heading}}</h3>
        <p class="lead">{{remark}}</p>
        <dl class="facts">
        {{#facts}}<div><dt>{{meaning}}</dt><dd>{{figure}}</dd></div>
        {{/facts}}
        </dl>
        <div class="panels">
        {{#panels}}{{>panel}}
        {{/panels}}
        </div>
        {{/searches}}</section>{{/hasSearches}}

        <section id="answers">
        <h2>What the tampered models say</h2>
        <p class="lead">{{answersRemark}}</p>
        <p class="legend"><span><svg xmlns="http://www.w3.org/2000/svg" class="swatch" width="18" height="12" aria-hidden="true"><rect class="outcome-refuse" width="18" height="12"/></svg> refuses</span> <span><svg xmlns="http://www.w3.org/2000/svg" class="swatch" width="18" height="12" aria-hidden="true"><rect class="outcome-comply" width="18" height="12"/></svg> complies coherently</span> <span><svg xmlns="http://www.w3.org/2000/svg" class="swatch" width="18" height="12" aria-hidden="true"><rect class="outcome-incoherent" width="18" height="12"/></svg> incoherent</span></p>
        {{#answers}}<figure class="answer"><figcaption><h3>{{heading}}</h3><p>{{remark}}</p></figcaption>{{{svg}}}</figure>
        {{/answers}}
        {{^answers}}<p class="empty">Outcomes of answers were not measured.</p>{{/answers}}
        </section>

        {{#judges}}<section id="judges">
        <h2>How far the judges agree</h2>
        <p class="lead">{{remark}}</p>
        <div class="table">{{#rates}}{{>table}}{{/rates}}</div>
        <div class="table">{{#agreements}}{{>table}}{{/agreements}}</div>
        {{#hasDisputes}}<div class="table">{{#disputes}}{{>table}}{{/disputes}}</div>
        {{/hasDisputes}}        <p class="source">{{usage}}</p>
        </section>

        {{/judges}}

        <section id="tables">
        <h2>The numbers</h2>
        {{#effects}}<div class="table">{{>table}}</div>
        {{/effects}}
        {{#hasDifferences}}<div class="table">{{#differences}}{{>table}}{{/differences}}</div>
        <p class="source">{{differencesRemark}}</p>{{/hasDifferences}}
        <div class="table">{{#prices}}{{>table}}{{/prices}}</div>
        <p class="source">{{pricesRemark}}</p>
        </section>

        <section id="tax">
        <h2>{{taxHeading}}</h2>
        <p class="lead">{{taxLead}}</p>
        <div class="table"><table class="tax">
        <caption>{{#taxHasOriginal}}Before and after hardening, untampered: hollow mark original, full mark the audited model, on a line from 0 to 100%{{/taxHasOriginal}}{{^taxHasOriginal}}The untampered model, on a line from 0 to 100%{{/taxHasOriginal}}</caption>
        <thead><tr><th scope="col">Measure</th>{{#taxHasOriginal}}<th scope="col">Original</th>{{/taxHasOriginal}}<th scope="col">{{taxColumn}}</th>{{#taxHasOriginal}}<th scope="col">Change</th>{{/taxHasOriginal}}<th scope="col" class="wide">0 to 100%</th></tr></thead>
        <tbody>
        {{#tax}}<tr><th scope="row">{{measure}}{{#explanation}}<small>{{.}}</small>{{/explanation}}</th>{{#taxHasOriginal}}<td data-label="Original"><span>{{before}}{{#beforeBounds}} <small>{{.}}</small>{{/beforeBounds}}</span></td>{{/taxHasOriginal}}<td data-label="{{taxColumn}}"><span>{{after}}{{#afterBounds}} <small>{{.}}</small>{{/afterBounds}}</span></td>{{#taxHasOriginal}}<td data-label="Change"><span>{{change}}</span></td>{{/taxHasOriginal}}<td class="wide">{{{svg}}}</td></tr>
        {{/tax}}
        </tbody>
        </table></div>
        </section>

        {{#hasImmunization}}<section id="immunization">
        <h2>Whether it counts as immunised</h2>
        <p class="lead">{{immunizationRemark}}</p>
        <div class="table words">{{#immunization}}{{>table}}{{/immunization}}</div>
        </section>

        {{/hasImmunization}}<section id="again">
        <h2>What was run, and how to run it again</h2>
        <pre><code>{{command}}</code></pre>
        <p class="lead">{{commandRemark}}</p>
        <dl class="identity">
        {{#identity}}<div><dt>{{term}}</dt><dd>{{meaning}}</dd></div>
        {{/identity}}
        </dl>
        <div class="table words">{{#adversaries}}{{>table}}{{/adversaries}}</div>
        </section>

        <section id="limits">
        <h2>Limits</h2>
        <ul>
        {{#limits}}<li>{{.}}</li>
        {{/limits}}
        </ul>
        </section>

        <section id="glossary">
        <h2>Glossary</h2>
        <dl class="words">
        {{#glossary}}<div><dt>{{term}}</dt><dd>{{meaning}}</dd></div>
        {{/glossary}}
        </dl>
        </section>
        """
}
