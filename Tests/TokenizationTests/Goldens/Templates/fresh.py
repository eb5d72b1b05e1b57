# SPDX-License-Identifier: Apache-2.0
# Random templates over the values of table.py.
import random

ATOMS = {
    "text": ["s", "u", "e", "html", "csv", "lines", "num", "'a'", "'<b>'", "'x y'", "words[0]", "html|safe", "rows[0].k"],
    "number": ["n", "z", "neg", "f", "g", "1", "2", "0", "-3", "2.5", "true", "l|length", "rows[1].v"],
    "list": ["l", "words", "mix", "deep", "[1, 2]", "[]", "rows", "(1, 'a')", "range(4)", "d.items()", "rows|map(attribute='k')",
             "l|select('gt', 1)", "[none, zz]", "words|reverse", "d.values()", "'abc'|list"],
    "mapping": ["d", "rows[0]", "{'a': 1, 'b': 'x'}", "{}", "dict(x=n)", "tree[0]", "calls[0].function"],
    "any": ["no", "zz", "t", "(1 if false)", "namespace(a=1)", "rows[0].zz", "none"],
}
FILTERS = {
    "text": ["upper", "lower", "title", "capitalize", "trim", "string", "safe", "e", "replace('a', 'b')", "replace('l', '')",
             "indent(2)", "indent(1, true)", "truncate(6)", "truncate(4, true, '')", "center(9)", "default('d')", "urlencode",
             "wordcount", "length", "first", "last", "list", "reverse", "int", "float", "tojson", "forceescape", "format"],
    "number": ["abs", "round", "round(1)", "round(1, 'floor')", "round(-1)", "int", "float", "string", "tojson",
               "default(5)", "filesizeformat", "round(0, 'ceil')"],
    "list": ["length", "first", "last", "join", "join('-')", "list", "reverse", "unique", "sort", "sort(reverse=true)", "sum",
             "min", "max", "tojson", "tojson(indent=1)", "batch(2)", "batch(2, 'f')", "slice(2)", "map('string')", "map('upper')",
             "map(attribute='k')", "map(attribute='v', default=0)", "select", "reject", "select('string')", "select('number')",
             "selectattr('on')", "rejectattr('k', 'eq', 'x')", "string", "groupby('k')", "sort(attribute='v')", "default([])"],
    "mapping": ["length", "list", "items", "dictsort", "tojson", "tojson(sort_keys=true)", "dictsort(by='value')", "first",
                "string", "tojson(separators=(',', ':'))", "urlencode", "xmlattr", "max", "default({})"],
    "any": ["default('q')", "d('q', true)", "string", "tojson", "list", "length", "int", "upper", "join", "e", "first"],
}
METHODS = {
    "text": ["upper()", "lower()", "strip()", "split()", "split('o')", "rsplit(' ', 1)", "partition('l')", "rpartition(',')",
             "splitlines()", "title()", "capitalize()", "swapcase()", "find('o')", "rfind('l')", "count('l')", "startswith('H')",
             "endswith('d')", "replace('l', 'L', 1)", "zfill(8)", "isdigit()", "isupper()", "istitle()", "lstrip('H')",
             "join(words)", "center(7, '.')", "format(n)", "removeprefix('a')", "isalpha()", "expandtabs(3)", "index('a')"],
    "list": ["index(1)", "count(1)"], "mapping": ["items()", "keys()", "values()", "get('a')", "get('zz', 1)", "a", "k", "name"],
    "number": ["x"], "any": ["x", "a"],
}
TESTS = ["defined", "none", "string", "number", "mapping", "sequence", "iterable", "integer", "float", "boolean", "odd", "even",
         "true", "eq(1)", "lower", "upper", "in l", "in 'abc'", "callable", "divisibleby 2", "sameas none", "ge 1", "escaped"]
