# SPDX-License-Identifier: Apache-2.0
"""The targets of the manifest, and what may depend on what."""
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata

from structure.graph import circles, reach
from structure.swift import declarations, imports, tokens

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ENGINE = "EngineLibrary"
WRITER = "ModelWriting"
MAY_WRITE = {"Defenses"}
NOT_FOR_ATTACKS = {WRITER, "Checkpoints"}
ATTACK = "Attack"
VERIFIER = ".build/release/temper-verify"
# Modules that come with the toolchain or the system.
GIVEN = {"Darwin", "Dispatch", "Foundation", "FoundationNetworking", "FoundationXML", "Glibc", "Musl",
         "RegexBuilder", "Swift", "Synchronization", "Testing"}
BESIDE = "(beside the folders)"


class Target:
    def __init__(self, description):
        self.name = description["name"]
        self.kind = description["type"]
        folder = "Tests" if self.kind == "test" else "Sources"
        self.path = description.get("path") or f"{folder}/{self.name}"
        self.dependencies, self.products = [], []
        for dependency in description["dependencies"]:
            (kind, value), = dependency.items()
            (self.products if kind == "product" else self.dependencies).append(value[0])
        self.is_source = self.path.startswith("Sources/")
        self.files = {}

    def read(self):
        for folder, _, names in sorted(os.walk(os.path.join(ROOT, self.path))):
            for name in sorted(names):
                if name.endswith(".swift"):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as file:
                        self.add(os.path.relpath(path, ROOT), file.read())

    def add(self, path, text):
        folder = os.path.dirname(os.path.relpath(path, self.path)) or BESIDE
        self.files[path] = File(path, folder, tokens(text))


class File:
    def __init__(self, path, folder, list_):
        self.path, self.folder, self.tokens = path, folder, list_
        self.declarations = declarations(list_)
        self.imports = list(imports(list_))


def manifest():
    result = subprocess.run(["swift", "package", "dump-package"], cwd=ROOT, capture_output=True,
                            text=True)
    if result.returncode != 0:
        sys.exit(f"Package.swift cannot be read: {result.stderr.strip()}")
    package = json.loads(result.stdout)
    targets = {}
    for description in package["targets"]:
        target = Target(description)
        target.read()
        targets[target.name] = target
    # A name in quotes may be a target of this package or a product of another.
    for target in targets.values():
        target.products += [name for name in target.dependencies if name not in targets]
        target.dependencies = [name for name in target.dependencies if name in targets]
    return package, targets


def target_graph(targets):
    return {name: set(target.dependencies) for name, target in targets.items()}


def check_targets(package, targets):
    graph = target_graph(targets)
    for circle in circles(graph):
        yield f"Package.swift: the targets {' -> '.join(circle)} are a circle"
    for product in package["products"]:
        if WRITER in product["targets"]:
            yield f"Package.swift: the product {product['name']} hands out {WRITER}"
    names = list(targets)
    upper = set(names[:names.index(ENGINE)])
    for name in sorted(upper):
        for other in sorted(set(graph[name]) - upper):
            yield f"Package.swift: {name} stands above {ENGINE} and depends on {other}, below it"
    for name, target in targets.items():
        yield from check_imports(target, targets, upper)
        if not target.is_source:
            continue
        if name not in MAY_WRITE and WRITER in graph[name]:
            yield f"Package.swift: {name} depends on {WRITER}, as only {' and '.join(MAY_WRITE)} may"
        if attack := an_attack(target, targets):
            for other in sorted((NOT_FOR_ATTACKS & graph[name]) | ({WRITER} & reach(graph, name))):
                yield f"Package.swift: {name} holds the attack {attack} and reaches {other}"


def check_imports(target, targets, upper):
    allowed = set(target.dependencies) | set(target.products) | GIVEN
    for file in target.files.values():
        for module, line, is_exported in file.imports:
            place = f"{file.path}:{line}"
            if target.is_source and target.name in upper and module in set(targets) - upper:
                yield f"{place}: {target.name} is free of the engine and imports {module}"
            elif target.is_source and module == WRITER and target.name not in MAY_WRITE:
                yield f"{place}: only {' and '.join(MAY_WRITE)} may import {WRITER}"
            elif module not in allowed:
                yield f"{place}: imports {module}, which the manifest does not give to {target.name}"
            if is_exported and module in NOT_FOR_ATTACKS:
                yield f"{place}: hands {module} on to whoever imports {target.name}"


def an_attack(target, targets):
    """The name of an attack that a target holds, or None."""
    inherits = collections.defaultdict(set)
    for other in targets.values():
        for file in other.files.values():
            for declaration in file.declarations:
                inherits[declaration.name] |= set(declaration.inherits)
    for file in target.files.values():
        for declaration in file.declarations:
            if declaration.kind in ("type", "extension") and (
                    ATTACK in declaration.inherits or ATTACK in reach(inherits, declaration.name)):
                return declaration.name
    return None


def check_paths(package, targets):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
        capture_output=True, text=True, check=True).stdout
    yield from same_but_for_case(path for path in listed.split("\0") if path)
    for kind, names in (("target", targets), ("product", [it["name"] for it in package["products"]])):
        for one, other in same(names):
            yield f"Package.swift: the {kind}s {one} and {other} differ in case alone"


def same_but_for_case(paths):
    everything = set()
    for path in paths:
        while path:
            everything.add(path)
            path = os.path.dirname(path)
    for one, other in same(sorted(everything)):
        # The folders are said once, not with everything in them.
        if os.path.dirname(one) == os.path.dirname(other):
            yield f"{one} and {other} differ in case alone: they are one on macOS"


def same(names):
    seen = {}
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        if seen.setdefault(key, name) != name:
            yield seen[key], name


def check_verifier():
    """What was built is asked, too: the verifier links no engine."""
    path = os.path.join(ROOT, VERIFIER)
    if not os.access(path, os.X_OK) or not shutil.which("ldd"):
        return
    linked = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    for line in linked.splitlines():
        if re.search("mlx|blas", line, re.IGNORECASE):
            yield f"{VERIFIER} links {line.split()[0]}, which only the engine needs"
