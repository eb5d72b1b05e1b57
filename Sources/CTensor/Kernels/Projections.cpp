// SPDX-License-Identifier: Apache-2.0
// Linear layers with low-rank adapters (arXiv:2106.09685), several of one input together, so that
// their gradients to that input are summed where they are computed.

#include <algorithm>

#include "MatrixProduct.hpp"
#include "Projections.hpp"
#include "SkinnyProduct.hpp"
#include "ThreadPool.hpp"
#include "VectorMath.hpp"

namespace temper {

namespace {

void require(const Arrays &inputs, const ProjectionLayout &layout) {
    const mx::array &input = inputs[0];
    auto fits = [](const mx::array &matrix, int rows, int columns) {
        return matrix.ndim() == 2 && matrix.shape(0) == rows && matrix.shape(1) == columns;
    };
    for (const ProjectionLayout::Layer &layer : layout.layers) {
        const mx::array &weight = inputs.at(layer.weight);
        bool good = input.ndim() >= 1 && weight.ndim() == 2 && weight.shape(1) == input.shape(-1);
        if (good && layer.hasBias) {
            good = inputs.at(layer.bias()).shape() == mx::Shape{weight.shape(0)};
        }
        if (good && layer.hasLowRank) {
            const mx::array &down = inputs.at(layer.down());
            good = down.ndim() == 2 && fits(down, down.shape(0), weight.shape(1)) &&
                   fits(inputs.at(layer.up()), weight.shape(0), down.shape(0));
        }
        if (!good) {
            throw std::invalid_argument(
                "needs input [..., inputs], weight [outputs, inputs], bias [outputs], down [rank, "
                "inputs], up [outputs, rank]");
        }
    }
}

/// input, layers' tensors -> outputs, then the inner products of the adapters
class Project : public Kernel {
public:
    explicit Project(ProjectionLayout layout) : layout_(std::move(layout)) {}

    DEFINE_NAME(Project)

    static Arrays make(const Arrays &inputs, const ProjectionLayout &layout) {
        std::vector<mx::Shape> shapes, inner;
        mx::Shape shape = inputs[0].shape();
        for (const ProjectionLayout::Layer &layer : layout.layers) {
            shape.back() = inputs[layer.weight].shape(0);
            shapes.push_back(shape);
            if (!layer.hasLowRank) continue;
            shape.back() = inputs[layer.down()].shape(0);
            inner.push_back(shape);
        }
        shapes.insert(shapes.end(), inner.begin(), inner.end());
        Arrays outputs = makeNode<Project>(shapes, inputs, layout);
        outputs.erase(outputs.begin() + layout.layers.size(), outputs.end());
        return outputs;
    }

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        std::vector<ProjectionLayer> layers;
        std::vector<float *> results, inner;
        size_t next = layout_.layers.size();
        for (const ProjectionLayout::Layer &layout : layout_.layers) {
            results.push_back(allocate(outputs[layers.size()]));
            inner.push_back(layout.hasLowRank ? allocate(outputs[next++]) : nullptr);
            layers.emplace_back(inputs, layout);
        }
        const float *input = inputs[0].data<float>();
        int rows = rowsOf(inputs[0]), width = inputs[0].shape(-1);
        dispatch([=] {
            for (size_t i = 0; i < layers.size(); i++) addBias(layers[i], rows, results[i]);
            multiplyAll(layers, input, rows, width, results);
            for (size_t i = 0; i < layers.size(); i++) {
                if (inner[i]) adapt(layers[i], input, rows, width, inner[i], results[i]);
            }
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &outputs) override {
        Arrays inputs = primals;
        size_t next = layout_.layers.size();
        for (size_t i = 0; i < layout_.layers.size(); i++) {
            if (layout_.layers[i].hasLowRank) inputs.push_back(saved(outputs[next++]));
            inputs.push_back(cotangents[i]);
        }
        std::vector<mx::Shape> shapes;
        for (int argument : arguments) shapes.push_back(primals[argument].shape());
        return projectionGradientNode(shapes, inputs, layout_, arguments);
    }

private:
    ProjectionLayout layout_;

    static void addBias(const ProjectionLayer &layer, int rows, float *result) {
        for (int row = 0; layer.bias && row < rows; row++) {
            std::copy_n(layer.bias, layer.outputs, result + rowOffset(row, layer.outputs));
        }
    }

    /// The products with the weights. Those of few rows take so little time that the threads share
    /// them all at once, by columns, and meet only at their end.
    static void multiplyAll(
        const std::vector<ProjectionLayer> &layers, const float *input, int rows, int width,
        const std::vector<float *> &results) {
        int total = 0;
        for (const ProjectionLayer &layer : layers) total += layer.outputs;
        bool isShared = rows <= mostSkinnyRows && layers.size() > 1;
        int parts = isShared ? static_cast<int>(threadCount()) : 1;
        int share = ((total + parts - 1) / parts + 47) / 48 * 48;
        auto some = [&](int from, int to) {
            for (size_t i = 0; i < layers.size(); i++) {
                const ProjectionLayer &layer = layers[i];
                int first = std::max(from, 0), last = std::min(to, layer.outputs);
                from -= layer.outputs;
                to -= layer.outputs;
                if (first >= last) continue;
                multiply(
                    rows, last - first, width, 1, {input, width},
                    {layer.weight + rowOffset(first, width), width, true}, layer.bias ? 1 : 0,
                    results[i] + first, layer.outputs);
            }
        };
        if (!isShared) return some(0, total);
        inParallel(parts, [&](size_t part) {
            int from = static_cast<int>(part) * share;
            some(from, std::min(from + share, total));
        });
    }

    static void adapt(
        const ProjectionLayer &layer, const float *input, int rows, int width, float *inner,
        float *result) {
        int outputs = layer.outputs, rank = layer.rank;
        multiply(
            rows, rank, width, 1, {input, width}, {layer.down, width, true}, 0, inner, rank);
        multiply(
            rows, outputs, rank, layer.scale, {inner, rank}, {layer.up, rank, true}, 1, result,
            outputs);
    }
};

}  // namespace

void addProjections(Table &table) {
    table[ct_operation_project] = [](const Arguments &a) -> Arrays {
        ProjectionLayout layout;
        for (size_t i = 0; i < a.numbers.size(); i++) {
            layout.add(a.flag(2 * i), a.flag(2 * i + 1), a.number(i));
        }
        require(a.inputs, layout);
        return kernelsApply(a.inputs) ? Project::make(a.inputs, layout)
                                      : composedProjections(a.inputs, layout);
    };
}

}  // namespace temper
