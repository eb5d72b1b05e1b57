// SPDX-License-Identifier: Apache-2.0
// Layers that the engine fuses, made of its elementary operations instead, which can be
// differentiated any number of times on every device.

#pragma once

#include "Operations.hpp"

namespace temper {

/// Whether the gradient of a gradient may be taken of what the calling thread builds now, and the
/// engine's fused layers on this device do not offer it.
bool needsElementary();

/// Divides by the root of the mean square along the last axis.
mx::array elementaryNorm(
    const mx::array &input, const std::optional<mx::array> &weight, float epsilon);

/// Attention of queries [batch, heads, queries, width] to keys and values [batch, key heads, keys,
/// width].
///
/// `mask` broadcasts to the scores: of type bool, true where attention is allowed; else added.
/// Scores are bounded to `softCap` by tanh unless it is 0. A sink, one number for each head, is a
/// score more that takes weight and has no value.
mx::array elementaryAttention(
    const mx::array &queries, const mx::array &keys, const mx::array &values,
    const std::optional<mx::array> &mask, float scale, float softCap = 0,
    const std::optional<mx::array> &sinks = std::nullopt);

/// Which keys queries may see that are the last ones: `[queries, keys]`, of type bool.
mx::array causalMask(int queries, int keys);

}  // namespace temper
