// SPDX-License-Identifier: Apache-2.0
// The profile of an audit.

import Tensors
import Testing

@testable import Suites

@Suite("Profile")
struct ProfileTests {
    @Test("activities nest, add up and come before what they contain")
    func nesting() throws {
        struct Stop: Error {}
        for _ in 0..<2 {
            Profile.time("profile-test") {
                Profile.time("inner") {}
            }
        }
        #expect(throws: Stop.self) { try Profile.time("profile-test") { throw Stop() } }
        let own = Profile.activities.filter { $0.path.contains("profile-test") }
        #expect(own.map(\.path.last) == ["profile-test", "inner"])
        #expect(own.map(\.count) == [3, 2])
        #expect(own[0].seconds >= own[1].seconds)
    }
}
