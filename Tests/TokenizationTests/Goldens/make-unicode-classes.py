# SPDX-License-Identifier: Apache-2.0
# Writes Sources/Tokenization/Unicode/UnicodeClasses+Categories.swift and +Ranges.swift: what the
# parts of Hugging Face tokenizers take a code point for. They follow several versions of Unicode, so
# each part is asked. Run with the path of the repository; needs the package `tokenizers`.
import itertools
import sys
import textwrap

from tokenizers import Regex, __version__, normalizers, pre_tokenizers

STEP = 4096
POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
CATEGORIES = ("Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf "
              "Co").split()
FOLDER = sys.argv[1] + "/Sources/Tokenization/Unicode/UnicodeClasses"


def matching(pattern):
    """Code points that match, asked one block at a time."""
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    found = set()
    for start in range(0, 0x110000, STEP):
        text = "".join(chr(c) for c in range(start, start + STEP) if not 0xD800 <= c <= 0xDFFF)
        if text:
            for piece, _ in split.pre_tokenize_str(text):
                found.update(map(ord, piece))
    return found


def those(test):
    return {c for c in POINTS if test(chr(c))}


def removed_by(normalizer):
    return those(lambda c: normalizer.normalize_str(c) == "")


def bert(clean=False, accents=False):
    return normalizers.BertNormalizer(
        clean_text=clean, handle_chinese_chars=False, strip_accents=accents, lowercase=False)


def digit(character, split=pre_tokenizers.Digits(individual_digits=True)):
    return len(split.pre_tokenize_str(character * 2)) == 2


def word(character, split=pre_tokenizers.Whitespace()):
    pieces = [piece for piece, _ in split.pre_tokenize_str("a" + character)]
    return pieces == ["a" + character]


def punctuation(character, split=pre_tokenizers.Punctuation()):
    return len(split.pre_tokenize_str("a" + character)) == 2


def scripts():
    """Numbers the classes of `UnicodeScripts`; 0 joins with any."""
    split = pre_tokenizers.UnicodeScripts()

    def differ(left, right):
        return len(split.pre_tokenize_str(left + right)) > 1
    classes, numbers, last = [], [], None
    for point in range(0x110000):
        if point not in points:
            number = 0
        elif not differ("a", chr(point)) and not differ("\u0434", chr(point)):
            number = 0
        elif last and not differ(chr(last), chr(point)):
            number = numbers[-1]
        else:
            number = next((index + 1 for index, known in enumerate(classes)
                           if not differ(known, chr(point))), None)
            if number is None:
                classes.append(chr(point))
                number = len(classes)
        numbers.append(number)
        last = point if point in points and number else None
    return numbers


def ranges(points):
    result = []
    for point in sorted(points):
        if result and result[-1][1] == point - 1:
            result[-1][1] = point
        else:
            result.append([point, point])
    return " ".join(f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in result)


def runs(values, separator):
    """Values of successive code points with the length of each run."""
    result = []
    for value in values:
        if result and result[-1][0] == value:
            result[-1][1] += 1
        else:
            result.append([value, 1])
    return separator.join(f"{value}{'' if count == 1 else count}" for value, count in result)


def literal(name, meaning, text):
    lines = textwrap.wrap(text, 90, break_on_hyphens=False)
    return [f"    /// {meaning}", f"    static let {name}: StaticString = " + '"""',
            *("        " + line for line in lines), '        """', ""]


def write(part, purpose, literals):
    out = ["// SPDX-License-Identifier: Apache-2.0",
           f"// {purpose}, as in tokenizers {__version__}; made by make-unicode-classes.py.", "",
           "extension UnicodeClasses {", *sum(literals, [])]
    out[-1:] = ["}", ""]
    with open(f"{FOLDER}+{part}.swift", "w") as file:
        file.write("\n".join(out))


points = set(POINTS)
categories = {}
for index, name in enumerate(CATEGORIES[1:], start=1):
    for point in matching(rf"\p{{{name}}}"):
        categories[point] = index
letters = [chr(65 + i) if i < 26 else chr(97 + i - 26) for i in range(len(CATEGORIES))]
table = runs((letters[categories.get(point, 0)] for point in range(0x110000)), "")
write("Categories", "The general category of every code point", [literal(
    "categoryRuns",
    "Runs of a letter for the category and a length. One of 1 is omitted; spaces are line breaks.",
    " ".join(textwrap.wrap(table, 90)))])


def of(*prefixes):
    wanted = {i for i, name in enumerate(CATEGORIES) if name.startswith(prefixes)}
    return {point for point, index in categories.items() if index in wanted}


def difference(name, meaning, found, base):
    return literal(name, meaning, ranges(found ^ base))


write("Ranges", "Code points by class", [
    literal("spaces", r"Matches `\s`.", ranges(matching(r"\s"))),
    difference("digits", "`Digits`, as a difference from the category N.", those(digit), of("N")),
    difference("words", r"`\w` of `Whitespace`, as a difference from L, M, Nd, Nl and Pc.",
               those(word), of("L", "M", "Nd", "Nl", "Pc")),
    difference("punctuation", "`Punctuation`, as a difference from P.", those(punctuation), of("P")),
    difference("controls", "What BERT's normalizer removes, as a difference from Cc, Cf and Co.",
               removed_by(bert(clean=True)), of("Cc", "Cf", "Co")),
    difference("accents", "What BERT's normalizer takes for an accent, as a difference from Mn.",
               removed_by(bert(accents=True)), of("Mn")),
    difference("combining", "What `StripAccents` removes, as a difference from M.",
               removed_by(normalizers.StripAccents()), of("M")),
])
write("Scripts", "The script of every code point", [literal(
    "scriptRuns", "Runs of a script's number and, after a colon, a length; 0 joins with any.",
    " ".join(f"{value}:{count}" for value, count in
             [(v, sum(1 for _ in g)) for v, g in itertools.groupby(scripts())]))])
