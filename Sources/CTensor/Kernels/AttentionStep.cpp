// SPDX-License-Identifier: Apache-2.0
// Keys and values that are kept: of prompts, and of one more token of each, which then attends to
// all that are kept.
//
// They are kept in one tensor [rows, capacity, 2, key heads, width], for only a node of one output
// can write it in place. Rows end together; the first columns of a short one hold nothing.

#include "AttentionKernel.hpp"
#include "AttentionTile.hpp"

namespace temper {

namespace {

/// Turns the rows of a token by its position.
struct Turn {
    const float *frequencies;
    int pairs;
    std::shared_ptr<const KeptRows> rows;

    Turn(const mx::array &frequencies, std::shared_ptr<const KeptRows> rows)
        : frequencies(frequencies.data<float>()), pairs(frequencies.shape(0)),
          rows(std::move(rows)) {}

    int padding(int row) const { return rows->padding[row]; }
    size_t place(int row) const { return rows->places[row]; }

    /// Heads of one row of the batch, one after the other.
    void operator()(const Heads &heads, int row, int first, int count, float *out) const {
        int width = heads.width;
        std::vector<float> cosines(pairs), sines(pairs), line(width);
        for (int i = 0; i < pairs; i++) {
            float angle = static_cast<float>(rows->past - padding(row)) * frequencies[i];
            cosines[i] = std::cos(angle);
            sines[i] = std::sin(angle);
        }
        for (int i = 0; i < count; i++, out += width) {
            heads.gather(row, first + i, line.data());
            rotate(line.data(), cosines.data(), sines.data(), 1, out, pairs, width);
        }
    }
};

/// keys, values, frequencies -> kept
class KeepContexts : public Kernel {
public:
    static constexpr size_t stridedInputs = 2;

    KeepContexts(Segments segments, std::vector<int> rows, int capacity)
        : work_(std::make_shared<Work>(std::move(segments), std::move(rows), capacity)) {}

    DEFINE_NAME(KeepContexts)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        // Columns of padding, and those with room, stay as the memory is: nobody reads them.
        dispatch([work = work_, keys = Heads(inputs[0]), values = Heads(inputs[1]),
                  frequencies = inputs[2].data<float>(), pairs = inputs[2].shape(0),
                  kept = allocate(outputs[0])] {
            const Segments &segments = work->segments;
            size_t size = static_cast<size_t>(keys.heads) * keys.width;
            int last = 0;
            for (int segment : work->rows) last = std::max(last, segments[segment].end());
            Rotation rotation(frequencies, pairs, segments.longestContext());
            inParallel(work->rows.size(), [&](size_t row) {
                int segment = work->rows[row], padding = last - segments[segment].end();
                float *places = kept + (row * work->capacity + padding) * 2 * size;
                segments.forContext(segment, 0, [&](int token, int position) {
                    float *place = places + static_cast<size_t>(position) * 2 * size;
                    for (int head = 0; head < keys.heads; head++, place += keys.width) {
                        rotation.copy(keys, token, head, position, place);
                        values.gather(token, head, place + size);
                    }
                });
            });
        });
    }

private:
    struct Work {
        Segments segments;
        std::vector<int> rows;
        int capacity;

        Work(Segments segments, std::vector<int> rows, int capacity)
            : segments(std::move(segments)), rows(std::move(rows)), capacity(capacity) {}
    };

    std::shared_ptr<const Work> work_;
};

/// kept, keys, values, frequencies -> kept
class KeepToken : public Kernel {
public:
    explicit KeepToken(std::shared_ptr<const KeptRows> rows) : rows_(std::move(rows)) {}

    DEFINE_NAME(KeepToken)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        const mx::array &old = inputs[0];
        const float *copied = nullptr;
        if (old.is_donatable()) {
            outputs[0].copy_shared_buffer(old);
        } else {
            copied = old.data<float>();
            allocate(outputs[0]);
        }
        float *kept = outputs[0].data<float>();
        Heads keys(inputs[1]);
        dispatch([=, values = inputs[2].data<float>(), capacity = old.shape(1),
                  size = old.nbytes(), past = rows_->past, turn = Turn(inputs[3], rows_)] {
            if (copied) std::memcpy(kept, copied, size);
            size_t width = static_cast<size_t>(keys.heads) * keys.width;
            inParallel(keys.tokens, [&](size_t task) {
                int row = static_cast<int>(task);
                float *place = kept + (turn.place(row) * capacity + past) * 2 * width;
                turn(keys, row, 0, keys.heads, place);
                std::memcpy(place + width, values + row * width, width * sizeof(float));
            });
        });
    }

private:
    std::shared_ptr<const KeptRows> rows_;
};

