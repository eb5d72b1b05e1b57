// SPDX-License-Identifier: Apache-2.0
// Regular expressions over UTF-8, matched from the left with a stack of places to go back to. Tables
// and limits are our own: a token boundary must not depend on the system, nor a hostile expression
// take unlimited time.

/// A compiled expression.
struct Expression: Sendable {
    private enum Instruction: Sendable {
        case set(Int)
        /// As many scalars of a set as there are, and on the way back one less each time.
        case run(Int, least: Int, most: Int, isPossessive: Bool)
        /// Goes on at the first place, and on the way back at the second.
        case fork(Int, Int)
        case jump(Int)
        /// Runs what follows up to `accept`, and goes on at the place if it matched, or did not.
        case ahead(Int, isNegated: Bool)
        /// Like `ahead`, but keeps what was taken and goes nowhere else in it.
        case atomic(Int)
        case start
        case end(ofLine: Bool)
        case wordBoundary(isNegated: Bool)
        /// Fails when nothing was taken since the place was last passed.
        case mark(Int)
        case progress(Int)
        case accept
    }

    /// A place to go back to. A run can also give up scalars, down to `least`.
    private struct Frame {
        var instruction: Int
        var position: Int
        var least = -1
    }

    /// The most steps of one attempt at one place, and for each byte of the text.
    private static let mostSteps = 1 << 20
    private static let mostStepsPerByte = 64
    private static let mostInstructions = 1 << 14

    private var program: [Instruction] = []
    private var sets: [ScalarSet] = []
    private var summaries: [ScalarSet.Summary] = []
    private var markCount = 0

    /// Compiles an expression.
    ///
    /// - Parameter text: The expression; nil is returned when it has parts that are not known here.
    init?(_ text: String) {
        guard let node = ExpressionParser.parse(text) else { return nil }
        guard emit(node) else { return nil }
        program.append(.accept)
    }

    // MARK: - Compiling

    /// Appends the instructions of a node. Returns false when there are too many.
    private mutating func emit(_ node: ExpressionNode) -> Bool {
        guard program.count < Self.mostInstructions else { return false }
        switch node {
        case .set(let set): program.append(.set(index(of: set)))
        case .sequence(let parts): return parts.allSatisfy { emit($0) }
        case .choice(let branches): return emit(choice: branches)
        case .start: program.append(.start)
        case .end(let ofLine): program.append(.end(ofLine: ofLine))
        case .wordBoundary(let isNegated): program.append(.wordBoundary(isNegated: isNegated))
        case .ahead(let inner, let isNegated):
            return emit(inner) { .ahead($0, isNegated: isNegated) }
        case .repetition(.set(let set), let least, let most, let greed) where greed != .lazy:
            program.append(
                .run(index(of: set), least: least, most: most, isPossessive: greed == .possessive))
        case .repetition(let inner, let least, let most, .possessive):
            let greedy = ExpressionNode.repetition(inner, least: least, most: most, .greedy)
            return emit(greedy) { .atomic($0) }
        case .repetition(let inner, let least, let most, let greed):
            return emit(inner, least, most, isLazy: greed == .lazy)
        }
        return true
    }

    /// Appends an instruction that knows where the one after `inner` and its `accept` is.
    private mutating func emit(
        _ inner: ExpressionNode, after instruction: (Int) -> Instruction
    ) -> Bool {
        let place = program.count
        program.append(.accept)
        guard emit(inner) else { return false }
        program.append(.accept)
        program[place] = instruction(program.count)
        return true
    }

    private mutating func emit(choice branches: [ExpressionNode]) -> Bool {
        var jumps: [Int] = []
        for (number, branch) in branches.enumerated() {
            let fork = program.count
            let isLast = number + 1 == branches.count
            if !isLast { program.append(.accept) }
            guard emit(branch) else { return false }
            if !isLast {
                jumps.append(program.count)
                program.append(.accept)
                program[fork] = .fork(fork + 1, program.count)
            }
        }
        for jump in jumps { program[jump] = .jump(program.count) }
        return true
    }

    private mutating func emit(
        _ inner: ExpressionNode, _ least: Int, _ most: Int, isLazy: Bool
    ) -> Bool {
        func fork(_ more: Int, _ done: Int) -> Instruction {
            isLazy ? .fork(done, more) : .fork(more, done)
        }
        for _ in 0..<least {
            let before = program.count
            guard emit(inner) else { return false }
            // What has no instructions has none however often it stands there.
            if program.count == before { break }
        }
        if most == .max {
            let mark = markCount
            markCount += 1
            let start = program.count
            program += [.accept, .mark(mark)]
            guard emit(inner) else { return false }
            program += [.progress(mark), .jump(start)]
            program[start] = fork(start + 1, program.count)
            return true
        }
        var forks: [Int] = []
        for _ in least..<most {
            forks.append(program.count)
            program.append(.accept)
            guard emit(inner), program.count <= Self.mostInstructions else { return false }
        }
        for place in forks { program[place] = fork(place + 1, program.count) }
        return true
    }

