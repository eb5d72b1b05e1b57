// SPDX-License-Identifier: Apache-2.0
// Gradients of functions that are written in Swift, and their recomputation.

#include <memory>
#include <numeric>

#include "Operations.hpp"

namespace temper {

namespace {

/// Calls back and takes what is given in return.
Arrays call(ct_function function, void *context, size_t outputCount, const Arrays &inputs) {
    std::vector<ct_tensor> handles;
    for (const mx::array &input : inputs) handles.push_back(handle(input));
    std::vector<ct_tensor> outputs(outputCount, nullptr);
    ct_error error = {{0}, nullptr};
    ct_status status = function(
        context, handles.data(), handles.size(), outputs.data(), outputCount, &error);
    if (status != ct_status_ok) throw Stopped{error};
    Arrays results;
    for (ct_tensor output : outputs) {
        results.push_back(std::move(output->array));
        delete output;
    }
    return results;
}

}  // namespace

}  // namespace temper

using namespace temper;

ct_status ct_value_and_gradient(
    ct_function function, void *context, const ct_tensor *inputs, size_t input_count,
    ct_tensor *values, size_t output_count, ct_tensor *gradients, ct_error *error) {
    return guarded(error, [&] {
        std::vector<int> positions(input_count);
        std::iota(positions.begin(), positions.end(), 0);
        auto differentiate = mx::value_and_grad(
            [&](const Arrays &traced) { return call(function, context, output_count, traced); },
            positions);
        auto [outputs, slopes] = differentiate(arrays(inputs, input_count));
        for (size_t index = 0; index < output_count; index++) {
            values[index] = handle(outputs[index]);
        }
        for (size_t index = 0; index < input_count; index++) {
            gradients[index] = handle(slopes[index]);
        }
    });
}

ct_status ct_checkpoint(
    ct_function function, void *context, void (*release)(void *context), const ct_tensor *inputs,
    size_t input_count, ct_tensor *outputs, size_t output_count, ct_error *error) {
    std::shared_ptr<void> keeper(context, release);
    return guarded(error, [&] {
        auto recomputed = mx::checkpoint([function, keeper, output_count](const Arrays &traced) {
            return call(function, keeper.get(), output_count, traced);
        });
        Arrays results = recomputed(arrays(inputs, input_count));
        for (size_t index = 0; index < output_count; index++) {
            outputs[index] = handle(results[index]);
        }
    });
}
