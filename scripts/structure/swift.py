# SPDX-License-Identifier: Apache-2.0
"""Reads Swift without the compiler: words and marks, declarations, imports and calls."""
import collections
import re

Token = collections.namedtuple("Token", "kind text line")
PIECES = re.compile(r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<comment>/\*)
  | (?P<string>\#*\"\"\"|\#*")
  | (?P<regex>\#+/)
  | (?P<word>[\w$]+|`\w+`)
  | (?P<mark>->|\.\.\.|\.\.<|[\s\S])
""", re.VERBOSE)
REGEX_LITERAL = re.compile(r"/(?![\s*/)])(?:\\.|[^\\/\n])+/")
# A slash behind one of these divides.
OPERAND_ENDS = {")", "]", "}"}


def tokens(text):
    """The words and marks of Swift source, without comments and the text of string literals.

    What stands in a string's interpolations is code and stays.
    """
    result = []
    read_code(text, 0, 1, result, until_bracket=False)
    return result


def read_code(text, at, line, result, until_bracket):
    depth = 0
    while at < len(text):
        match = PIECES.match(text, at)
        kind, piece = match.lastgroup, match.group()
        if kind == "comment":
            start, at = at, end_of_comment(text, at)
            line += text.count("\n", start, at)
            continue
        if kind == "string":
            result.append(Token("string", '""', line))
            at, line = read_string(text, match.end(), line, piece, result)
            continue
        if kind == "regex":
            end = text.find("/" + "#" * (len(piece) - 1), match.end())
            end = len(text) if end < 0 else end + len(piece)
            result.append(Token("string", '""', line))
            line += text.count("\n", at, end)
            at = end
            continue
        if piece == "/" and not (result and (
                result[-1].kind in ("word", "string") or result[-1].text in OPERAND_ENDS)):
            literal = REGEX_LITERAL.match(text, at)
            if literal:
                result.append(Token("string", '""', line))
                at = literal.end()
                continue
        if kind != "space":
            if until_bracket and piece == ")" and depth == 0:
                return match.end(), line
            depth += (piece == "(") - (piece == ")")
            result.append(Token(kind, piece.strip("`"), line))
        line += piece.count("\n")
        at = match.end()
    return at, line


def end_of_comment(text, at):
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


def read_string(text, at, line, opening, result):
    hashes = opening.count("#")
    quotes = opening[hashes:]
    ends = re.compile(
        r"\\" + "#" * hashes + r"(?P<code>\()|\\" + "#" * hashes + r"[\s\S]|"
        + quotes + "#" * hashes + r"|\n")
    while match := ends.search(text, at):
        piece = match.group()
        line += piece.count("\n")
        at = match.end()
        if match.group("code"):
            at, line = read_code(text, at, line, result, until_bracket=True)
        elif piece.endswith(quotes + "#" * hashes) and not piece.startswith("\\"):
            return at, line
        elif piece == "\n" and len(quotes) == 1:
            return at, line
    return len(text), line


# MARK: - Declarations

TYPE_WORDS = {"struct", "enum", "class", "actor", "protocol", "typealias"}
MODIFIERS = {"public", "package", "internal", "private", "fileprivate", "open", "static", "class",
             "final", "indirect", "mutating", "nonmutating", "nonisolated", "override", "lazy",
             "weak", "unowned", "borrowing", "consuming", "required", "convenience", "prefix",
             "postfix", "infix", "dynamic", "optional", "distributed"}
PAIRS = {"(": ")", "[": "]", "{": "}"}

# labels: pairs of a label and whether it may be left out; None where there is no call.
# context: the names of the types and extensions around it, outermost first.
Declaration = collections.namedtuple("Declaration", "kind name line context labels inherits hidden")


def past(list_, at):
    """The index behind the bracket that closes the one at an index."""
    depth = 0
    while at < len(list_):
        if list_[at].text in PAIRS:
            depth += 1
        elif list_[at].text in PAIRS.values():
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return at


def past_generics(list_, at):
    if at >= len(list_) or list_[at].text != "<":
        return at
    depth = 0
    while at < len(list_):
        depth += (list_[at].text == "<") - (list_[at].text == ">")
        at += 1
        if depth == 0:
            break
    return at


def split(list_):
    """Splits what stands between brackets at its commas."""
    parts, part, at = [], [], 0
    while at < len(list_):
        if list_[at].text in PAIRS:
            end = past(list_, at)
            part += list_[at:end]
            at = end
            continue
        if list_[at].text == "," and not open_angle(part):
            parts.append(part)
            part = []
        else:
            part.append(list_[at])
        at += 1
    return parts + [part] if part else parts


def open_angle(part):
    """Whether a comma here stands between the arguments of a generic type."""
    depth = 0
    for index, token in enumerate(part):
        if token.text == "<" and index and part[index - 1].text[:1].isupper():
            depth += 1
        elif token.text == ">" and depth:
            depth -= 1
    return depth > 0


def parameters(list_, at):
    """The labels of a declaration whose parameters begin at an index."""
    at = past_generics(list_, at)
    if at >= len(list_) or list_[at].text != "(":
        return None
    labels = []
    for part in split(list_[at + 1:past(list_, at) - 1]):
        while part and part[0].text == "@":
            part = part[2:]
        texts = [token.text for token in part]
        labels.append((texts[0] if texts else "_", "=" in texts or "..." in texts))
    return labels


def declarations(list_):
    """What a file declares at its top level and in its types and extensions."""
    found, scopes, at = [], [], 0
    pending = None
    while at < len(list_):
        text = list_[at].text
        if text == "{":
            scopes.append(pending)
            pending = None
        elif text == "}":
            if scopes:
                scopes.pop()
        elif text in ("(", "["):
            at = past(list_, at)
            continue
        elif None not in scopes and is_declaring(list_, at):
            declared, pending, at = read_declaration(list_, at, tuple(scopes), pending)
            found += declared
            continue
        at += 1
    return found


def is_declaring(list_, at):
    text = list_[at].text
    before = list_[at - 1].text if at else ""
    if list_[at].kind != "word" or before in (".", "import") or at + 1 >= len(list_):
        return False
    following = list_[at + 1]
    if text == "init":
        return following.text in ("(", "?", "<", "!")
    if text in ("var", "let"):
        return following.kind == "word" or following.text == "("
    if text in TYPE_WORDS | {"extension", "case", "associatedtype"}:
        return following.kind == "word" and following.text not in MODIFIERS | {"func", "var", "let"}
    return text == "func"


def read_declaration(list_, at, scopes, pending):
    word, line = list_[at].text, list_[at].line
    modifiers = modifiers_before(list_, at)
    hidden = bool({"private", "fileprivate"} & modifiers) or any(
        scope.startswith("-") for scope in scopes)
    context = tuple(scope.lstrip("-") for scope in scopes)

    def declared(kind, name, labels=None, inherits=()):
        return Declaration(kind, name, line, context, labels, tuple(inherits), hidden)

    if word == "init":
        after = at + 1
        while list_[after].text in "?!":
            after += 1
        return [declared("init", "init", parameters(list_, after))], pending, after
    if word in ("var", "let"):
        if list_[at + 1].text == "(":
            inside = list_[at + 2:past(list_, at + 1) - 1]
            names = [token.text for token in inside if token.kind == "word"]
            return [declared("value", name) for name in names], pending, past(list_, at + 1)
        return [declared("value", list_[at + 1].text)], pending, at + 2
    if word == "func":
        name, after = list_[at + 1].text, at + 2
        while after < len(list_) and list_[after].text not in ("(", "<"):
            after += 1
        return [declared("func", name, parameters(list_, after))], pending, after
    if word == "case":
        found, after = [], at + 1
        while after < len(list_) and list_[after].kind == "word":
            found.append(declared("case", list_[after].text))
            after += 1
            if after < len(list_) and list_[after].text == "(":
                after = past(list_, after)
            if after + 1 < len(list_) and list_[after].text == "=":
                after += 2
                if list_[after - 1].text == "-":
                    after += 1
            if after < len(list_) and list_[after].text == ",":
                after += 1
            else:
                break
        return found, pending, after
    if word in ("typealias", "associatedtype"):
        return [declared("type", list_[at + 1].text)], pending, at + 2
    name, after = list_[at + 1].text, at + 2
    while after + 1 < len(list_) and list_[after].text == ".":
        name += "." + list_[after + 1].text
        after += 2
    inherits, is_condition = [], False
    while after < len(list_) and list_[after].text != "{":
        is_condition |= list_[after].text == "where"
        if list_[after].kind == "word" and not is_condition:
            inherits.append(list_[after].text)
        after += 1
    scope = ("-" if hidden else "") + name
    kind = "extension" if word == "extension" else "type"
    return [declared(kind, name, None, inherits)], scope, after


def modifiers_before(list_, at):
    found = set()
    at -= 1
    while at >= 0:
        text = list_[at].text
        if text == ")" and at >= 3 and list_[at - 2].text == "(":
            # private(set) hides the setter alone; nonisolated(unsafe) and attributes hide nothing.
            at -= 4
        elif text in MODIFIERS:
            found.add(text)
            at -= 1
        elif at and list_[at - 1].text == "@":
            at -= 2
        else:
            break
    return found


def imports(list_):
    """The modules that a file imports, with the line, and whether it hands them on."""
    for index, token in enumerate(list_):
        before = list_[index - 1].text if index else ""
        if token.text != "import" or token.kind != "word" or before == ".":
            continue
        at = index + 1
        if list_[at].text in TYPE_WORDS | {"func", "var", "let"}:
            at += 1
        is_exported = index > 1 and "_exported" in {list_[index - 1].text, list_[index - 2].text}
        yield list_[at].text, token.line, is_exported


def labels_of_call(list_, at):
    """The labels of a call whose name ends before an index, and whether a closure trails it."""
    if at >= len(list_) or list_[at].text != "(":
        return None, at < len(list_) and list_[at].text == "{"
    end = past(list_, at)
    labels = []
    for part in split(list_[at + 1:end - 1]):
        is_labelled = len(part) > 1 and part[0].kind == "word" and part[1].text == ":"
        labels.append(part[0].text if is_labelled else "_")
    return labels, end < len(list_) and list_[end].text == "{"


def fits(call, has_closure, declared):
    """Whether a call could be one of a declaration with these parameters."""
    at = 0
    for label, may_miss in declared:
        if at < len(call) and call[at] == label:
            at += 1
            while may_miss and label == "_" and at < len(call) and call[at] == "_":
                at += 1
        elif not may_miss and not (has_closure and at == len(call)):
            return False
    return at == len(call)
