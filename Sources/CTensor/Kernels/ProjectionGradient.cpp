// SPDX-License-Identifier: Apache-2.0
// The gradient of linear layers with low-rank adapters. Those of one input are summed where they
// are computed.

#include <algorithm>

#include "MatrixProduct.hpp"
#include "Projections.hpp"
#include "VectorMath.hpp"

namespace temper {

namespace {

/// input, layers' tensors, then for each layer the inner product of its adapter (if any) and the
/// gradient of its output -> gradients to the inputs that are asked for
class ProjectionGradient : public Kernel {
public:
    ProjectionGradient(ProjectionLayout layout, std::vector<int> wanted)
        : layout_(std::move(layout)), wanted_(std::move(wanted)) {}

    DEFINE_NAME(ProjectionGradient)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        std::vector<float *> gradients(layout_.inputCount, nullptr);
        for (size_t i = 0; i < wanted_.size(); i++) gradients[wanted_[i]] = allocate(outputs[i]);
        std::vector<Slopes> layers;
        size_t next = layout_.inputCount;
        for (const ProjectionLayout::Layer &layout : layout_.layers) {
            Slopes layer{ProjectionLayer(inputs, layout)};
            if (layout.hasLowRank) layer.inner = inputs[next++].data<float>();
            layer.cotangent = inputs[next++].data<float>();
            layer.weightGradient = gradients[layout.weight];
            if (layout.hasBias) layer.biasGradient = gradients[layout.bias()];
            if (layout.hasLowRank) {
                layer.downGradient = gradients[layout.down()];
                layer.upGradient = gradients[layout.up()];
            }
            layers.push_back(layer);
        }
        const float *input = inputs[0].data<float>();
        int rows = rowsOf(inputs[0]), width = inputs[0].shape(-1);
        dispatch([=, layers = std::move(layers), inputGradient = gradients[0]] {
            evaluate(input, rows, width, layers, inputGradient);
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &) override {
        ComposedGradient gradient = {
            [&](const Arrays &inputs) { return composedProjections(inputs, layout_); },
            layout_.inputCount, {}, wanted_};
        int next = static_cast<int>(layout_.inputCount);
        for (const ProjectionLayout::Layer &layer : layout_.layers) {
            if (layer.hasLowRank) next++;
            gradient.cotangents.push_back(next++);
        }
        return gradient.vjp(primals, cotangents, arguments);
    }

private:
    struct Slopes : ProjectionLayer {
        const float *inner = nullptr, *cotangent = nullptr;
        float *weightGradient = nullptr, *biasGradient = nullptr;
        float *downGradient = nullptr, *upGradient = nullptr;
    };

    ProjectionLayout layout_;
    std::vector<int> wanted_;

    static void evaluate(
        const float *input, int rows, int width, const std::vector<Slopes> &layers,
        float *inputGradient) {
        // The gradients of the adapters' inner products.
        std::vector<std::vector<float>> inner(layers.size());
        for (size_t i = 0; i < layers.size(); i++) {
            bool needed = layers[i].rank > 0 && (inputGradient || layers[i].downGradient);
            if (needed) inner[i].resize(rowOffset(rows, layers[i].rank));
        }
        for (size_t i = 0; i < layers.size(); i++) {
            rowGradients(layers[i], rows, width, inner[i].data(), i > 0 ? 1 : 0, inputGradient);
            parameterGradients(layers[i], input, rows, width, inner[i].data());
        }
    }

    static void rowGradients(
        const Slopes &layer, int rows, int width, float *inner, float beta,
        float *inputGradient) {
        int outputs = layer.outputs, rank = layer.rank;
        Matrix cotangent = {layer.cotangent, outputs};
        if (inner) {
            multiply(
                rows, rank, outputs, layer.scale, cotangent, {layer.up, rank}, 0, inner, rank);
        }
        if (!inputGradient) return;
        multiply(
            rows, width, outputs, 1, cotangent, {layer.weight, width}, beta, inputGradient,
            width);
        if (inner) {
            multiply(
                rows, width, rank, 1, {inner, rank}, {layer.down, width}, 1, inputGradient,
                width);
        }
    }

    static void parameterGradients(
        const Slopes &layer, const float *input, int rows, int width, const float *inner) {
        int outputs = layer.outputs, rank = layer.rank;
        Matrix cotangent = {layer.cotangent, outputs, true};
        if (layer.weightGradient) {
            multiply(
                outputs, width, rows, 1, cotangent, {input, width}, 0, layer.weightGradient,
                width);
        }
        if (layer.downGradient) {
            multiply(
                rank, width, rows, 1, {inner, rank, true}, {input, width}, 0, layer.downGradient,
                width);
        }
        if (layer.upGradient) {
            multiply(
                outputs, rank, rows, layer.scale, cotangent, {layer.inner, rank}, 0,
                layer.upGradient, rank);
        }
        if (layer.biasGradient) {
            std::fill_n(layer.biasGradient, outputs, 0.0f);
            for (int row = 0; row < rows; row++) {
                addScaled(
                    layer.biasGradient, layer.cotangent + rowOffset(row, outputs), outputs, 1);
            }
        }
    }
};

}  // namespace

Arrays composedProjections(const Arrays &inputs, const ProjectionLayout &layout) {
    Arrays outputs;
    for (const ProjectionLayout::Layer &layer : layout.layers) {
        mx::array output = mx::matmul(inputs[0], mx::transpose(inputs[layer.weight]));
        if (layer.hasBias) output = output + inputs[layer.bias()];
        if (layer.hasLowRank) {
            mx::array inner = mx::matmul(inputs[0], mx::transpose(inputs[layer.down()]));
            mx::array factor(layer.scale, output.dtype());
            output = output + factor * mx::matmul(inner, mx::transpose(inputs[layer.up()]));
        }
        outputs.push_back(output);
    }
    return outputs;
}

Arrays projectionGradientNode(
    std::vector<mx::Shape> shapes, const Arrays &inputs, const ProjectionLayout &layout,
    const std::vector<int> &wanted) {
    return makeNode<ProjectionGradient>(std::move(shapes), inputs, layout, wanted);
}

}  // namespace temper
