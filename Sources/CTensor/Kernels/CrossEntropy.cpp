// SPDX-License-Identifier: Apache-2.0
// The loss of a language model's head: a linear layer and the cross-entropy of its logits.
//
// The logits of all rows over a vocabulary would be the largest tensor of a training step. Here
// they exist for some rows and a chunk of the vocabulary at a time. The gradient of a row's loss
// to its hidden state, softmax x weight - weight[target], has the form of attention: it is summed
// up chunk by chunk in the same pass, under a running maximum.

#include <algorithm>
#include <cmath>

#include "CrossEntropy.hpp"
#include "ThreadPool.hpp"
#include "VectorMath.hpp"

namespace temper {

namespace {

/// The sums of one row over a part of the vocabulary.
struct RowSums {
    float maximum = -INFINITY;
    double exponentials = 0;
    float targetLogit = -INFINITY;
};

/// Goes through a part of the vocabulary; `mixture` (if any) receives the sum of the weights'
/// rows, each by its exponential.
void sum(
    const LossHead &head, int firstRow, int rowCount, int first, int last, RowSums *sums,
    float *mixture) {
    int width = head.width;
    float *scores = scratch(0, static_cast<size_t>(rowCount) * lossColumns);
    for (int start = first; start < last; start += lossColumns) {
        int columns = std::min(lossColumns, last - start);
        head.logits(firstRow, rowCount, start, columns, scores);
        for (int row = 0; row < rowCount; row++) {
            float *line = scores + static_cast<size_t>(row) * columns;
            RowSums &running = sums[row];
            int target = head.targets[firstRow + row] - start;
            if (target >= 0 && target < columns) running.targetLogit = line[target];
            float maximum = greatest(line, columns);
            if (maximum > running.maximum) {
                float factor = std::exp(running.maximum - maximum);
                running.exponentials *= factor;
                running.maximum = maximum;
                if (mixture && start > first) {
                    scale(mixture + static_cast<size_t>(row) * width, width, factor);
                }
            }
            running.exponentials += exponentiate(line, columns, 1, running.maximum);
        }
        if (mixture) {
            multiply(
                rowCount, width, columns, 1, {scores, columns}, {head.weightRow(start), width},
                start > first ? 1 : 0, mixture, width);
        }
    }
}

/// hidden, weight, targets -> losses, log of sums[, gradients of the losses to hidden]
class LinearCrossEntropy : public Kernel {
public:
    explicit LinearCrossEntropy(bool withGradient) : withGradient_(withGradient) {}

    DEFINE_NAME(LinearCrossEntropy)

