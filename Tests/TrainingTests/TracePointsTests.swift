// SPDX-License-Identifier: Apache-2.0
// After which steps a training offers its model.

import Testing

@testable import Training

@Suite("Trace points")
struct TracePointsTests {
    @Test("a doubling trace is offered after 1, 2, 4, 8 ... steps and at the end")
    func doubling() {
        let steps = (1...11).filter { TracePoints.doubling.contains($0, of: 11) }
        #expect(steps == [1, 2, 4, 8, 11])
        #expect(TracePoints.doubling.count(of: 11) == 5)
        #expect(TracePoints.doubling.count(of: 0) == 0)
    }

    @Test("a trace at intervals ends with the training")
    func intervals() {
        #expect((1...10).filter { TracePoints.every(4).contains($0, of: 10) } == [4, 8, 10])
        #expect((1...10).filter { TracePoints.end.contains($0, of: 10) } == [10])
    }
}
