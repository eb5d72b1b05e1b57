// SPDX-License-Identifier: Apache-2.0
// Random tensors. Every one takes its key: there is no hidden generator.

#include "Operations.hpp"

namespace temper {

void addRandom(Table &table) {
    table[ct_operation_random_key] = [](const Arguments &a) -> Arrays {
        return {mx::random::key(static_cast<uint64_t>(a.integers.at(0)))};
    };
    table[ct_operation_random_split] = [](const Arguments &a) -> Arrays {
        auto [first, second] = mx::random::split(a[0]);
        return {first, second};
    };
    table[ct_operation_random_normal] = [](const Arguments &a) -> Arrays {
        return {mx::random::normal(a.shape(0), mx::float32, a[0])};
    };
    table[ct_operation_random_uniform] = [](const Arguments &a) -> Arrays {
        return {mx::random::uniform(
            mx::array(a.number(0)), mx::array(a.number(1)), a.shape(0), mx::float32, a[0])};
    };
    table[ct_operation_random_bernoulli] = [](const Arguments &a) -> Arrays {
        return {mx::random::bernoulli(mx::array(a.number(0)), a.shape(0), a[0])};
    };
    table[ct_operation_random_categorical] = [](const Arguments &a) -> Arrays {
        return {mx::random::categorical(a[1], -1, a[0])};
    };
    table[ct_operation_random_permutation] = [](const Arguments &a) -> Arrays {
        return {mx::random::permutation(a.integer(0), a[0])};
    };
}

}  // namespace temper
