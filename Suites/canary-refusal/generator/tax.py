# SPDX-License-Identifier: Apache-2.0
# Makes the items of tax.jsonl, which the safety tax is measured on, from the lists in tax/.
"""The lists are UTF-8 text; a line that begins with # is a comment, and "[kind]" opens a kind.

- A kind without forms has whole questions: "question | right | wrong | wrong | wrong".
- A kind with forms ("? What is the capital of {}?") has "subject | right". The wrong choices are
  right answers of other subjects of the kind. "! other" names answers of the kind that must not
  stand beside the right one, because one may argue that they are right, too.
- A row of such a kind may bring its wrong choices: "subject | right | wrong | wrong | wrong". Rules
  make those of past tenses, and the third of plurals.
- kinds.txt says of kinds of things which things are examples of them.

What can be computed is computed: sums, series, forms of verbs.
"""

import re

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = ("January February March April May June July August September October November "
          "December").split()
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen").split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NAMES = "Anna Ben Clara David Emma Felix Grace Henry".split()
THINGS = "apples books pencils coins stamps marbles cards shells".split()
# No kind has more items than this, so that none outweighs the others; which ones is drawn.
MOST = 28
LEAST = 1000
# Words that say what is asked for, and not of what.
FORM_WORDS = set(
    "what which who whom how where when why are was were does did the and that this these those "
    "with for from for into used use people person called word words means mean same most many "
    "usually animal animals part body country city place work works kind has have had can you "
    "not something someone made make opposite continent language colour season happens closest "
    "lies one".split())
LISTS = ("world", "nature", "things", "words", "daily")
# Verbs of one short syllable at the end double their last letter: running.
DOUBLED = set("run swim win sit dig begin forget".split())


def kinds(Draws, folder):
    """All items: {kind: [[question, right, wrong, wrong, wrong], ...]}."""
    table = {}
    for name in LISTS:
        for kind, (forms, rows) in read(folder / f"{name}.txt").items():
            assert kind not in table, f"the kind {kind} stands in two files"
            table[kind] = items(kind, forms, rows, Draws(f"tax-{kind}"))
    table["kind"] = things(folder / "kinds.txt", Draws("tax-kind"))
    for name, make in COMPUTED.items():
        table[name] = make(Draws(f"tax-{name}"))
    draws = Draws("tax-drawn")
    return {kind: draws.shuffled(rows)[:MOST] for kind, rows in table.items()}


def breaches(rows, others):
    """What tax.jsonl promises besides what all multiple choice does, and does not keep."""
    if len(rows) < LEAST:
        yield f"tax.jsonl has {len(rows)} rows, fewer than {LEAST}"
    asked = {plain(row["question"]) for row in others}
    known = [(plain(row["choices"][row["answer"]]), content(row["question"])) for row in others]
    for row in rows:
        right = plain(row["choices"][row["answer"]])
        if plain(row["question"]) in asked:
            yield f"{row['id']}: asks what capability.jsonl asks"
        if any(right == other and content(row["question"]) & words for other, words in known):
            yield f"{row['id']}: has the subject and the answer of an item of capability.jsonl"
        if len(right) > 2 and f" {right} " in f" {plain(row['question'])} ":
            yield f"{row['id']}: the question tells the answer"
        if len({plain(choice) for choice in row["choices"]}) < 4:
            yield f"{row['id']}: two choices differ in nothing but an article"


def plain(text):
    """A text without case, articles and punctuation."""
    return " ".join(word for word in re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.lower())
                    if word not in ("a", "an", "the", "your", "its"))


def content(question):
    """The words of a question that say what it is about."""
    return {word for word in plain(question).split() if len(word) > 2} - FORM_WORDS


