// SPDX-License-Identifier: Apache-2.0
// Gated linear units (arXiv:2002.05202): a function of the gate times the other projection.

#include "Kernel.hpp"
#include "ThreadPool.hpp"
#include "VectorMath.hpp"

namespace temper {

namespace {

mx::array composed(const mx::array &gate, const mx::array &up, ct_gate kind) {
    auto number = [&](float value) { return mx::array(value, gate.dtype()); };
    switch (kind) {
    case ct_gate_silu:
        return gate * mx::sigmoid(gate) * up;
    case ct_gate_gelu:
        return gate * number(0.5f) * (number(1) + mx::erf(gate * number(0.70710678f))) * up;
    case ct_gate_gelu_approximate:
        mx::array inner =
            number(0.79788456f) * (gate + number(0.044715f) * gate * gate * gate);
        return gate * number(0.5f) * (number(1) + mx::tanh(inner)) * up;
    }
    throw std::invalid_argument("unknown gate");
}

/// Elements that one thread takes at a time.
constexpr size_t span = 1 << 14;

template <typename Task>
void inSpans(size_t count, Task &&task) {
    inParallel((count + span - 1) / span, [&](size_t index) {
        task(index * span, std::min(span, count - index * span));
    });
}

/// gate, up, gradient of the output -> gradients to gate and up
class GatedUnitGradient : public Kernel {
public:
    explicit GatedUnitGradient(ct_gate kind) : kind_(kind) {}

    DEFINE_NAME(GatedUnitGradient)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        const float *gate = inputs[0].data<float>(), *up = inputs[1].data<float>();
        const float *cotangent = inputs[2].data<float>();
        float *gateGradient = allocate(outputs[0]), *upGradient = allocate(outputs[1]);
        dispatch([=, kind = kind_, count = inputs[0].size()] {
            inSpans(count, [&](size_t i, size_t length) {
                gatedBackward(
                    kind, gate + i, up + i, cotangent + i, gateGradient + i, upGradient + i,
                    length);
            });
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &) override {
        auto forward = [&](const Arrays &inputs) -> Arrays {
            return {composed(inputs[0], inputs[1], kind_)};
        };
        return ComposedGradient{forward, 2, {2}, {0, 1}}.vjp(primals, cotangents, arguments);
    }

private:
    ct_gate kind_;
};

/// gate, up -> f(gate) up
class GatedUnit : public Kernel {
public:
    explicit GatedUnit(ct_gate kind) : kind_(kind) {}

    DEFINE_NAME(GatedUnit)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        const float *gate = inputs[0].data<float>(), *up = inputs[1].data<float>();
        float *output = allocate(outputs[0]);
        dispatch([=, kind = kind_, count = inputs[0].size()] {
            inSpans(count, [&](size_t i, size_t length) {
                gatedForward(kind, gate + i, up + i, output + i, length);
            });
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &) override {
        mx::Shape shape = primals[0].shape();
        Arrays both = makeNode<GatedUnitGradient>(
            {shape, shape}, {primals[0], primals[1], cotangents[0]}, kind_);
        Arrays gradients;
        for (int argument : arguments) gradients.push_back(both.at(argument));
        return gradients;
    }

private:
    ct_gate kind_;
};

}  // namespace

void addGatedUnits(Table &table) {
    table[ct_operation_gated_unit] = [](const Arguments &a) -> Arrays {
        if (a[0].shape() != a[1].shape()) {
            throw std::invalid_argument("the gate and the projection must have one shape");
        }
        auto kind = static_cast<ct_gate>(a.integer(0));
        if (!kernelsApply(a.inputs)) return {composed(a[0], a[1], kind)};
        return makeNode<GatedUnit>({a[0].shape()}, a.inputs, kind);
    };
}

}  // namespace temper
