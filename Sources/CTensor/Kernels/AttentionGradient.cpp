// SPDX-License-Identifier: Apache-2.0
// The gradient of causal attention over packed sequences, for the CPU.
//
// Scores are computed again, tile by tile, from the logarithm of each row's sum, as FlashAttention
// does (arXiv:2205.14135).

#include <memory>

#include "AttentionTile.hpp"
#include "MatrixProduct.hpp"
#include "ThreadPool.hpp"

namespace temper {

namespace {

/// The gradients of one tile; those to keys and values add up.
struct BackwardPass {
    const Attention &work;
    const Rotation &rotation;
    const float *output, *logSums, *cotangent;
    float *queryGradient;

    void operator()(
        const Tile &tile, Matrix keys, Matrix values, float *keySums, float *valueSums) const {
        int count = tile.keyCount(), width = work.width, rows = tile.rows;
        const float *queries = tile.turnedQueries(rotation);
        float *weights = scratch(scoreSlot, static_cast<size_t>(rows) * count);
        float *slopes = scratch(gradientSlot, static_cast<size_t>(rows) * count);
        float *gradients = scratch(outputSlot, static_cast<size_t>(rows) * width);
        float softCap = work.scores.softCap;
        float *bends = scratch(capSlot, softCap > 0 ? static_cast<size_t>(rows) * count : 0);
        keys = tile.from(keys);
        values = tile.from(values);
        productWithKeys(tile, work.scores.scale, queries, keys, weights);
        for (int row = 0; row < rows; row++) {
            size_t index = tile.index(row);
            std::memcpy(
                gradients + static_cast<size_t>(row) * width, cotangent + index * width,
                width * sizeof(float));
            auto [first, last] = tile.seen(row);
            float *line = weights + static_cast<size_t>(row) * count;
            if (softCap > 0) {
                cap(line, count, softCap, bends + static_cast<size_t>(row) * count);
            }
            exponentiate(line + first, last - first, 1, logSums[index]);
            std::fill(line, line + first, 0.0f);
            std::fill(line + last, line + count, 0.0f);
        }
        multiply(
            count, width, rows, 1, {weights, count, true}, {gradients, width}, 1,
            valueSums + static_cast<size_t>(tile.firstKey) * width, width);
        productWithKeys(tile, 1, gradients, values, slopes);
        for (int row = 0; row < rows; row++) {
            size_t index = tile.index(row);
            float delta = dot(cotangent + index * width, output + index * width, width);
            float *line = slopes + static_cast<size_t>(row) * count;
            softmaxBackward(
                weights + static_cast<size_t>(row) * count, line, count, delta, work.scores.scale);
            if (softCap == 0) continue;
            for (int i = 0; i < count; i++) line[i] *= bends[static_cast<size_t>(row) * count + i];
        }
        multiply(
            count, width, rows, 1, {slopes, count, true}, {queries, width}, 1,
            keySums + static_cast<size_t>(tile.firstKey) * width, width);
        productWithValues(tile, slopes, keys, gradients);
        for (int row = 0; row < rows; row++) {
            rotation(
                gradients + static_cast<size_t>(row) * width, tile.positionOf(row), -1,
                queryGradient + tile.index(row) * width, width);
        }
    }
};

/// Gradients to the keys and values of every segment's context, which add up in its ancestors.
class ContextSums {
public:
    explicit ContextSums(const Attention &work)
        : work_(work), size_(2 * work.segments.contexts() * work.keys.heads * work.width),
          sums_(new float[size_]) {
        size_t place = 0;
        for (int i = 0; i < work.segments.count(); i++) {
            places_.push_back(place);
            place += 2 * rowCount(i) * work.keys.heads;
        }
    }

    /// The rows of a context's keys; those of its values come behind them.
    float *keys(int segment, int head) const {
        return sums_.get() + (places_[segment] + 2 * rowCount(segment) * head) * work_.width;
    }
    float *values(int segment, int head) const {
        return keys(segment, head) + rowCount(segment) * work_.width;
    }
    /// Zeroes what a segment and a head add.
    void clear(int segment, int head) const {
        std::fill_n(keys(segment, head), 2 * rowCount(segment) * work_.width, 0.0f);
    }

