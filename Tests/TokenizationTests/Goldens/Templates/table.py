# SPDX-License-Identifier: Apache-2.0
# Template strings of our own, each about one or two things that Jinja does.

VALUES = {
    "n": 7, "z": 0, "neg": -13, "f": 2.5, "g": -0.125, "big": 123456789, "t": True, "no": None,
    "s": "Hello World", "u": "é e\u0301 😀 ß", "e": "", "html": "<b a='1'>&\"x\"</b>", "csv": "a, b,,c",
    "lines": "one\ntwo\r\n\n three \n", "num": " 42 ", "l": [3, 1, 2], "deep": [1, [2, [3, []]]],
    "words": ["b", "A", "c", "a"], "mix": [1, "1", None, True, 2.0], "d": {"b": 1, "a": [1, 2], "C": "x"},
    "rows": [{"k": "x", "v": 1, "on": True, "in": {"q": 5}}, {"k": "Y", "v": 3, "on": False, "in": {}},
             {"k": "x", "v": 2, "in": {"q": 1}}],
    "tree": [{"name": "r", "kids": [{"name": "a", "kids": []}, {"name": "b", "kids": [{"name": "c", "kids": []}]}]},
             {"name": "s", "kids": []}],
    "calls": [{"type": "function", "function": {"name": "get", "arguments": {"city": "Bern", "n": 2}}}],
}

