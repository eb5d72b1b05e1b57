// SPDX-License-Identifier: Apache-2.0
// What the files of this target share: arguments of an operation, the table of operations, and
// the guard that keeps exceptions inside.

#pragma once

#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <mlx/mlx.h>

#include "ctensor.h"

struct ct_tensor_s {
    mlx::core::array array;
};

struct ct_list_s {
    std::vector<mlx::core::array> arrays;
};

namespace temper {

namespace mx = mlx::core;

using Arrays = std::vector<mx::array>;

/// The arguments of one operation; every access is checked.
class Arguments {
public:
    Arrays inputs;
    std::vector<int64_t> integers;
    std::vector<double> numbers;

    const mx::array &operator[](size_t index) const { return inputs.at(index); }
    int integer(size_t index) const;
    bool flag(size_t index) const { return integers.at(index) != 0; }
    float number(size_t index) const { return static_cast<float>(numbers.at(index)); }
    mx::Dtype type(size_t index) const;
    /// The integers from `first` to the last.
    std::vector<int> list(size_t first) const;
    mx::Shape shape(size_t first) const;
    std::optional<mx::array> optional(size_t index) const;
};

using Function = Arrays (*)(const Arguments &);
using Table = std::array<Function, ct_operation_count>;

void addElementwise(Table &table);
void addShapes(Table &table);
void addReductions(Table &table);
void addProducts(Table &table);
void addRandom(Table &table);
void addCrossEntropy(Table &table);
void addDivergence(Table &table);
void addLinearArgMax(Table &table);
void addGatedUnits(Table &table);
void addAttention(Table &table);
void addProjections(Table &table);
void addNorms(Table &table);

mx::Dtype engineType(ct_type type);
mx::Shape engineShape(const int64_t *shape, size_t rank);
/// The same numbers, row-contiguous; not a node more when they are known to be.
mx::array dense(const mx::array &array);
ct_tensor handle(mx::array array);
Arrays arrays(const ct_tensor *tensors, size_t count);
ct_list list(Arrays arrays);

/// Thrown through the engine when a callback stops the work.
struct Stopped {
    ct_error error;
};

/// Whether the calling thread asks for composed operations in place of the CPU's kernels.
bool composesOperations();
/// How many calls of `ct_value_and_gradient` the calling thread is inside of.
int gradientDepth();

std::recursive_mutex &engineLock();
/// Makes the one stream that all threads share the calling thread's default.
void useEngineStream();
void describe(ct_error *error, const char *message);

/// Runs the body under the engine's lock and turns every exception into a status.
template <typename Body>
ct_status guarded(ct_error *error, Body &&body) noexcept {
    try {
        std::lock_guard lock(engineLock());
        useEngineStream();
        body();
        return ct_status_ok;
    } catch (const Stopped &stopped) {
        if (error) *error = stopped.error;
        return ct_status_stopped;
    } catch (const std::exception &exception) {
        describe(error, exception.what());
    } catch (...) {
        describe(error, "the engine failed without saying why");
    }
    return ct_status_failed;
}

}  // namespace temper
