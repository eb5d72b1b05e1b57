// SPDX-License-Identifier: Apache-2.0
// Causal attention over packed sequences and over kept tokens, with rotary positions and grouped
// queries, in the layout in which projections leave their outputs.

#include "../Elementary.hpp"
#include "AttentionKernel.hpp"

namespace temper {

namespace {

/// Positions that start at zero after each row's padding: `[rows, length]`.
mx::array positions(int length, int first, const mx::array &padding) {
    mx::array steps = mx::reshape(mx::arange(first, first + length, 1), {1, length});
    return mx::maximum(steps - mx::reshape(padding, {-1, 1}), mx::array(0));
}

/// Turns the pairs (i, i + pairs) of the last axis by position times frequency.
mx::array rotated(
    const mx::array &a, const mx::array &frequencies, const mx::array &padding, int first) {
    int pairs = frequencies.shape(0), length = a.shape(1), width = a.shape(3);
    mx::array angles =
        mx::expand_dims(mx::astype(positions(length, first, padding), mx::float32), 2) *
        frequencies;
    angles = mx::expand_dims(angles, 2);
    mx::array cosine = mx::astype(mx::cos(angles), a.dtype());
    mx::array sine = mx::astype(mx::sin(angles), a.dtype());
    auto part = [&](int start, int end) {
        mx::Shape starts(4, 0), stops = a.shape();
        starts[3] = start;
        stops[3] = end;
        return mx::slice(a, starts, stops);
    };
    mx::array left = part(0, pairs), right = part(pairs, 2 * pairs);
    std::vector<mx::array> parts = {
        left * cosine - right * sine, right * cosine + left * sine};
    if (2 * pairs < width) parts.push_back(part(2 * pairs, width));
    return mx::concatenate(parts, 3);
}

/// Attention of `queries` [rows, length, heads, width], the last columns of the keys, which are
/// turned. What stands in columns of padding is of no meaning.
mx::array attend(
    const mx::array &queries, const mx::array &keys, const mx::array &values,
    const mx::array &padding, Scores rule, const std::optional<mx::array> &sinks) {
    int length = queries.shape(1), count = keys.shape(1);
    mx::array row = mx::reshape(mx::arange(count - length, count, 1), {1, 1, length, 1});
    mx::array column = mx::reshape(mx::arange(0, count, 1), {1, 1, 1, count});
    mx::array allowed = column <= row;
    if (rule.window > 0) allowed = allowed && column > row - mx::array(rule.window);
    // A row without keys would be 0/0: it attends to itself.
    mx::array start = mx::reshape(padding, {-1, 1, 1, 1});
    allowed = (allowed && column >= start) || (column == row);
    auto heads = [](const mx::array &a) { return mx::transpose(a, {0, 2, 1, 3}); };
    if (rule.softCap == 0 && !sinks && !needsElementary()) {
        return heads(mx::fast::scaled_dot_product_attention(
            heads(queries), heads(keys), heads(values), rule.scale, "", allowed));
    }
    return heads(elementaryAttention(
        heads(queries), heads(keys), heads(values), allowed, rule.scale, rule.softCap,
        sinks));
}

mx::array indices(const std::vector<int> &values, mx::Shape shape) {
    return mx::array(values.begin(), std::move(shape), mx::int32);
}

/// Packed sequences as a rectangle of rows that end together: one for each of some segments, which
/// holds its context.
struct Rectangle {
    std::vector<int> tokens, padding;
    int width = 0;

    Rectangle(const Segments &segments, const std::vector<int> &rows) {
        for (int segment : rows) width = std::max(width, segments[segment].end());
        tokens.assign(rows.size() * width, 0);
        for (size_t row = 0; row < rows.size(); row++) {
            padding.push_back(width - segments[rows[row]].end());
            segments.forContext(rows[row], 0, [&](int token, int position) {
                tokens[row * width + padding[row] + position] = token;
            });
        }
    }