/// queries, kept, frequencies -> output
class AttendToKept : public Kernel {
public:
    AttendToKept(std::shared_ptr<const KeptRows> rows, Scores scores)
        : rows_(std::move(rows)), scores_(scores) {}

    DEFINE_NAME(AttendToKept)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        Work work = {
            Heads(inputs[0]), Turn(inputs[2], rows_), inputs[1].data<float>(),
            inputs[1].shape(1), inputs[1].shape(3), scores_, allocate(outputs[0])};
        dispatch([=] {
            // The heads of a sequence share its angles, unless threads would be idle.
            int batch = work.queries.tokens;
            int runs = batch >= 4 * static_cast<int>(threadCount()) ? 1 : work.keyHeads;
            inParallel(static_cast<size_t>(batch) * runs, [&](size_t task) {
                int row = static_cast<int>(task) / runs, run = static_cast<int>(task) % runs;
                work(row, run * work.keyHeads / runs, (run + 1) * work.keyHeads / runs);
            });
        });
    }

private:
    struct Work {
        Heads queries;
        Turn turn;
        const float *kept;
        int capacity, keyHeads;
        Scores rule;
        float *output;

        void operator()(int row, int firstHead, int lastHead) const {
            int group = queries.heads / keyHeads, width = queries.width;
            int first = firstHead * group, count = (lastHead - firstHead) * group;
            float *turned = scratch(querySlot, static_cast<size_t>(count) * width);
            turn(queries, row, first, count, turned);
            float *out = output + (static_cast<size_t>(row) * queries.heads + first) * width;
            for (int head = firstHead; head < lastHead; head++) {
                attend(row, head, group, turned, out);
                turned += group * width;
                out += group * width;
            }
        }

        void attend(int row, int head, int group, const float *turned, float *out) const {
            int width = queries.width, stride = 2 * keyHeads * width;
            int past = turn.rows->past;
            int first =
                std::max(turn.padding(row), rule.window > 0 ? past - rule.window + 1 : 0);
            int count = past + 1 - first;
            const float *keys =
                kept + (turn.place(row) * capacity + first) * stride + head * width;
            float *scores = scratch(scoreSlot, static_cast<size_t>(group) * count);
            multiply(
                group, count, width, rule.scale, {turned, width}, {keys, stride, true}, 0, scores,
                count);
            for (int i = 0; i < group; i++, scores += count, out += width) {
                if (rule.softCap > 0) cap(scores, count, rule.softCap);
                float sum = exponentiate(scores, count, 1, greatest(scores, count));
                weightedSum(scores, keys + stride / 2, stride, count, out, width);
                scale(out, width, 1 / sum);
            }
        }
    };

    std::shared_ptr<const KeptRows> rows_;
    Scores scores_;
};

}  // namespace

mx::array contextsNode(
    const mx::array &keys, const mx::array &values, const mx::array &frequencies,
    const Segments &segments, const std::vector<int> &rows, int capacity) {
    mx::Shape shape = {
        static_cast<int>(rows.size()), capacity, 2, keys.shape(1), keys.shape(2)};
    return makeNode<KeepContexts>(
        {shape}, {keys, values, mx::astype(frequencies, mx::float32)}, segments, rows,
        capacity)[0];
}

Arrays attentionStepNodes(
    const mx::array &queries, const mx::array &keys, const mx::array &values,
    const mx::array &kept, const mx::array &frequencies, KeptRows rows, Scores scores) {
    mx::array angles = mx::astype(frequencies, mx::float32);
    auto shared = std::make_shared<const KeptRows>(std::move(rows));
    mx::array now = makeNode<KeepToken>({kept.shape()}, {kept, keys, values, angles}, shared)[0];
    mx::array output =
        makeNode<AttendToKept>({queries.shape()}, {queries, now, angles}, shared, scores)[0];
    return {output, now};
}

}  // namespace temper
