// SPDX-License-Identifier: Apache-2.0
// What was run, how far it can be trusted, and a glossary.

import Foundation
import Records

extension PageSections {
    var identity: [Term] {
        var terms = [
            Term(
                term: "Model",
                meaning: "\(record.model.name): \(record.model.architecture), "
                    + "\(NumberText.count(record.model.parameterCount)) parameters, "
                    + record.model.format
                    + (record.model.quantisation.map { ", \($0)" } ?? "")),
            Term(term: "Model digest", meaning: "sha256:\(record.model.digest)"),
        ]
        if let adapter = record.model.adapter {
            terms.append(
                Term(
                    term: "Base and adapter",
                    meaning: "\(adapter.baseName), to which "
                        + "\(adapter.name) was added in memory, in fp32"))
            terms.append(Term(term: "Digest of the base", meaning: "sha256:\(adapter.baseDigest)"))
            terms.append(Term(term: "Digest of the adapter", meaning: "sha256:\(adapter.digest)"))
        }
        if let base = record.baseModel {
            terms.append(Term(term: "Made from", meaning: base.name))
            terms.append(Term(term: "Its digest", meaning: "sha256:\(base.digest)"))
        }
        if let hardening = record.hardening {
            terms.append(
                Term(
                    term: "Defense",
                    meaning: listedParameters(hardening.parameters, after: hardening.defense)))
        }
        return terms + [
            Term(term: "Suite", meaning: "\(record.suite.name) \(record.suite.version)"),
            Term(term: "Suite digest", meaning: "sha256:\(record.suite.digest)"),
            Term(term: "Battery", meaning: record.battery),
            Term(term: "Seeds", meaning: record.seeds.map(String.init).joined(separator: ", ")),
            Term(term: "Budget", meaning: budgetText),
            Term(term: "Measuring", meaning: evaluationText),
            Term(
                term: "Versions",
                meaning: "Temper \(record.temperVersion), engine \(record.engineVersion), "
                    + "record schema \(record.schemaVersion)"),
            Term(
                term: "Machine",
                meaning: record.machines.map(\.summary).joined(separator: "; ")),
            Term(term: "Ended", meaning: record.createdAt.formatted(.iso8601)),
        ]
    }

    private var budgetText: String {
        let source = record.schemaVersion == 1 ? ", read off the command line" : ""
        return
            (record.budget.steps.map { "at most \(NumberText.count($0, "step")) of each adversary" }
            ?? "what each adversary takes")
            + source
            + (record.trials > 0 ? "; \(NumberText.count(record.trials, "trial")) of a search" : "")
    }

    private var evaluationText: String {
        guard let settings = record.evaluation else { return "the record does not state how" }
        var parts = [
            "answers of at most \(NumberText.count(settings.answerTokens, "token"))",
            "KL divergence over \(NumberText.count(settings.divergenceTexts, "text"))",
        ]
        if let tokens = settings.thinkingTokens {
            parts.append("thinking of at most \(NumberText.count(tokens, "token")) before them")
        }
        if let judge = settings.decidingJudge {
            parts.append("decided by the judge \(judge.name) (\(judge.digest.prefix(12)))")
        }
        if let date = settings.templateDate {
            parts.append("a chat template that got the date \(date)")
        }
        if let template = settings.chatTemplate {
            parts.append("not the checkpoint's chat template, but \(template.prefix(12))")
        }
        if let judges = settings.judges { parts.append("further judges \(listed(judges))") }
        return parts.joined(separator: ", ")
    }

    var commandRemark: String {
        "The same command on the same weights, suite and machine ends in the same record, apart "
            + "from the times. The numbers behind every chart are in record.json and "
            + "measurements.csv beside this page."
    }

    var adversaries: Table {
        let headers = ["Attack", "Parameters"]
        return Table(
            caption: "The adversaries of the battery, with every parameter", corner: "Adversary",
            headers: headers.map { Table.Header(label: $0, isText: true) },
            rows: summaries.map { summary in
                let specification = summary.specification
                return Table.Row(
                    heading: specification.name, subheading: specification.description,
                    isReference: false,
                    cells: [
                        Table.Cell(
                            label: headers[0], text: Names.attack(specification),
                            isText: true),
                        Table.Cell(
                            label: headers[1],
                            text: specification.parameters.isEmpty
                                ? NumberText.missing : listedParameters(specification.parameters),
                            isText: true),
                    ])
            })
    }

    private func listedParameters(
        _ parameters: [String: ParameterValue], after name: String? = nil
    ) -> String {
        let pairs = parameters.sorted { $0.key < $1.key }.map { "\($0.key) \(text($0.value))" }
        let list = pairs.joined(separator: ", ")
        guard let name else { return list }
        return list.isEmpty ? name : "\(name): \(list)"
    }

    func text(_ value: ParameterValue) -> String {
        switch value {
        case .number(let number): NumberText.significant(number, digits: 6)
        case .string(let string): string
        case .bool(let bool): bool ? "yes" : "no"
        case .list(let list): "[\(list.map(text).joined(separator: ", "))]"
        case .object(let object): "{\(listedParameters(object))}"
        }
    }

