# SPDX-License-Identifier: Apache-2.0
# Renders templates as transformers does and keeps what came out: the text, or that it failed.
#
#     make.py                        writes ../template-table.json and ../template-families.json
#     make.py --fresh N --seed S     prints N random templates with their results, for
#                                    TEMPER_TEMPLATES (see Makefile, template-parity)
#
# Needs the package `transformers`.
import argparse
import copy
import datetime
import json
import os
import re
import warnings

from transformers.utils import chat_template_utils

import families
import fresh
import statements
import table

HERE = os.path.dirname(os.path.abspath(__file__))


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 3, 7, 9, 5, 4)


chat_template_utils.datetime = FixedDate
warnings.simplefilter("ignore", SyntaxWarning)
# An object without a text of its own prints where it is in memory. For iterators this is set to 0;
# others are left out.
ADDRESS = re.compile(r"(?i)(?<=0x)[0-9a-f]{12}")
OPAQUE = re.compile(r"(?i)method |<function|<class|&lt;(function|class)|(cycler|joiner|dict|reference) object|'0', 'x'|rotareneg|g,e,n,e,r")


def rendered(source, values):
    """The text, or None for an error."""
    # Even the immutable sandbox lets `indent` add to a list.
    values = copy.deepcopy(values)
    try:
        text = chat_template_utils._compile_jinja_template(source).render(**values)
        return ADDRESS.sub(12 * "0", text)
    except Exception:
        return None


def write(name, golden):
    with open(os.path.join(HERE, "..", name), "w") as file:
        json.dump(golden, file, indent=0, separators=(",", ":"), ensure_ascii=True)
        file.write("\n")


def make_table():
    sources = ["{{ " + line + " }}" for line in joined_lines(table.EXPRESSIONS)]
    sources += statements.STATEMENTS
    # Several at once hide an error in the first, so each part is also rendered alone.
    for line in joined_lines(table.EXPRESSIONS):
        parts = top_level_parts(line)
        if len(parts) > 1:
            sources += ["{{ " + part + " }}" for part in parts]
    cases = []
    for source in dict.fromkeys(sources):
        text = rendered(source, table.VALUES)
        if not OPAQUE.search(text or ""):
            cases.append([source, text])
    write("template-table.json", {"values": table.VALUES, "cases": cases})
    failed = sum(text is None for _, text in cases)
    print(f"{len(cases)} templates, of which {failed} fail")


def joined_lines(text):
    """The lines; one that ends in a backslash continues in the next."""
    return [line.replace("\0", "\\\n") for line in text.strip("\n").replace("\\\n", "\0").split("\n")]


def top_level_parts(line):
    """The parts of a line between commas outside of brackets and quotes."""
    parts, depth, quote, start, index = [], 0, None, 0, 0
    while index < len(line):
        character = line[index]
        if quote:
            if character == "\\":
                index += 1
            elif character == quote:
                quote = None
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(line[start:index].strip())
            start = index + 1
        index += 1
    return [part for part in parts + [line[start:].strip()] if part]


def make_families():
    cases = []
    for name, template in families.TEMPLATES.items():
        for index, conversation in enumerate(families.CONVERSATIONS):
            for switches in families.SWITCHES:
                values = {"bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None,
                          **conversation, **switches}
                cases.append([name, index, switches, rendered(template, values)])
    write("template-families.json", {
        "templates": families.TEMPLATES, "conversations": families.CONVERSATIONS, "cases": cases})
    failed = sum(case[-1] is None for case in cases)
    print(f"{len(cases)} conversations, of which {failed} are refused")


def print_fresh(count, seed):
    cases, failed = [], 0
    for source in fresh.templates(10 * count, seed):
        text = rendered(source, table.VALUES)
        # That both fail says little, so only a third of the cases may.
        failed += text is None
        if len(cases) >= count:
            break
        if text is None and failed % 4:
            continue
        if not OPAQUE.search(text or "") and not re.search(r"\d{19}|\d{10000}", text or ""):
            cases.append([source, text])
    print(json.dumps({"values": table.VALUES, "cases": cases}))


parser = argparse.ArgumentParser()
parser.add_argument("--fresh", type=int, default=0)
parser.add_argument("--seed", type=int, default=0)
arguments = parser.parse_args()
if arguments.fresh:
    print_fresh(arguments.fresh, arguments.seed)
else:
    make_table()
    make_families()
