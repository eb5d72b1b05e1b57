// SPDX-License-Identifier: Apache-2.0
// What the kernels of linear layers and of their gradients share.

#pragma once

#include <vector>

#include "Kernel.hpp"

namespace temper {

/// Which inputs a layer has, and where they begin; then the scale of its low-rank product.
struct ProjectionLayout {
    struct Layer {
        size_t weight;
        bool hasBias, hasLowRank;
        float scale;

        size_t bias() const { return weight + 1; }
        size_t down() const { return weight + (hasBias ? 2 : 1); }
        size_t up() const { return down() + 1; }
    };

    std::vector<Layer> layers;
    size_t inputCount = 1;

    void add(bool hasBias, bool hasLowRank, float scale) {
        layers.push_back({inputCount, hasBias, hasLowRank, scale});
        inputCount += 1 + (hasBias ? 1 : 0) + (hasLowRank ? 2 : 0);
    }
};

/// The numbers of one layer during an evaluation.
struct ProjectionLayer {
    int outputs, rank = 0;
    float scale;
    const float *weight, *bias = nullptr, *down = nullptr, *up = nullptr;

    ProjectionLayer(const Arrays &inputs, const ProjectionLayout::Layer &layout)
        : outputs(inputs[layout.weight].shape(0)), scale(layout.scale),
          weight(inputs[layout.weight].data<float>()) {
        if (layout.hasBias) bias = inputs[layout.bias()].data<float>();
        if (layout.hasLowRank) {
            rank = inputs[layout.down()].shape(0);
            down = inputs[layout.down()].data<float>();
            up = inputs[layout.up()].data<float>();
        }
    }
};

/// Where a row begins.
inline size_t rowOffset(int row, int width) {
    return static_cast<size_t>(row) * width;
}

/// The outputs, of the engine's elementary operations.
Arrays composedProjections(const Arrays &inputs, const ProjectionLayout &layout);

/// input, layers' tensors, then for each layer the inner product of its adapter (if any) and the
/// gradient of its output -> gradients to the inputs that are asked for
Arrays projectionGradientNode(
    std::vector<mx::Shape> shapes, const Arrays &inputs, const ProjectionLayout &layout,
    const std::vector<int> &wanted);

}  // namespace temper
