// SPDX-License-Identifier: Apache-2.0
// Causal attention over packed sequences, for the CPU.
//
// The query heads that share a key head are taken together, so that their products are one. Scores
// exist for a tile of queries and the keys up to it.

#include "AttentionKernel.hpp"

#include <memory>

#include "AttentionTile.hpp"
#include "MatrixProduct.hpp"
#include "ThreadPool.hpp"

namespace temper {

namespace {

void forwardTile(
    const Tile &tile, const Rotation &rotation, Matrix keys, Matrix values, float *output,
    float *logSums) {
    int count = tile.keyCount(), width = tile.work.width;
    float softCap = tile.work.scores.softCap;
    float *scores = scratch(scoreSlot, static_cast<size_t>(tile.rows) * count);
    float *mixed = scratch(outputSlot, static_cast<size_t>(tile.rows) * width);
    std::vector<float> sums(tile.rows);
    productWithKeys(
        tile, tile.work.scores.scale, tile.turnedQueries(rotation), tile.from(keys), scores);
    for (int row = 0; row < tile.rows; row++) {
        auto [first, last] = tile.seen(row);
        float *line = scores + static_cast<size_t>(row) * count;
        if (softCap > 0) cap(line + first, last - first, softCap);
        float maximum = greatest(line + first, last - first);
        sums[row] = exponentiate(line + first, last - first, 1, maximum);
        std::fill(line, line + first, 0.0f);
        std::fill(line + last, line + count, 0.0f);
        logSums[tile.index(row)] = maximum + std::log(sums[row]);
    }
    productWithValues(tile, scores, tile.from(values), mixed);
    for (int row = 0; row < tile.rows; row++) {
        float *out = output + tile.index(row) * width;
        std::memcpy(out, mixed + static_cast<size_t>(row) * width, width * sizeof(float));
        scale(out, width, 1 / sums[row]);
    }
}

/// queries, keys, values, frequencies -> output, log of sums
class CausalAttention : public Kernel {
public:
    static constexpr size_t stridedInputs = 3;

    explicit CausalAttention(std::shared_ptr<const Plan> plan)
        : plan_(std::move(plan)) {}

    DEFINE_NAME(CausalAttention)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        float *output = allocate(outputs[0]), *logSums = allocate(outputs[1]);
        dispatch([=, plan = plan_, work = Attention(inputs, *plan_, 3)] {
            Rotation rotation = work.rotation();
            std::vector<Run> runs = cut(work);
            inParallel(runs.size(), [&](size_t task) {
                Run run = runs[task];
                int start = Tile(work, run.segment, run.head, run.first).firstKey;
                Matrix keys = work.turnedKeys(rotation, run.segment, run.head, start);
                Matrix values = work.contextValues(run.segment, run.head, start);
                for (int number = run.first; number < run.last; number++) {
                    Tile tile(work, run.segment, run.head, number);
                    forwardTile(tile, rotation, keys, values, output, logSums);
                }
            });
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &outputs) override {
        Arrays inputs = primals;
        inputs.insert(inputs.end(), {saved(outputs[0]), saved(outputs[1]), cotangents[0]});
        Arrays all = attentionGradientNode(inputs, plan_);
        Arrays gradients;
        for (int argument : arguments) {
            gradients.push_back(argument < 3 ? all[argument] : mx::zeros_like(primals[argument]));
        }
        return gradients;
    }

private:
    std::shared_ptr<const Plan> plan_;

    /// Tiles that one thread computes, from the first up to the last.
    struct Run {
        int segment, head, first, last;
    };

    /// Tiles of one head share its turned keys, unless threads would be idle.
    static std::vector<Run> cut(const Attention &work) {
        int count = work.segments.count(), heads = work.keys.heads;
        bool isEach = count * heads < 4 * static_cast<int>(threadCount());
        std::vector<Run> runs;
        for (int segment = 0; segment < count; segment++) {
            int tiles = work.tiles(segment), step = isEach ? 1 : tiles;
            for (int head = 0; head < heads; head++) {
                for (int first = 0; first < tiles; first += step) {
                    runs.push_back({segment, head, first, first + step});
                }
            }
        }
        return runs;
    }
};

}  // namespace

mx::array attentionNode(
    const mx::array &queries, const mx::array &keys, const mx::array &values,
    const mx::array &frequencies, const Segments &segments, Scores scores) {
    return makeNode<CausalAttention>(
        {queries.shape(), {queries.shape(0), queries.shape(1)}},
        {queries, keys, values, mx::astype(frequencies, mx::float32)},
        std::make_shared<const Plan>(Plan{segments, scores}))[0];
}

}  // namespace temper
