// SPDX-License-Identifier: Apache-2.0
// The content of the page of an inspection.

import Foundation
import Records

/// The whole content of the page. Every text is escaped by the template.
struct InspectionContent {
    let title: String
    let subtitle: String
    let tone: String
    let verdict: String
    let sentence: String
    let agreement: String?
    let behaviour: String?
    let operations: Table
    let hasOperations: Bool
    let directions: Table?
    let changes: HeatMap
    let hasChanges: Bool
    let others: Table
    let hasOthers: Bool
    let notes: [String]
    let style = PageStyle.css + HeatMap.style + "\n" + InspectionTemplate.style

    init(_ inspection: Inspection) {
        let derived = Self.name(inspection.derived)
        title = derived
        subtitle =
            (inspection.base.map { "compared with \(Self.name($0))" } ?? "inspected alone")
            + (inspection.third.map { " and \(Self.name($0))" } ?? "")
            + " · \(NumberText.count(inspection.tensors.count, "tensor"))"
        let isHarmless = [.identical, .reserialised, .cast, .unremarkable]
            .contains(inspection.verdict)
        tone = isHarmless ? "withstood" : "broken"
        verdict = inspection.verdict.rawValue
        sentence = inspection.summary
        agreement = inspection.agreement.map {
            "\(Self.share($0)) of all changed weights stand in tensors whose own tests say so. This "
                + "is how uniform the evidence is, not the probability that the verdict is right."
        }
        behaviour = inspection.behaviour?.summary
        operations = Self.table(
            "By kind", "Kind", [("What was found", true), ("Tensors", false)],
            inspection.operations.map { ($0.kind.rawValue, [$0.summary, "\($0.tensorCount)"]) })
        directions = inspection.directions.map(Self.directions)
        hasOperations = !inspection.operations.isEmpty
        changes = Self.changes(inspection)
        hasChanges = inspection.base != nil && !changes.rows.isEmpty
        others = Self.others(inspection)
        hasOthers = !others.rows.isEmpty
        notes = inspection.notes
    }

    /// Returns a table of layers by modules: how much each matrix changed, and the rank of the
    /// change.
    private static func changes(_ inspection: Inspection) -> HeatMap {
        let placed = inspection.tensors.compactMap { tensor in
            place(tensor.name).map { (layer: $0.layer, module: $0.module, tensor: tensor) }
        }
        var modules: [String] = []
        for entry in placed where !modules.contains(entry.module) { modules.append(entry.module) }
        let greatest = placed.map(\.tensor.relativeChange).filter(\.isFinite).max() ?? 0
        let layers = Set(placed.map(\.layer)).sorted()
        let rows = layers.map { layer in
            let own = Dictionary(
                placed.filter { $0.layer == layer }.map { ($0.module, $0.tensor) },
                uniquingKeysWith: { first, _ in first })
            return HeatMap.Row(
                heading: "Layer \(layer)", subheading: nil,
                cells: modules.map { module in
                    guard let tensor = own[module] else {
                        return HeatMap.Cell(label: module, text: NumberText.missing, tone: "none")
                    }
                    let rank = tensor.effectiveRank.map {
                        "rank \(tensor.rankIsLeast ? "≥ " : "")\($0)"
                    }
                    let change = tensor.relativeChange
                    return HeatMap.Cell(
                        label: module, text: change == 0 ? "same" : share(change), small: rank,
                        tone: change == 0
                            ? "none" : HeatMap.tone("harm", greatest > 0 ? change / greatest : 0))
                })
        }
        return HeatMap(
            caption: "The norm of each tensor's change over the norm of the base's tensor, and "
                + "the singular values above the rounding floor",
            corner: "Layer", headers: modules.map(shortened), rows: rows)
    }

    /// Returns each removed direction with the nearest refusal direction of the base.
    private static func directions(_ directions: [InspectedDirection]) -> Table {
        table(
            "The directions beside the refusal directions of the base", "Taken out of",
            [
                ("Nearest |cosine|", false), ("Below this by chance", false), ("Read at", true),
                ("Matches", true),
            ],
            directions.map { direction in
                (
                    place(direction),
                    [
                        String(format: "%.3f", direction.cosine),
                        String(format: "%.3f", direction.chance),
                        "layer \(direction.layer), position \(direction.position)",
                        direction.matches ? "yes" : "no",
                    ]
                )
            })
    }

