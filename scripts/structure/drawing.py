# SPDX-License-Identifier: Apache-2.0
"""The graph of targets and folders as a page shows it."""
import collections
import sys

from structure.folders import arrows, has_folders
from structure.graph import reach
from structure.targets import BESIDE, ENGINE

MARKS = ("<!-- structure -->", "<!-- end of structure -->")


def drawing(targets):
    sources = {name: it for name, it in targets.items() if it.is_source}
    return "\n".join(graph_of_targets(sources) + [""] + list_of_folders(sources, targets)) + "\n"


def graph_of_targets(sources):
    graph = {name: set(it.dependencies) for name, it in sources.items()}
    names = list(sources)
    line = names.index(ENGINE)
    lines = ["An arrow points to what is depended on. Arrows that follow from others are left out.",
             "", "```mermaid", "graph TD"]
    for key, title, part in (("upper", "free of the engine", names[:line]),
                             ("lower", "the engine", names[line:])):
        lines.append(f'  subgraph {key}["{title}"]')
        lines += [f'    {node(name)}["{name}"]' for name in part]
        lines.append("  end")
    for name in names:
        implied = set().union(*(reach(graph, other) for other in graph[name]))
        lines += [f"  {node(name)} --> {node(other)}"
                  for other in names if other in graph[name] - implied]
    return lines + ["```"]


def node(name):
    return name.replace("-", "_")


def list_of_folders(sources, targets):
    lines = ["Folders, and which others each mentions:", ""]
    for target in sources.values():
        if not has_folders(target):
            continue
        found = collections.defaultdict(set)
        for one, other in arrows(target, targets):
            found[one].add(other)
        mentioned = set().union(*found.values())
        parts = []
        for folder in sorted({it.folder for it in target.files.values()},
                             key=lambda it: (-len(reach(found, it)), it)):
            if folder in found:
                parts.append(f"{code(folder)} → {', '.join(map(code, sorted(found[folder])))}")
            elif folder not in mentioned:
                parts.append(code(folder))
        lines.append(f"- **{target.name}**: {'; '.join(parts)}")
    return lines


def code(folder):
    return folder if folder == BESIDE else f"`{folder}`"


def redrawn(page, text):
    start, end = (page.find(mark) for mark in MARKS)
    if not 0 <= start < end:
        sys.exit(f"the page has no {MARKS[0]} ... {MARKS[1]}")
    return page[:start] + MARKS[0] + "\n" + text + page[end:]