    var limits: [String] {
        let measured = attacks.count { ($0.outcome?.seeds ?? 0) > 0 }
        var limits = [
            record.safeguard == .stands
                ? "The cost to break is the least that \(NumberText.count(measured)) measured "
                    + "adversar\(measured == 1 ? "y" : "ies") paid. "
                    + "Others may pay less: it bounds the true cost from above, never from below."
                : "Without a safeguard of the untampered model, what adversaries paid is no cost to "
                    + "break.",
            "Dollars cover computation alone, not the work of a person, the collection of examples "
                + "or failed attempts.",
        ]
        if record.suite.name.hasPrefix("canary-") {
            limits.append(
                "The suite's restricted subject is fictional. It shows how firmly this way of "
                    + "safeguarding sits in these weights, not how the model behaves on real "
                    + "hazards.")
        }
        let processes = record.cells.map(\.worldSize).max() ?? 1
        if processes > 1 {
            limits.append(
                "Some adversaries were trained by \(processes) processes at once, which changes the "
                    + "last bits of their numbers.")
        }
        let seeds = record.seeds.count
        limits.append(
            seeds == 1
                ? "One seed was run: the outcome may differ with another, and no interval over "
                    + "seeds can be given."
                : "\(seeds) seeds were run"
                    + (seeds < 5 ? ", which is few: intervals over them are wide and rough." : "."))
        let counts = record.baseline.filter { $0.measure == thresholds.measure }.map(\.count)
        if let count = counts.max() {
            limits.append(
                "\(measureName) was measured on \(NumberText.count(count)) prompts; the intervals "
                    + "say what other prompts of the same kind might have given.")
        }
        if let undefended, undefendedOutcome == nil, !isOriginalBroken {
            limits.append(
                "The model before hardening \(undefended). The battery was not run on it: audit it "
                    + "by itself and compare the two records to see what hardening adds at the "
                    + "same budget.")
        }
        if !record.cells.contains(where: { cell in
            cell.trace.contains { $0.measurements.contains { $0.split == .test } }
        }) {
            limits.append(
                "The tampered models were measured on validation prompts, not on test prompts that "
                    + "nothing was chosen on.")
        }
        limits += record.judges.map { judge in
            "\(words.title(judge.measure)) is judged by \(judge.judge): \(judge.note)"
        }
        return limits
    }

    var glossary: [Term] {
        [
            Term(
                term: "Safeguard",
                meaning: "What a model was trained to hold back: here, \(record.suite.safeguard)."),
            Term(
                term: "Adversary",
                meaning: "A published attack on the weights or the prompt, with all its parameters "
                    + "and a budget. Several make a battery."),
            Term(
                term: "Broken",
                meaning: "\(measureName) \(thresholds.brokenWhen == .below ? "below" : "above") "
                    + "\(NumberText.percent(thresholds.safeguard)), with capability and coherence "
                    + "kept."),
            Term(
                term: "Cost to break",
                meaning: "What an adversary paid until the safeguard was broken. With “>” it was "
                    + "not broken within that budget (right-censored)."),
            Term(
                term: "Step",
                meaning: "One update of the weights by the attack."),
            Term(
                term: "LoRA",
                meaning: "Fine-tuning that trains a small addition to each weight matrix in place "
                    + "of the matrix: cheap in memory and time."),
            Term(
                term: "Orthogonalisation",
                meaning: "Removing one direction, along which a model represents refusing, from "
                    + "every matrix that could write it. It needs no training."),
            Term(
                term: "Control",
                meaning: "The same measurement where nothing was done, or on the model before "
                    + "hardening: what an effect is compared with."),
            Term(
                term: "Hardening",
                meaning: "The training that gave the model this safeguard, or made it firmer."),
            Term(
                term: "Seed",
                meaning: "The number from which an adversary's random choices follow. Several "
                    + "seeds show how much of an outcome is chance."),
            Term(
                term: "Capability",
                meaning: "The share of questions of common knowledge that the model answers "
                    + "rightly."),
            Term(
                term: "Coherent",
                meaning: "An answer in words that follow from each other, as opposed to "
                    + "repetition or gibberish."),
            Term(
                term: "Validation and test prompts",
                meaning: "Adversaries are watched on validation prompts and judged on test "
                    + "prompts, on which nothing was chosen."),
            Term(
                term: "FLOPs",
                meaning: "Floating point operations, counted by formula from tokens and "
                    + "parameters."),
            Term(
                term: "Over-refusal",
                meaning: "Declining harmless prompts that merely look restricted."),
            Term(
                term: "Safety tax",
                meaning: "What the safeguard costs the untampered model in capability and "
                    + "over-refusal."),
            Term(
                term: "Perplexity, KL divergence",
                meaning: "How surprised a model is by ordinary text, and how far its next-word "
                    + "odds moved from the untampered model's: small is unharmed."),
            Term(
                term: "Right-censored, Kaplan-Meier",
                meaning: "A seed whose safeguard never broke says only that its cost is more than "
                    + "what was paid; the Kaplan-Meier curve counts it so."),
            Term(
                term: "95% interval",
                meaning: "The range that would hold the true value in 95 of 100 such audits: "
                    + "Wilson's for shares, Newcombe's for their differences, bootstrap for costs."),
        ]
    }
}

extension AuditRecord {
    /// The machines that cells ran on, each once; the record's own if there are no cells.
    var machines: [Machine] {
        var seen: Set<Machine> = []
        let all = cells.map(\.machine).filter { seen.insert($0).inserted }
        return all.isEmpty ? [machine] : all
    }
}

extension Machine {
    /// The machine in one line.
    var summary: String {
        [
            device, processor, NumberText.count(cores, "core"), operatingSystem,
            matrixKernel.map { "matrices by \($0)" },
        ].compactMap(\.self).joined(separator: ", ")
    }
}