    private mutating func index(of set: ScalarSet) -> Int {
        if let known = sets.firstIndex(of: set) { return known }
        sets.append(set)
        summaries.append(ScalarSet.Summary(set))
        return sets.count - 1
    }

    // MARK: - Matching

    /// The working memory of matching.
    private struct State {
        var frames: [Frame] = []
        var marks: [Int]
        var steps = 0
    }

    /// Returns the matches in a text, from the left and without overlaps.
    ///
    /// - Parameter text: Valid UTF-8.
    /// - Returns: Ranges of bytes in ascending order; some may be empty.
    func matches(in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var state = State(marks: Array(repeating: -1, count: markCount))
        var position = 0
        while position <= text.count {
            state.steps = 0
            state.frames.removeAll(keepingCapacity: true)
            let end = match(from: 0, at: position, text, &state)
            if let end { found.append(position..<end) }
            if let end, end > position {
                position = end
            } else if position < text.count {
                position += UnicodeClasses.scalar(at: position, of: text).length
            } else {
                break
            }
        }
        return found
    }

    /// Returns where the match that starts at a place ends, or nil when there is none.
    private func match(
        from instruction: Int, at start: Int, _ text: UnsafeBufferPointer<UInt8>,
        _ state: inout State
    ) -> Int? {
        let base = state.frames.count
        let mostSteps = Self.mostSteps + text.count * Self.mostStepsPerByte
        var next = instruction
        var position = start
        while true {
            state.steps += 1
            guard state.steps < mostSteps else { return nil }
            var isMatching = true
            switch program[next] {
            case .set(let set):
                isMatching = false
                if position < text.count {
                    let (point, length) = UnicodeClasses.scalar(at: position, of: text)
                    if has(set, point) {
                        isMatching = true
                        position += length
                        next += 1
                    }
                }
            case .run(let set, let least, let most, let isPossessive):
                let run = run(of: set, least, most, from: position, text)
                state.steps += run.count
                isMatching = run.count >= least
                if isMatching {
                    next += 1
                    if !isPossessive, run.end > run.least {
                        state.frames.append(
                            Frame(instruction: next, position: run.end, least: run.least))
                    }
                    position = run.end
                }
            case .fork(let first, let second):
                state.frames.append(Frame(instruction: second, position: position))
                next = first
            case .jump(let place): next = place
            case .ahead(let place, let isNegated):
                let end = match(from: next + 1, at: position, text, &state)
                isMatching = (end != nil) != isNegated
                next = place
            case .atomic(let place):
                if let end = match(from: next + 1, at: position, text, &state) {
                    position = end
                    next = place
                } else {
                    isMatching = false
                }
            case .start:
                isMatching = position == 0
                next += 1
            case .end(let ofLine):
                isMatching = position == text.count || ofLine && text[position] == 0x0A
                next += 1
            case .wordBoundary(let isNegated):
                isMatching = Self.isWordBoundary(position, text) != isNegated
                next += 1
            case .mark(let mark):
                state.marks[mark] = position
                next += 1
            case .progress(let mark):
                isMatching = state.marks[mark] != position
                next += 1
            case .accept:
                state.frames.removeSubrange(base...)
                return position
            }
            if isMatching { continue }
            guard state.frames.count > base, var frame = state.frames.popLast() else { return nil }
            if frame.least >= 0 {
                frame.position -= 1
                while text[frame.position] & 0xC0 == 0x80 { frame.position -= 1 }
                if frame.position > frame.least { state.frames.append(frame) }
            }
            next = frame.instruction
            position = frame.position
        }
    }

    @inline(__always)
    private func has(_ set: Int, _ point: Int) -> Bool {
        summaries[set].contains(point) ?? sets[set].contains(point)
    }

    /// Returns the end of a run, the end of its shortest form, and how many scalars it has.
    @inline(__always)
    private func run(
        of set: Int, _ least: Int, _ most: Int, from start: Int,
        _ text: UnsafeBufferPointer<UInt8>
    ) -> (end: Int, least: Int, count: Int) {
        var end = start
        var shortest = start
        var count = 0
        while end < text.count, count < most {
            let (point, length) = UnicodeClasses.scalar(at: end, of: text)
            guard has(set, point) else { break }
            end += length
            count += 1
            if count == least { shortest = end }
        }
        return (end, shortest, count)
    }

    private static func isWordBoundary(
        _ position: Int, _ text: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        func isWord(_ place: Int) -> Bool {
            ScalarSet.words.contains(UnicodeClasses.scalar(at: place, of: text).point)
        }
        var before = false
        if position > 0 {
            var place = position - 1
            while place > 0, text[place] & 0xC0 == 0x80 { place -= 1 }
            before = isWord(place)
        }
        return before != (position < text.count && isWord(position))
    }
}
