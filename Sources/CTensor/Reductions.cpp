// SPDX-License-Identifier: Apache-2.0
// Operations along axes: reductions, order, running sums, softmax.

#include <numeric>

#include "Operations.hpp"

namespace temper {

namespace {

/// The axes from the given integer on; none means all.
std::vector<int> axes(const Arguments &arguments, size_t first) {
    std::vector<int> result = arguments.list(first);
    if (result.empty()) {
        result.resize(arguments[0].ndim());
        std::iota(result.begin(), result.end(), 0);
    }
    return result;
}

using Reduction =
    mx::array (*)(const mx::array &, const std::vector<int> &, bool, mx::StreamOrDevice);

template <Reduction function>
Arrays reduce(const Arguments &a) {
    return {function(a[0], axes(a, 1), a.flag(0), {})};
}

using ArgumentReduction = mx::array (*)(const mx::array &, int, bool, mx::StreamOrDevice);

template <ArgumentReduction function>
Arrays reduceToIndex(const Arguments &a) {
    if (a.integers.size() < 2) return {function(mx::flatten(a[0]), 0, false, {})};
    return {function(a[0], a.integer(1), a.flag(0), {})};
}

Arrays norm(const Arguments &a) {
    return {mx::sqrt(mx::sum(mx::square(a[0]), axes(a, 1), a.flag(0)))};
}

}  // namespace

void addReductions(Table &table) {
    table[ct_operation_sum] = reduce<mx::sum>;
    table[ct_operation_mean] = reduce<mx::mean>;
    table[ct_operation_max] = reduce<mx::max>;
    table[ct_operation_min] = reduce<mx::min>;
    table[ct_operation_product] = reduce<mx::prod>;
    table[ct_operation_any] = reduce<mx::any>;
    table[ct_operation_all] = reduce<mx::all>;
    table[ct_operation_log_sum_exp] = reduce<mx::logsumexp>;
    table[ct_operation_norm] = norm;
    table[ct_operation_variance] = [](const Arguments &a) -> Arrays {
        return {mx::var(a[0], axes(a, 2), a.flag(0), a.integer(1))};
    };
    table[ct_operation_arg_max] = reduceToIndex<mx::argmax>;
    table[ct_operation_arg_min] = reduceToIndex<mx::argmin>;
    table[ct_operation_sort] = [](const Arguments &a) -> Arrays {
        return {mx::sort(a[0], a.integer(0))};
    };
    table[ct_operation_arg_sort] = [](const Arguments &a) -> Arrays {
        return {mx::argsort(a[0], a.integer(0))};
    };
    table[ct_operation_cumulative_sum] = [](const Arguments &a) -> Arrays {
        return {mx::cumsum(a[0], a.integer(0))};
    };
    table[ct_operation_softmax] = [](const Arguments &a) -> Arrays {
        return {mx::softmax(a[0], a.integer(0), true)};
    };
    table[ct_operation_top] = [](const Arguments &a) -> Arrays {
        return {mx::topk(a[0], a.integer(0), a.integer(1))};
    };
}

}  // namespace temper
