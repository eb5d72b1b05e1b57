# SPDX-License-Identifier: Apache-2.0
"""The arrows between the folders of a target: where one mentions what another declares.

Where a name could be one of several declarations, it is no arrow.
"""
import collections

from structure.graph import circles
from structure.swift import fits, labels_of_call
from structure.targets import BESIDE

# What types of the standard library have, too: such a name says nothing about whose it is.
COMMON = {"count", "debugDescription", "description", "encode", "endIndex", "errorDescription", "first",
          "hash", "hashValue", "id", "index", "isEmpty", "last", "makeIterator", "next", "rawValue",
          "startIndex"}
Arrow = collections.namedtuple("Arrow", "path line name")


class Members:
    """The members that a target's types and extensions declare, by name.

    Each with its owner, and with its folder where the owner is a type of another one.
    """

    def __init__(self, target, home):
        self.by_name = collections.defaultdict(list)
        for file in target.files.values():
            for declaration in file.declarations:
                if declaration.context and not declaration.hidden:
                    owner = declaration.context[0].split(".")[0]
                    folder = file.folder if home.get(owner) != file.folder else None
                    self.by_name[declaration.name].append((declaration, owner, folder))

    def fitting(self, name, call, has_closure):
        for declaration, owner, folder in self.by_name.get(name, ()):
            if declaration.kind == "func" and call is not None:
                is_one = fits(call, has_closure, declaration.labels or [])
            else:
                is_one = declaration.kind != "init" and not (declaration.kind == "value" and call)
            if is_one:
                yield declaration, owner, folder


def arrows(target, targets):
    """The mentions between the folders of a target: (from, to) -> arrows."""
    home, free = {}, collections.defaultdict(list)
    for file in target.files.values():
        for declaration in file.declarations:
            if declaration.context or declaration.hidden:
                continue
            if declaration.kind == "type":
                home[declaration.name] = file.folder
            elif declaration.kind in ("func", "value"):
                free[declaration.name].append((declaration, file.folder))
    own = Members(target, home)
    others = [Members(targets[name], {}) for name in target.dependencies if name in targets]
    result = collections.defaultdict(list)
    for file in target.files.values():
        for folder, token in mentions(file, home, free, own, others):
            if folder != file.folder:
                result[file.folder, folder].append(Arrow(file.path, token.line, token.text))
    return result


def mentions(file, home, free, own, others):
    """The names in a file that a folder declares: pairs of the folder and the token."""
    nested = {it.name for it in file.declarations if it.context and it.kind == "type"}
    local = {it.name for it in file.declarations if it.context or it.hidden} | names_in_code(file)
    owners = {it.name.split(".")[0] for it in file.declarations if it.kind in ("type", "extension")}
    module_lines = {line for _, line, _ in file.imports}
    for index, token in enumerate(file.tokens):
        if token.kind != "word" or token.line in module_lines:
            continue
        name = token.text
        before = file.tokens[index - 1].text if index else ""
        after = file.tokens[index + 1].text if index + 1 < len(file.tokens) else ""
        call, has_closure = labels_of_call(file.tokens, index + 1)
        if before == "." or (name in own.by_name and after != ":" and name not in local):
            folder = member(name, call, has_closure, own, others,
                            None if before == "." else owners)
            if folder:
                yield folder, token
                continue
        if before == ".":
            continue
        if name in home and name not in nested:
            yield home[name], token
            folder = initialiser(name, call, has_closure, own, others)
            if folder:
                yield folder, token
        elif name in free and name not in local and after != ":":
            folders = {folder for declaration, folder in free[name]
                       if is_mention(declaration, call, has_closure, after)}
            if len(folders) == 1:
                yield folders.pop(), token
        elif name not in nested and call:
            folder = initialiser(name, call, has_closure, own, others)
            if folder:
                yield folder, token


def is_mention(declaration, call, has_closure, after):
    """Whether a name outside of a type is a mention of a function or variable."""
    if declaration.kind == "value":
        return True
    if call is None:
        return after in (")", ",")
    return fits(call, has_closure, declaration.labels or [])


def names_in_code(file):
    """Variables, nested functions, labels and closures' parameters, which hide other names."""
    found = set()
    for index, token in enumerate(file.tokens):
        before = file.tokens[index - 1].text if index else ""
        if before in ("let", "var", "func", "for"):
            found.add(token.text)
        elif token.text == ":" and file.tokens[index - 1].kind == "word":
            found.add(before)
        elif token.text == "in":
            at = index - 1
            while at > 0 and (file.tokens[at].kind == "word" or file.tokens[at].text in ",()"):
                found.add(file.tokens[at].text)
                at -= 1
    return found


def member(name, call, has_closure, own, others, owners):
    """The one folder whose extension of another folder's type declares a member, or None."""
    found = [] if name in COMMON else list(own.fitting(name, call, has_closure))
    if not found or any(True for other in others for _ in other.fitting(name, call, has_closure)):
        return None
    if owners is not None and not all(owner in owners for _, owner, _ in found):
        return None
    folders = {folder for _, _, folder in found}
    return folders.pop() if len(folders) == 1 else None


def initialiser(name, call, has_closure, own, others):
    """The one folder whose extension of a type of elsewhere declares an initialiser, or None."""
    if not call:
        return None
    folders = set()
    for members in [own] + others:
        for declaration, owner, folder in members.by_name.get("init", ()):
            if owner == name and len(declaration.context) == 1 and fits(
                    call, has_closure, declaration.labels or []):
                folders.add(folder if members is own else None)
    return folders.pop() if len(folders) == 1 else None


def has_folders(target):
    return target.is_source and any(it.folder != BESIDE for it in target.files.values())


def check_folders(targets):
    for target in targets.values():
        if not has_folders(target):
            continue
        found = arrows(target, targets)
        graph = collections.defaultdict(set)
        for one, other in found:
            graph[one].add(other)
        for circle in circles(dict(graph)):
            lines = [f"{target.path}: the folders {' -> '.join(circle)} are a circle"]
            for one, other in zip(circle, circle[1:]):
                arrow = min(found[one, other])
                lines.append(f"    {arrow.path}:{arrow.line}: {arrow.name}, of {other}")
            yield "\n".join(lines)
