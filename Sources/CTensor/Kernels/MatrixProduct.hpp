// SPDX-License-Identifier: Apache-2.0
// Products of row-major matrices of float32.

#pragma once

#include <cstddef>

namespace temper {

/// A matrix in memory; `transposed` says that the rows of what is meant are its columns.
struct Matrix {
    const float *data;
    int stride;
    bool transposed = false;
};

/// `c = alpha a b + beta c` for `a` [rows, inner] and `b` [inner, columns], on all threads, or on
/// the calling one when it runs a task.
void multiply(
    int rows, int columns, int inner, float alpha, Matrix a, Matrix b, float beta, float *c,
    int stride);

/// Whether the engine's own products go through `multiply` as well.
bool ownsMatrixProducts();

}  // namespace temper
