// SPDX-License-Identifier: Apache-2.0
// Products of row-major matrices: OpenBLAS on one thread, under the threads of the kernels.
//
// OpenBLAS's own threads spin between two products and so take the cores from everything else.
// That is why it is kept to one thread, and why this file defines `cblas_sgemm`: the engine's
// products come here too.

#include "MatrixProduct.hpp"

#include <algorithm>
#include <dlfcn.h>

#include "Profile.hpp"
#include "SkinnyProduct.hpp"
#include "ThreadPool.hpp"

#if !defined(__APPLE__)

extern "C" void scipy_sgemm_(
    const char *transposedA, const char *transposedB, const int *m, const int *n, const int *k,
    const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
    const float *beta, float *c, const int *ldc);

namespace temper {

namespace {

/// On the calling thread. BLAS is column-major: it sees all matrices transposed.
void multiplyAlone(
    int rows, int columns, int inner, float alpha, Matrix a, Matrix b, float beta, float *c,
    int stride) {
    Stopwatch watch(timingOfProducts());
    if (rows <= mostSkinnyRows && !a.transposed && b.transposed) {
        return multiplySkinny(
            rows, columns, inner, alpha, a.data, a.stride, b.data, b.stride, beta, c, stride);
    }
    scipy_sgemm_(
        b.transposed ? "T" : "N", a.transposed ? "T" : "N", &columns, &rows, &inner, &alpha,
        b.data, &b.stride, a.data, &a.stride, &beta, c, &stride);
}

}  // namespace

void multiply(
    int rows, int columns, int inner, float alpha, Matrix a, Matrix b, float beta, float *c,
    int stride) {
    if (rows == 0 || columns == 0) return;
    // Below this many multiplications a thread is not worth waking.
    constexpr double least = 1 << 17;
    double work = static_cast<double>(rows) * columns * inner;
    int parts = static_cast<int>(std::min<double>(threadCount(), work / least));
    if (parts < 2 || isInTask()) {
        return multiplyAlone(rows, columns, inner, alpha, a, b, beta, c, stride);
    }
    // Each part packs its rows and its columns, so that high blocks pack least: all rows stay
    // together as long as enough columns are left for each part.
    constexpr int fewestColumns = 96;
    bool isSkinny = rows <= mostSkinnyRows;
    int columnParts = isSkinny ? parts : std::clamp(columns / fewestColumns, 1, parts);
    int rowParts = isSkinny ? 1 : (parts + columnParts - 1) / columnParts;
    auto size = [](int extent, int parts) { return ((extent + parts - 1) / parts + 15) / 16 * 16; };
    int width = size(columns, columnParts), height = rowParts > 1 ? size(rows, rowParts) : rows;
    int across = (columns + width - 1) / width, down = (rows + height - 1) / height;
    inParallel(static_cast<size_t>(across) * down, [&](size_t part) {
        size_t column = part % across * width, row = part / across * height;
        Matrix left = a, right = b;
        left.data += a.transposed ? row : row * a.stride;
        right.data += b.transposed ? column * b.stride : column;
        multiplyAlone(
            std::min<int>(height, rows - row), std::min<int>(width, columns - column), inner,
            alpha, left, right, beta, c + row * stride + column, stride);
    });
}

}  // namespace temper

extern "C" __attribute__((visibility("default"))) void cblas_sgemm(
    int order, int transposedA, int transposedB, int m, int n, int k, float alpha, const float *a,
    int lda, const float *b, int ldb, float beta, float *c, int ldc) {
    constexpr int rowMajor = 101, plain = 111;
    temper::Matrix left = {a, lda, transposedA != plain};
    temper::Matrix right = {b, ldb, transposedB != plain};
    if (order == rowMajor) {
        temper::multiply(m, n, k, alpha, left, right, beta, c, ldc);
    } else {
        temper::multiply(n, m, k, alpha, right, left, beta, c, ldc);
    }
}

bool temper::ownsMatrixProducts() {
    return dlsym(RTLD_DEFAULT, "cblas_sgemm") == reinterpret_cast<void *>(&cblas_sgemm);
}

#endif