    static Arrays make(const Arrays &inputs, bool withGradient) {
        mx::Shape perRow = {inputs[0].shape(0)};
        std::vector<mx::Shape> shapes = {perRow, perRow};
        if (withGradient) shapes.push_back(inputs[0].shape());
        return makeNode<LinearCrossEntropy>(shapes, inputs, withGradient);
    }

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        float *losses = allocate(outputs[0]), *logSums = allocate(outputs[1]);
        float *gradient = withGradient_ ? allocate(outputs[2]) : nullptr;
        dispatch([head = LossHead(inputs), losses, logSums, gradient] {
            evaluate(head, losses, logSums, gradient);
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &outputs) override;

private:
    bool withGradient_;

    static void evaluate(const LossHead &head, float *losses, float *logSums, float *gradient) {
        head.requireTargets();
        int threads = static_cast<int>(threadCount());
        int rows = head.rows, width = head.width;
        int blockRows = std::min(lossRows, (rows + threads - 1) / threads);
        // A few rows are not worth a pass over the weights each: then the vocabulary is split.
        if (blockRows < 64) blockRows = std::min(rows, 64);
        int blocks = (rows + blockRows - 1) / blockRows;
        int parts = blocks < threads ? threads : 1;
        size_t size = static_cast<size_t>(rows) * width;
        std::vector<RowSums> sums(static_cast<size_t>(rows) * parts);
        std::vector<float> mixtures(gradient && parts > 1 ? size * parts : 0);
        float *mixture = parts > 1 ? mixtures.data() : gradient;
        int partColumns = (head.vocabulary + parts - 1) / parts;
        inParallel(blocks * parts, [&](size_t task) {
            int part = static_cast<int>(task) / blocks;
            int firstRow = static_cast<int>(task) % blocks * blockRows;
            size_t base = static_cast<size_t>(part) * rows + firstRow;
            sum(
                head, firstRow, std::min(blockRows, rows - firstRow), part * partColumns,
                std::min(head.vocabulary, (part + 1) * partColumns), &sums[base],
                gradient ? mixture + base * width : nullptr);
        });
        inParallel(gradient ? rows : 0, [&](size_t row) {
            finish(head, row, parts, sums, mixture, gradient + row * width);
        });
        for (int row = 0; row < rows; row++) {
            RowSums total = join(sums, row, rows, parts);
            logSums[row] = total.maximum + static_cast<float>(std::log(total.exponentials));
            losses[row] = logSums[row] - total.targetLogit;
        }
    }

    static RowSums join(const std::vector<RowSums> &sums, size_t row, size_t rows, int parts) {
        RowSums total;
        for (int part = 0; part < parts; part++) {
            const RowSums &one = sums[part * rows + row];
            total.maximum = std::max(total.maximum, one.maximum);
            total.targetLogit = std::max(total.targetLogit, one.targetLogit);
        }
        for (int part = 0; part < parts; part++) {
            const RowSums &one = sums[part * rows + row];
            total.exponentials += one.exponentials * std::exp(one.maximum - total.maximum);
        }
        return total;
    }

    /// Joins the mixtures of the parts into one row of the gradient.
    static void finish(
        const LossHead &head, size_t row, int parts, const std::vector<RowSums> &sums,
        const float *mixture, float *gradient) {
        size_t rows = head.rows, width = head.width;
        RowSums total = join(sums, row, rows, parts);
        for (int part = 0; part < parts; part++) {
            const RowSums &one = sums[part * rows + row];
            double share = std::exp(one.maximum - total.maximum) / total.exponentials;
            const float *line = mixture + (part * rows + row) * width;
            if (part > 0) {
                addScaled(gradient, line, width, static_cast<float>(share));
            } else {
                if (gradient != line) std::memcpy(gradient, line, width * sizeof(float));
                scale(gradient, width, static_cast<float>(share));
            }
        }
        addScaled(gradient, head.weightRow(head.targets[row]), width, -1);
    }
};

Arrays LinearCrossEntropy::vjp(
    const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
    const Arrays &outputs) {
    Arrays gradients;
    for (int argument : arguments) {
        if (argument == 0) {
            mx::array unit = withGradient_ ? outputs[2] : make(primals, true)[2];
            gradients.push_back(crossEntropyHiddenGradient(primals, unit, cotangents[0]));
        } else if (argument == 1) {
            gradients.push_back(
                crossEntropyWeightGradient(primals, outputs[1], cotangents[0]));
        } else {
            gradients.push_back(mx::zeros_like(primals[argument]));
        }
    }
    return gradients;
}

}  // namespace

void addCrossEntropy(Table &table) {
    table[ct_operation_linear_cross_entropy] = [](const Arguments &a) -> Arrays {
        const mx::array &hidden = a[0], &weight = a[1], &targets = a[2];
        if (hidden.ndim() != 2 || weight.ndim() != 2 || targets.ndim() != 1 ||
            hidden.shape(1) != weight.shape(1) || hidden.shape(0) != targets.shape(0)) {
            throw std::invalid_argument(
                "needs hidden [rows, width], weight [vocabulary, width], targets [rows]");
        }
        if (!mx::issubdtype(targets.dtype(), mx::integer)) {
            throw std::invalid_argument("the targets must be integers");
        }
        if (!kernelsApply({hidden, weight})) return {composedCrossEntropy(hidden, weight, targets)};
        Arrays inputs = {hidden, weight, mx::astype(targets, mx::int32)};
        return {LinearCrossEntropy::make(inputs, hidden.is_tracer())[0]};
    };
}

}  // namespace temper
