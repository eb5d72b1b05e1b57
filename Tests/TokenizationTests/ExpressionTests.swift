// SPDX-License-Identifier: Apache-2.0
// Regular expressions: what they match, what is left to Foundation, and what hostile ones cost.

import Foundation
import Testing

@testable import Tokenization

@Suite("Regular expressions")
struct ExpressionTests {
    private static func matches(_ expression: String, _ text: String) throws -> [String] {
        let compiled = try #require(Expression(expression), "\(expression)")
        var text = text
        return text.withUTF8 { bytes in
            compiled.matches(in: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    /// By the rules of Perl, which the reference engine keeps to.
    static let cases: [(expression: String, text: String, matches: [String])] = [
        ("a|ab", "ab", ["a"]), ("(?:a|ab)c", "abc", ["abc"]), ("a*?b", "aab", ["aab"]),
        ("a+?", "aa", ["a", "a"]), ("a++a", "aaa", []), ("(?>a|ab)c", "abc", []),
        ("(?i:'S)", "'s'S'ſ", ["'s", "'S", "'ſ"]), (#"\s+(?!\S)"#, "  a  ", [" ", "  "]),
        (#"(?=(\d{3})+(?!\d))"#, "12345", [""]),
        (#"\p{Lu}\p{Ll}+"#, "AbÄöX", ["Ab", "Äö"]), (#"[^\s\p{L}]+"#, "a 1!é", ["1!"]),
        (#"[\S\s]"#, "a\n", ["a", "\n"]), ("[a-c[x-z]]+", "abxyd", ["abxy"]),
        (#"\bab\b"#, "ab cab ab", ["ab", "ab"]), ("^a", "aa", ["a"]), ("a$", "a\na", ["a", "a"]),
        (#"a\z"#, "a\na", ["a"]), (".", "\n😀", ["😀"]), ("a{2,3}", "aaaaa", ["aaa", "aa"]),
        ("(?:ab){2}", "ababab", ["abab"]), ("(a*)*b", "aab", ["aab"]), ("x*", "ax", ["", "x", ""]),
    ]

    @Test("expressions match as in Perl", arguments: cases.indices)
    func matching(index: Int) throws {
        let item = Self.cases[index]
        #expect(try Self.matches(item.expression, item.text) == item.matches)
    }

    @Test(
        "expressions with other parts are left to Foundation",
        arguments: [
            #"(?<=a)b"#, #"(a)\1"#, "[a&&b]", #"\p{Han}"#, "(?<n>a)", "[[:alpha:]]", "a{,2}",
            "(?i:[a-z])", "(?i:[b-d1])",
        ])
    func unknown(expression: String) { #expect(Expression(expression) == nil) }

    @Test(
        "damaged expressions are not compiled",
        arguments: ["(", "a)", "[a", "*", "a{2", "\\", "a**"])
    func damaged(expression: String) { #expect(Expression(expression) == nil) }

    @Test("an expression made to backtrack ends soon")
    func hostile() throws {
        let time = try ContinuousClock().measure {
            _ = try Self.matches("(a+)+b", String(repeating: "a", count: 40))
        }
        #expect(time < .seconds(20))
    }

    @Test("great repetitions in each other are refused, and cost nothing where they are empty")
    func bounded() throws {
        #expect(Expression("((a{900}){900}){900}") == nil)
        let empty = String(repeating: "(?:", count: 12) + String(repeating: "){900}", count: 12)
        #expect(try Self.matches(empty + "a", "ba") == ["a"])
    }
}
