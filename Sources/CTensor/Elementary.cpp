// SPDX-License-Identifier: Apache-2.0
// Layers of the engine's elementary operations.

#include "Elementary.hpp"

#include <cmath>

namespace temper {

bool needsElementary() {
    // On the CPU the engine itself composes its fused layers of elementary operations. They are
    // used there where composed operations are asked for, so that tests see them without a GPU.
    bool isFused = mx::default_device() != mx::Device::cpu || composesOperations();
    return gradientDepth() > 1 && isFused;
}

mx::array elementaryNorm(
    const mx::array &input, const std::optional<mx::array> &weight, float epsilon) {
    mx::array wide = mx::astype(input, mx::float32);
    mx::array square = mx::mean(mx::square(wide), -1, true);
    mx::array result = wide * mx::rsqrt(square + mx::array(epsilon));
    mx::Dtype type = weight ? mx::result_type(input, *weight) : input.dtype();
    result = mx::astype(result, type);
    return weight ? result * mx::astype(*weight, type) : result;
}

mx::array elementaryAttention(
    const mx::array &queries, const mx::array &keys, const mx::array &values,
    const std::optional<mx::array> &mask, float scale, float softCap,
    const std::optional<mx::array> &sinks) {
    int groups = queries.shape(1) / keys.shape(1);
    mx::array scores = mx::matmul(queries, mx::swapaxes(mx::repeat(keys, groups, 1), 2, 3));
    if (softCap > 0) {
        scores = mx::tanh(scores * mx::array(scale / softCap)) * mx::array(softCap);
    } else {
        scores = scores * mx::array(scale);
    }
    if (mask && mask->dtype() == mx::bool_) {
        scores = mx::where(*mask, scores, mx::array(-INFINITY));
    } else if (mask) {
        scores = scores + *mask;
    }
    int count = scores.shape(3);
    if (sinks) {
        mx::Shape column = {scores.shape(0), scores.shape(1), scores.shape(2), 1};
        mx::array sink = mx::astype(mx::reshape(*sinks, {1, -1, 1, 1}), scores.dtype());
        scores = mx::concatenate({scores, mx::broadcast_to(sink, column)}, 3);
    }
    mx::array weights = mx::softmax(scores, -1, true);
    if (sinks) {
        mx::Shape end = weights.shape();
        end[3] = count;
        weights = mx::slice(weights, {0, 0, 0, 0}, end);
    }
    mx::array found = mx::matmul(weights, mx::repeat(values, groups, 1));
    return mx::astype(found, queries.dtype());
}

mx::array causalMask(int queries, int keys) {
    mx::array row = mx::reshape(mx::arange(keys - queries, keys, 1), {queries, 1});
    return mx::reshape(mx::arange(0, keys, 1), {1, keys}) <= row;
}

}  // namespace temper
