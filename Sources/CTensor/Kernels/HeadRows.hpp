// SPDX-License-Identifier: Apache-2.0
// Rows of one head within [batch, length, heads, width], turned by their positions.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "Kernel.hpp"
#include "VectorMath.hpp"

namespace temper {

/// A tensor [batch, length, heads, width] of any strides.
struct Heads {
    const float *data;
    int batch, length, heads, width;
    int64_t strides[4];

    explicit Heads(const mx::array &array)
        : data(array.data<float>()), batch(array.shape(0)), length(array.shape(1)),
          heads(array.shape(2)), width(array.shape(3)) {
        std::copy_n(array.strides().begin(), 4, strides);
    }

    const float *row(int sample, int token, int head) const {
        return data + sample * strides[0] + token * strides[1] + head * strides[2];
    }

    /// Whether the rows of a head can be read in place as a matrix.
    bool isDense() const { return strides[3] == 1 || width == 1; }

    /// Copies a row whose elements may be apart.
    void gather(int sample, int token, int head, float *out) const {
        const float *from = row(sample, token, head);
        for (int i = 0; i < width; i++) out[i] = from[i * strides[3]];
    }
};

/// How many of the first tokens of each sample are none.
struct Padding {
    const int32_t *starts;

    explicit Padding(const mx::array *array) : starts(array ? array->data<int32_t>() : nullptr) {}

    int operator()(int sample) const { return starts ? std::max(starts[sample], 0) : 0; }
};

/// The cosines and sines of positions times frequencies.
class Rotation {
public:
    /// No frequencies: nothing is turned.
    Rotation(const float *frequencies, int pairs, int positions)
        : pairs_(frequencies ? pairs : 0) {
        size_t count = static_cast<size_t>(positions) * pairs_;
        cosines_.resize(count);
        sines_.resize(count);
        for (size_t i = 0; i < count; i++) {
            float angle = static_cast<float>(i / pairs_) * frequencies[i % pairs_];
            cosines_[i] = std::cos(angle);
            sines_[i] = std::sin(angle);
        }
    }

    bool turns() const { return pairs_ > 0; }

    void operator()(const float *x, int position, float direction, float *out, int width) const {
        if (pairs_ == 0) {
            std::memcpy(out, x, width * sizeof(float));
            return;
        }
        size_t line = static_cast<size_t>(std::max(position, 0)) * pairs_;
        rotate(x, &cosines_[line], &sines_[line], direction, out, pairs_, width);
    }

    /// Copies a row of a tensor, turned.
    void copy(
        const Heads &heads, int sample, int token, int head, int position, float *out) const {
        if (heads.isDense()) {
            (*this)(heads.row(sample, token, head), position, 1, out, heads.width);
            return;
        }
        std::vector<float> row(heads.width);
        heads.gather(sample, token, head, row.data());
        (*this)(row.data(), position, 1, out, heads.width);
    }

private:
    size_t pairs_;
    std::vector<float> cosines_, sines_;
};

}  // namespace temper
