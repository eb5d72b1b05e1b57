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

        \(Workload.Table.allCases.compactMap(section).joined(separator: "\n\n"))

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
        let memory = (Double(machine.memory) / 1_073_741_824).formatted(significantDigits: 2)
        let versions = results.versions.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return "Measured on \(machine.cores) cores of \(machine.processor) (\(machine.vectors)) with "
            + "\(memory) GiB, \(machine.system). Versions: \(versions)."
    }

    private func section(_ table: Workload.Table) -> String? {
        let rows = Workload.all.filter { $0.table == table || $0.name == table.sharedRow }
            .compactMap { workload in
                results.workloads[workload.name].map { (workload, $0) }
            }
        guard rows.contains(where: { $0.0.table == table }) else { return nil }
        let lines = rows.map { row($0, $1) }.joined(separator: "\n")
        return """
            ## \(table.title)
            | | Temper | peer | ratio | goal | results | memory: Temper | peer |
            | --- | --- | --- | --- | --- | --- | --- | --- |
            \(lines)
            """
    }

    private func row(_ workload: Workload, _ measurement: Measurement) -> String {
        let cells: [String?] = [
            workload.title,
            time(measurement.temper, measurement.amount, workload.unit),
            measurement.peer.map { time($0, measurement.amount, workload.unit) },
            measurement.ratio.map { "**\($0.formatted(significantDigits: 3))**" },
            workload.goal?.text,
            measurement.agreement.map { $0.holds ? $0.text : "different: \($0.text)" },
            memory(measurement.temper),
            measurement.peer.flatMap(memory),
        ]
        return "| " + cells.map { $0 ?? "" }.joined(separator: " | ") + " |"
    }

    private func time(_ side: Side, _ amount: Double, _ unit: String?) -> String {
        let range = "\(inSeconds(side.median)) (\(inSeconds(side.fastest)) to \(inSeconds(side.slowest)))"
        guard let unit else { return range }
        return range + ", \((amount / side.median).formatted(significantDigits: 3)) \(unit)/s"
    }

    private func memory(_ side: Side) -> String? {
        side.peakMemory.map {
            "\((Double($0) / 1_073_741_824).formatted(significantDigits: 3)) GiB"
        }
    }
}

extension Workload.Goal {
    fileprivate var text: String {
        switch self {
        case .ratio(let ratio): "\(ratio.formatted(significantDigits: 2))"
        case .seconds(let seconds): "\(inSeconds(seconds))"
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

    /// The workload of another table that belongs into this one too.
    fileprivate var sharedRow: String? { self == .tasks ? nil : "lora-step" }
}
