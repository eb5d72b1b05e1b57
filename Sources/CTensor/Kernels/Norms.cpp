// SPDX-License-Identifier: Apache-2.0
// The root-mean-square norm (arXiv:1910.07467), alone and as the joint of a transformer block: the
// residual sum and its norm.

#include <algorithm>

#include "../Elementary.hpp"
#include "Kernel.hpp"
#include "ThreadPool.hpp"
#include "VectorMath.hpp"

namespace temper {

namespace {

/// Splits rows among the threads; the number of parts depends on the number of rows alone.
template <typename Task>
void inRows(size_t rows, size_t parts, Task &&task) {
    inParallel(parts, [&](size_t part) {
        size_t first = rows * part / parts, last = rows * (part + 1) / parts;
        task(part, first, last);
    });
}

size_t partsOf(size_t rows) {
    return std::clamp<size_t>(rows / 32, 1, 32);
}

/// sum, weight, gradient of the normalised[, gradient of the sum] -> gradients to sum and weight
class NormGradient : public Kernel {
public:
    explicit NormGradient(float epsilon) : epsilon_(epsilon) {}

    DEFINE_NAME(NormGradient)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        const float *sum = inputs[0].data<float>(), *weight = inputs[1].data<float>();
        const float *normalisedGradient = inputs[2].data<float>();
        const float *sumGradient = inputs.size() > 3 ? inputs[3].data<float>() : nullptr;
        float *gradient = allocate(outputs[0]);
        float *weightGradient = outputs.size() > 1 ? allocate(outputs[1]) : nullptr;
        size_t width = inputs[0].shape(-1), rows = rowsOf(inputs[0]);
        dispatch([=, epsilon = epsilon_] {
            size_t parts = partsOf(rows);
            std::vector<float> partial(weightGradient ? parts * width : 0);
            inRows(rows, parts, [&](size_t part, size_t first, size_t last) {
                float *own = weightGradient ? &partial[part * width] : nullptr;
                for (size_t i = first * width; i < last * width; i += width) {
                    normBackward(
                        sum + i, weight, epsilon, sumGradient ? sumGradient + i : nullptr,
                        normalisedGradient + i, gradient + i, own, width);
                }
            });
            if (!weightGradient) return;
            std::fill_n(weightGradient, width, 0.0f);
            for (size_t part = 0; part < parts; part++) {
                addScaled(weightGradient, &partial[part * width], width, 1);
            }
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &outputs) override {
        ComposedGradient gradient = {
            [&](const Arrays &inputs) -> Arrays {
                mx::array normalised = elementaryNorm(inputs[0], inputs[1], epsilon_);
                if (primals.size() < 4) return {normalised};
                return {normalised, mx::copy(inputs[0])};
            },
            2, {2}, {0}};
        if (primals.size() > 3) gradient.cotangents.push_back(3);
        if (outputs.size() > 1) gradient.wanted.push_back(1);
        return gradient.vjp(primals, cotangents, arguments);
    }

private:
    float epsilon_;
};

/// residual, weight[, delta] -> normalised[, sum]
class Norm : public Kernel {
public:
    explicit Norm(float epsilon) : epsilon_(epsilon) {}

    DEFINE_NAME(Norm)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        const float *residual = inputs[0].data<float>(), *weight = inputs[1].data<float>();
        const float *delta = inputs.size() > 2 ? inputs[2].data<float>() : nullptr;
        float *normalised = allocate(outputs[0]);
        float *sum = delta ? allocate(outputs[1]) : nullptr;
        size_t width = inputs[0].shape(-1), rows = rowsOf(inputs[0]);
        dispatch([=, epsilon = epsilon_] {
            inRows(rows, partsOf(rows), [&](size_t, size_t first, size_t last) {
                for (size_t i = first * width; i < last * width; i += width) {
                    normForward(
                        residual + i, delta ? delta + i : nullptr, weight, epsilon,
                        sum ? sum + i : nullptr, normalised + i, width);
                }
            });
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &outputs) override {
        bool hasDelta = primals.size() > 2;
        Arrays inputs = {hasDelta ? outputs[1] : primals[0], primals[1], cotangents[0]};
        if (hasDelta) inputs.push_back(cotangents[1]);
        std::vector<mx::Shape> shapes = {primals[0].shape()};
        bool forWeight = std::ranges::find(arguments, 1) != arguments.end();
        if (forWeight) shapes.push_back(primals[1].shape());
        Arrays both = makeNode<NormGradient>(shapes, inputs, epsilon_);
        Arrays gradients;
        for (int argument : arguments) gradients.push_back(both[argument == 1 ? 1 : 0]);
        return gradients;
    }

private:
    float epsilon_;
};

mx::array engineNorm(
    const mx::array &input, const std::optional<mx::array> &weight, float epsilon) {
    return mx::fast::rms_norm(input, weight, epsilon);
}

/// Residual sum and norm; without a delta the norm alone.
Arrays norm(
    const mx::array &residual, const std::optional<mx::array> &delta,
    const std::optional<mx::array> &weight, float epsilon) {
    if (delta && delta->shape() != residual.shape()) {
        throw std::invalid_argument("what is added must have the shape of the residual");
    }
    Arrays inputs = {residual};
    if (weight) inputs.push_back(*weight);
    if (delta) inputs.push_back(*delta);
    bool fits = residual.ndim() > 0 &&
                (!weight || weight->shape() == mx::Shape{residual.shape(-1)});
    if (!fits || !kernelsApply(inputs)) {
        auto composed = fits && needsElementary() ? elementaryNorm : engineNorm;
        if (!delta) return {composed(residual, weight, epsilon)};
        mx::array sum = residual + *delta;
        return {composed(sum, weight, epsilon), sum};
    }
    if (!weight) inputs.insert(inputs.begin() + 1, mx::ones({residual.shape(-1)}));
    return makeNode<Norm>(
        std::vector<mx::Shape>(delta ? 2 : 1, residual.shape()), inputs, epsilon);
}

}  // namespace

void addNorms(Table &table) {
    table[ct_operation_rms_norm] = [](const Arguments &a) -> Arrays {
        return norm(a[0], std::nullopt, a.optional(1), a.number(0));
    };
    table[ct_operation_add_norm] = [](const Arguments &a) -> Arrays {
        Arrays results = norm(a[0], a[1], a.optional(2), a.number(0));
        return {results[1], results[0]};
    };
}

}  // namespace temper
