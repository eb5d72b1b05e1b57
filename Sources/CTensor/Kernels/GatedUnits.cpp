// SPDX-License-Identifier: Apache-2.0
// Gated linear units (arXiv:2002.05202): a function of the gate times the other projection.

#include "../Operations.hpp"

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

}  // namespace

void addGatedUnits(Table &table) {
    table[ct_operation_gated_unit] = [](const Arguments &a) -> Arrays {
        if (a[0].shape() != a[1].shape()) {
            throw std::invalid_argument("the gate and the projection must have one shape");
        }
        return {composed(a[0], a[1], static_cast<ct_gate>(a.integer(0)))};
    };
}

}  // namespace temper
