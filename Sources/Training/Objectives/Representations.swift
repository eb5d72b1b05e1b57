// SPDX-License-Identifier: Apache-2.0
// What losses on hidden states have in common: which tokens, how far, and toward what.

package import LanguageModels
internal import Records
package import Tensors

/// Which tokens of an example a loss on hidden states is about.
public enum TokenSelection: String, Codable, Sendable, CaseIterable {
    /// Those of the prompt and of the answer.
    case all
    /// Those of the prompt, the template's included.
    case prompt
    /// Those of the answer, but for its last, which no model reads.
    case answer

    /// Which tokens of an example these are.
    func range(in example: CompletionExample) -> Range<Int> {
        let (prompt, end) = (
            example.prompt.count, example.prompt.count + example.completion.count - 1
        )
        switch self {
        case .all: return 0..<end
        case .prompt: return 0..<prompt
        case .answer: return prompt..<end
        }
    }
}

/// Some of the tokens that a forward pass reads, each once.
package struct StatePlaces: Sendable, Hashable {
    /// Where they are among all tokens of the pass.
    package let places: [Int32]
    /// Which tokens they are.
    package let identifiers: [Int]

    /// Chooses tokens.
    ///
    /// - Parameters:
    ///   - tokens: Which tokens of an example.
    ///   - range: Which examples.
    ///   - rows: The pass.
    ///   - others: Tokens that are left out.
    package init(
        _ tokens: TokenSelection, of range: Range<Int>, in rows: SupervisedRows,
        except others: [StatePlaces] = []
    ) {
        var seen = Set(others.flatMap(\.places))
        var (places, identifiers): ([Int32], [Int]) = ([], [])
        for index in range {
            let example = rows.examples[index]
            let read = example.prompt + example.completion.dropLast()
            for position in tokens.range(in: example) {
                let place = rows.sequences[index][position]
                guard seen.insert(place).inserted else { continue }
                places.append(place)
                identifiers.append(read[position])
            }
        }
        (self.places, self.identifiers) = (places, identifiers)
    }

    /// Puts choices of the same pass together.
    ///
    /// - Parameter parts: Choices; a token that several of them have is kept once.
    package init(joining parts: [StatePlaces]) {
        var seen: Set<Int32> = []
        let pairs = parts.flatMap { zip($0.places, $0.identifiers) }
            .filter { seen.insert($0.0).inserted }
        (places, identifiers) = (pairs.map(\.0), pairs.map(\.1))
    }

    /// Whether no token was chosen.
    package var isEmpty: Bool { places.isEmpty }

    /// Takes the states of these tokens.
    ///
    /// - Parameter stream: `[tokens, width]`, of all tokens of the pass.
    /// - Returns: `[places, width]`.
    package func states(in stream: Tensor) -> Tensor {
        stream.take(Tensor(places, shape: [places.count]), axis: 0)
    }
}

extension Tensor {
    /// The Euclidean norm of each row of `[rows, width]`, whose gradient is zero at zero.
    package var rowLengths: Tensor {
        let squares = square().sum(axis: -1)
        let isZero = squares.lessOrEqual(0)
        return Tensor.where(isZero, squares, Tensor.where(isZero, Tensor(1), squares).sqrt())
    }

    /// The rows of `[rows, width]`, each divided by its norm; a zero row stays zero.
    package var unitRows: Tensor { self / rowLengths.maximum(1e-12).expanded(at: -1) }

    /// The cosine of each row with the same row of another tensor.
    ///
    /// - Parameter other: `[rows, width]`.
    /// - Returns: `[rows]`; 0 where one of the rows is zero.
    package func rowCosines(with other: Tensor) -> Tensor {
        (unitRows * other.unitRows).sum(axis: -1)
    }

    /// The mean cosine of two different rows of `[rows, width]`, over all pairs; 0 for fewer than
    /// two rows.
    package var meanPairwiseCosine: Tensor {
        let count = shape.first ?? 0
        guard count > 1 else { return Tensor(0) }
        let unit = unitRows
        // The sum over all pairs is the square of the sum; each row with itself is taken away.
        let pairs = unit.sum(axis: 0).square().sum() - unit.square().sum()
        return pairs / Float(count * (count - 1))
    }

    /// The mean of scalars; 0 of none.
    package static func mean(of scalars: [Tensor]) -> Tensor {
        scalars.isEmpty ? Tensor(0) : Tensor.stacked(scalars).mean()
    }
}

/// The squared maximum mean discrepancy of two samples of equal size (Gretton and others, 2012),
/// with five Gaussian kernels, each twice as wide as the one before.
///
/// It is the biased estimate, in which each point is paired with itself, too: 0 for equal samples
/// and never below. The middle kernel is `exp(-d² / s)`, where s is the mean squared distance of two
/// different points of both samples together, which is taken as constant.
///
/// - Parameters:
///   - first: `[count, width]`.
///   - second: `[count, width]`.
/// - Returns: A scalar.
package func maximumMeanDiscrepancy(_ first: Tensor, _ second: Tensor) -> Tensor {
    let count = first.shape.first ?? 0
    guard count > 0 else { return Tensor(0) }
    let both = Tensor.concatenated([first, second], axis: 0)
    let squares = both.square().sum(axis: -1)
    let distances =
        (squares.expanded(at: 0) + squares.expanded(at: 1) - both.matmul(both.transposed()) * 2)
        .maximum(0)
    let pairs = Float(2 * count * (2 * count - 1))
    let middle = (distances.sum() / pairs).maximum(1e-12).stopGradient()
    let kernels = [0.25, 0.5, 1, 2, 4].map { (distances / (middle * $0) * -1).exp() }
    let sum = kernels.dropFirst().reduce(kernels[0], +)
    let sign = Tensor(
        (0..<2 * count).map { Float($0 < count ? 1 : -1) }, shape: [2 * count, 1])
    return (sum * sign.matmul(sign.transposed())).sum() / Float(count * count)
}

/// A fixed random direction for each token of a vocabulary.
package struct TokenDirections: Sendable, Hashable {
    /// Decides the directions.
    package let seed: UInt64

    /// Makes directions.
    ///
    /// - Parameter seed: Decides them.
    package init(seed: UInt64) {
        self.seed = seed
    }

    /// The directions of tokens.
    ///
    /// - Parameters:
    ///   - identifiers: The tokens.
    ///   - width: The number of coordinates.
    /// - Returns: `[tokens, width]`, rows of norm 1.
    package func rows(of identifiers: [Int], width: Int) -> Tensor {
        let distinct = Set(identifiers).sorted()
        let vectors = distinct.map { token in
            Tensor.normal([width], key: RandomKey(seed: mixedSeed(seed, token)))
        }
        let index = Dictionary(uniqueKeysWithValues: zip(distinct, Int32(0)...))
        return Tensor.stacked(vectors).unitRows.take(
            Tensor(identifiers.compactMap { index[$0] }, shape: [identifiers.count]), axis: 0)
    }
}

/// A seed for one of many uses, such as a step or a token.
func mixedSeed(_ seed: UInt64, _ use: Int) -> UInt64 {
    var first = SplitMix64(seed: seed)
    var second = SplitMix64(seed: first.next() ^ UInt64(bitPattern: Int64(use)))
    return second.next()
}
