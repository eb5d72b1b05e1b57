# SPDX-License-Identifier: Apache-2.0
# Whole templates of a few tags. `%%` stands between them.

STATEMENTS = [part.strip("\n") for part in r"""
{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }}{{ m(1, 3, 4, 5) }}{{ m(1, c=6, d=7) }}{{ m(b=1, a=2, z=3) }}
%%
{% macro m(a) %}{{ a }}{{ varargs|length }}{% endmacro %}{{ m() }}{{ m(1, 2) }}{{ m(*l) }}{{ m(*[1], **{}) }}
%%
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
%%
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=1) }}
%%
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}
%%
{% macro m(a, b) %}[{{ a }}|{{ b }}]{% endmacro %}{{ m(*[1, 2]) }}{{ m(**{'b': 1, 'a': 2}) }}{{ m(1, *[2]) }}{{ m(*'xy') }}{{ m(*{'p': 1, 'q': 2}) }}
%%
{% macro m(a, b) %}[{{ a }}|{{ b }}]{% endmacro %}{{ m(*5) }}
%%
{% macro m(a) %}{% endmacro %}{{ m(a=1, **{'a': 2}) }}
%%
{% macro m(a) %}{% endmacro %}{{ m(**{1: 2}) }}
%%
{% macro m(a) %}{% endmacro %}{{ m(**5) }}
%%
{% macro m(a='x', b=a ~ 'y', c=late) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{% set late = 'L' %}{{ m() }}{{ m('q') }}{{ m(b='r') }}
%%
{% macro m(a=b, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ m() }}{{ m(b=2) }}
%%
{% macro m(x) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}{{ m }}
%%
{% macro wrap(tag) %}<{{ tag }}>{{ caller() }}</{{ tag }}>{% endmacro %}{% call wrap('b') %}in {{ n }}{% endcall %}
%%
{% macro each(items) %}{% for i in items %}{{ caller(i, loop.index) }};{% endfor %}{% endmacro %}{% call(x, k='d') each(l) %}{{ x }}-{{ k }}{% endcall %}
%%
{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}
%%
{% macro m() %}x{% endmacro %}{% call m() %}{% endcall %}
%%
{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}
%%
{% macro m(caller) %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}
%%
{% macro m(caller=none) %}[{{ caller }}]{% endmacro %}{{ m() }}
%%
{% macro outer() %}({{ caller() }}){% endmacro %}{% macro inner() %}<{% call outer() %}{{ caller() }}{% endcall %}>{% endmacro %}{% call inner() %}z{% endcall %}
%%
{% set x = 1 %}{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{% set x = 2 %}{{ x }}{% endcall %}{{ x }}
%%
{% call range(3) %}{% endcall %}
%%
{% call n %}{% endcall %}
%%
{% call(a) m(1) %}
%%
{% filter upper %}a{{ s }}{% endfilter %}{% filter replace('a', 'b')|upper %}aa{% endfilter %}
%%
{% for x in l %}{% filter upper %}a{{ x }}{% if x == 1 %}{% break %}{% endif %}{% endfilter %}{% set q %}b{% if x == 2 %}{% continue %}{% endif %}{% endset %}{{ q }}{% endfor %}
%%
{% for x in 1, recursive %}{{ x }}{% endfor %}
%%
{% filter nope %}a{% endfilter %}
%%
{% if false %}{% filter nope %}a{% endfilter %}{% endif %}x
%%
{% set x = 1 %}{% filter upper %}{% set x = 2 %}{{ x }}{% endfilter %}{{ x }}
%%
{% filter indent(2) %}a
b
{% endfilter %}|
%%
{% with a=1, b=2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
%%
{% set a = 5 %}{% with a=1, b=a %}{{ a }}{{ b }}{% endwith %}{{ a }}
%%
{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}
%%
{% with a = 1 if t else 2 %}{{ a }}{% endwith %}
%%
{% with a %}{% endwith %}
%%
{% for x in tree recursive %}{{ x.name }}{{ loop.depth }}{{ loop.depth0 }}{% if x.kids %}({{ loop(x.kids) }}){% endif %}{% endfor %}
%%
{% for x in deep recursive %}{% if x is sequence %}[{{ loop(x) }}]{% else %}{{ x }}{% endif %}{% else %}empty{% endfor %}
%%
{% for x in tree recursive if x.name != 'b' %}{{ x.name }}{{ loop(x.kids) }}{% endfor %}
%%
{% for x in tree if x.name != 's' recursive %}{{ loop.index }}{{ x.name }}{{ loop(x.kids) }}{% endfor %}
%%
{% for x in l %}{{ loop([1]) }}{% endfor %}
%%
{% for x in tree recursive %}{{ x.name }}{% set y = x.name %}{{ loop(x.kids)|upper }}{{ y }}{% endfor %}
%%
{% for x in [1, [2, 3]] recursive %}{% if x is number %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% else %}{{ loop(x) }}{% endif %}{% endfor %}
%%
{% for x in l recursive %}{{ loop() }}{% endfor %}
%%
{% for x in l|map('string') %}{{ loop.length }}{{ loop.last }}{{ loop.revindex }}{{ x }}{{ loop.nextitem }};{% endfor %}
%%
{% for x in l if x > 1 %}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ x }}|{% endfor %}
%%
{% set g = l|map('string') %}{{ g|join }}{{ g|join }}{% for x in g %}x{% else %}done{% endfor %}
%%
{% set g = l|select %}{% for x in g %}{{ x }}{% break %}{% endfor %}{{ g|list }}
%%
{% set g = l|reverse %}{{ g|first }}{{ g|list }}{{ 3 in (l|map('abs')) }}
%%
{% set ns = namespace(skip=0) %}{% for x in range(6) if x != ns.skip %}{% set ns.skip = x + 1 %}{{ x }}{% endfor %}
%%
{% for x in l %}{{ loop }}{{ loop.index0 }}{{ loop|length }}{% endfor %}
%%
{% for x in 'ab' %}{% for y in 'cd' %}{{ loop.index }}{{ x }}{{ y }}{{ loop.changed(x) }}{% endfor %}{{ loop.cycle('o', 'e') }}{% endfor %}
%%
{% for x in [1, 1, 2] %}{{ loop.changed(x, 'a') }}{% endfor %}{% for x in [] %}{% else %}{{ loop is defined }}{% endfor %}
%%
{% for x in l %}{% set outer = loop %}{% for y in l %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}
%%
{% for loop in l %}{% endfor %}
%%
{% for x in l %}{% set loop = 1 %}{% endfor %}
%%
{% set loop = 5 %}{{ loop }}{% for x in [1] %}{{ loop.index }}{% endfor %}{{ loop }}
%%
{% for a, b in d.items() %}{{ a }}{{ b }};{% endfor %}{% for a, in [[1], [2]] %}{{ a }}{% endfor %}{% for a, b in d|dictsort %}{{ a }}{% endfor %}{% for a, b in rows|groupby('k') %}{{ a }}{{ b|length }}{% endfor %}
%%
{% for a, b in l %}{% endfor %}
%%
{% for x in 1, 2, 3 %}{{ x }}{% endfor %}{% for x in l|sort %}{{ x }}{% endfor %}{% for x in (1, 2) if x > 1 %}{{ x }}{% endfor %}{% for (a, b) in [(1, 2)] %}{{ a + b }}{% endfor %}
%%
{% for x in range(3) %}{% if loop.index == 2 %}{% break %}{% endif %}{{ x }}{% else %}never{% endfor %}{% for x in range(3) %}{% continue %}a{% else %}b{% endfor %}
%%
{% set items = [namespace(a=1), namespace(a=2)] %}{% for i in items %}{% set i.a = i.a * 10 %}{% endfor %}{{ items[0].a }}{{ items|map(attribute='a')|list }}{{ items|sum(attribute='a') }}
%%
{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}{{ [ns] }}{% set ns.y = [ns, 1] %}{{ ns.y[1] }}{{ ns.x.x.y[0].y[1] }}
%%
{% set ns = namespace(l=[]) %}{% for x in l %}{% set ns.l = ns.l + [namespace(v=x)] %}{% endfor %}{{ ns.l|map(attribute='v')|join(',') }}{{ ns.l }}
%%
{% set ns = namespace(f=1) %}{% set ns.f = ns.f + 1 %}{% set ns.g %}x{{ n }}{% endset %}{{ ns.f }}{{ ns.g }}{{ ns.zz is defined }}{{ ns['f'] }}{% set ns.h, q = 1, 2 %}{{ ns.h }}{{ q }}
%%
{% set ns = namespace() %}{% set ns._x = 1 %}
%%
{% set d.x = 1 %}
%%
{% set zz.x = 1 %}
%%
{% set x %}{% set y = 1 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}
%%
{% set x | upper | replace('A', 'b') %}aca{% endset %}{{ x }}
%%
{% set x | nope %}a{% endset %}
%%
{% set a = b = 1 %}
%%
{% set true = 1 %}
%%
{% set a, b = l %}
%%
{% set (a, b), c = (1, 2), 3 %}{{ a }}{{ b }}{{ c }}{% set a, b = b, a %}{{ a }}{{ b }}{% set q = 1, %}{{ q }}
%%
{% if n > 5: %}colon{% endif %}{% for x in l: %}{{ x }}{% endfor %}
%%
{% if zz %}{{ 'a'|nope }}{% endif %}x
%%
{% if true %}{{ 'a'|nope }}{% endif %}x
%%
{% if zz %}{% for x in l %}{{ x|nope }}{% endfor %}{% endif %}x
%%
{% if zz is nope %}{% endif %}
%%
{% if false and (zz is nope) %}a{% else %}b{% endif %}
%%
{% if zz %}{% set x = 'a'|nope %}{% elif zz %}{{ 1 is nope }}{% else %}ok{% endif %}
%%
{% if zz %}{% macro m() %}{{ 1|nope }}{% endmacro %}{% endif %}x
%%
{% for x in [] %}{{ x|nope }}{% endfor %}
%%
{% if zz %}{% set y %}{{ 1|nope }}{% endset %}{% endif %}x
%%
{% if zz %}{% nope %}{% endif %}
%%
{% if zz %}{% include 'a' %}{% import 'b' as c %}{% endif %}x
%%
{% block a %}x{{ n }}{% endblock %}{% set y = 1 %}{% block b %}{{ y }}{% set y = 2 %}{{ y }}{% endblock b %}{{ y }}
%%
{% for i in l %}{% block a %}[{{ i }}]{% endblock %}{% block b scoped %}[{{ i }}]{% endblock %}{% endfor %}
%%
{% block a %}{% endblock %}{% block a %}{% endblock %}
%%
{% include 'a' %}
%%
{% print 1 %}{% print 1, 'a' %}
%%
{% generation %}a{{ n }}{% endgeneration %}{% set x = 1 %}{% generation %}{% set x = 2 %}{{ x }}{% endgeneration %}{{ x }}
%%
{% for m in l %}{% generation %}{{ m }}{{ loop.index }}{% endgeneration %}{% endfor %}
%%
{% for m in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}
%%
{%- for c in calls -%}{{ c.function.name }}({% for k, v in c.function.arguments|items %}{{ k }}={{ v|tojson }}{{ ', ' if not loop.last }}{% endfor %}){% endfor %}
%%
{% macro show(v, depth=0) %}{% if v is mapping %}{% for k, w in v|dictsort %}{{ '  ' * depth }}{{ k }}:
{{ show(w, depth + 1) }}{% endfor %}{% else %}{{ '  ' * depth }}{{ v }}
{% endif %}{% endmacro %}{{ show(rows[0]) }}
%%
{% macro f(x) %}{{ x if x < 2 else f(x - 1)|int + f(x - 2)|int }}{% endmacro %}{{ f(10) }}
%%
{% set outer = 1 %}{% macro m() %}{{ outer }}{% set outer = 2 %}{{ outer }}{% endmacro %}{{ m() }}{{ m() }}{{ outer }}{% set outer = 3 %}{{ m() }}
%%
{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{% set q = m() %}{{ q }}{% endfor %}{{ m is defined }}
%%
{% set c = cycler('a', 'b', 'c') %}{% for x in range(5) %}{{ c.next() }}{{ c.current }}{% endfor %}{{ c.reset() }}{{ c.next() }}
%%
{% set j = joiner('; ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}
%%
{% set m = l|map('upper') %}{% if m %}true{% endif %}{% set k = namespace(m=m) %}{{ k.m|join }}{{ m|list }}
%%
{{ caller }}{{ varargs }}{{ kwargs }}
%%
{% macro range() %}mine{% endmacro %}{{ range() }}{% set dict = 5 %}{{ dict }}
%%
{% raw %}{{ n }}{% endraw %}{% raw -%}  a {%- endraw %}{{ '{%' }}{{- ' x ' -}}  y {#- c -#}  z
%%
a {%- if t %} b {% endif -%} c
{%+ if t %}d{% endif +%}
   {% set x = 1 -%}
  e{{ n -}}
  f
%%
{% if t %}
  yes
    {% if n %}
  no
    {% endif %}
{% endif %}
  {#- gone #}
	{% set z = 1 %}	tab
%%
{{ {'a': '}}'}['a'] }}{{ "{{" }}{{ '#}' }}{# {{ #}{% set x = '%}' %}{{ x }}
%%
{% set x = {'a': [1, {'b': 2}]} %}{{ x.a[1].b }}{{ x['a'][1]['b'] }}{{ x.get('a')[0] }}{{ x.a.1.b }}
%%
{% if %}{% endif %}
%%
{% for x in %}{% endfor %}
%%
{% endfor %}
%%
{% macro %}{% endmacro %}
%%
{% macro m(a, a) %}{% endmacro %}
%%
{% macro m(a=1, b) %}{% endmacro %}
%%
{% if t %}{% else %}{% else %}{% endif %}
%%
{% for x in l %}{% else %}{% elif %}{% endfor %}
%%
{{ n
%%
{% if n
%%
{# open
%%
{% raw %}open
%%
{{ n }}}}{{ n }} } %} #}
%%
{% if t %}x{% endif t %}
%%
{% break %}
%%
{% if t %}{% continue %}{% endif %}
%%
{% macro m() %}{% break %}{% endmacro %}
%%
{% for x in l %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}
%%
{% for x in zz.y %}{% endfor %}
%%
{% for x in 5 %}{% endfor %}
%%
{% set x = raise_exception('no') if zz else 'fine' %}{{ x }}
%%
{% set first = true %}{% for r in rows %}{% if not first %}, {% endif %}{% set first = false %}{{ r.k }}{% endfor %}
%%
{% for r in rows -%}
  {%- if loop.first %}<{% endif -%}
  {{ r.k }}{{ "," if not loop.last else ">" -}}
{% endfor %}
%%
{{ s[:5] ~ '\n' }}{{ lines.split('\n')|map('trim')|select|join('|') }}{{ '\\n' in lines }}
%%
{% set text = '<think>a</think>b' %}{% if '</think>' in text %}{{ text.split('</think>')[-1] }}{{ text.split('</think>')[0].split('<think>')[-1] }}{% endif %}
""".split("\n%%\n")]
