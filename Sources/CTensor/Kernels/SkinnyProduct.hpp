// SPDX-License-Identifier: Apache-2.0
// Products of a few rows with many, as decoding needs them.

#pragma once

namespace temper {

/// The most rows for which `multiplySkinny` is faster than a product that packs its matrices.
constexpr int mostSkinnyRows = 96;

/// c = alpha a b^T + beta c on the calling thread, for `a` [rows, inner] and `b` [columns, inner].
///
/// An element of c does not depend on how many rows there are beside it.
void multiplySkinny(
    int rows, int columns, int inner, float alpha, const float *a, int strideA, const float *b,
    int strideB, float beta, float *c, int strideC);

}  // namespace temper
