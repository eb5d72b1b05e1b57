// SPDX-License-Identifier: Apache-2.0
// Gradients of functions that are written in Swift, and their recomputation.

#include <memory>
#include <numeric>

#include "Operations.hpp"

namespace temper {

namespace {

/// Calls back and takes what is given in return.
Arrays call(ct_function function, void *context, const Arrays &inputs) {
    std::vector<ct_tensor> handles;
    for (const mx::array &input : inputs) handles.push_back(handle(input));
    std::vector<ct_tensor> outputs(ct_most_outputs, nullptr);
    size_t count = 0;
    ct_error error = {{0}, nullptr};
    ct_status status = function(
        context, handles.data(), handles.size(), outputs.data(), &count, &error);
    if (status != ct_status_ok) throw Stopped{error};
    Arrays results;
    for (size_t index = 0; index < count; index++) {
        results.push_back(std::move(outputs[index]->array));
        delete outputs[index];
    }
    if (results.empty()) throw std::invalid_argument("the function gave no tensor");
    return results;
}

void give(const Arrays &arrays, ct_tensor *outputs, size_t *count) {
    for (size_t index = 0; index < arrays.size(); index++) outputs[index] = handle(arrays[index]);
    if (count) *count = arrays.size();
}

}  // namespace

}  // namespace temper

using namespace temper;

ct_status ct_value_and_gradient(
    ct_function function, void *context, const ct_tensor *inputs, size_t input_count,
    ct_tensor *values, size_t *value_count, ct_tensor *gradients, ct_error *error) {
    return guarded(error, [&] {
        std::vector<int> positions(input_count);
        std::iota(positions.begin(), positions.end(), 0);
        auto differentiate = mx::value_and_grad(
            [&](const Arrays &traced) { return call(function, context, traced); }, positions);
        auto [outputs, slopes] = differentiate(arrays(inputs, input_count));
        give(outputs, values, value_count);
        give(slopes, gradients, nullptr);
    });
}

ct_status ct_checkpoint(
    ct_function function, void *context, void (*release)(void *context), const ct_tensor *inputs,
    size_t input_count, ct_tensor *outputs, size_t *output_count, ct_error *error) {
    std::shared_ptr<void> keeper(context, release);
    return guarded(error, [&] {
        auto recomputed = mx::checkpoint([function, keeper](const Arrays &traced) {
            return call(function, keeper.get(), traced);
        });
        give(recomputed(arrays(inputs, input_count)), outputs, output_count);
    });
}