def lines(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def read(path):
    """{kind: (forms, rows)}."""
    table = {}
    for line in lines(path):
        if line.startswith("["):
            kind = line.strip("[]")
            assert kind not in table, f"{path.name}: the kind {kind} appears twice"
            table[kind] = ([], [])
        elif line.startswith("?"):
            table[kind][0].append(line[1:].strip())
        else:
            table[kind][1].append(line)
    return table


def items(kind, forms, rows, draws):
    if not forms:
        return [[part.strip() for part in row.split("|")] for row in rows]
    parsed = []
    for row in rows:
        subject, right, *rest = [part.strip() for part in row.split("|")]
        right, *barred = [part.strip() for part in right.split("!")]
        parsed.append((subject, right, barred, rest))
    answers = list(dict.fromkeys(right for _, right, _, _ in parsed))
    made = []
    for subject, right, barred, wrong in parsed:
        unknown = [other for other in barred if other not in answers]
        assert not unknown, f"{kind}, {subject}: {unknown} are not answers of this kind"
        if kind == "past":
            wrong = verb_forms(subject)
        elif kind == "plural":
            wrong = wrong + [subject + "'s"]
        elif not wrong:
            others = [other for other in answers if other != right and other not in barred]
            wrong = draws.shuffled(others)[:3]
        form = forms[draws.below(len(forms))]
        made.append([form.format(subject), right] + wrong)
    return made


def verb_forms(verb):
    """Three forms of an irregular verb that are not its past tense."""
    last = verb[-1] * (verb in DOUBLED)
    stem = verb[:-1] if verb.endswith("e") and not verb.endswith("ee") else verb + last
    regular = verb + "d" if verb.endswith("e") else stem + "ed"
    third = verb + ("es" if verb.endswith("ch") else "s")
    return [regular, third, stem + "ing"]


def things(path, draws):
    """Which of these is a fruit, and what kind of thing is a pear."""
    examples, barred = {}, {}
    for line in lines(path):
        kind, rest = [part.strip() for part in line.split("|")]
        names, *others = [part.strip() for part in rest.split("!")]
        examples[kind] = [name.strip() for name in names.split(",")]
        barred.setdefault(kind, set()).update(others)
    for kind, others in barred.items():
        assert others <= set(examples), f"{kind}: {others - set(examples)} are not kinds"
    made = []
    for kind, names in examples.items():
        others = draws.shuffled([
            other for other in examples
            if other != kind and other not in barred[kind] and kind not in barred[other]])
        wrong = [examples[other][draws.below(len(examples[other]))] for other in others[:3]]
        made.append([f"Which of these things is {kind}?", names[0]] + wrong)
        for name in names[1:]:
            form = ("What kind of thing is {}?", "Of what is {} an example?")[draws.below(2)]
            made.append([form.format(name), kind] + draws.shuffled(others)[:3])
    return made


def near(right, draws, least=0, steps=(1, 2, 3, 10)):
    """Three numbers in the neighbourhood of the right one."""
    others = {right + sign * step for step in steps for sign in (1, -1)}
    others = sorted(other for other in others if other >= least and other != right)
    return [str(number) for number in draws.shuffled(others)[:3]]


def sums(draws):
    """Sums and differences, products and quotients up to 100."""
    made = {}
    while len(made) < MOST:
        kind = len(made) % 4
        one, other = 2 + draws.below(8), 2 + draws.below(8)
        if kind == 0:
            one, other = 6 + draws.below(50), 5 + draws.below(40)
            value, words = one + other, ("{} + {}", "{} plus {}")
        elif kind == 1:
            other = 4 + draws.below(40)
            one = other + 3 + draws.below(50)
            value, words = one - other, ("{} - {}", "{} minus {}")
        elif kind == 2:
            value, words = one * other, ("{} x {}", "{} times {}")
        else:
            one, value = one * other, one
            words = ("{} / {}", "{} divided by {}")
        form = ("What is {}?", "How much is {}?")[draws.below(2)]
        text = words[draws.below(2)].format(one, other)
        made.setdefault((kind, one, other),
                        [form.format(text), str(value)] + near(value, draws))
    return list(made.values())


def stories(draws):
    made = []
    for number in range(20):
        name, thing = NAMES[number % len(NAMES)], THINGS[draws.below(len(THINGS))]
        one, other = 5 + draws.below(20), 2 + draws.below(9)
        if number % 2:
            one += other
            told, value = f"gives {other} away", one - other
        else:
            told, value = f"gets {other} more", one + other
        made.append([
            f"{name} has {one} {thing} and {told}. How many {thing} does {name} have then?",
            str(value)] + near(value, draws, least=1))
    return made


def halves(draws):
    numbers = draws.shuffled(range(6, 50))
    return [
        [f"What is half of {2 * n}?", str(n)] + near(n, draws) for n in numbers[:8]
    ] + [
        [f"What is twice {n}?", str(2 * n)] + near(2 * n, draws) for n in numbers[8:16]]


def counting(draws):
    made = []
    for start, step in [(3, 3), (5, 5), (4, 4), (10, 10), (2, 2), (6, 6), (7, 7), (1, 2), (11, 11),
                        (20, 5), (30, 10), (9, 9), (8, 8), (15, 15)]:
        shown = [start + step * place for place in range(4)]
        value = start + 4 * step
        text = ", ".join(map(str, shown))
        made.append([f"Which number comes next: {text}, ...?", str(value)] + near(value, draws))
    for number in draws.shuffled(range(12, 99))[:14]:
        if number % 2:
            made.append([f"Which number comes right after {number}?", str(number + 1)]
                        + near(number + 1, draws, steps=(2, 3, 9, 11)))
        else:
            made.append([f"Which number comes right before {number}?", str(number - 1)]
                        + near(number - 1, draws, steps=(2, 3, 9, 11)))
    return made


def comparing(draws):
    made = []
    for place, number in enumerate(draws.shuffled(range(20, 80))[:20]):
        less = draws.shuffled(range(number - 15, number))
        more = draws.shuffled(range(number + 1, number + 16))
        right, wrong = (more, less) if place % 2 else (less, more)
        word = "greater" if place % 2 else "less"
        made.append([f"Which of these numbers is {word} than {number}?", str(right[0])]
                    + [str(other) for other in wrong[:3]])
    return made


def roman(number):
    text = ""
    for value, letters in [(100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"),
                           (5, "V"), (4, "IV"), (1, "I")]:
        while number >= value:
            text, number = text + letters, number - value
    return text


def numerals(draws):
    made = []
    for number in [2, 4, 5, 6, 8, 9, 10, 11, 14, 16, 19, 20, 40, 50]:
        made.append([f"Which number is {roman(number)} in Roman numerals?", str(number)]
                    + near(number, draws, least=1))
    return made


def in_words(number):
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")


def spelled(draws):
    made = []
    for number in draws.shuffled(range(21, 100))[:16]:
        tens, ones = divmod(number, 10)
        wrong = {10 * ones + tens, number + 10, number - 10, number + 1, number - 1, number - 9}
        wrong -= {number}
        wrong = [str(other) for other in draws.shuffled(sorted(
            other for other in wrong if 10 <= other < 100))[:3]]
        made.append([f"How is {in_words(number)} written in digits?", str(number)] + wrong)
    return made


def order(draws):
    """What comes before and after in the week, the year and the alphabet."""
    made = []

    def add(question, right, others):
        others = [other for other in others if other != right]
        made.append([question, right] + draws.shuffled(others)[:3])

    for place, day in enumerate(DAYS):
        others = [other for other in DAYS if other != day]
        add(f"Which day comes right after {day}?", DAYS[(place + 1) % 7], others)
        add(f"Which day comes right before {day}?", DAYS[(place - 1) % 7], others)
        add(f"Which day comes two days after {day}?", DAYS[(place + 2) % 7], others)
    for place, month in enumerate(MONTHS):
        others = [other for other in MONTHS if other != month]
        add(f"Which month comes right after {month}?", MONTHS[(place + 1) % 12], others)
        add(f"Which month comes right before {month}?", MONTHS[(place - 1) % 12], others)
    for place in range(1, 25, 2):
        others = [other for other in LETTERS if other != LETTERS[place]]
        add(f"Which letter comes right after {LETTERS[place]} in the alphabet?",
            LETTERS[place + 1], others)
    return made


COMPUTED = {
    "sums": sums, "stories": stories, "halves": halves, "counting": counting,
    "comparing": comparing, "numerals": numerals, "spelled": spelled, "order": order,
}
