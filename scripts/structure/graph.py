# SPDX-License-Identifier: Apache-2.0
"""Graphs as dictionaries of sets: what a node leads to, and circles."""
import collections


def reach(graph, start):
    """Everything that a node leads to."""
    seen, waiting = set(), list(graph.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += graph.get(node, ())
    return seen


def circles(graph):
    """One shortest circle for each set of nodes that all lead to one another."""
    reached = {node: reach(graph, node) for node in graph}
    done = set()
    for node in sorted(graph):
        if node not in reached[node] or node in done:
            continue
        members = {other for other in reached[node] if node in reached.get(other, ())}
        done |= members
        yield min((shortest_circle(graph, member) for member in sorted(members)), key=len)


def shortest_circle(graph, start):
    paths, waiting = {}, collections.deque([(start, [start])])
    while waiting:
        node, path = waiting.popleft()
        for following in sorted(graph.get(node, ())):
            if following == start:
                return path + [start]
            if following not in paths:
                paths[following] = path
                waiting.append((following, path + [following]))
    return []
