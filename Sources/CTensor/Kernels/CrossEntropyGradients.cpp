// SPDX-License-Identifier: Apache-2.0
// The gradients of the loss of a language model's head, to its hidden states and to its weight.

#include <algorithm>
#include <cstring>

#include "CrossEntropy.hpp"
#include "ThreadPool.hpp"
#include "VectorMath.hpp"

namespace temper {

namespace {

/// The gradient of the composed loss to one of its inputs: 0 for hidden, 1 for weight.
Arrays composedVjp(
    int wanted, const Arrays &primals, const Arrays &cotangents,
    const std::vector<int> &arguments) {
    auto forward = [&](const Arrays &inputs) -> Arrays {
        return {composedCrossEntropy(inputs[0], inputs[1], primals[2])};
    };
    return ComposedGradient{forward, 2, {4}, {wanted}}.vjp(primals, cotangents, arguments);
}

/// hidden, weight, targets, gradients of the losses to hidden, gradients of the losses
/// -> gradient to hidden
///
/// The product alone is computed; hidden, weight and targets are what its derivative goes to.
class CrossEntropyHiddenGradient : public Kernel {
public:
    DEFINE_NAME(CrossEntropyHiddenGradient)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        const mx::array &unit = inputs[3];
        const float *from = unit.data<float>(), *cotangents = inputs[4].data<float>();
        if (unit.is_donatable()) {
            outputs[0].copy_shared_buffer(unit);
        } else {
            allocate(outputs[0]);
        }
        int rows = unit.shape(0), width = unit.shape(1);
        dispatch([=, gradient = outputs[0].data<float>()] {
            for (int row = 0; row < rows; row++) {
                const float *line = from + static_cast<size_t>(row) * width;
                float *out = gradient + static_cast<size_t>(row) * width;
                if (out != line) std::memcpy(out, line, width * sizeof(float));
                scale(out, width, cotangents[row]);
            }
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &) override {
        return composedVjp(0, primals, cotangents, arguments);
    }
};

/// hidden, weight, targets, log of sums, gradients of the losses -> gradient to weight
class CrossEntropyWeightGradient : public Kernel {
public:
    DEFINE_NAME(CrossEntropyWeightGradient)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        const float *logSums = inputs[3].data<float>(), *cotangents = inputs[4].data<float>();
        float *gradient = allocate(outputs[0]);
        dispatch([head = LossHead(inputs), logSums, cotangents, gradient] {
            int chunks = (head.vocabulary + lossColumns - 1) / lossColumns;
            inParallel(chunks, [&](size_t chunk) {
                int first = static_cast<int>(chunk) * lossColumns;
                evaluate(head, logSums, cotangents, first, gradient);
            });
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &) override {
        return composedVjp(1, primals, cotangents, arguments);
    }

private:
    static void evaluate(
        const LossHead &head, const float *logSums, const float *cotangents, int first,
        float *gradient) {
        int columns = std::min(lossColumns, head.vocabulary - first);
        float *scores = scratch(0, static_cast<size_t>(lossRows) * columns);
        for (int start = 0; start < head.rows; start += lossRows) {
            int rowCount = std::min(lossRows, head.rows - start);
            head.logits(start, rowCount, first, columns, scores);
            for (int row = 0; row < rowCount; row++) {
                float *line = scores + static_cast<size_t>(row) * columns;
                exponentiate(line, columns, 1, logSums[start + row]);
                int target = head.targets[start + row] - first;
                if (target >= 0 && target < columns) line[target] -= 1;
                scale(line, columns, cotangents[start + row]);
            }
            multiply(
                columns, head.width, rowCount, 1, {scores, columns, true},
                {head.hidden + static_cast<size_t>(start) * head.width, head.width},
                start > 0 ? 1 : 0, gradient + static_cast<size_t>(first) * head.width,
                head.width);
        }
    }
};

}  // namespace

mx::array composedCrossEntropy(
    const mx::array &hidden, const mx::array &weight, const mx::array &targets) {
    mx::array logits = mx::matmul(hidden, mx::transpose(weight));
    mx::array chosen = mx::squeeze(mx::take_along_axis(logits, mx::expand_dims(targets, 1), 1), 1);
    return mx::logsumexp(logits, 1) - chosen;
}

mx::array crossEntropyHiddenGradient(
    const Arrays &primals, const mx::array &unit, const mx::array &cotangents) {
    return makeNode<CrossEntropyHiddenGradient>(
        {primals[0].shape()},
        {primals[0], primals[1], primals[2], saved(unit), cotangents})[0];
}

mx::array crossEntropyWeightGradient(
    const Arrays &primals, const mx::array &logSums, const mx::array &cotangents) {
    return makeNode<CrossEntropyWeightGradient>(
        {primals[1].shape()},
        {primals[0], primals[1], primals[2], saved(logSums), cotangents})[0];
}

}  // namespace temper
