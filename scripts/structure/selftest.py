# SPDX-License-Identifier: Apache-2.0
"""Tests of the reading of Swift and of the rules, on small cases."""
import sys

from structure.folders import arrows
from structure.graph import circles
from structure.swift import declarations, fits, imports, labels_of_call, tokens
from structure.targets import BESIDE, Target, check_targets, same_but_for_case


def self_test():
    def words(text):
        return " ".join(token.text for token in tokens(text))

    expect(words("a /* b /* c */ d */ e // f\ng"), "a e g")
    expect(words(r'x("b \(c(d) + "\(e)") f", g)'), 'x ( "" c ( d ) + "" e , g )')
    expect(words('a = #"b \\(c) \\#(d)"# + e'), 'a = "" d + e')
    expect(words('"""\n b "c" \\(d)\n """ e'), '"" d e')
    expect(words(r'split(/\s+"/, b / c / d)'), 'split ( "" , b / c / d )')
    expect(words("reduce(1, /) + `default`"), "reduce ( 1 , / ) + default")
    expect([token.line for token in tokens('a\n"""\nb\n"""\nc')], [1, 2, 5])

    swift = """
        @testable package import struct Sea.Fish
        @_exported import Checkpoints
        public struct A<T: Sendable>: B, C where T: D {
            private(set) var one: Int { two }
            private let hidden = 1
            case x, y(Int), z
            init?(at place: Int, _ rest: Int...) { let three = 3 }
            struct Inner { func deep() {} }
        }
        extension E.F: Attack { static func g<T>(by h: [String: Int], i j: Int = 1) {} }
        private extension E { func unseen() {} }
        func free(_ a: Dictionary<Int, Int>) {}
        """
    list_ = tokens(swift)
    expect(list(imports(list_)), [("Sea", 2, False), ("Checkpoints", 3, True)])
    found = {it.name: it for it in declarations(list_)}
    expect(sorted(found), sorted(["A", "one", "hidden", "x", "y", "z", "init", "Inner", "deep",
                                  "E.F", "g", "E", "unseen", "free"]))
    expect(found["A"].inherits[-2:], ("B", "C"))
    expect([found[it].hidden for it in ("one", "hidden", "unseen", "g")], [False, True, True, False])
    expect(found["deep"].context, ("A", "Inner"))
    expect(found["init"].labels, [("at", False), ("_", True)])
    expect(found["g"].labels, [("by", False), ("i", True)])
    expect(found["free"].labels, [("_", False)])
    expect(labels_of_call(tokens("(by: a ? b : c, [d: e], f: g) {"), 0), (["by", "_", "f"], True))
    labels = [("by", False), ("i", True), ("then", False)]
    expect([fits(call, closure, labels) for call, closure in (
        (["by", "then"], False), (["by", "i", "then"], False), (["by"], True), (["by"], False),
        (["i", "then"], False))], [True, True, True, False, False])

    expect(list(circles({"a": {"b"}, "b": {"c"}, "c": set()})), [])
    expect(list(circles({"a": {"b"}, "b": {"c", "d"}, "c": {"a", "b"}})), [["b", "c", "b"]])
    expect(list(same_but_for_case(["A/x", "a/y", "b/Z", "b/z", "c/A", "d/a"])), [
        "A and a differ in case alone: they are one on macOS",
        "b/Z and b/z differ in case alone: they are one on macOS"])

    def sources(name, kind="regular", dependencies=(), **files):
        target = Target({"name": name, "type": kind,
                         "dependencies": [{"byName": [it, None]} for it in dependencies]})
        for path, text in files.items():
            target.add(f"{target.path}/{path.replace('_', '/')}.swift", text)
        return target

    def pairs(**files):
        target = sources("T", **files)
        return {(one, other): [(it.line, it.name) for it in found]
                for (one, other), found in arrows(target, {"T": target}).items()}

    expect(pairs(Low_A="struct A {}", High_B='let b = "A \\(A())" // A'), {("High", "Low"): [(1, "A")]})
    expect(pairs(Low_A="struct A {}", B="var b: A"), {(BESIDE, "Low"): [(1, "A")]})
    expect(pairs(Low_A="private struct A {}", High_B="struct B { struct A {} }\nvar b: B.A"), {})
    expect(pairs(Low_A="struct A {}", High_B="extension A {\nfunc go(to: Int) {} }",
                 Low_C="func c(a: A) {\na.go(to: 1) }", Low_D="func d(a: C) {\na.go(by: 1) }"),
           {("High", "Low"): [(1, "A")], ("Low", "High"): [(2, "go")]})
    expect(pairs(Low_A="struct A { init(x: Int) {} }", High_B="extension A { init(y: Int) {} }",
                 Top_C="let c = [A(x: 1),\nA(y: 2)]"),
           {("High", "Low"): [(1, "A")], ("Top", "Low"): [(1, "A"), (2, "A")],
            ("Top", "High"): [(2, "A")]})
    expect(pairs(Low_A="func brief(_ a: Int) {}", High_B="struct B { func brief() {} }",
                 Top_C="let c = brief(1)"), {("Top", "Low"): [(1, "brief")]})

    house = {it.name: it for it in (
        sources("Plain", Free="import LanguageModels"),
        sources("EngineLibrary"),
        sources("ModelWriting"), sources("Checkpoints"),
        sources("Adversaries", dependencies=["Checkpoints"], A="protocol Trained: Attack {}"),
        sources("Other", dependencies=["ModelWriting"], A="struct Own: Trained {}"),
        sources("OtherTests", kind="test", dependencies=["ModelWriting"], A="import ModelWriting"),
        sources("LanguageModels", A="import Plain"))}
    expect(list(check_targets({"products": []}, house)), [
        "Sources/Plain/Free.swift:1: Plain is free of the engine and imports LanguageModels",
        "Package.swift: Adversaries holds the attack Trained and reaches Checkpoints",
        "Package.swift: Other depends on ModelWriting, as only Defenses may",
        "Package.swift: Other holds the attack Own and reaches ModelWriting",
        "Sources/LanguageModels/A.swift:1: imports Plain, which the manifest does not give to "
        "LanguageModels"])
    print("the reading of Swift is as its tests say")


def expect(found, wanted):
    if found != wanted:
        sys.exit(f"line {sys._getframe(1).f_lineno}: found {found!r}\n  instead of {wanted!r}")