    /// Returns the matrices from which a direction was removed.
    static func place(_ direction: InspectedDirection) -> String {
        let tensors = NumberText.count(direction.tensorCount, "tensor")
        guard let first = direction.layers.first, let last = direction.layers.last else {
            return tensors
        }
        return tensors + (first == last ? ", layer \(first)" : ", layers \(first) to \(last)")
    }

    /// Returns the tensors that belong to no layer.
    private static func others(_ inspection: Inspection) -> Table {
        table(
            "Outside the layers", "Tensor", [("Change", false), ("What was found", true)],
            inspection.tensors.filter { place($0.name) == nil }.map { tensor in
                let isUnchanged = tensor.kinds.isEmpty && tensor.remark.isEmpty
                return (
                    tensor.name,
                    [share(tensor.relativeChange), isUnchanged ? "unchanged" : tensor.remark]
                )
            })
    }

    /// Returns a table with one column for each heading.
    private static func table(
        _ caption: String, _ corner: String, _ headers: [(label: String, isText: Bool)],
        _ rows: [(heading: String, cells: [String])]
    ) -> Table {
        Table(
            caption: caption, corner: corner,
            headers: headers.map { Table.Header(label: $0.label, isText: $0.isText) },
            rows: rows.map { row in
                Table.Row(
                    heading: row.heading, subheading: nil, isReference: false,
                    cells: zip(headers, row.cells).map {
                        Table.Cell(label: $0.label, text: $1, isText: $0.isText)
                    })
            })
    }

    /// The common properties of a module's tensors.
    struct Module {
        let name: String
        let count: Int
        let edited: Int
        let change: Double
        let ranks: String
        let kinds: String
    }

    /// Returns the modules in the order of the tensors. Vectors are included only if they changed.
    static func modules(_ inspection: Inspection) -> [Module] {
        var names: [String] = []
        var groups: [String: [InspectedTensor]] = [:]
        for tensor in inspection.tensors {
            let name = place(tensor.name)?.module ?? tensor.name
            if groups[name] == nil { names.append(name) }
            groups[name, default: []].append(tensor)
        }
        return names.compactMap { name in
            guard let tensors = groups[name], let first = tensors.first else { return nil }
            let edited = tensors.filter { !$0.kinds.isEmpty }
            if first.shape.count < 2, edited.isEmpty { return nil }
            let ranks = tensors.compactMap(\.effectiveRank)
            let (low, high) = (ranks.min() ?? 0, ranks.max() ?? 0)
            let isLeast = tensors.contains(where: \.rankIsLeast)
            var kinds: [String] = []
            for kind in edited.flatMap(\.kinds) where !kinds.contains(kind.rawValue) {
                kinds.append(kind.rawValue)
            }
            return Module(
                name: shortened(name), count: tensors.count, edited: edited.count,
                change: tensors.map(\.relativeChange).reduce(0, +) / Double(tensors.count),
                ranks: ranks.isEmpty
                    ? "" : (isLeast ? ">= " : "") + (low == high ? "\(low)" : "\(low)-\(high)"),
                kinds: kinds.isEmpty ? "unchanged" : kinds.joined(separator: ", "))
        }
    }

    /// Returns the layer in a tensor's name, and the rest of the name after it.
    private static func place(_ name: String) -> (layer: Int, module: String)? {
        let parts = name.split(separator: ".").map(String.init)
        guard
            let index = parts.firstIndex(where: { ["layers", "blk", "h", "layer"].contains($0) }),
            index + 2 < parts.count, let layer = Int(parts[index + 1])
        else { return nil }
        return (layer, parts[(index + 2)...].joined(separator: "."))
    }

    /// Removes the parts that every name has.
    private static func shortened(_ module: String) -> String {
        let parts = module.split(separator: ".").filter {
            !["weight", "self_attn", "mlp", "model"].contains($0)
        }
        return parts.isEmpty ? module : parts.joined(separator: ".")
    }

    private static func name(_ path: String) -> String {
        let parts = path.split(separator: "/")
        return parts.last.map(String.init) ?? path
    }

    /// Returns a share as a percentage.
    static func share(_ value: Double) -> String {
        let percent = value * 100
        guard percent.isFinite else { return NumberText.missing }
        let format = percent == 0 || percent >= 10 ? "%.0f%%" : percent >= 0.1 ? "%.1f%%" : "%.1g%%"
        return String(format: format, percent)
    }
}
