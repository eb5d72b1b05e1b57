// SPDX-License-Identifier: Apache-2.0
// How attention is cut into tiles: some queries of the heads that share a key head.

#pragma once

#include "HeadRows.hpp"
#include "MatrixProduct.hpp"
#include "ThreadPool.hpp"

namespace temper {

/// Rows of scores that are computed at a time.
constexpr int tileRows = 96;

/// Uses of a thread's scratch memory.
enum Slot { querySlot, keySlot, scoreSlot, gradientSlot, valueSlot, outputSlot, sumSlot };

struct Options {
    bool hasPadding, hasFrequencies;
    int window;
    float scale;
};

/// What one evaluation works on.
struct Attention {
    Heads queries, keys, values;
    Padding padding;
    const float *frequencies;
    int pairs, group, width, window;
    float scale;

    Attention(const Arrays &inputs, const Options &options, size_t next)
        : queries(inputs[0]), keys(inputs[1]), values(inputs[2]),
          padding(options.hasPadding ? &inputs[next] : nullptr), frequencies(nullptr), pairs(0),
          group(queries.heads / keys.heads), width(queries.width), window(options.window),
          scale(options.scale) {
        if (options.hasFrequencies) {
            const mx::array &array = inputs[next + (options.hasPadding ? 1 : 0)];
            frequencies = array.data<float>();
            pairs = array.shape(0);
        }
    }

    Rotation rotation() const { return Rotation(frequencies, pairs, keys.length); }
    int tileTokens() const { return std::max(1, tileRows / group); }
    int tiles() const { return (queries.length + tileTokens() - 1) / tileTokens(); }
    /// The key at which a query itself stands.
    int place(int token) const { return keys.length - queries.length + token; }
    int firstKey(int sample, int token) const {
        return std::max(padding(sample), window > 0 ? place(token) - window + 1 : 0);
    }

    /// Keys or values of one head as a matrix of all tokens, copied only when that is needed.
    Matrix matrix(
        const Heads &heads, const Rotation *rotation, int sample, int head, int first, int last,
        Slot slot) const {
        if (!(rotation && rotation->turns()) && heads.isDense()) {
            return {heads.row(sample, 0, head), static_cast<int>(heads.strides[1])};
        }
        float *copy = scratch(slot, static_cast<size_t>(last) * width);
        for (int token = first; token < last; token++) {
            float *out = copy + static_cast<size_t>(token) * width;
            if (rotation) {
                rotation->copy(heads, sample, token, head, token - padding(sample), out);
            } else {
                heads.gather(sample, token, head, out);
            }
        }
        return {copy, width};
    }
};

/// A tile: some queries of the heads that share a key head, one row for each token and head.
struct Tile {
    const Attention &work;
    int sample, keyHead, firstToken, tokens, rows;
    /// The keys that any row may see.
    int firstKey, lastKey;

    Tile(const Attention &work, int sample, int keyHead, int number)
        : work(work), sample(sample), keyHead(keyHead),
          firstToken(number * work.tileTokens()),
          tokens(std::min(work.tileTokens(), work.queries.length - firstToken)),
          rows(tokens * work.group), firstKey(work.firstKey(sample, firstToken)),
          lastKey(std::max(firstKey, work.place(firstToken + tokens - 1) + 1)) {}

    int keyCount() const { return lastKey - firstKey; }
    int token(int row) const { return firstToken + row / work.group; }
    int head(int row) const { return keyHead * work.group + row % work.group; }

    /// The scores that a row may see, counted from the tile's first key.
    std::pair<int, int> seen(int row) const {
        int first = work.firstKey(sample, token(row)) - firstKey;
        return {first, std::max(first, work.place(token(row)) + 1 - firstKey)};
    }

    /// Where a row is within a dense [batch, length, heads].
    size_t index(int row) const {
        size_t line = static_cast<size_t>(sample) * work.queries.length + token(row);
        return line * work.queries.heads + head(row);
    }

    float *turnedQueries(const Rotation &rotation) const {
        float *out = scratch(querySlot, static_cast<size_t>(rows) * work.width);
        for (int row = 0; row < rows; row++) {
            rotation.copy(
                work.queries, sample, token(row), head(row),
                work.place(token(row)) - work.padding(sample),
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

}  // namespace temper
