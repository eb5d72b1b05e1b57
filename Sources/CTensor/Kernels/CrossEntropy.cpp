// SPDX-License-Identifier: Apache-2.0
// The loss of a language model's head: a linear layer and the cross-entropy of its logits.

#include "../Operations.hpp"

namespace temper {

namespace {

mx::array composed(const mx::array &hidden, const mx::array &weight, const mx::array &targets) {
    mx::array logits = mx::matmul(hidden, mx::transpose(weight));
    mx::array chosen = mx::squeeze(mx::take_along_axis(logits, mx::expand_dims(targets, 1), 1), 1);
    return mx::logsumexp(logits, 1) - chosen;
}

}  // namespace

void addCrossEntropy(Table &table) {
    table[ct_operation_linear_cross_entropy] = [](const Arguments &a) -> Arrays {
        const mx::array &hidden = a[0], &weight = a[1], &targets = a[2];
        if (hidden.ndim() != 2 || weight.ndim() != 2 || targets.ndim() != 1 ||
            hidden.shape(1) != weight.shape(1) || hidden.shape(0) != targets.shape(0)) {
            throw std::invalid_argument(
                "needs hidden [rows, width], weight [vocabulary, width], targets [rows]");
        }
        if (!mx::issubdtype(targets.dtype(), mx::integer)) {
            throw std::invalid_argument("the targets must be integers");
        }
        return {composed(hidden, weight, targets)};
    };
}

}  // namespace temper
