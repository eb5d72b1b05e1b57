// SPDX-License-Identifier: Apache-2.0
// Finds the layer that each layer of a derived checkpoint was made from, by content.

import Foundation
import Records

/// A checkpoint that a part of a derived one may come from.
enum Parent: String {
    case base, third
}

/// The layers of one stack of a derived checkpoint, each with the layer that it was made from.
struct LayerMap {
    /// The origin of one layer.
    struct Origin {
        let parent: Parent
        let index: Int
        /// The mean correlation of sampled values; nil if the layers are paired by index alone.
        let similarity: Double?
    }

    /// A layer of the derived checkpoint.
    struct Layer {
        let index: Int
        /// Nil for a layer that is related to none.
        let origin: Origin?
        /// The matrices that write to the stream, if they are zero, though not in the origin.
        var silenced: Set<String> = []
    }

    /// A layer of a parent, with its fingerprint.
    typealias Candidate = (parent: Parent, index: Int, fingerprint: Fingerprint)

    /// Similarities that differ by less are equal: the samples are summed in fp32.
    private static let tie = 1e-5

    private(set) var layers: [Layer]
    /// The layers of the base, in order.
    let baseLayers: [Int]

    /// Matches the layers.
    ///
    /// The most similar layer is the origin. Of several that are equally similar, the one behind
    /// the previous layer's origin is taken, then that of the same index. A layer of the third
    /// checkpoint is taken only where it is the same, or where no layer of the base is related:
    /// every layer of a weighted merge is similar to both.
    ///
    /// - Parameters:
    ///   - derived: The layers of the derived checkpoint, in order.
    ///   - parents: The layers of the base and of the third checkpoint.
    init(derived: [(index: Int, fingerprint: Fingerprint)], parents: [Candidate]) {
        let baseLayers = parents.filter { $0.parent == .base }.map(\.index)
        self.baseLayers = baseLayers
        var layers = Self.matched(derived, parents)
        let thirds = layers.filter { $0.origin?.parent == .third }.count
        if thirds == layers.filter({ $0.origin != nil }).count {
            // A checkpoint of the third's layers alone is compared with the base.
            layers = Self.matched(derived, parents.filter { $0.parent == .base })
        }
        let used = Set(layers.compactMap { $0.origin?.parent == .base ? $0.origin?.index : nil })
        self.layers = layers.map { layer in
            guard layer.origin == nil, baseLayers.contains(layer.index),
                !used.contains(layer.index)
            else { return layer }
            return Layer(
                index: layer.index,
                origin: Origin(parent: .base, index: layer.index, similarity: nil))
        }
        markSilent(derived, parents)
    }

    private static func matched(
        _ derived: [(index: Int, fingerprint: Fingerprint)], _ parents: [Candidate]
    ) -> [Layer] {
        var previous: Origin?
        return derived.map { index, fingerprint in
            func best(_ parent: Parent) -> Origin? {
                let found = parents.filter { $0.parent == parent }.compactMap { candidate in
                    fingerprint.similarity(to: candidate.fingerprint).map {
                        Origin(parent: parent, index: candidate.index, similarity: $0)
                    }
                }
                let top = found.compactMap(\.similarity).max() ?? 0
                let equal = found.filter { ($0.similarity ?? 0) > top - tie }
                return equal.first { $0.index == (previous?.index ?? -1) + 1 }
                    ?? equal.first { $0.index == index } ?? equal.first
            }
            let (base, third) = (best(.base), best(.third))
            let origin = isThird(base?.similarity, third?.similarity) ? third : base
            previous = origin ?? previous
            return Layer(index: index, origin: origin)
        }
    }

    /// Returns whether a part that is similar to both parents comes from the third checkpoint: where
    /// only that is related, or where it is the same and the base's is not.
    static func isThird(_ base: Double?, _ third: Double?) -> Bool {
        guard let third else { return false }
        return base.map { third > max(1 - 10 * tie, $0 + tie) } ?? true
    }

    /// Finds layers that were inserted such that they change nothing at first (arXiv:2401.02415).
    private mutating func markSilent(
        _ derived: [(index: Int, fingerprint: Fingerprint)], _ parents: [Candidate]
    ) {
        for (place, own) in derived.enumerated() {
            guard let origin = layers[place].origin,
                let parent = parents.first(where: {
                    $0.parent == origin.parent && $0.index == origin.index
                })
            else { continue }
            let isWriter = { (name: String) in
                ["o_proj", "down_proj"].contains { name.contains($0) }
            }
            let gone = own.fingerprint.zeros.subtracting(parent.fingerprint.zeros)
            layers[place].silenced = gone.filter(isWriter)
        }
    }

    /// How the stack differs from the base's; nil if each layer has its own place.
    var kind: InspectionKind? {
        let origins = layers.map(\.origin)
        let known = origins.compactMap { $0 }
        let indices = known.map(\.index)
        if known.contains(where: { $0.parent == .third }) { return .frankenmerged }
        let isAscending = zip(indices, indices.dropFirst()).allSatisfy { $0 <= $1 }
        let isComplete = Set(indices) == Set(baseLayers)
        let hasMore = known.count < origins.count || Set(indices).count < indices.count
        switch (isAscending, isComplete, hasMore) {
        case (true, true, false): return nil
        case (true, true, true): return .grown
        case (true, false, false): return .shortened
        default: return .frankenmerged
        }
    }

    /// The base's layers that none was made from.
    var dropped: [Int] {
        let used = Set(layers.compactMap { $0.origin?.parent == .base ? $0.origin?.index : nil })
        return baseLayers.filter { !used.contains($0) }
    }

    /// The layers that are related to none.
    var new: [Int] { layers.filter { $0.origin == nil }.map(\.index) }

    /// The layers made from a layer that an earlier one was made from, too.
    var repeated: [Layer] {
        var seen: Set<[String]> = []
        return layers.filter { layer in
            layer.origin.map {
                !seen.insert([$0.parent.rawValue, String($0.index)]).inserted
            } ?? false
        }
    }

    /// Runs of layers in words, such as `0 to 11 from base 0 to 11, 12 to 23 from base 4 to 15`.
    var runs: String {
        var runs: [[Layer]] = []
        for layer in layers {
            if let last = runs.last?.last, Self.follows(layer, last) {
                runs[runs.count - 1].append(layer)
            } else {
                runs.append([layer])
            }
        }
        return runs.map { run in
            guard let first = run.first, let last = run.last else { return "" }
            let place =
                first.index == last.index ? "\(first.index)" : "\(first.index) to \(last.index)"
            guard let start = first.origin, let end = last.origin else { return "\(place) new" }
            let own = start.index == end.index ? "\(start.index)" : "\(start.index) to \(end.index)"
            return "\(place) from \(start.parent.rawValue) \(own)"
        }.joined(separator: ", ")
    }

    private static func follows(_ layer: Layer, _ last: Layer) -> Bool {
        guard let own = layer.origin, let before = last.origin else {
            return layer.origin == nil && last.origin == nil
        }
        return own.parent == before.parent && own.index == before.index + 1
    }
}
