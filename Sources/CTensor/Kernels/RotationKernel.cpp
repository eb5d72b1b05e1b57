// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (arXiv:2104.09864) by itself, for keys that are kept.

#include "AttentionKernel.hpp"
#include "HeadRows.hpp"
#include "ThreadPool.hpp"

namespace temper {

namespace {

/// a, frequencies[, padding] -> a, turned
class RotationNode : public Kernel {
public:
    static constexpr size_t stridedInputs = 1;

    RotationNode(int first, float direction) : first_(first), direction_(direction) {}

    DEFINE_NAME(Rotation)

    void eval_cpu(const Arrays &inputs, Arrays &outputs) override {
        Padding padding(inputs.size() > 2 ? &inputs[2] : nullptr);
        const float *frequencies = inputs[1].data<float>();
        int pairs = inputs[1].shape(0);
        float *output = allocate(outputs[0]);
        dispatch([=, heads = Heads(inputs[0]), first = first_, direction = direction_] {
            inParallel(heads.batch, [&](size_t task) {
                int sample = static_cast<int>(task), width = heads.width;
                std::vector<float> cosines(pairs), sines(pairs), row(width);
                for (int token = 0; token < heads.length; token++) {
                    int position = std::max(first + token - padding(sample), 0);
                    for (int i = 0; i < pairs; i++) {
                        float angle = static_cast<float>(position) * frequencies[i];
                        cosines[i] = std::cos(angle);
                        sines[i] = std::sin(angle);
                    }
                    for (int head = 0; head < heads.heads; head++) {
                        heads.gather(sample, token, head, row.data());
                        size_t line = static_cast<size_t>(sample) * heads.length + token;
                        rotate(
                            row.data(), cosines.data(), sines.data(), direction,
                            output + (line * heads.heads + head) * width, pairs, width);
                    }
                }
            });
        });
    }

    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments,
        const Arrays &) override {
        Arrays gradients;
        for (int argument : arguments) {
            Arrays inputs = primals;
            inputs[0] = cotangents[0];
            gradients.push_back(
                argument == 0
                    ? makeNode<RotationNode>({primals[0].shape()}, inputs, first_, -direction_)[0]
                    : mx::zeros_like(primals[argument]));
        }
        return gradients;
    }

private:
    int first_;
    float direction_;
};

}  // namespace

mx::array rotationNode(
    const mx::array &a, const mx::array &frequencies, const std::optional<mx::array> &padding,
    int first) {
    Arrays inputs = {a, mx::astype(frequencies, mx::float32)};
    if (padding) inputs.push_back(mx::astype(*padding, mx::int32));
    return makeNode<RotationNode>({a.shape()}, inputs, first, 1.0f)[0];
}

}  // namespace temper
