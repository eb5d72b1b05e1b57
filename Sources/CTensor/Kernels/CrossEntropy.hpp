// SPDX-License-Identifier: Apache-2.0
// What the loss of a language model's head and its gradients share.

#pragma once

#include <stdexcept>
#include <string>

#include "Kernel.hpp"
#include "MatrixProduct.hpp"

namespace temper {

/// How much of the logits exists at a time.
constexpr int lossColumns = 512;
constexpr int lossRows = 512;

/// hidden [rows, width], weight [vocabulary, width] and targets [rows] during an evaluation.
struct LossHead {
    const float *hidden, *weight;
    const int32_t *targets;
    int rows, width, vocabulary;

    LossHead(const Arrays &inputs)
        : hidden(inputs[0].data<float>()), weight(inputs[1].data<float>()),
          targets(inputs[2].data<int32_t>()), rows(inputs[0].shape(0)),
          width(inputs[0].shape(1)), vocabulary(inputs[1].shape(0)) {}

    const float *weightRow(int token) const {
        return weight + static_cast<size_t>(token) * width;
    }

    void logits(int firstRow, int rowCount, int first, int columns, float *out) const {
        multiply(
            rowCount, columns, width, 1, {hidden + static_cast<size_t>(firstRow) * width, width},
            {weightRow(first), width, true}, 0, out, columns);
    }

    void requireTargets() const {
        for (int row = 0; row < rows; row++) {
            if (targets[row] < 0 || targets[row] >= vocabulary) {
                throw std::out_of_range(
                    "the target of row " + std::to_string(row) + " is " +
                    std::to_string(targets[row]) + ", outside the vocabulary of " +
                    std::to_string(vocabulary));
            }
        }
    }
};

/// The losses, of the engine's elementary operations.
mx::array composedCrossEntropy(
    const mx::array &hidden, const mx::array &weight, const mx::array &targets);

/// hidden, weight, targets; the gradients of the losses to hidden; the losses' own gradients
/// -> gradient to hidden
mx::array crossEntropyHiddenGradient(
    const Arrays &primals, const mx::array &unit, const mx::array &cotangents);

/// hidden, weight, targets; the logarithms of the sums; the losses' gradients
/// -> gradient to weight
mx::array crossEntropyWeightGradient(
    const Arrays &primals, const mx::array &logSums, const mx::array &cotangents);

}  // namespace temper
