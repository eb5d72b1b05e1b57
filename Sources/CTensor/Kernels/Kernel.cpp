// SPDX-License-Identifier: Apache-2.0
// When the CPU kernels take the place of the engine's operations, and how their gradients are
// differentiated.

#include "Kernel.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace temper {

namespace {

thread_local bool composes = false;
thread_local size_t claimed = 0;

/// Differentiates a function with respect to some of its inputs alone.
Arrays gradients(
    const ComposedForm &function, const Arrays &inputs, const std::vector<int> &wanted,
    const Arrays &cotangents) {
    Arrays some;
    for (int index : wanted) some.push_back(inputs.at(index));
    auto ofSome = [&](const Arrays &traced) {
        Arrays all = inputs;
        for (size_t i = 0; i < wanted.size(); i++) all.at(wanted[i]) = traced[i];
        return function(all);
    };
    return mx::vjp(ofSome, some, cotangents).second;
}

}  // namespace

bool composesOperations() {
    return composes;
}

bool kernelsApply(const Arrays &inputs) {
#if defined(__APPLE__)
    return false;
#else
    bool onCPU = mx::default_device() == mx::Device::cpu;
    return !composes && onCPU && std::ranges::all_of(inputs, [](const mx::array &input) {
        return input.dtype() == mx::float32 && input.size() > 0;
    });
#endif
}

Arrays ComposedGradient::vjp(
    const Arrays &primals, const Arrays &outer, const std::vector<int> &arguments) const {
    auto gradient = [&](const Arrays &inputs) {
        Arrays inner;
        for (int index : cotangents) inner.push_back(inputs.at(index));
        return gradients(
            forward, Arrays(inputs.begin(), inputs.begin() + inputCount), wanted, inner);
    };
    auto isSaved = [&](int index) {
        return static_cast<size_t>(index) >= inputCount &&
               std::ranges::find(cotangents, index) == cotangents.end();
    };
    std::vector<int> followed;
    std::ranges::copy_if(arguments, std::back_inserter(followed), std::not_fn(isSaved));
    Arrays found = gradients(gradient, primals, followed, outer), results;
    auto next = found.begin();
    for (int argument : arguments) {
        results.push_back(isSaved(argument) ? mx::zeros_like(primals[argument]) : *next++);
    }
    return results;
}

bool claimsMuch() {
    constexpr size_t much = 1 << 22;
    if (claimed < much) return false;
    claimed = 0;
    return true;
}

void addClaim(size_t bytes) {
    claimed += bytes;
}

}  // namespace temper

bool ct_compose_operations(bool composes) {
    return std::exchange(temper::composes, composes);
}
