// SPDX-License-Identifier: Apache-2.0
// Documentation/Performance.md, made of the results alone.

import Foundation

/// The page that shows results.
struct Page {
    private let results: Results

    init(_ results: Results) { self.results = results }

    /// The page in Markdown.
    var text: String {
        """
        # Performance

        Temper beside what its users would take instead: PyTorch, PEFT and transformers, doing the \
        same work. `make bench` measured it and wrote this page.

        \(machine)

        ## What is compared
        Each side is a process that loads the model, does the work once to get warm, and then does \
        it whenever it is told to. Both take turns in one run. Stated are medians, with the fastest \
        and the slowest round in brackets; the ratio is that of the medians. Above 1, Temper is \
        faster.

        Equal on both sides: the weights, 32-bit floating point, the tokens, the adapters' first \
        values, AdamW without weight decay, the number of steps and of new tokens, and all cores, \
        by each side's own defaults. After every round the results are compared: losses and \
        log-probabilities within 0.1%, tokens one by one.

        Not equal, because each side does it as it is used:
        - On the suite's batches the peer pads, and its model computes the logits of every position. \
        Temper computes logits only where an answer's token is predicted, and the beginning that \
        the chat template gives all prompts once. The steps of 8 x 128 have no such savings: every \
        position predicts, and rows share nothing.
        - For decoding, too, Temper computes that beginning once.
        - For log-likelihoods the peer sorts by length and pads batches of 32, as evaluation \
        harnesses do. Temper computes a question once for all its choices.
        - The peer's tokens are those of the `tokenizers` library, which is compiled; its tokenizer \
        is opened by `AutoTokenizer`.

        Memory is the peak of the whole process, with mapped weights and the interpreter. Times of \
        the peer do not count its imports.

        \(sections.joined(separator: "\n\n"))

        ## Once more
        ```
        make bench                            # everything; writes this page
        make bench BENCH="--only decode-32"   # one of them; the others stay as they were
        make bench-check                      # the quick ones; warns where a ratio fell by 15%
        ```
        `PEER_PYTHON` names a Python that has the packages of `Benchmarks/Peers/requirements.txt`; \
        without it `make bench` installs them to `.deps/peers`.

        """
    }

    private var machine: String {
        let machine = results.machine
        let versions = results.versions.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let busiest = results.workloads.values.compactMap(\.coresOfOthers).max() ?? 0
        return """
            Measured on \(machine.cores) cores of \(machine.processor) (\(machine.vectors); Temper's \
            matrix kernel: \(machine.matrixKernel ?? "unknown")) with \
            \(memoryText(machine.memory)), \(machine.system), of which other processes took at \
            most \((busiest / Double(machine.cores) * 100).formatted(significantDigits: 2))% of the \
            time. Versions: \(versions).
            """
    }

    private var sections: [String] {
        var list = Workload.Table.allCases.compactMap(section)
        if let parts = adversaries { list.insert(parts, at: 1) }
        return list
    }

    /// Where the time of the quick audit goes.
    private var adversaries: String? {
        guard let audit = results.workloads["quick-audit"], let mine = audit.temper.parts,
            let other = audit.peer?.parts
        else { return nil }
        let rows: [[String?]] = mine.sorted { $0.value < $1.value }.map { name, seconds in
            [
                name, timeText(seconds), other[name].map(timeText),
                other[name].map { ($0 / seconds).formatted(significantDigits: 3) },
            ]
        }
        return """
            ## How the quick audit grows with its adversaries
            Seconds of each adversary, attacks and measures, with one seed. The rest of the audit \
            is spent once, on the model as it is and before hardening.

            \(markdown(["adversary", "Temper", "peer", "ratio"], rows))
            """
    }

    private func section(_ table: Workload.Table) -> String? {
        let members = Workload.all.filter { $0.table == table || $0.name == table.sharedRow?.name }
        var rows = members.compactMap { workload in
            results.workloads[workload.name].map { (workload, $0) }
        }
        guard rows.contains(where: { $0.0.table == table }) else { return nil }
        if table != .tasks { rows.sort { $0.1.amount < $1.1.amount } }
        let cells = rows.map { workload, measurement in
            row(
                workload, measurement, title: workload.table == table ? nil : table.sharedRow?.title
            )
        }
        let head = ["", "Temper", "peer", "ratio", "goal", "results", "memory: Temper", "peer"]
        return "## \(table.title)\n" + markdown(head, cells)
    }

    private func row(
        _ workload: Workload, _ measurement: Measurement, title: String?
    ) -> [String?] {
        [
            title ?? workload.title,
            time(measurement.temper, measurement.amount, workload.unit),
            measurement.peer.map { time($0, measurement.amount, workload.unit) },
            measurement.ratio.map { "**\($0.formatted(significantDigits: 3))**" },
            workload.goal?.text,
            measurement.agreement.map { $0.holds ? $0.text : "different: \($0.text)" },
            measurement.temper.peakMemory.map(memoryText),
            measurement.peer?.peakMemory.map(memoryText),
        ]
    }

    /// A table without its empty columns.
    private func markdown(_ head: [String], _ rows: [[String?]]) -> String {
        let columns = head.indices.filter { column in rows.contains { $0[column] != nil } }
        let lines = [head, head.map { _ in "---" }] + rows.map { $0.map { $0 ?? "" } }
        return lines.map { line in
            "| " + columns.map { line[$0] }.joined(separator: " | ") + " |"
        }.joined(separator: "\n")
    }

    private func time(_ side: Side, _ amount: Double, _ unit: String?) -> String {
        var text = timeText(side.median)
        if side.fastest < side.slowest {
            text += " (\(timeText(side.fastest)) to \(timeText(side.slowest)))"
        }
        guard let unit else { return text }
        return text + ", \((amount / side.median).formatted(significantDigits: 3)) \(unit)/s"
    }
}

extension Workload.Goal {
    fileprivate var text: String {
        switch self {
        case .ratio(let ratio): ratio.formatted(significantDigits: 2)
        case .seconds(let seconds): timeText(seconds)
        }
    }
}

extension Workload.Table {
    fileprivate var title: String {
        switch self {
        case .tasks: "Results"
        case .batch: "How a LoRA step grows with the batch"
        case .length: "How a LoRA step grows with the length"
        case .size: "How a LoRA step grows with the model"
        }
    }

    /// The workload of another table that belongs into this one too, and what it is called here.
    fileprivate var sharedRow: (name: String, title: String)? {
        switch self {
        case .tasks: nil
        case .batch, .length: ("lora-step", "8 x 128 tokens")
        case .size: ("lora-step", "135M parameters, the model of the other tables")
        }
    }
}
