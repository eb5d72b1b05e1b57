// SPDX-License-Identifier: Apache-2.0
// Matrix products, factorisations, and the engine's own fused layers.

#include "Elementary.hpp"

namespace temper {

namespace {

Arrays rope(const Arguments &a) {
    bool hasOffset = a.flag(0), hasFrequencies = a.flag(1);
    std::optional<mx::array> frequencies;
    if (hasFrequencies) frequencies = a[hasOffset ? 2 : 1];
    std::optional<float> base;
    if (!hasFrequencies) base = a.number(0);
    if (hasOffset) {
        return {mx::fast::rope(
            a[0], a.integer(2), a.flag(3), base, a.number(1), a[1], frequencies)};
    }
    return {mx::fast::rope(
        a[0], a.integer(2), a.flag(3), base, a.number(1), a.integer(4), frequencies)};
}

Arrays attention(const Arguments &a) {
    if (needsElementary() && a[0].ndim() == 4 && a[1].ndim() == 4 && a[1].shape(1) > 0) {
        std::optional<mx::array> mask = a.optional(3);
        if (a.flag(0)) mask = causalMask(a[0].shape(2), a[1].shape(2));
        return {elementaryAttention(a[0], a[1], a[2], mask, a.number(0))};
    }
    return {mx::fast::scaled_dot_product_attention(
        a[0], a[1], a[2], a.number(0), a.flag(0) ? "causal" : "", a.optional(3))};
}

}  // namespace

void addProducts(Table &table) {
    table[ct_operation_matmul] = [](const Arguments &a) -> Arrays {
        return {mx::matmul(a[0], a[1])};
    };
    table[ct_operation_gather_product] = [](const Arguments &a) -> Arrays {
        return {mx::gather_mm(a[0], a[1], std::nullopt, a[2])};
    };
    table[ct_operation_add_product] = [](const Arguments &a) -> Arrays {
        return {mx::addmm(a[0], a[1], a[2], a.number(0), a.number(1))};
    };
    // The engine factorises on the CPU only.
    table[ct_operation_svd] = [](const Arguments &a) -> Arrays {
        return mx::linalg::svd(a[0], true, mx::Device::cpu);
    };
    table[ct_operation_qr] = [](const Arguments &a) -> Arrays {
        auto [q, r] = mx::linalg::qr(a[0], mx::Device::cpu);
        return {q, r};
    };
    table[ct_operation_rope] = rope;
    table[ct_operation_attention] = attention;
    table[ct_operation_quantize] = [](const Arguments &a) -> Arrays {
        return mx::quantize(a[0], a.integer(0), a.integer(1));
    };
    table[ct_operation_dequantize] = [](const Arguments &a) -> Arrays {
        return {mx::dequantize(a[0], a[1], a[2], a.integer(0), a.integer(1))};
    };
    table[ct_operation_quantized_matmul] = [](const Arguments &a) -> Arrays {
        return {mx::quantized_matmul(
            a[0], a[1], a[2], a[3], true, a.integer(0), a.integer(1))};
    };
}

}  // namespace temper
