// SPDX-License-Identifier: Apache-2.0
// Every contest, in the order of the page.

extension Workload {
    static let all: [Workload] = training + inference + start + scaling

    private static let training = [
        Workload(
            name: "lora-step", title: "LoRA r16 step, 8 x 128 tokens", goal: .ratio(1.3),
            unit: "tokens", isChecked: true
        ) { try step($0, rows: 8, length: 128) },
        Workload(
            name: "lora-suite", title: "LoRA r16 on the suite's batches", goal: .ratio(1.6),
            unit: "prompts", isChecked: true
        ) { setting in
            var job = Job(work: .lora, model: setting.model)
            job.examples = try setting.inputs().training
            job.steps = 4
            job.gradientNorm = 1
            job.paddedLabels = true
            return (.job(job), Double(job.steps * job.batchSize))
        },
        Workload(
            name: "full-step", title: "full fine-tuning step, 8 x 128 tokens",
            goal: .ratio(1.2), unit: "tokens"
        ) { try step($0, .full, rows: 8, length: 128) },
        Workload(
            name: "full-step-recomputing", title: "the same with gradient checkpointing",
            unit: "tokens"
        ) { try step($0, .full, rows: 8, length: 128, recomputes: true) },
    ]

    private static let inference = [
        Workload(
            name: "decode-32", title: "32 prompts, 64 new tokens each, greedy", goal: .ratio(3),
            unit: "tokens", comparison: .identical, isChecked: true
        ) { try decoding($0, prompts: 32) },
        Workload(
            name: "decode-1", title: "1 prompt, 64 new tokens, greedy", goal: .ratio(1.5),
            unit: "tokens", comparison: .identical, isChecked: true
        ) { try decoding($0, prompts: 1) },
        Workload(
            name: "score", title: "log-likelihoods of multiple-choice answers", rounds: 3,
            unit: "answers", isChecked: true
        ) { setting in
            var job = Job(work: .score, model: setting.model)
            job.examples = try setting.inputs().choices
            job.batchSize = 32
            return (.job(job), Double(job.examples.count))
        },
    ]

    private static let start = [
        Workload(
            name: "load", title: "model and tokenizer opened, one prompt's prediction",
            isChecked: true
        ) { (.job(Job(work: .load, model: $0.model)), 1) },
        Workload(
            name: "tokenizer", title: "tokenizer opened, two words encoded", goal: .seconds(0.2),
            comparison: .identical, isChecked: true
        ) { (.job(Job(work: .tokenizer, model: $0.model)), 1) },
        Workload(
            name: "tokenise", title: "the suite's texts encoded one by one, 8 times",
            unit: "texts", comparison: .identical, isChecked: true
        ) { setting in
            var job = Job(work: .tokenise, model: setting.model)
            let texts = try setting.inputs().texts
            job.texts = Array(repeatElement(texts, count: 8).joined())
            return (.job(job), Double(job.texts.count))
        },
        Workload(
            name: "start", title: "`temper --help`, from start to end", rounds: 20,
            goal: .seconds(0.05)
        ) { setting in
            let command = Command(executable: setting.places.temper, arguments: ["--help"])
            return (.commands(temper: CommandRun(command), peer: nil), 1)
        },
        Workload(
            name: "quick-audit", title: "a whole quick audit with one seed", rounds: 1,
            goal: .ratio(3), isAudit: true
        ) { (try $0.audit(), 1) },
    ]

    /// How a LoRA step's time grows; `lora-step` itself stands in each of these tables.
    private static let scaling: [Workload] = batches + lengths + sizes

    private static let batches = [1, 2, 4, 16].map { rows in
        Workload(
            name: "batch-\(rows)", title: "\(rows) x 128 tokens", table: .batch, rounds: 3,
            unit: "tokens"
        ) { try step($0, rows: rows, length: 128) }
    }

    private static let lengths = [32, 64, 256, 512].map { length in
        Workload(
            name: "length-\(length)", title: "8 x \(length) tokens", table: .length, rounds: 3,
            unit: "tokens"
        ) { try step($0, rows: 8, length: length) }
    }

    private static let sizes = RandomModel.all.map { model in
        Workload(
            name: "size-\(model.name)", title: model.title, table: .size, rounds: 3,
            unit: "tokens"
        ) { try step($0, of: $0.path(of: model), rows: 8, length: 128) }
    }

    /// An optimizer step in which every token but the first of a row is predicted.
    private static func step(
        _ setting: Setting, _ work: Job.Work = .lora, of model: String? = nil, rows: Int,
        length: Int, recomputes: Bool = false
    ) throws -> (Contest, amount: Double) {
        var job = Job(work: work, model: model ?? setting.model)
        job.examples = try setting.inputs().rows(rows, length: length)
        job.batchSize = rows
        job.recomputes = recomputes
        if work == .full { job.learningRate = 1e-5 }
        return (.job(job), Double(rows * length))
    }

    private static func decoding(
        _ setting: Setting, prompts: Int
    ) throws -> (Contest, amount: Double) {
        var job = Job(work: .decode, model: setting.model)
        job.examples = Array(try setting.inputs().prompts.prefix(prompts))
        job.batchSize = prompts
        return (.job(job), Double(prompts * job.newTokens))
    }
}
