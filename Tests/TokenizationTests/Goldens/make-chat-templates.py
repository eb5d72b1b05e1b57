# SPDX-License-Identifier: Apache-2.0
# Writes chat-templates.json and expressions.json: what transformers renders. The templates have
# the shape of well-known ones, in words of our own. Needs the package `transformers`.
import datetime
import json
import os

from transformers.utils import chat_template_utils

HERE = os.path.dirname(os.path.abspath(__file__))


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 3, 7, 9, 5, 4)


chat_template_utils.datetime = FixedDate

TEMPLATES = {
    "smollm": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
Be useful.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}""",
    "qwen": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'A default prompt.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nA default prompt.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<response>\\n' }}
        {{- message.content }}
        {{- '\\n</response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "qwen3": """{%- set ns = namespace(multi=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi and message.role == "user" and message.content is string and not(message.content.startswith('<r>') and message.content.endswith('</r>')) %}
        {%- set ns.multi = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if message.role == "assistant" %}
        {%- set thought = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thought = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or (not loop.last and thought)) %}
            {{- '[' ~ message.role ~ ']\\n<think>\\n' ~ thought.strip('\\n') ~ '\\n</think>\\n\\n' ~ content.lstrip('\\n') }}
        {%- else %}
            {{- '[' + message.role + ']\\n' + content }}
        {%- endif %}
    {%- else %}
        {{- '[' + message.role + ']\\n' + content }}
    {%- endif %}
    {{- '[end]\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '[assistant]\\n' }}
    {%- if thinking is defined and thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    "llama3": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message comes first, in any case. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: tools\\n" }}
{%- endif %}
{{- "Today is " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "mistral": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}

{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("Roles must alternate: user, assistant, user, assistant.") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are known, not " + message["role"]) }}
    {%- endif %}
{%- endfor %}
""",
    "gemma": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %}""",
    "zephyr": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
""",
    "macro": """{%- macro turn(role, content, mark='#') -%}
    {{ mark }}{{ role | upper }}{{ mark }} {{ content }}
{% endmacro -%}
{% for m in messages if m.role != 'system' %}
  {{ turn(m.role, m.content) }}
  {%- generation %}{{ turn(content=m.content | length, role=loop.index ~ '/' ~ loop.length, mark='') }}{% endgeneration %}
{% else %}
nobody
{% endfor %}
""",
}

CONVERSATIONS = [
    [{"role": "user", "content": "Hello"}],
    [{"role": "system", "content": " You are terse. "}, {"role": "user", "content": "Hi\nthere"}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": " b "}, {"role": "user", "content": "  c\n"}],
    [{"role": "system", "content": ""}, {"role": "user", "content": ""}, {"role": "assistant", "content": ""}],
    [{"role": "user", "content": "Grüße 😀 e\u0301 \"quoted\" <b>&amp;</b> {{ x }} {% y %}"}, {"role": "assistant", "content": "日本\u2028語"}],
    [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}],
    [{"role": "tool", "content": "r1"}, {"role": "tool", "content": "r2"}, {"role": "narrator", "content": "…"}],
    [{"role": "user", "content": "q"}, {"role": "assistant", "content": "<think>\nwhy\n</think>\n\nbecause"}],
    [{"role": "system", "content": "s"}],
]
VARIABLES = [{}, {"thinking": False, "date_string": "1 Jan 2000"}, {"tools": [{"name": "f", "parameters": {"x": [1, 2.5, None, True]}, "text": "é\"\n<"}]}]


def render(template, messages, prompt, variables):
    values = {"bos_token": "<s>", "eos_token": "</s>", **variables}
    tools = values.pop("tools", None)
    try:
        rendered, _ = chat_template_utils.render_jinja_template(
            [messages], tools=tools, chat_template=template, add_generation_prompt=prompt, **values)
        return {"text": rendered[0]}
    except Exception as error:
        return {"error": str(error)}


cases = []
for name, template in TEMPLATES.items():
    for messages in CONVERSATIONS:
        for prompt in (False, True):
            for variables in VARIABLES:
                cases.append({
                    "template": name, "messages": messages, "prompt": prompt,
                    "variables": variables, **render(template, messages, prompt, variables)})
with open(os.path.join(HERE, "chat-templates.json"), "w") as file:
    json.dump({"templates": TEMPLATES, "cases": cases}, file, separators=(",", ":"), sort_keys=True)
    file.write("\n")

# ------------------------------------------------------------------ expressions and statements

VALUES = {
    "n": 7, "f": 2.5, "t": True, "no": None, "s": "Hello World", "u": "é e\u0301 😀 ß", "e": "",
    "l": [3, 1, 2], "words": ["b", "A", "c"], "d": {"a": 1, "b": [1, 2], "items": "x"},
    "rows": [{"k": "x", "v": 1, "on": True}, {"k": "y", "v": 2, "on": False}, {"k": "x", "v": 3}],
}
EXPRESSIONS = """
1 + 2 * 3 - 4
(1 + 2) * 3
7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 % -3, 2 ** 10, 2 ** -1, 7 / 2, 6 / 2
1.5 + 1, 1.0 * 3, 1e3, 2.5E-3, 1e+2, 0.1 + 0.2, 100000000000000000.0, 1.5 // 1, -1.5 % 1
-n, +n, - -n, -n|abs, -2 ** 2
'a' + 'b', 'a' ~ 1 ~ none ~ true ~ 1.0 ~ [1, 'x'], 'ab' * 3, 3 * 'ab', [1] * 2, [1] + [2], (1,) + (2, 3)
true + 1, true == 1, false == 0, 1 == 1.0, '1' == 1, none == false, [1, 2] == [1, 2], (1, 2) == [1, 2], {'a': 1} == {'a': 1.0}
1 < 2 < 3, 1 < 3 < 2, 'a' < 'b', 'B' < 'a', [1, 2] < [1, 3], 2 >= 2, 2 <= 1, 1 != 2
'é' == 'e\u0301', 'e\u0301' in u, 'é' in u, u|length
not true, not none, not '', not 'x', not [] and true
none or 'x', '' or 0 or 'last', 1 and 2, 0 and 2, none and x.y
'a' if t else 'b', 'a' if no else 'b', ('a' if no) is defined, 'x' if no else 'y' if e else 'z'
1 in l, 9 not in l, 'a' in d, 'z' in d, 'lo' in s, '' in s, 'x' in undefined_thing, 2 in (1, 2), not 1 in l
l[0], l[-1], l[5] is defined, s[0], s[-1], u[3], d['a'], d.a, d['zz'] is defined, d.zz is defined, d.items() | list, d['items'], no.x is defined, n.x is defined, n[0] is defined
l[1:], l[:1], l[::-1], l[::2], l[-2:], s[1:4], s[::-1], s[-5:-1], l[5:], l[-9:9], (1,2,3)[1:], s[9:2:-3], l[2:0:-1]
s.upper(), s.lower(), s.title(), s.split(), s.split('o'), s.split('o', 1), '  a  b '.split(), 'a,b,,c'.split(','), 'a b c'.split(None, 1), ' a  b c '.split(maxsplit=1)
'  x '.strip(), '  x '.lstrip(), '  x '.rstrip(), 'xxaxx'.strip('x'), 'abcab'.rstrip('ab'), '\u00a0x\u3000'.strip(), '\x1cx'.strip()
s.startswith('Hell'), s.endswith('ld'), s.startswith(('x', 'H')), s.endswith('x'), s.find('o'), s.find('zz'), s.count('o'), s.count(''), u.find('😀')
s.replace('o', '0'), s.replace('o', '0', 1), 'abc'.replace('', '-'), 'aaa'.replace('aa', 'b'), s.replace('zz', 'y')
'-'.join(words), ','.join('abc'), s.capitalize(), 'hELLO wORLD'.capitalize(), "it's a dog's".title(), 'a\\nb\\r\\nc\\n'.splitlines(), 'prefix-x'.removeprefix('prefix-'), 'x.txt'.removesuffix('.txt'), '12'.isdigit(), 'x'.isdigit(), ' '.isspace(), ''.isspace()
d.get('a'), d.get('zz'), d.get('zz', 5), d.keys()|list, d.values()|list, l.index(1), l.count(3), {'a': 1}.items()|list
s|upper, s|lower, 'hello wOrld-x'|title, 'hELLO'|capitalize, '  x '|trim, 'xxaxx'|trim('x'), s|replace('o', '0'), s|replace('o', '0', 1), 5|string + 'x'
l|join, l|join('-'), rows|join(', ', attribute='k'), [1, none, 'a', true]|join('|'), 'abc'|join('.'), []|join('x')
l|length, s|length, d|length, undefined_thing|length, l|count, l|first, l|last, ''|first is defined, 'ab'|last, []|first is defined
'abc'|list, d|list, l|list, d|items|list, undefined_thing|items|list, (1, 2)|list
l|sort, l|sort(reverse=true), words|sort, words|sort(case_sensitive=true), rows|sort(attribute='v', reverse=true)|map(attribute='v')|list, l|reverse|list, 'abc'|reverse
[1, 1, 2, 'a', 'A']|unique|list, l|sum, rows|sum(attribute='v'), l|min, l|max, words|min, []|max is defined, d|dictsort|first
-3|abs, '12'|int, 'x'|int, 'x'|int(5), 3.9|int, '3.9'|int, ' 7 '|int, '2.5'|float, 'x'|float, 2.5|round, 3.5|round, 2.345|round(2), 2.1|round(0, 'ceil'), 2.9|round(method='floor')
undefined_thing|default('x'), no|default('x'), no|default('x', true), ''|default('x', boolean=true), e|d('y', true), undefined_thing|d
d|tojson, u|tojson, [1, 2.5, true, none, 'a"b\\\\c\\n\\t\\u0001/<>&']|tojson, {'a': {'b': []}, 'c': {}}|tojson(indent=2), d|tojson(indent=4), (1, 2)|tojson, {'b': 1, 'a': 2}|tojson(sort_keys=true), {1: 2, none: 3}|tojson, 1.0|tojson
rows|map(attribute='k')|list, rows|map(attribute='zz', default='?')|list, words|map('upper')|list, words|map('replace', 'b', 'x')|list, l|map('string')|join('+')
rows|selectattr('on')|list|length, rows|selectattr('on', 'defined')|map(attribute='v')|list, rows|rejectattr('k', 'equalto', 'x')|map(attribute='v')|list
rows|selectattr('v', 'gt', 1)|map(attribute='v')|list, l|select('odd')|list, l|reject('odd')|list, [0, 1, '', 'a']|select|list, l|select('in', [1, 2])|list, l|select('greaterthan', 1)|list
'a\\nb\\n\\nc'|indent, 'a\\nb'|indent(2, true), 'a\\n\\nb'|indent(1, blank=true), 'a\\nb'|indent('> ')
n is defined, x is defined, x is undefined, no is none, n is none, s is string, n is string, d is mapping, l is mapping, l is iterable, s is iterable, n is iterable, d is iterable, l is sequence, d is sequence, s is sequence, n is sequence
n is number, f is number, t is number, s is number, n is integer, t is integer, f is float, t is boolean, n is boolean, t is true, n is true, t is false, none is false
n is odd, n is even, n is divisibleby 7, n is divisibleby(2), n is eq 7, n is equalto(7), n is ne 7, n is lt 8, n is ge 7, 'a' is in 'abc', 1 is in l, n is sameas 7, s is lower, 'abc' is lower, 'ABC' is upper, '' is lower
n is not none, not n is none, x is not defined and true, n is not string or false, n is defined and n is number
range(3)|list, range(1, 4)|list, range(5, 0, -2)|list, range(0)|list, dict(a=1, b='x'), dict({'a': 1}, b=2)
{'a': 1, "b": [1, {'c': none}]}, {}, [], (), (1,), (1, 2), [1, 'a\\'b', "it's", 'q"', '\\n'], [1.0, true, none], {1: 2}
'a' 'b' "c", 'tab\\there', 'q\\'q', "\\u00e9\\x41", 'back\\\\slash', '\\d'
s | upper | lower | title, (s | upper)[0], (1, 2)[0], [1, 2, 3][1:][0], {'a': {'b': 'c'}}.a.b, {'a': [{'b': 5}]}['a'][0]['b'], rows.0.k
n|string|length, -n|string, (-n)|string|length, 'x' ~ n * 2, 'x' ~ (n + 1), 1 ~ 2 * 3
[1, 2,], {'a': 1,}, (1, 2,), 1_000, l|join(', ',)
x, x ~ 'a', x|string, x|upper, [x|default(1)], x == y, x != 1
strftime_now('%d %b %Y'), strftime_now('%Y-%m-%d %H:%M:%S'), strftime_now('%A, %B %-d, %j %p %I %y %a %%')
namespace(a=1).a, namespace({'b': 2}).b, namespace().x is defined
l.append is defined, s[:5] == 'Hello', s[100] is defined, s[1:100], loop is defined, 'a' in ['a'] and 'b' not in ['a']
'%s' is string, 'ß'|upper, 'İ'|length, 'ǆ'|title, 'STRASSE'|lower, 'ﬁ'|capitalize
""".strip().split("\n")

STATEMENTS = [
    "{% if n > 5 %}big{% elif n > 3 %}mid{% else %}small{% endif %}",
    "{% if e %}a{% elif no %}b{% else %}c{% endif %}", "{% if n == 7 and s %}x{% endif %}y",
    "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ x }};{% endfor %}",
    "{% for x in l %}{{ loop.previtem is defined }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }}{{ loop.depth }}{{ loop.changed(x > 1) }} {% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for k, v in d|dictsort %}{{ k }}{% endfor %}",
    "{% for x in [] %}a{% else %}none{% endfor %}", "{% for x in undefined_thing %}a{% else %}none{% endfor %}", "{% for x in l if x > 9 %}a{% else %}none{% endfor %}",
    "{% for x in l if x != 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}", "{% for r in rows if r.on is defined and r.on %}{{ r.k }}{% endfor %}",
    "{% for c in 'añ😀' %}{{ c }}.{% endfor %}", "{% for a, (b, c) in [(1, (2, 3)), (4, (5, 6))] %}{{ a }}{{ b }}{{ c }} {% endfor %}", "{% for x in 1, 2 %}{{ x }}{% endfor %}",
    "{% for x in l %}{% for y in l %}{{ loop.index }}{{ loop.depth }}{% endfor %}{{ loop.index }}|{% endfor %}",
    "{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x > 4 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% set x = 1 %}{% for i in l %}{{ x }}{% set x = i %}{{ x }};{% endfor %}{{ x }}", "{% set x = 1 %}{% if t %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% set ns = namespace(c=0, l=[]) %}{% for i in l %}{% set ns.c = ns.c + i %}{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.c }}{{ ns.l }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set (a, b) = (1, 2) %}{{ a + b }}", "{% set x = 1, 2 %}{{ x }}", "{% set x %}a{{ n }}b{% endset %}{{ x }}{{ x|length }}", "{% set x | upper | trim %} a {% endset %}[{{ x }}]",
    "{% for x in l %}{% set y = x %}{% endfor %}{{ y is defined }}{{ x is defined }}",
    "{% macro m(a, b=2, c=a) %}({{ a }},{{ b }},{{ c }}){% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=4) }}{{ m() }}", "{% macro f(x) %}{% if x > 0 %}{{ x }}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% set g = 'G' %}{% macro m() %}{{ g }}{% set g = 'L' %}{{ g }}{% endmacro %}{{ m() }}{{ g }}", "{% macro m() %}{{ late }}{% endmacro %}{% set late = 'x' %}{{ m() }}", "{% macro m() %} a {% endmacro %}[{{ m()|trim }}]{{ m() is string }}",
    "{% for x in l %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}",
    # white space
    "a\n{% if t %}\nb\n{% endif %}\nc\n", "a\n  {% if t %}\n  b\n  {% endif %}\nc\n\n", "a  {%- if t -%}  b  {%- endif -%}  c", "  {%+ if t %}a{% endif %}", "x\n  {%+ if t +%}\n y{% endif %}\n", "{{ 1 }}\n{{ 2 }}\n", "{{ 1 -}}\n\n {{ 2 }} {{- 3 }}", "a {#- c -#} b", "a\n  {# c #}\nb", "a {# {{ x }} {% if %} #} b",
    "\n\n{% if t %}x{% endif %}\n\n", "  {{ n }}  \n", "\t{% set x = 1 %}\t{{ x }}", "a\r\nb\r{% if t %}\r\nc{% endif %}", "{% raw %}{{ x }}{% if %}{% endraw %}!", "a {%- raw -%} {{ x }} {%- endraw -%} b", "{% raw %}\n x\n  {% endraw %}\ny", "{{ '{{' }}{{ '%}' }}{{ \"}}\" }}", "{{ {'a': {'b': 1}}['a']['b'] }}", "{% if t %}{{ '\n' }}{% endif %}\n{{ 'a\nb' }}", "{%if t%}{{n}}{%endif%}", "{%- set x = 1 -%}\n\n {{ x }}", "é{% if t %}\n\u3000{% endif %}", "x\n \u00a0{% if t %}y{% endif %}", "{{- n -}}\n{%- for x in l %}\n  {{- x }}\n{%- endfor %}\n", "{% for x in l %}\n{{ x }}\n{% endfor %}\n", "{% if t %}a{% endif %}\n\nb", "{# c #}\nx{# d #} {# e -#}\n  y",
    "{% generation %}a{% endgeneration %}\nb",
    # what raises
    "{{ x.y }}", "{{ x + 1 }}", "{{ x() }}", "{{ 1 + 'a' }}", "{{ no + 'a' }}", "{{ 1 < 'a' }}", "{{ 'a' + 1 }}", "{{ 1 in 'abc' }}", "{{ 1 // 0 }}", "{{ raise_exception('stop') }}", "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{{ l.append(1) }}", "{{ s.nothing() }}", "{% set d.x = 1 %}", "{% set a, b = 1 %}", "{% set a, b = [1, 2, 3] %}", "{{ n.x.y }}", "{{ no.x.y }}", "{{ l|join|nothing }}", "{{ n is nothing }}", "{% nothing %}", "{% if t %}", "{% endif %}", "{{ 1 + }}", "{{ (1 }}", "{{ 'a }}", "{{ 1", "{% for x %}{% endfor %}", "{# a", "{{ 1 2 }}", "{% set x %}a", "{% macro m(a=1, b) %}{% endmacro %}", "{{ l[0:1:0] }}", "{{ namespace|tojson }}", "{{ x|tojson }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{{ [l, undefined_thing.a] }}", "{{ {[1]: 2} }}", "{% else %}", "{% break %}", "{{ }}", "{{ n | }}", "{{ -'a' }}", "{{ 'a'|abs }}", "{{ 5|items|list }}", "{{ s|safe ~ 'x' }}", "{{ d.a.b.c }}", "{{ 'a,b'.split('') }}", "{{ ','.join([1]) }}", "{{ none|length }}", "{{ range(1, 2, 0)|list }}", "{{ {} < {} }}", "{{ s % 1 if false else no|join }}",
]

expressions = []
for source in ["{{ [" + line + "] }}" for line in EXPRESSIONS] + STATEMENTS:
    try:
        text = chat_template_utils._compile_jinja_template(source).render(**VALUES)
        expressions.append({"source": source, "text": text})
    except Exception as error:
        expressions.append({"source": source, "error": f"{type(error).__name__}: {error}"})
with open(os.path.join(HERE, "expressions.json"), "w") as file:
    json.dump({"values": VALUES, "cases": expressions}, file, indent=0, separators=(",", ":"))
    file.write("\n")
unexpected = [c for c in expressions[:len(EXPRESSIONS)] if "error" in c]
assert not unexpected, unexpected
