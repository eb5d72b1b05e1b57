# SPDX-License-Identifier: Apache-2.0
# Writes Sources/Tokenization/Unicode/UnicodeClasses+Ranges.swift: what the regular expressions of
# Hugging Face tokenizers hold to be letters, numbers and white space. Run with the path of the
# repository; needs the package `tokenizers`.
import sys
import textwrap

from tokenizers import Regex, __version__, pre_tokenizers

STEP = 4096


def scalars(start):
    return [chr(c) for c in range(start, start + STEP) if not 0xD800 <= c <= 0xDFFF]


def matching(pattern):
    """Code points that match, asked one block at a time."""
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    found = []
    for start in range(0, 0x110000, STEP):
        text = "".join(scalars(start))
        if text:
            for piece, _ in split.pre_tokenize_str(text):
                found.extend(map(ord, piece))
    return sorted(found)


def digits():
    """Code points that the pre-tokenizer `Digits` takes for digits."""
    split = pre_tokenizers.Digits(individual_digits=True)
    found = []
    for start in range(0, 0x110000, STEP):
        text = "a".join(scalars(start))
        if text:
            pieces = (piece for piece, _ in split.pre_tokenize_str(text))
            found.extend(ord(p) for p in pieces if len(p) == 1 and p != "a")
    return sorted(found)


def ranges(points):
    result = []
    for point in points:
        if result and result[-1][1] == point - 1:
            result[-1][1] = point
        else:
            result.append([point, point])
    words = (f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in result)
    return textwrap.fill(" ".join(words), 90, break_on_hyphens=False)


numbers = matching(r"\p{N}")
sets = {
    "letters": (r"Matches `\p{L}`.", matching(r"\p{L}")),
    "numbers": (r"Matches `\p{N}`.", numbers),
    "laterDigits": (
        "What `Digits` takes for a digit beyond `numbers`: it follows a later Unicode.",
        sorted(set(digits()) - set(numbers)),
    ),
    "spaces": (r"Matches `\s`.", matching(r"\s")),
}
assert set(numbers) <= set(digits())
out = [
    "// SPDX-License-Identifier: Apache-2.0",
    f"// Code points by class, as tokenizers {__version__} has them; by make-unicode-classes.py.",
    "",
    "extension UnicodeClasses {",
]
for name, (meaning, points) in sets.items():
    out += [f"    /// {meaning}", f"    static let {name}: StaticString = " + '"""']
    out += ["        " + line for line in ranges(points).split("\n")]
    out += ['        """', ""]
out[-1:] = ["}", ""]
with open(sys.argv[1] + "/Sources/Tokenization/Unicode/UnicodeClasses+Ranges.swift", "w") as file:
    file.write("\n".join(out))