SIGNS = ["+", "-", "*", "/", "//", "%", "~", "~", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
FORMATS = ["'%s'", "'%r|%s'", "'%5d'", "'%-4s|'", "'%.2f'", "'%05.1f'", "'%(a)s'", "'%x'", "'<%s>'|safe"]
SPECIFICATIONS = ["", ":>8", ":<5", ":^7", ":*^9", ":05d", ":.2f", ":+", ":,", ":x", ":e", ":.3", ":%", "!r", "!s:>6", ":g", ":b"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, choices):
        return self.random.choice(choices)

    def kind(self):
        return self.pick(["text", "text", "number", "list", "list", "mapping", "any"])

    def expression(self, depth):
        kind = self.kind()
        value = self.pick(ATOMS[kind])
        for _ in range(self.random.randrange(3)):
            roll = self.random.random()
            if roll < 0.55:
                value = f"({value})|{self.pick(FILTERS[kind])}"
            elif roll < 0.75:
                value = f"({value}).{self.pick(METHODS[kind])}"
            elif roll < 0.85 and kind in ("text", "list"):
                value = f"({value})[{self.pick(['0', '-1', '1:', ':2', '::-1', '::2', '-3:-1', repr('a'), 'n'])}]"
            else:
                kind = self.kind()
        if depth <= 0:
            return value
        roll = self.random.random()
        if roll < 0.3:
            return f"{value} {self.pick(SIGNS)} {self.expression(depth - 1)}"
        if roll < 0.4:
            return f"({self.expression(depth - 1)}) is {self.pick(['', 'not '])}{self.pick(TESTS)}"
        if roll < 0.48:
            return f"({value}) if ({self.expression(depth - 1)}) else ({self.expression(depth - 1)})"
        if roll < 0.56:
            return f"[{value}, {self.expression(depth - 1)}]"
        if roll < 0.62:
            return f"{{'k': {value}, 'v': ({self.expression(depth - 1)})}}"
        if roll < 0.7:
            return f"{self.pick(FORMATS)} % ({value})"
        if roll < 0.78:
            return f"'{{{self.pick(SPECIFICATIONS)}}}'.format({value})"
        if roll < 0.84:
            return f"({self.expression(depth - 1)})|{self.pick(FILTERS[self.kind()])}"
        if roll < 0.88:
            return f"not ({value})"
        return value

    def statement(self, depth):
        roll = self.random.random()
        body = self.body(depth - 1) if depth > 0 else self.pick(["a", "\n b\n", "{{ n }}", "{{ x }}"])
        value = self.expression(1)
        trim = lambda: self.pick(["", "", "-"])
        tag = lambda text: "{%" + trim() + f" {text} " + trim() + "%}"
        if roll < 0.25:
            return "{{" + trim() + f" {self.expression(2)} " + trim() + "}}"
        if roll < 0.4:
            return tag(f"if {value}") + body + self.pick(["", tag("else") + "other"]) + tag("endif")
        if roll < 0.6:
            ends = self.pick(["", " if x", " recursive" if self.random.random() < 0.2 else ""])
            inner = self.pick(["{{ x }}", "{{ loop.index }}/{{ loop.length }}", "{{ x ~ loop.last }}", "{{ loop.nextitem }},", body])
            return tag(f"for x in ({value}){ends}") + inner + self.pick(["", tag("else") + "none"]) + tag("endfor")
        if roll < 0.7:
            return tag(f"set x = {value}") + "{{ x }}"
        if roll < 0.75:
            return tag("set x") + body + tag("endset") + "[{{ x }}]"
        if roll < 0.82:
            return (tag("macro m(a, b=2)") + "{{ a }}|{{ b }}" + self.pick(["", "{{ varargs }}", "{{ kwargs }}"]) + body
                    + tag("endmacro") + "{{ m(" + self.pick([value, "", "1, 2, 3", "b=1", "*l", "c=5", "**{'a': 1}"]) + ") }}")
        if roll < 0.87:
            return tag(f"with y = {value}") + "{{ y }}" + body + tag("endwith")
        if roll < 0.92:
            return tag("filter " + self.pick(FILTERS["text"])) + body + tag("endfilter")
        if roll < 0.96:
            return tag("macro w()") + "<{{ caller() }}>" + tag("endmacro") + tag("call w()") + body + tag("endcall")
        return tag("generation") + body + tag("endgeneration")

    def body(self, depth):
        spaces = ["", "", " ", "\n", "\n  ", "text "]
        return "".join(self.pick(spaces) + self.statement(depth) for _ in range(self.random.randrange(1, 3)))


def templates(count, seed):
    maker = Maker(seed)
    for index in range(count):
        yield "{{ " + maker.expression(2) + " }}" if index % 3 else maker.body(2)
