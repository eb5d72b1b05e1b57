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

extern "C" void sgemm_(
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
    sgemm_(
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
    // Few rows stay together: each thread reads its part of the other matrix once.
    bool byRows = rows >= columns && rows > mostSkinnyRows;
    int extent = byRows ? rows : columns;
    int step = ((extent + parts - 1) / parts + 15) / 16 * 16;
    inParallel((extent + step - 1) / step, [&](size_t part) {
        int start = static_cast<int>(part) * step, count = std::min(step, extent - start);
        size_t offset = static_cast<size_t>(start);
        if (byRows) {
            Matrix slice = a;
            slice.data += a.transposed ? offset : offset * a.stride;
            multiplyAlone(
                count, columns, inner, alpha, slice, b, beta, c + offset * stride, stride);
        } else {
            Matrix slice = b;
            slice.data += b.transposed ? offset * b.stride : offset;
            multiplyAlone(rows, count, inner, alpha, a, slice, beta, c + offset, stride);
        }
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
