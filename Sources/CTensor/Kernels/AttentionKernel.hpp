// SPDX-License-Identifier: Apache-2.0
// Nodes of the graph that compute attention on the CPU.

#pragma once

#include "Kernel.hpp"
#include "Segments.hpp"

namespace temper {

/// How queries see keys; no window and no soft cap: 0.
struct Scores {
    int window;
    float scale, softCap;
};

/// Where sequences are among what is kept: their places, the number of columns, which all have, and
/// how many of the first of these hold no token.
struct KeptRows {
    int past;
    std::vector<int> places, padding;
};

/// Causal attention of the engine's own operations, with a sink for each head if there are any.
mx::array composedAttention(
    const mx::array &queries, const mx::array &keys, const mx::array &values,
    const mx::array &frequencies, const Segments &segments, Scores scores,
    const std::optional<mx::array> &sinks = std::nullopt);

mx::array attentionNode(
    const mx::array &queries, const mx::array &keys, const mx::array &values,
    const mx::array &frequencies, const Segments &segments, Scores scores);

/// Keys and values of the contexts of some segments, with room behind them.
mx::array contextsNode(
    const mx::array &keys, const mx::array &values, const mx::array &frequencies,
    const Segments &segments, const std::vector<int> &rows, int capacity);

/// The output and what is kept.
Arrays attentionStepNodes(
    const mx::array &queries, const mx::array &keys, const mx::array &values,
    const mx::array &kept, const mx::array &frequencies, KeptRows rows, Scores scores);

}  // namespace temper
