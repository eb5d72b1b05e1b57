// SPDX-License-Identifier: Apache-2.0
// Rows of one head within [tokens, heads, width], turned by their positions.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "Kernel.hpp"
#include "VectorMath.hpp"

namespace temper {

/// A tensor [tokens, heads, width] of any strides.
struct Heads {
    const float *data;
    int tokens, heads, width;
    int64_t strides[3];

    explicit Heads(const mx::array &array)
        : data(array.data<float>()), tokens(array.shape(0)), heads(array.shape(1)),
          width(array.shape(2)) {
        std::copy_n(array.strides().begin(), 3, strides);
    }

    const float *row(int token, int head) const {
        return data + token * strides[0] + head * strides[1];
    }

    /// Whether the rows of a head can be read in place as a matrix.
    bool isDense() const { return strides[2] == 1 || width == 1; }

    /// Copies a row whose elements may be apart.
    void gather(int token, int head, float *out) const {
        const float *from = row(token, head);
        for (int i = 0; i < width; i++) out[i] = from[i * strides[2]];
    }
};

/// The cosines and sines of positions times frequencies.
class Rotation {
public:
    Rotation(const float *frequencies, int pairs, int positions) : pairs_(pairs) {
        size_t count = static_cast<size_t>(positions) * pairs_;
        cosines_.resize(count);
        sines_.resize(count);
        for (size_t i = 0; i < count; i++) {
            float angle = static_cast<float>(i / pairs_) * frequencies[i % pairs_];
            cosines_[i] = std::cos(angle);
            sines_[i] = std::sin(angle);
        }
    }

    void operator()(const float *x, int position, float direction, float *out, int width) const {
        size_t line = static_cast<size_t>(position) * pairs_;
        rotate(x, &cosines_[line], &sines_[line], direction, out, pairs_, width);
    }

    /// Copies a row of a tensor, turned.
    void copy(const Heads &heads, int token, int head, int position, float *out) const {
        if (heads.isDense()) {
            (*this)(heads.row(token, head), position, 1, out, heads.width);
            return;
        }
        std::vector<float> row(heads.width);
        heads.gather(token, head, row.data());
        (*this)(row.data(), position, 1, out, heads.width);
    }

private:
    size_t pairs_;
    std::vector<float> cosines_, sines_;
};

}  // namespace temper
