// SPDX-License-Identifier: Apache-2.0
// How far the predictions of two heads are apart: KL(reference || other) for each row, without
// keeping the logits of either.
//
// With z the logits and s = log sum exp z, KL(p || q) = sum p (z_p - z_q) - s_p + s_q. All three
// sums are taken in one pass over chunks of the vocabulary, under running maxima.

#include <algorithm>
#include <cmath>

#include "Kernel.hpp"
#include "MatrixProduct.hpp"
#include "ThreadPool.hpp"
#include "VectorMath.hpp"

namespace temper {

namespace {

constexpr int chunkColumns = 512;
constexpr int mostRows = 256;

mx::array composed(const Arrays &inputs) {
    mx::array reference = mx::matmul(inputs[0], mx::transpose(inputs[1]));
    mx::array other = mx::matmul(inputs[2], mx::transpose(inputs[3]));
    mx::array truth = reference - mx::logsumexp(reference, 1, true);
    mx::array found = other - mx::logsumexp(other, 1, true);
    return mx::sum(mx::exp(truth) * (truth - found), 1);
}

struct Head {
    const float *hidden, *weight;
    int width;

    Head(const mx::array &hidden, const mx::array &weight)
        : hidden(hidden.data<float>()), weight(weight.data<float>()), width(hidden.shape(1)) {}

    void logits(int row, int rows, int column, int columns, float *out) const {
        const float *first = hidden + static_cast<size_t>(row) * width;
        const float *tokens = weight + static_cast<size_t>(column) * width;
        multiply(
            rows, columns, width, 1, {first, width}, {tokens, width, true}, 0, out, columns);
    }
};

/// The sum of exponentials under a running maximum.
struct Exponentials {
    float maximum = -INFINITY;
    double sum = 0;

    /// Adds logits, which become their exponentials; gives what earlier sums are to be scaled by.
    double add(float *logits, int count) {
        float before = maximum;
        maximum = std::max(maximum, greatest(logits, count));
        double factor = maximum > before ? std::exp(static_cast<double>(before) - maximum) : 1;
        sum = sum * factor + exponentiate(logits, count, 1, maximum);
        return factor;
    }

    double logSum() const { return maximum + std::log(sum); }
};

/// hidden and weight of the reference, hidden and weight of the other -> divergences
class LinearDivergence : public Kernel {
public:
    DEFINE_NAME(LinearDivergence)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        float *divergences = allocate(outputs[0]);
        Head reference(inputs[0], inputs[1]), other(inputs[2], inputs[3]);
        int rows = inputs[0].shape(0), vocabulary = inputs[1].shape(0);
        dispatch([=] {
            int threads = static_cast<int>(threadCount());
            int rounds = (rows + threads * mostRows - 1) / (threads * mostRows);
            int height = (rows + threads * rounds - 1) / (threads * rounds);
            inParallel((rows + height - 1) / height, [&](size_t task) {
                int first = static_cast<int>(task) * height;
                evaluate(
                    reference, other, first, std::min(height, rows - first), vocabulary,
                    divergences + first);
            });
        });
    }

private:
    static void evaluate(
        const Head &reference, const Head &other, int first, int rows, int vocabulary,
        float *divergences) {
        size_t size = static_cast<size_t>(rows) * chunkColumns;
        float *truths = scratch(0, 3 * size), *founds = truths + size, *apart = founds + size;
        std::vector<Exponentials> truth(rows), found(rows);
        std::vector<double> sums(rows, 0);
        for (int start = 0; start < vocabulary; start += chunkColumns) {
            int columns = std::min(chunkColumns, vocabulary - start);
            reference.logits(first, rows, start, columns, truths);
            other.logits(first, rows, start, columns, founds);
            std::copy_n(truths, static_cast<size_t>(rows) * columns, apart);
            addScaled(apart, founds, static_cast<size_t>(rows) * columns, -1);
            for (int row = 0; row < rows; row++) {
                size_t line = static_cast<size_t>(row) * columns;
                sums[row] *= truth[row].add(truths + line, columns);
                sums[row] += dot(truths + line, apart + line, columns);
                found[row].add(founds + line, columns);
            }
        }
        for (int row = 0; row < rows; row++) {
            divergences[row] = static_cast<float>(
                sums[row] / truth[row].sum - truth[row].logSum() + found[row].logSum());
        }
    }
};

}  // namespace

void addDivergence(Table &table) {
    table[ct_operation_linear_divergence] = [](const Arguments &a) -> Arrays {
        auto fits = [](const mx::array &hidden, const mx::array &weight) {
            return hidden.ndim() == 2 && weight.ndim() == 2 && hidden.shape(1) == weight.shape(1);
        };
        if (!fits(a[0], a[1]) || !fits(a[2], a[3]) || a[0].shape(0) != a[2].shape(0) ||
            a[1].shape(0) != a[3].shape(0)) {
            throw std::invalid_argument(
                "needs hidden [rows, width] and weight [vocabulary, width] of the reference and of "
                "the other; the widths may differ");
        }
        Arrays inputs = {a[0], a[1], a[2], a[3]};
        // Gradients are left to the engine's own operations.
        bool isTraced = std::ranges::any_of(inputs, [](auto &input) { return input.is_tracer(); });
        if (isTraced || !kernelsApply(inputs)) return {composed(inputs)};
        return makeNode<LinearDivergence>({{a[0].shape(0)}}, inputs);
    };
}

}  // namespace temper
