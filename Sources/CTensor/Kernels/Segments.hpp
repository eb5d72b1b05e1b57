// SPDX-License-Identifier: Apache-2.0
// Packed sequences: segments one behind the other, each of which may continue an earlier one.

#pragma once

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace temper {

/// Some tokens in a row. What they may look at, their context, is what their ancestors hold from
/// the first on, and themselves.
struct Segment {
    /// The first token, the number of tokens, the segment that is continued (or -1), and the
    /// position of the first token in the context.
    int start, length, parent, base;

    int end() const { return base + length; }
};

/// The segments of packed sequences; parents come before what continues them.
class Segments {
public:
    Segments() = default;

    /// Makes them of a length and a parent for each.
    explicit Segments(const std::vector<int> &numbers) {
        for (size_t i = 0; i + 1 < numbers.size(); i += 2) {
            int length = numbers[i], parent = numbers[i + 1];
            if (length < 0 || parent < -1 || parent >= count()) {
                throw std::invalid_argument(
                    "a segment needs a length and an earlier one that it continues, or -1");
            }
            all_.push_back({tokens_, length, parent, parent < 0 ? 0 : all_[parent].end()});
            tokens_ += length;
            contexts_ += all_.back().end();
            longest_ = std::max(longest_, all_.back().end());
        }
    }

    int count() const { return static_cast<int>(all_.size()); }
    const Segment &operator[](int index) const { return all_[index]; }
    /// The tokens of all segments.
    int tokens() const { return tokens_; }
    /// The lengths of all contexts together.
    size_t contexts() const { return contexts_; }
    int longestContext() const { return longest_; }

    /// Calls `body(token, position)` for what a segment's context holds from a position on.
    template <typename Body>
    void forContext(int index, int first, Body &&body) const {
        for (int i = index; i >= 0; i = all_[i].parent) {
            const Segment &part = all_[i];
            for (int position = std::max(first, part.base); position < part.end(); position++) {
                body(part.start + position - part.base, position);
            }
        }
    }

    /// Whether a segment's context is in one piece.
    bool isWhole(int index) const { return all_[index].parent < 0; }

    /// Whether a segment looks at another's tokens, or is it.
    bool continues(int index, int ancestor) const {
        while (index > ancestor) index = all_[index].parent;
        return index == ancestor;
    }

private:
    std::vector<Segment> all_;
    int tokens_ = 0, longest_ = 0;
    size_t contexts_ = 0;
};

}  // namespace temper