    /// Adds to a segment's own rows what those that continue it have found for them.
    void collect(int segment, int head) const {
        const Segment &part = work_.segments[segment];
        size_t from = static_cast<size_t>(part.base) * work_.width;
        size_t count = static_cast<size_t>(part.length) * work_.width;
        for (int other = segment + 1; other < work_.segments.count(); other++) {
            if (!work_.segments.continues(other, segment)) continue;
            addScaled(keys(segment, head) + from, keys(other, head) + from, count, 1);
            addScaled(values(segment, head) + from, values(other, head) + from, count, 1);
        }
    }

private:
    const Attention &work_;
    size_t size_;
    std::unique_ptr<float[]> sums_;
    std::vector<size_t> places_;

    size_t rowCount(int segment) const { return work_.segments[segment].end(); }
};

/// queries, keys, values, frequencies, output, log of sums, gradient of the output
/// -> gradients to queries, keys, values
class AttentionGradient : public Kernel {
public:
    static constexpr size_t stridedInputs = 3;

    explicit AttentionGradient(std::shared_ptr<const Plan> plan)
        : plan_(std::move(plan)) {}

    DEFINE_NAME(AttentionGradient)

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &) override {
        auto forward = [&](const Arrays &inputs) -> Arrays {
            return {composedAttention(
                inputs[0], inputs[1], inputs[2], primals[3], plan_->segments, plan_->scores)};
        };
        return ComposedGradient{forward, 3, {6}, {0, 1, 2}}.vjp(primals, cotangents, arguments);
    }

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        const float *output = inputs[4].data<float>(), *logSums = inputs[5].data<float>();
        const float *cotangent = inputs[6].data<float>();
        float *gradients[3];
        for (int i = 0; i < 3; i++) gradients[i] = allocate(outputs[i]);
        auto [queries, keys, values] = std::tuple(gradients[0], gradients[1], gradients[2]);
        dispatch([=, plan = plan_, work = Attention(inputs, *plan_, 3)] {
            Rotation rotation = work.rotation();
            BackwardPass pass = {work, rotation, output, logSums, cotangent, queries};
            ContextSums sums(work);
            size_t tasks = static_cast<size_t>(work.segments.count()) * work.keys.heads;
            inParallel(tasks, [&](size_t task) {
                int segment = static_cast<int>(task) / work.keys.heads;
                evaluate(pass, segment, static_cast<int>(task) % work.keys.heads, sums);
            });
            inParallel(tasks, [&](size_t task) {
                int segment = static_cast<int>(task) / work.keys.heads;
                int head = static_cast<int>(task) % work.keys.heads;
                sums.collect(segment, head);
                write(pass, segment, head, sums, keys, values);
            });
        });
    }

private:
    std::shared_ptr<const Plan> plan_;

    static void evaluate(
        const BackwardPass &pass, int segment, int head, const ContextSums &sums) {
        const Attention &work = pass.work;
        sums.clear(segment, head);
        int first = work.firstKey(work.segments[segment].base);
        Matrix keys = work.turnedKeys(pass.rotation, segment, head, first);
        Matrix values = work.contextValues(segment, head, first);
        for (int number = 0; number < work.tiles(segment); number++) {
            pass(
                Tile(work, segment, head, number), keys, values, sums.keys(segment, head),
                sums.values(segment, head));
        }
    }

    static void write(
        const BackwardPass &pass, int segment, int head, const ContextSums &sums,
        float *keyGradient, float *valueGradient) {
        const Segment &part = pass.work.segments[segment];
        int width = pass.work.width;
        for (int token = 0; token < part.length; token++) {
            size_t line = static_cast<size_t>(part.start + token);
            size_t place = (line * pass.work.keys.heads + head) * width;
            size_t from = static_cast<size_t>(part.base + token) * width;
            pass.rotation(
                sums.keys(segment, head) + from, part.base + token, -1, keyGradient + place,
                width);
            std::memcpy(
                valueGradient + place, sums.values(segment, head) + from,
                width * sizeof(float));
        }
    }
};

}  // namespace

Arrays attentionGradientNode(const Arrays &inputs, std::shared_ptr<const Plan> plan) {
    return makeNode<AttentionGradient>(
        {inputs[0].shape(), inputs[1].shape(), inputs[2].shape()}, inputs, std::move(plan));
}

}  // namespace temper