# One expression a line; each is printed by itself.
EXPRESSIONS = r"""
s.rsplit(), s.rsplit('o'), s.rsplit('o', 1), csv.rsplit(',', maxsplit=2), ' a  b c '.rsplit(None, 1)
s.partition('o'), s.rpartition('o'), s.partition('zz'), s.rpartition('zz'), ''.partition('x')
s.partition('')
s.index('o'), s.rindex('o'), s.rfind('o'), s.find('o', 5), s.find('o', 5, 6), s.find('', 3), s.find('', 30), s.rfind('')
s.index('zz')
s.index('H', 1)
s.count('o', 5), s.count('', 20), s.count('l', -4), s.startswith('o', 4), s.endswith('o', 0, 5), s.startswith('', 99)
s.zfill(15), '-7'.zfill(5), '+'.zfill(3), 'ab'.center(7), 'abc'.center(8, '*'), 'ab'.ljust(5, '.'), 'ab'.rjust(5), 'abc'.center(2)
'ab'.center(5, '**')
'a\tb\tccc'.expandtabs(), 'a\tb'.expandtabs(4), 'Hello'.swapcase(), 'ß'.casefold(), 'aBc'.islower(), 'ABC1'.isupper(), '1'.isupper()
'12'.isdecimal(), '½'.isnumeric(), 'ab1'.isalnum(), 'ab'.isalpha(), ''.isalpha(), 'Ab Cd'.istitle(), 'é'.isascii(), 'a_1'.isidentifier(), '1a'.isidentifier(), 'a\n'.isprintable()
'x'.join(['a', 'b']), 'x'.join({'a': 1, 'b': 2}), ''.join(['a']), ','.join(words|sort), ','.join(words|map('upper'))
'x'.join(5)
lines.splitlines(), lines.splitlines(true), 'a\x0bb\x1cc\u2028d'.splitlines()
s.replace('o', '0', 1), s.replace('', '-', 3), s.replace('l', ''), s.replace('o', '0', -1)
'a-b'.title(), "they're".title(), 'ǆ'.title(), 'ﬁx'.upper(), 'İ'.lower()|length
s.strip('Hd'), s.lstrip('H'), s.rstrip('dl'), s.strip(none), s.removeprefix('Hello '), s.removesuffix('x')
s.split('o', 0), s.split(sep='o'), s.split('o', maxsplit=1), s.split(none), s.split(' ', -1)
s.nothing is defined, s.__class__ is defined, s._x is defined, l.append is defined, d.update is defined
'%s and %r' % ('a', 'b'), '%d%%' % 5, '%5.1f|%-5d|%05d|%+d' % (2.25, 3, 4, 5), '%x %X %o %#x' % (255, 255, 8, 255)
'%(a)s-%(b)05.2f' % {'a': 1, 'b': 2.5}, '%s' % none, '%s' % [1], '%s' % ((1, 2),), '%e' % 12345.678, '%g %g' % (1e10, 0.0001), '%c%c' % ('a', 66)
'%10s|%-10s|%.2s' % ('ab', 'cd', 'efg'), '%*d' % (5, 3), '%-*d|' % (5, 3), '%.3d' % 5, '% d' % 5, '%5s' % true, '%d' % true, '%d' % 2.9
'%s %s' % ('a',)
'%s' % ('a', 'b')
'%d' % 'x'
'%q' % 1
'abc' % 5
'abc' % [5], 'abc' % {}, 'abc' % ()
'%(a)s' % 5
'%(zz)s' % {'a': 1}
'{} {}'.format(1, 'a'), '{1}{0}'.format('a', 'b'), '{a}{b}'.format(a=1, b=none), '{{}}{}'.format(1), '{0}{0}'.format('x')
'{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd'), '{:05d}|{:+}|{: d}'.format(42, 42, 42), '{:.2f}|{:8.3f}|{:e}|{:g}|{:%}'.format(3.14159, 2.5, 1234.5, 0.00001, 0.25)
'{:,}|{:_}|{:,.2f}'.format(1234567, 1234567, 1234567.891), '{:x}|{:#x}|{:b}|{:#o}|{:X}'.format(255, 255, 5, 8, 255), '{:.2}'.format('abc'), '{:10}|'.format(3), '{:10}|'.format('x')
'{0[k]} {0[v]}'.format(rows[0]), '{0.k}'.format(rows[0]), '{x[0]}'.format(x=l), '{!r} {!s}'.format('a', 'b'), '{:{w}}|'.format('a', w=4), '{0[in][q]}'.format(rows[0])
'{}'.format(), 1
'{zz}'.format(a=1)
'{} {0}'.format(1)
'{'.format(1)
'}'.format(1)
'{:d}'.format('a')
'{:.1d}'.format(5)
'{:z>4}'.format(true), '{}'.format(true), '{}'.format(none), '{}'.format([1, 'a']), '{:d}'.format(true), '{:.3}'.format(2.0), '{:.3}'.format(12345.0), '{:n}'.format(5)
'{a}'.format_map({'a': 5}), '{0.__class__}'.format(1) == ''
'hello %s'|format('x'), '%d-%d'|format(1, 2), '%(a)s'|format(a=1), 'x'|format
'%s'|format(1, a=2)
l|batch(2)|list, l|batch(2, 'x')|list, range(7)|batch(3)|list, []|batch(2)|list, 'abcd'|batch(3, '-')|list, l|batch(5, 0)|map('join', '+')|list
range(7)|slice(3)|list, l|slice(2)|list, l|slice(2, 'f')|list, range(2)|slice(4)|list, []|slice(2)|list
l|slice(0)|list
html|escape, html|e, html|escape|escape, html|forceescape, html|escape|forceescape, 5|escape, none|e, [1, '<']|e
html|safe + '<', '<' + html|safe, html|safe ~ '<', html|safe * 2, 2 * '<'|safe, '<'|safe + '<'|safe, ('<'|safe)[0] + '<', '<a>'|safe|length
'<b>'|safe|upper + '<', '<b>'|safe|title + '<', '<b>'|safe|trim + '<', '<b>'|safe|replace('b', '<') + '<', '<b>'|safe|string + '<', '<b>'|safe|capitalize + '<', '<b>'|safe|center(7) + '<'
'<%s>'|safe % '<', '<%s %s>'|safe % ('<', '<'|safe), '<%(a)s>'|safe % {'a': '&'}, '<{}>'|safe.format('<') if false else 1, ('<{}>'|safe).format('<'), ('{0[k]}'|safe).format({'k': '<'}), ('<%d>'|safe) % 5
('<,>'|safe).split(',')[0] + '<', ('<,'|safe).join(['<', '<'|safe, 5]), ('a'|safe).replace('a', '<'), ('a'|safe).strip() + '<', ('<a>'|safe).partition('a')[0] + '&'
['<'|safe], ['<'|escape], '<'|safe == '<', '<'|safe in '<a>', {'<'|safe: 1}['<'], '<'|safe is string, '<'|safe is escaped, '<' is escaped, ['<'|safe, '&']|join, '<'|e is sameas('<')
['a']|join('<'|safe), ['<'|safe]|join + '<', ('<'|safe)|tojson, '<'|safe|indent + '<', ('a\nb'|safe)|indent(2) + '<', ('<'|safe)|list, ('<>'|safe)|reverse + '<', '<'|safe|first + '<'
l|max, l|min, rows|max(attribute='v'), rows|min(attribute='v')|tojson, words|max, words|max(case_sensitive=true), words|min(true), 'hello'|max, {'a': 1, 'b': 0}|max
[]|max is defined, rows|map(attribute='v')|max, [1, 2.5]|max, [[1, 2], [1]]|max
[1, 'a']|max
rows|max(attribute='zz')
rows|max(attribute='in.q')
d|tojson, d|tojson(indent=2), d|tojson(indent=none), d|tojson(sort_keys=true), d|tojson(separators=(',', ':')), d|tojson(separators=[', ', '= ']), u|tojson, u|tojson(ensure_ascii=true), html|tojson
deep|tojson(indent=1), []|tojson(indent=2), {}|tojson(indent=4), [[], {}]|tojson(indent=2), d|tojson(indent=0), d|tojson(indent='\t'), d|tojson(indent=2, separators=(',', ':')), d|tojson(true, 2)
1e16|tojson, 1e-7|tojson, 1.0|tojson, -0.0|tojson, true|tojson, none|tojson, {1: 'a', none: 'b', true: 'c', 2.5: 'd'}|tojson, (1, (2,))|tojson, 'a/b\u2028\x7f\x1f'|tojson, 'a"\\b'|tojson
{'b': 1, 'a': {'d': 1, 'c': 2}}|tojson(sort_keys=true, indent=2), {1: 'a', 'b': 2}|tojson
{1: 'a', 'b': 2}|tojson(sort_keys=true)
{(1, 2): 3}|tojson
range(3)|tojson
d.items()|tojson
rows|map(attribute='k')|tojson
zz|tojson
d|tojson(indent='x', nope=1)
d|tojson(separators=',')
d|dictsort, d|dictsort(true), d|dictsort(case_sensitive=true), {'b': 2, 'a': 3}|dictsort(false, 'value'), {'b': 2, 'a': 3}|dictsort(by='value', reverse=true), {'b': 2, 'a': 3}|dictsort(reverse=true), {}|dictsort
d|dictsort(by='value')
d|dictsort(by='nope')
l|dictsort
{1: 2, 'a': 3}|dictsort
2.5|round, 3.5|round, -2.5|round, 0.5|round, 1.5|round, 2.675|round(2), 1.005|round(2), 2.345|round(1), 7|round, 7|round(2), true|round, 1234.5678|round(-2), 1250|round(-2), 1350|round(-2), 15|round(-1), 25|round(-1)
2.1|round(method='ceil'), 2.9|round(method='floor'), 2.14|round(1, 'ceil'), -2.15|round(1, 'floor'), 7|round(method='ceil'), 1234|round(-2, 'floor'), 2.5|round(0), 2.5|round(precision=1), 1e300|round(5), 0.1|round(20)
2.5|round(0, 'nope')
'x'|round
none|round
rows|selectattr('zz', 'none')|list, rows|selectattr('zz', 'undefined')|list|length, no|selectattr('x')|list, no|select|list, no|map('upper')|list, zz|selectattr('a')|list, zz|map(attribute='a')|list, e|select|list, 0|reject|list
rows|selectattr('on')|list, rows|rejectattr('on')|map(attribute='v')|list, rows|selectattr('v', '>', 1)|map(attribute='v')|list, rows|selectattr('k', 'in', ['Y', 'z'])|list|length, rows|selectattr('in.q')|map(attribute='in.q')|list, rows|rejectattr('on', 'defined')|list|length
rows|selectattr|list
rows|selectattr('k', 'nope')|list
5|map('upper')|list
rows|map|list
rows|map('nope')|list
rows|map(attribute='k', zz=1)|list
[]|map('nope')|list, e|map(nope=1)|list, no|selectattr|list
rows|map(attribute='in.q', default=0)|list, rows|map(attribute='zz')|list, rows|map('attr', 'k')|list, words|map('replace', 'a', 'x')|list, rows|map('items')|map('list')|list, words|map('default', 'x')|list, l|map('string')|map('length')|list, deep|map('string')|list, l|map('round', 1)|list
words|select('equalto', 'a')|list, l|select('gt', 1)|list, l|reject('in', [1])|list, l|select('divisibleby', 2)|list, mix|select('string')|list, mix|reject('none')|list, mix|select|list, l|select('==', 3)|list, ['a', '']|select|list
l|map('upper') is iterable, l|map('upper') is sequence, l|map('upper') is string, (l|select) is true, 'y' if l|select('gt', 9) else 'n', l|map('abs')|first, l|reverse|first, l|reverse is sequence, d.items() is sequence, d.keys() is iterable, range(3) is sequence
l|map('abs')|length
l|map('abs')|last
(l|map('abs'))[0] is defined, (l|reverse)[0] is defined, d.items()[0] is defined, range(3)[1], range(5)[1:3], range(9)[::-2]|list, range(3), range(1, 9, 3), range(0), d.keys(), d.values(), d.items(), d.items()|length, d.items()|list|length, 1 in range(3), 9 in range(3)
range(3) == [0, 1, 2], range(3) == range(0, 3), range(3)|list == [0, 1, 2], (1, 2) == [1, 2], d.items()|first, d.keys()|first, 'b' in d.keys(), d.items()|list, d|items|first, range(5)|last, range(5)|sum, range(5)|join('-'), range(100000)|length
range(100001)
range(5) + [1]
words|unique|list, words|unique(true)|list, rows|unique(attribute='k')|map(attribute='v')|list, [1, 1.0, true, '1']|unique|list, 'aAb'|unique|join, [none, none, zz]|unique|list|length
[[1], [1]]|unique|list
[{}]|unique|list
words|sort, words|sort(true), words|sort(case_sensitive=true), rows|sort(attribute='v')|map(attribute='v')|list, rows|sort(attribute='k,v')|map(attribute='v')|list, rows|sort(attribute='k')|map(attribute='v')|list, 'cab'|sort, {'b': 1, 'a': 2}|sort, l|sort(reverse=true), (3, 1)|sort, rows|sort(reverse=true, attribute='k')|map(attribute='v')|list
mix|sort
[none, none]|sort
[{}]|sort, [[2], [1, 5]]|sort
[{}, {}]|sort
rows|groupby('k')|list, rows|groupby('k', case_sensitive=true)|map('first')|list, rows|groupby('on', default=none)|length if false else 1, rows|groupby('in.q', default=0)|map('first')|list, rows|groupby('v')|map('last')|map('length')|list
rows|groupby
l|sum, l|sum(start=10), rows|sum(attribute='v'), rows|sum('v', 1), [[1], [2]]|sum(start=[]), []|sum, [1, 2.5]|sum, [true, true]|sum
words|sum
words|sum(start='')
l|join, l|join(1), words|join(', '), rows|join('/', attribute='k'), rows|join('/', 'v'), none|default('a')|join('-'), deep|join('|'), {'a': 1}|join, zz|join, [zz, no]|join(',')
none|join
5|join
3.7|int, -3.7|int, '3.7'|int, '0x1f'|int(base=16), '1f'|int(0, 16), '0b11'|int(base=0), 'z'|int(base=36), '1_000'|int, '٣'|int, ''|int, none|int, [1]|int(9), 'x'|int(default='d'), '1e3'|int, ' 7\n'|int, true|int, '-5'|int, '+5'|int, '12'|int(base=8)
zz|int
zz|float
'1e3'|float, ' 2.5 '|float, 'x'|float, 'x'|float(1.5), none|float, 7|float, 'inf'|float, 'nan'|float, '-inf'|float, '1_0.5'|float, '.5'|float, '5.'|float, '1e'|float, '0x10'|float, true|float, [1]|float
'inf'|int, 'nan'|int, num|int, num|float
-5|abs, 2.5|abs, (-2.5)|abs, true|abs, -true, +true, -0.0, --5
'x'|abs
'foo bar baz qux'|truncate(9), 'foo bar baz qux'|truncate(9, true), 'foo bar baz qux'|truncate(11), 'foo bar baz qux'|truncate(11, false, '..', 0), 'foo bar'|truncate(5, leeway=0), 'foobarbaz'|truncate(5, leeway=0), 'x'|truncate
'foo'|truncate(2)
'hello big world'|wordcount, 'a-b c_d'|wordcount, ''|wordcount, u|wordcount, 'ab'|center(6), 'abc'|center(6), 'x'|center|length
1|filesizeformat, 0|filesizeformat, 1000|filesizeformat, 1024|filesizeformat(true), 1500000|filesizeformat, 999|filesizeformat, '2e9'|filesizeformat, 1e27|filesizeformat
'a b&c/d?é'|urlencode, {'a b': 1, 'c': 'd&'}|urlencode, [('x', 1), ('y', '/')]|urlencode, 5|urlencode, ''|urlencode
{'a': 1, 'b': none, 'c': '<'}|xmlattr, {'a': zz}|xmlattr, {'x': 1}|xmlattr(false), {}|xmlattr
{'a b': 1}|xmlattr
'a\nb\n\nc'|indent, 'a\nb'|indent(2, true), 'a\n\nb'|indent(2, blank=true), 'a\nb\n'|indent, ''|indent, ''|indent(first=true), 'a\r\nb'|indent(1), 'a\nb'|indent('> ', true), 'a\nb'|indent(width=0)
5|indent
s|trim('Hd'), '  x '|trim, none|trim, [1]|trim, s|upper|lower, none|upper, 5|title, 'fOO bar-baz (x) [y] {z} <w'|title, 'o\'neil'|title, none|capitalize, true|lower
s|first, s|last, s|list|length, l|first, l|last, d|first, d|last, (1, 2)|last, ''|first is defined, zz|first is defined, zz|last is defined, s|reverse, l|reverse|list, d|reverse|list, (1, 2)|reverse|list, zz|reverse|list
5|first
5|last
5|reverse
none|first
none|last
none|list
5|list
no|length
5|length
s|length, u|length, l|length, d|length, zz|length, range(5)|length, {}|count, 'e\u0301'|length, (1,)|length
d|items|list, zz|items|list, {}|items|list
l|items|list
'x' is in 'xyz', 1 is in l, 5 is not in l, 'k' is in rows[0], 3 is divisibleby 3, 3.5 is divisibleby 0.5, 4 is even, -3 is odd, 2.0 is even, true is odd, true is integer, 1 is integer, 1.0 is integer, 1.0 is float, 1 is number, '1' is number, true is number, none is number
'a' is even
3 is divisibleby 0
'abc' is filter, 'upper' is filter, 'odd' is test, 'nope' is test, s is callable, range is callable, s.upper is callable, zz is callable, loop is callable, l is mapping, none is none, zz is none, none is defined, zz is iterable, none is iterable, 5 is iterable, html|safe is string
1 is eq 1, 1 is eq(1), 1 is ne 2, 1 is lt 2, 1 is le 1, 2 is gt 1, 2 is ge 2, 1 is equalto 1.0, 1 is lessthan 2, 'a' is greaterthan 'A', 1 is sameas 1, 1 is sameas true, none is sameas none, true is sameas true, 1 is sameas 1.0
'Abc' is lower, 'abc' is lower, 'ABC' is upper, '' is upper, '1' is lower, 5 is upper, none is lower, zz is lower, true is upper
1 == true, 0 == false, '' == none, zz == zz, zz == none, zz != 1, 1 in [true], none in [none], zz in [zz], 'a' in zz, [1] == [1.0], {'a': 1} == {'a': 1}, {'a': 1} == {'a': 2}, (1,) < (2,), [1, 2] < [1], 'a' < 'B', 1 < 2.5, true < 2
none < 1
zz < 1
{} < {}
[1] < (1,)
1 in none
1 in 5
[1] in {}
none in 'x'
'x' in none
1 < 2 < 3, 1 < 3 > 2, 1 == 1 == 1, 3 > 2 > 2, 1 in [1] == true, not 1 == 2, not 1 in [1], 1 not in [2], -2 ** 2, 2 ** 3 ** 2, 2 ** -1, 2 ** 0.5, 10 // 3, -10 // 3, 10 % -3, -10 % 3, 10.5 // 3, -10.5 % 3, 1 / 2, 4 / 2, 7 // 2.0, 0 ** 0
1 / 0
1 // 0
1 % 0
1.0 / 0
0.0 ** -1
0 ** -1
1 + none
'a' + 1
[1] + (1,)
{} + {}
'a' * 'b'
'a' * 1.5
'a' - 'b'
-'a'
+none
zz + 1
zz ~ 1 ~ none ~ 1.5 ~ [zz], 'a' 'b' ~ 'c', 1 ~ 2 * 3, 1 + 2 ~ 3, [1, 2] * 2, (1,) * 3, 'ab' * -1, 0 * [1], true * 'a', 2 * (1, 2)
1 if true else zz.y, zz.y if false else 2, (1 if false) is defined, 1 if 0 else 2 if 0 else 3, [1 if true], 'a' if [] else 'b' if '' else 'c', (1 if false) ~ 'x'
zz.y
zz['y']
zz()
zz[0]
no.x is defined, no['x'] is defined, n.x is defined, 5[0] is defined, l['x'] is defined, l[1.0] is defined, l[true], d[zz] is defined, d[[1]] is defined, l[none] is defined, s['upper'] is defined, s['upper'](), d['items'] is defined, d['b'], d.b, d.get('b'), d['get']('zz', 9), rows.0.k, rows[0]['k'], rows[-1].v, rows.0.in.q
no.x.y
no[1:]
d[1:]
l['a':]
l[::0]
l[1:2, 3]
l[:], l[1:], l[:-1], l[::2], l[::-1], l[5:], l[-2:], l[2:0:-1], s[3:], s[-5:-2], s[::3], u[2:5], (1, 2, 3)[1:], l[none:2], l[n:], l[-9:9:1], l[true:]
d.items()|list, d.copy(), d.get([1], 2) if false else 1, l.copy(), l.index(2), l.count(3), (1, 2, 1).count(1), (1, 2).index(2), l.index(2, 1), dict(a=1), dict(d, z=1), dict([('a', 1), ['b', 2]]), dict(), dict.fromkeys(['a', 'b'], 0)
l.index(9)
l.append(1)
d.update({'a': 1})
d.pop('b')
l.sort()
d.get()
d.get([1])
dict([1])
dict(1)
{[1]: 2}
{1: 'a', 1.0: 'b', true: 'c'}, {'a': 1, 'a': 2}, {(1, 2): 3}[(1, 2)], {none: 1}[none], {zz: 1}|length, {1: 2,}, {'a': {'b': [1, {'c': 2}]}}.a.b[1].c
[1, 2,][0], (1,), (), [], {}, ((1)), [[]], ((1, 2), 3), [(), {}], [1.0, 1e20, 1e-5, 123456789.123], ['\'', "\"", '\'"'], ['\t\n\r\\', '\x00\x7f\xa0\u200b', '😀é'], [none, true, zz], {'a': none}
namespace(a=1, b=[2]), namespace({'x': 1}, y=2).y, namespace([('q', 1)]).q, namespace().a is defined, namespace(a=1)['a'], namespace(items=3).items, namespace(a=1) == namespace(a=1), namespace(a={'b': 1}).a.b
namespace(_a=1)
namespace(1)
cycler('a', 'b').next(), cycler('a').current, joiner()() ~ 'x', joiner('-')() == ''
cycler()
range()
range('a')
range(1.5)
range(1, 2, 0)
range(1, 2, 3, 4)
raise_exception('stop')
raise_exception()
strftime_now('%d %B %Y'), strftime_now('%Y-%m-%d %H:%M:%S %p %j %a %A %b %-d %e %y %% %F %T %D %R %I %u %w %h %C %G %V %U %W %-m %-H %-I %-M %-S %-j %-y')
strftime_now()
'a' is string and 'b' is not number, not zz is defined, n is number and n > 5 or zz.y, zz is defined and zz.y, (zz or {}).y is defined, zz|default({})|length, zz|default, zz|d('x'), no|d('x'), no|d('x', true), e|d('x', true), e|default(boolean=true, default_value=5), zz.a|default('q') if false else 1, (d.zz or {}).b is undefined
zz.a|default('q')
1 2
1 +
a b
(1
[1
{1}
{1: }
'abc
1..2
.5
5.
x.
x|
x is
x is not
x()()(
l[
f(a=1, 2)
f(*l, 1)
f(**d, a=1)
f(a=1, a=2)
x is defined is none
1 if
not
@
a = 1
0x1F, 0b101, 0o17, 1_000_000, 1_0.5_0, 1e3, 1E-2, 00, 1.5e+2
007
'\x41\u00e9\U0001F600\101\0', '\q', "\'", 'a\
b'
d.b.c.d is defined, 1
d.zz.c
(s|upper)[0], s|upper|first, (l|sort)[0], -l|first, (-n)|abs, -n|abs, n|string|length + 1, (n|string)|length, s|replace('o', '0')|length, 'x'|upper ~ 'y'|upper, s is string|string, l|map('string')|join('+')|length, 'a,b'.split(',')|last, ('a' ~ 'b')|upper, n.bit_length(), f.is_integer(), 2.0.is_integer() if false else 1
l|nope
s is nope
false and ('x'|nope)
'a' if true else ('x'|nope)
('x'|nope) if false else 'b'
'a' if false else ('x'|nope)
s|pprint|nope
'x'|attr('upper')
d|attr('items') is defined, d|attr('b') is defined, s|attr('upper') is defined, rows[0]|attr('k') is undefined, s|attr('zz') is undefined
"""