    mx::array starts() const { return indices(padding, {static_cast<int>(padding.size())}); }
    mx::array gather(const mx::array &a) const {
        return mx::take(a, indices(tokens, {static_cast<int>(padding.size()), width}), 0);
    }
};

}  // namespace

mx::array composedAttention(
    const mx::array &queries, const mx::array &keys, const mx::array &values,
    const mx::array &frequencies, const Segments &segments, Scores scores,
    const std::optional<mx::array> &sinks) {
    std::vector<int> all, places(segments.tokens());
    for (int i = 0; i < segments.count(); i++) all.push_back(i);
    Rectangle rectangle(segments, all);
    for (int i = 0; i < segments.count(); i++) {
        const Segment &part = segments[i];
        int column = i * rectangle.width + rectangle.padding[i] + part.base;
        for (int token = 0; token < part.length; token++) {
            places[part.start + token] = column + token;
        }
    }
    mx::array padding = rectangle.starts();
    mx::array found = attend(
        rotated(rectangle.gather(queries), frequencies, padding, 0),
        rotated(rectangle.gather(keys), frequencies, padding, 0), rectangle.gather(values),
        padding, scores, sinks);
    mx::Shape flat = {-1, queries.shape(1), queries.shape(2)};
    return mx::take(mx::reshape(found, flat), indices(places, {segments.tokens()}), 0);
}

namespace {

void requireHeads(const mx::array &keys, const mx::array &values, const mx::array &frequencies) {
    if (keys.ndim() != 3 || values.shape() != keys.shape() || keys.shape(1) == 0 ||
        frequencies.ndim() != 1 || 2 * frequencies.shape(0) > keys.shape(2)) {
        throw std::invalid_argument(
            "needs keys and values [tokens, key heads, width], and at most width / 2 frequencies");
    }
}

void requireQueries(const mx::array &queries, const mx::array &keys) {
    if (queries.ndim() != 3 || queries.shape(0) != keys.shape(0) ||
        queries.shape(2) != keys.shape(2) || queries.shape(1) % keys.shape(1) != 0) {
        throw std::invalid_argument(
            "needs queries [tokens, heads, width] for keys [tokens, key heads, width], with key "
            "heads that divide the heads");
    }
}

std::optional<mx::array> sinks(const Arguments &a, size_t index, const mx::array &queries) {
    std::optional<mx::array> sinks = a.optional(index);
    if (sinks && sinks->shape() != mx::Shape{queries.shape(1)}) {
        throw std::invalid_argument("needs one sink for each head");
    }
    return sinks;
}

Segments segments(const Arguments &a, size_t first, const mx::array &keys) {
    Segments segments(a.list(first));
    if (segments.tokens() != keys.shape(0)) {
        throw std::invalid_argument("the segments must be as long as all tokens together");
    }
    return segments;
}

Arrays causalAttention(const Arguments &a) {
    const mx::array &queries = a[0], &keys = a[1], &values = a[2];
    requireHeads(keys, values, a[3]);
    requireQueries(queries, keys);
    Segments segments = temper::segments(a, 1, keys);
    Scores scores = {a.integer(0), a.number(0), a.number(1)};
    std::optional<mx::array> sinks = temper::sinks(a, 4, queries);
    if (!sinks && kernelsApply({queries, keys, values})) {
        return {attentionNode(queries, keys, values, a[3], segments, scores)};
    }
    if (segments.tokens() == 0) return {queries};
    return {composedAttention(queries, keys, values, a[3], segments, scores, sinks)};
}

Arrays keptContexts(const Arguments &a) {
    const mx::array &keys = a[0], &values = a[1], &frequencies = a[2];
    requireHeads(keys, values, frequencies);
    int capacity = a.integer(0), count = a.integer(1);
    std::vector<int> rows = a.list(2);
    if (count < 0 || static_cast<size_t>(count) > rows.size()) {
        throw std::invalid_argument("needs a segment for each row");
    }
    Segments segments = temper::segments(a, 2 + count, keys);
    rows.resize(count);
    for (int row : rows) {
        if (row < 0 || row >= segments.count() || segments[row].end() > capacity) {
            throw std::invalid_argument("a row is no segment, or its context has no room");
        }
    }
    if (kernelsApply({keys, values})) {
        return {contextsNode(keys, values, frequencies, segments, rows, capacity)};
    }
    Rectangle rectangle(segments, rows);
    mx::array turned =
        rotated(rectangle.gather(keys), frequencies, rectangle.starts(), 0);
    mx::array kept = mx::stack({turned, rectangle.gather(values)}, 2);
    return {mx::pad(kept, {1}, {0}, {capacity - rectangle.width}, mx::array(0.0f, kept.dtype()))};
}

Arrays attentionStep(const Arguments &a) {
    const mx::array &queries = a[0], &keys = a[1], &values = a[2], &kept = a[3];
    requireHeads(keys, values, a[4]);
    requireQueries(queries, keys);
    int count = keys.shape(0);
    std::vector<int> numbers = a.list(2);
    KeptRows rows = {a.integer(0), {}, {}};
    bool isGood = kept.ndim() == 5 && numbers.size() == 2 * static_cast<size_t>(count) &&
                  rows.past >= 0 && rows.past < kept.shape(1) &&
                  kept.shape() == mx::Shape{kept.shape(0), kept.shape(1), 2, keys.shape(1),
                                            keys.shape(2)};
    for (int i = 0; isGood && i < count; i++) {
        int place = numbers[2 * i], padding = numbers[2 * i + 1];
        isGood = place >= 0 && place < kept.shape(0) && padding >= 0 && padding <= rows.past;
        rows.places.push_back(place);
        rows.padding.push_back(padding);
    }
    if (!isGood) {
        throw std::invalid_argument(
            "needs kept [places, capacity, 2, key heads, width], room for one more, and for each "
            "row a place and a padding within what is kept");
    }
    Scores scores = {a.integer(1), a.number(0), a.number(1)};
    std::optional<mx::array> sinks = temper::sinks(a, 5, queries);
    if (!sinks && kernelsApply({queries, keys, values, kept})) {
        return attentionStepNodes(queries, keys, values, kept, a[4], std::move(rows), scores);
    }
    mx::array starts = indices(rows.padding, {count});
    auto turned = [&](const mx::array &heads) {
        return rotated(mx::expand_dims(heads, 1), a[4], starts, rows.past);
    };
    // Places that no row has are written as well; nobody reads them again.
    std::vector<int> writers(kept.shape(0), 0);
    for (int i = 0; i < count; i++) writers[rows.places[i]] = i;
    mx::array added = mx::take(
        mx::stack({turned(keys), mx::expand_dims(values, 1)}, 2),
        indices(writers, {kept.shape(0)}), 0);
    mx::Shape end = kept.shape();
    end[1] = rows.past + 1;
    mx::array now = mx::slice_update(kept, added, {0, rows.past, 0, 0, 0}, end);
    mx::array seen =
        mx::take(mx::slice(now, {0, 0, 0, 0, 0}, end), indices(rows.places, {count}), 0);
    mx::array found = attend(
        turned(queries), mx::take(seen, 0, 2), mx::take(seen, 1, 2), starts, scores,
        sinks);
    return {mx::squeeze(found, 1), now};
}

}  // namespace

void addAttention(Table &table) {
    table[ct_operation_causal_attention] = causalAttention;
    table[ct_operation_kept_contexts] = keptContexts;
    table[ct_operation_attention_step] = attentionStep;
}

}  // namespace temper
