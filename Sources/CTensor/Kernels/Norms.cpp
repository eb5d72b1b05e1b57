// SPDX-License-Identifier: Apache-2.0
// The joint of a transformer block: the residual sum and its root-mean-square norm.

#include "../Operations.hpp"

namespace temper {

void addNorms(Table &table) {
    table[ct_operation_add_norm] = [](const Arguments &a) -> Arrays {
        if (a[0].shape() != a[1].shape() || a[0].ndim() < 1) {
            throw std::invalid_argument("what is added must have the shape of the residual");
        }
        mx::array sum = a[0] + a[1];
        return {sum, mx::fast::rms_norm(sum, a.optional(2), a.number(0))};
    };
}

}  // namespace temper
