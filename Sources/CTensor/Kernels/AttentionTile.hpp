// SPDX-License-Identifier: Apache-2.0
// How attention is cut into tiles: some queries of the heads that share a key head.

#pragma once

#include <memory>

#include "AttentionKernel.hpp"
#include "HeadRows.hpp"
#include "MatrixProduct.hpp"
#include "ThreadPool.hpp"
#include "VectorMath.hpp"

namespace temper {

/// Rows of scores that are computed at a time.
constexpr int tileRows = 96;

/// Uses of a thread's scratch memory.
enum Slot { querySlot, keySlot, scoreSlot, gradientSlot, valueSlot, outputSlot, capSlot };

/// Bounds scores by tanh, and gives the slope of the bound where that is asked for.
inline void cap(float *scores, size_t count, float most, float *slopes = nullptr) {
    for (size_t i = 0; i < count; i++) {
        float share = std::tanh(scores[i] / most);
        scores[i] = share * most;
        if (slopes) slopes[i] = 1 - share * share;
    }
}

/// What does not depend on numbers.
struct Plan {
    Segments segments;
    Scores scores;
};

/// What one evaluation works on: queries, keys, values and, behind `next`, frequencies.
struct Attention {
    Heads queries, keys, values;
    const float *frequencies;
    int pairs, group, width;
    Scores scores;
    const Segments &segments;

    Attention(const Arrays &inputs, const Plan &plan, size_t next)
        : queries(inputs[0]), keys(inputs[1]), values(inputs[2]),
          frequencies(inputs[next].data<float>()), pairs(inputs[next].shape(0)),
          group(queries.heads / keys.heads), width(queries.width), scores(plan.scores),
          segments(plan.segments) {}

    Rotation rotation() const {
        return Rotation(frequencies, pairs, segments.longestContext());
    }
    int tileTokens() const { return std::max(1, tileRows / group); }
    int tiles(int segment) const {
        return (segments[segment].length + tileTokens() - 1) / tileTokens();
    }
    /// The first position that a query at a position sees.
    int firstKey(int position) const {
        return scores.window > 0 ? std::max(position - scores.window + 1, 0) : 0;
    }

    /// The keys of a segment's context from a position on, turned; rows are positions.
    Matrix turnedKeys(const Rotation &rotation, int segment, int head, int first) const {
        float *out = contextRows(segment, keySlot);
        segments.forContext(segment, first, [&](int token, int position) {
            float *row = out + static_cast<size_t>(position) * width;
            rotation.copy(keys, token, head, position, row);
        });
        return {out, width};
    }

    /// The values of a segment's context from a position on, copied only when that is needed.
    Matrix contextValues(int segment, int head, int first) const {
        if (segments.isWhole(segment) && values.isDense()) {
            return {
                values.row(segments[segment].start, head),
                static_cast<int>(values.strides[0])};
        }
        float *out = contextRows(segment, valueSlot);
        segments.forContext(segment, first, [&](int token, int position) {
            values.gather(token, head, out + static_cast<size_t>(position) * width);
        });
        return {out, width};
    }

private:
    float *contextRows(int segment, Slot slot) const {
        return scratch(slot, static_cast<size_t>(segments[segment].end()) * width);
    }
};

/// A tile: some queries of the heads that share a key head, one row for each token and head.
struct Tile {
    const Attention &work;
    int keyHead, firstToken, tokens, rows;
    /// The position of the first token, and the keys that any row may see.
    int position, firstKey, lastKey;

    Tile(const Attention &work, int segment, int keyHead, int number)
        : work(work), keyHead(keyHead) {
        const Segment &part = work.segments[segment];
        int offset = number * work.tileTokens();
        firstToken = part.start + offset;
        tokens = std::min(work.tileTokens(), part.length - offset);
        rows = tokens * work.group;
        position = part.base + offset;
        firstKey = work.firstKey(position);
        lastKey = position + tokens;
    }

    int keyCount() const { return lastKey - firstKey; }
    int token(int row) const { return firstToken + row / work.group; }
    int head(int row) const { return keyHead * work.group + row % work.group; }
    int positionOf(int row) const { return position + row / work.group; }

    /// The scores that a row may see, counted from the tile's first key.
    std::pair<int, int> seen(int row) const {
        return {work.firstKey(positionOf(row)) - firstKey, positionOf(row) + 1 - firstKey};
    }

    /// Where a row is within a dense [tokens, heads].
    size_t index(int row) const {
        return static_cast<size_t>(token(row)) * work.queries.heads + head(row);
    }

    float *turnedQueries(const Rotation &rotation) const {
        float *out = scratch(querySlot, static_cast<size_t>(rows) * work.width);
        for (int row = 0; row < rows; row++) {
            rotation.copy(
                work.queries, token(row), head(row), positionOf(row),
                out + static_cast<size_t>(row) * work.width);
        }
        return out;
    }

    /// The matrix from the tile's first key on.
    Matrix from(Matrix matrix) const {
        matrix.data += static_cast<int64_t>(firstKey) * matrix.stride;
        return matrix;
    }
};

/// Rows of queries times the keys that the tile sees.
inline void productWithKeys(
    const Tile &tile, float alpha, const float *rows, Matrix keys, float *out) {
    int width = tile.work.width;
    keys.transposed = true;
    multiply(
        tile.rows, tile.keyCount(), width, alpha, {rows, width}, keys, 0, out, tile.keyCount());
}

/// Weights times the values that the tile sees: by a product, or for few rows, which that would
/// pack at a loss, one after the other.
inline void productWithValues(const Tile &tile, const float *weights, Matrix values, float *out) {
    int count = tile.keyCount(), width = tile.work.width;
    if (tile.rows > 8) {
        multiply(tile.rows, width, count, 1, {weights, count}, values, 0, out, width);
        return;
    }
    for (int row = 0; row < tile.rows; row++) {
        weightedSum(
            weights + row * count, values.data, values.stride, count, out + row * width, width);
    }
}

/// queries, keys, values, frequencies, output, log of sums, gradient of the output
/// -> gradients to queries, keys, values
Arrays attentionGradientNode(const Arrays &inputs, std::shared_ptr<const Plan> plan);

}  // namespace temper
