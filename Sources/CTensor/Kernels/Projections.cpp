// SPDX-License-Identifier: Apache-2.0
// Linear layers with low-rank adapters (arXiv:2106.09685), several of one input together.

#include "../Operations.hpp"

namespace temper {

namespace {

struct Projection {
    mx::array weight;
    std::optional<mx::array> bias, down, up;
    float scale;
};

mx::array composed(const mx::array &input, const Projection &projection) {
    mx::array output = mx::matmul(input, mx::transpose(projection.weight));
    if (projection.bias) output = output + *projection.bias;
    if (projection.down) {
        mx::array inner = mx::matmul(input, mx::transpose(*projection.down));
        mx::array factor(projection.scale, input.dtype());
        output = output + factor * mx::matmul(inner, mx::transpose(*projection.up));
    }
    return output;
}

void require(const mx::array &input, const Projection &projection) {
    const mx::array &weight = projection.weight;
    auto fits = [](const mx::array &matrix, int rows, int columns) {
        return matrix.ndim() == 2 && matrix.shape(0) == rows && matrix.shape(1) == columns;
    };
    bool good = input.ndim() >= 1 && weight.ndim() == 2 && weight.shape(1) == input.shape(-1);
    if (good && projection.bias) good = projection.bias->shape() == mx::Shape{weight.shape(0)};
    if (good && projection.down) {
        int rank = projection.down->shape(0);
        good = fits(*projection.down, rank, weight.shape(1)) &&
               fits(*projection.up, weight.shape(0), rank);
    }
    if (!good) {
        throw std::invalid_argument(
            "needs input [..., inputs], weight [outputs, inputs], bias [outputs], down [rank, "
            "inputs], up [outputs, rank]");
    }
}

Arrays project(const Arguments &a) {
    Arrays outputs;
    size_t next = 1;
    for (size_t index = 0; index < a.numbers.size(); index++) {
        Projection projection = {a[next++], {}, {}, {}, a.number(index)};
        if (a.flag(2 * index)) projection.bias = a[next++];
        if (a.flag(2 * index + 1)) {
            projection.down = a[next++];
            projection.up = a[next++];
        }
        require(a[0], projection);
        outputs.push_back(composed(a[0], projection));
    }
    return outputs;
}

}  // namespace

void addProjections(Table &table) {
    table[ct_operation_project] = project;
}

}  // namespace temper
