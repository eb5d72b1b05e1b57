// SPDX-License-Identifier: Apache-2.0
// No template makes the renderer hang, exhaust memory or overflow the stack.

import JSONText
import Testing

@testable import Tokenization

@Suite("Templates are bounded")
struct TemplateLimitTests {
    /// A template which may be too long to be shown.
    struct Source: CustomTestStringConvertible {
        let text: String
        var testDescription: String { String(text.prefix(90)) }
        init(_ text: String) { self.text = text }
    }

    private static let grow = "{% set ns = namespace(x='ab', l=[1]) %}{% for i in range(100000) %}"

    static let hostileSources = [
        // work
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{{ range(1000000000)|length }}", "{{ range(-9223372036854775807, 9223372036854775807) }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ '%999999999d' % 1 }}", "{{ '%.999999999f' % 1 }}",
        "{{ '%*d' % (9223372036854775807, 1) }}",
        "{{ '{:999999999}'.format(1) }}", "{{ '{:.9999999999f}'.format(1.5) }}",
        "{{ '{0:{1}}'.format('a', 999999999) }}", "{{ 'a'.center(9223372036854775807) }}",
        "{{ 'a'.zfill(999999999) }}", "{{ '\\t\\t'.expandtabs(9223372036854775807) }}",
        "{{ 'ab'|batch(9223372036854775807, 'x')|list }}",
        "{{ 'ab'|slice(9223372036854775807)|list }}",
        "{{ 1.5|round(-9223372036854775807, 'ceil') }}", "{{ 'a'[9223372036854775807] + none }}",
        "{{ 'a'|truncate(9223372036854775807, leeway=9223372036854775807) + none }}",
        "{{ [1].index(1, -9223372036854775807, 0 - 9223372036854775807) }}",
        "{{ 'a'.find('a', -9223372036854775807) + none }}",
        "{{ range(9223372036854775807, -9223372036854775807, -9223372036854775807)[::2] + 1 }}",
        "{{ 'a'|center(999999999) }}", "{{ dict.fromkeys(range(100000)) }}",
        "{{ (range(100000)|list)|tojson(separators=['x' * 100000, '']) }}",
        "{{ '{}' * 100000 }}{{ ('{}' * 1000000).format(*range(100000)) }}",
        "{% for i in range(100000) %}{{ ('a' * 100000).rsplit('b') }}{% endfor %}",
        "{{ range(100000)|unique|list|length }}", "{{ ('<' * 9000000)|e }}",
        "{{ ('a' * 1000000).split('') }}", "{{ ('a' * 3000000).count('a' * 1000000 ~ 'b') }}",
        "{{ ('a' * 3000000).replace('a' * 1000 ~ 'b', '') }}", "{{ 2 ** 9223372036854775807 }}",
        "{% for i in range(100000) %}{{ 'x' * 10000 in 'y' * 1000000 }}{% endfor %}",
        "{{ (range(1000000)|list)|sort|unique|list|length }}",
        // memory
        grow + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        grow + "{% set ns.x = ns.x + ns.x %}{% endfor %}",
        grow + "{% set ns.x = ns.x|replace('a', ns.x) %}{% endfor %}",
        grow + "{% set ns.x = [ns.x, ns.x]|join %}{% endfor %}",
        grow + "{% set ns.x = ns.x * 2 %}{% endfor %}",
        grow + "{% set ns.l = ns.l + ns.l %}{% endfor %}",
        grow + "{% set ns.l = ns.l * 2 %}{% endfor %}", "{{ 'a' * 9223372036854775807 }}",
        "{{ '' * 9223372036854775807 }}", "{{ [] * 9223372036854775807 }}",
        "{{ 'a\\n' * 100000 | indent(1000000) }}", "{{ 'a'|indent(9223372036854775807) }}",
        "{{ [[1]]|tojson(indent=9223372036854775807) }}",
        "{% for a in range(100000) %}{{ 'x' * 100000 }}{% endfor %}",
        grow + "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}{% endfor %}",
        // nesting
        grow + "{% set ns.l = [ns.l] %}{% endfor %}",
        grow + "{% set ns.l = [ns.l, ns.l] %}{% endfor %}",
        grow + "{% set ns.l = {'a': ns.l} %}{% endfor %}",
        grow + "{% set ns.l = (ns.l,) %}{% endfor %}",
        grow + "{% set ns.l = ns.l|map('string') %}{% endfor %}",
        grow + "{% set ns.l = 'a'|map('default', ns.l) %}{% endfor %}",
        grow + "{% set ns.l = joiner(ns.l) %}{% endfor %}",
        grow + "{% set ns.l = cycler(ns.l) %}{% endfor %}",
        grow + "{% for x in [ns.l] %}{% set ns.l = loop %}{% endfor %}{% endfor %}",
        grow + "{% set ns.x = namespace(a=ns.x, b=ns.x) %}{% endfor %}{{ ns }}",
        "{% set ns = namespace(x=1) %}{% for i in range(60) %}{% set ns.x = namespace(a=ns.x, "
            + "b=ns.x) %}{% endfor %}{{ ns }}",
        "{% macro m() %}{% call m() %}{% endcall %}{% endmacro %}{{ m() }}",
        "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{{ caller }}{% endmacro %}{{ m() }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro m() %}{% with %}{% filter upper %}{{ m() }}{% endfilter %}{% endwith %}"
            + "{% endmacro %}{{ m() }}",
        grow + "{% set ns.l = dict(x=ns.l) %}{% endfor %}",
        grow
            + "{% set ns.l = ns.l|map('list')|list|map('list')|list %}{% set ns.l = [ns.l] %}{% endfor %}",
        grow + "{% set ns.l = {'a': ns.l}|items|list %}{% endfor %}",
        grow + "{% set ns.l = {'a': ns.l}|dictsort %}{% endfor %}",
        grow + "{% set ns.l = ns.l.index %}{% endfor %}",
        "{% macro m(x) %}{{ m([x]) }}{% endmacro %}{{ m(1) }}",
        "{{ " + String(repeating: "(", count: 20_000) + "1" + String(repeating: ")", count: 20_000)
            + " }}",
        "{{ " + String(repeating: "[", count: 20_000) + " }}",
        "{{ " + String(repeating: "-", count: 20_000) + "1 }}",
        "{{ " + String(repeating: "not ", count: 20_000) + "1 }}",
        "{{ 1" + String(repeating: " if 1 else 1", count: 20_000) + " }}",
        "{{ l" + String(repeating: ".a", count: 20_000) + " }}",
        "{{ 1" + String(repeating: "|string", count: 20_000) + " }}",
        String(repeating: "{% if true %}", count: 20_000),
        String(repeating: "{% for a in 'x' %}", count: 20_000),
        "{{ 1" + String(repeating: " ** 1", count: 500_000) + " }}",
    ]

    @Test("a hostile template is stopped with an error", arguments: hostileSources.map(Source.init))
    func hostile(source: Source) throws {
        let error = try #require(throws: InputError.self) {
            try ChatTemplate(source.text).render([], addingGenerationPrompt: false)
        }
        #expect(error.place.hasPrefix("chat template: line "))
        #expect(!error.problem.isEmpty)
    }

    static let longSources = [
        ("{{ 1" + String(repeating: " + 1", count: 10_000) + " }}", "10001"),
        (
            "{{ 'a'" + String(repeating: " ~ 'a'", count: 5_000) + " }}",
            String(repeating: "a", count: 5_001)
        ),
        (String(repeating: "{% if false %}{% endif %}", count: 10_000), ""),
        ("{% if 0 %}" + String(repeating: "{% elif 0 %}", count: 10_000) + "{% endif %}", ""),
        ("{% for i in range(50000) %}{% endfor %}x", "x"),
    ]

    @Test(
        "a long but plain template is rendered",
        arguments: longSources.map { (Source($0.0), Source($0.1)) })
    func long(source: Source, expected: Source) throws {
        let template = try ChatTemplate(source.text)
        #expect(try template.render([], addingGenerationPrompt: false) == expected.text)
    }

    @Test("a conversation of several megabytes is rendered")
    func largeConversation() throws {
        let template = try ChatTemplate(
            "{% for m in messages %}{{ '<' + m.role + '>' + m.content | trim + '\\n' }}{% endfor %}"
        )
        let text = String(repeating: "word ", count: 20_000)
        let messages = (0..<80).map { ChatMessage(role: "\($0)", content: text) }
        let rendered = try template.render(messages, addingGenerationPrompt: false)
        #expect(rendered.utf8.count > 7_900_000)
    }

    @Test(
        "errors name line and column and what is supported",
        arguments: [
            ("a\n  {{ x | nothing }}", 2, 10, "the filter nothing is not supported", "tojson"),
            ("{% autoescape %}", 1, 4, "the tag autoescape is not supported", "for"),
            ("{% if x %}\n {% include 'x' %}{% endif %}", 2, 2, "include has no other", "here"),
            ("é😀{{ x is nothing }}", 1, 11, "the test nothing is not supported", "defined"),
            ("\n\n{{ 'x'.nothing() }}", 3, 15, "no attribute 'nothing'", "startswith"),
            ("{% if x %}\n{{ y.z }}{% endif %}", 2, 5, "'y' is undefined", ""),
            (
                "{% for x in 'a' %}\n{{ loop('b') }}{% endfor %}", 2, 8, "not recursive",
                "into its for"
            ),
            ("{{ dict(\n**5) }}", 2, 3, "takes a mapping", ""),
            ("{{ [1]\n | batch(nope=2) }}", 2, 4, "batch() has no argument nope", ""),
            (
                "{% if 1 %}{{ 2 |\n nothing }}{% endif %}", 2, 2, "filter nothing is not supported",
                ""
            ),
            ("{{ '%d' % 'a' }}", 1, 4, "%d format", ""),
            ("{{ strftime_now('%d') }}", 1, 16, "'strftime_now' is undefined", ""),
            ("{{ [1].append(2) }}", 1, 14, "no attribute 'append'", "nothing can be changed"),
        ] as [(String, Int, Int, String, String)])
    func positions(
        source: String, line: Int, column: Int, problem: String, remedy: String
    ) throws {
        let error = try #require(throws: InputError.self) {
            try ChatTemplate(source).render(
                [], addingGenerationPrompt: false,
                variables: source.hasPrefix("{% if") ? ["x": 1] : [:])
        }
        #expect(error.problem.contains(problem))
        #expect(error.remedy.contains(remedy))
        #expect("\(error)".hasPrefix("chat template: line \(line), column \(column): "))
    }

    @Test("without a date a template cannot ask for one")
    func noDate() throws {
        let template = try ChatTemplate(
            "{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}fixed{% endif %}")
        #expect(try template.render([], addingGenerationPrompt: false) == "fixed")
    }

    @Test(
        "what holds itself, or is a long chain, is freed",
        arguments: [
            "{% set ns.l = namespace(x=ns.l) %}{% endfor %}", "{% set ns.l = ns %}{% endfor %}",
            "{% set ns.l = loop %}{% endfor %}", "{% set ns.l = [loop.cycle] %}{% endfor %}",
            "{{ loop.changed(loop) }}{% endfor %}",
            "{% set p = ns.l %}{% macro m() %}{% endmacro %}{% set ns.l = m %}{% endfor %}",
            "{% set p = ns.l %}{% for x in 'a' recursive %}{% set ns.l = loop %}{% endfor %}"
                + "{% endfor %}",
            "{% set p = ns.l %}{% for x in 'a' if x %}{% set ns.l = loop %}{% endfor %}{% endfor %}",
        ])
    func freed(rest: String) throws {
        let template = try ChatTemplate(
            "{% set ns = namespace(l=[1]) %}{% for i in range(30000) %}" + rest)
        let text = try template.render([], addingGenerationPrompt: false)
        #expect(text.isEmpty || text.hasPrefix("TrueFalse"))
    }
}
