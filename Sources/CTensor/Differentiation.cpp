// SPDX-License-Identifier: Apache-2.0
// Gradients of functions that are written in Swift, and their recomputation.

#include <memory>
#include <numeric>

#include "Operations.hpp"

namespace temper {

namespace {

thread_local int depth = 0;

struct Deeper {
    Deeper() { depth++; }
    ~Deeper() { depth--; }
};

/// Calls back and takes what is given in return.
Arrays call(ct_function function, void *context, const Arrays &inputs) {
    ct_list_s given{inputs}, results;
    ct_error error = {{0}, nullptr};
    ct_status status = function(context, &given, &results, &error);
    if (status != ct_status_ok) throw Stopped{error};
    if (results.arrays.empty()) throw std::invalid_argument("the function gave no tensor");
    return std::move(results.arrays);
}

}  // namespace

int gradientDepth() {
    return depth;
}

}  // namespace temper

using namespace temper;

ct_status ct_value_and_gradient(
    ct_function function, void *context, const ct_tensor *inputs, size_t input_count,
    ct_list *values, ct_list *gradients, ct_error *error) {
    return guarded(error, [&] {
        Deeper deeper;
        std::vector<int> positions(input_count);
        std::iota(positions.begin(), positions.end(), 0);
        auto differentiate = mx::value_and_grad(
            [&](const Arrays &traced) { return call(function, context, traced); }, positions);
        auto [outputs, slopes] = differentiate(arrays(inputs, input_count));
        *values = list(std::move(outputs));
        *gradients = list(std::move(slopes));
    });
}

ct_status ct_checkpoint(
    ct_function function, void *context, void (*release)(void *context), const ct_tensor *inputs,
    size_t input_count, ct_list *outputs, ct_error *error) {
    std::shared_ptr<void> keeper(context, release);
    return guarded(error, [&] {
        auto recomputed = mx::checkpoint([function, keeper](const Arrays &traced) {
            return call(function, keeper.get(), traced);
        });
        *outputs = list(recomputed(arrays(inputs, input_count)));
    });
}
