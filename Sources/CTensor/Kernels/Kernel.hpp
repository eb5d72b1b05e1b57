// SPDX-License-Identifier: Apache-2.0
// What the CPU kernels share with the engine: how a graph node runs one, and when it may.

#pragma once

#include <mlx/mlx.h>
#include <mlx/primitives.h>
#include <mlx/scheduler.h>

#include <functional>
#include <memory>
#include <vector>

#include "../Operations.hpp"
#include "Profile.hpp"

namespace temper {

/// Whether the kernels of this thread have claimed some megabytes since this was last true.
bool claimsMuch();
void addClaim(size_t bytes);

/// A node of the engine's graph with a kernel for the CPU. It is made for the CPU alone: on a GPU
/// the same operation is composed of the engine's own.
///
/// Gradients are nodes too: `vjp` builds another kernel. The derivative of a gradient is that of
/// the composed form, see `ComposedGradient`.
class Kernel : public mx::Primitive {
public:
    /// How many of the first inputs may have any strides; the others are row-contiguous.
    static constexpr size_t stridedInputs = 0;

    Kernel() : Primitive(mx::default_stream(mx::default_device())) {}

    void eval_gpu(const Arrays &, Arrays &) override {
        throw std::logic_error("a kernel for the CPU was asked to run on a GPU");
    }

    bool is_equivalent(const Primitive &) const override { return false; }

protected:
    /// Runs work on the engine's thread once the inputs are computed. Pointers into inputs and
    /// outputs stay valid until then.
    template <typename Work>
    void dispatch(Work &&work) {
        mx::Stream here = stream();
        // The engine lets few tasks wait, so that a graph's memory is not claimed far ahead. A
        // kernel that claims little counts for none: its graph may be built in the meantime.
        bool counts = claimsMuch();
        if (counts) mx::scheduler::notify_new_task(here);
        mx::scheduler::enqueue(
            here, [&timing = timingOf(name()), work = std::forward<Work>(work)]() mutable {
                Stopwatch watch(timing);
                work();
            });
        if (!counts) return;
        mx::scheduler::enqueue(here, [here] { mx::scheduler::notify_task_completion(here); });
    }
};

/// Whether kernels may compute these arrays: all are float32, on a CPU, and the calling thread
/// does not ask for composed operations.
bool kernelsApply(const Arrays &inputs);

/// A function of arrays.
using ComposedForm = std::function<Arrays(const Arrays &)>;

/// What the kernel of a gradient computes, in terms of its operation's composed form. The kernel's
/// own derivatives come from this; nothing is built before one is taken.
struct ComposedGradient {
    /// The operation, made of what the engine composes of elementary operations on the CPU, so that
    /// it can be differentiated any number of times.
    ComposedForm forward;
    /// How many of the kernel's first inputs are the inputs of `forward`.
    size_t inputCount;
    /// The kernel's inputs that hold the cotangents of `forward`'s outputs, in order. All other
    /// inputs are results of the forward pass, which have no derivative of their own.
    std::vector<int> cotangents;
    /// The inputs of `forward` whose gradients are the kernel's outputs, in order.
    std::vector<int> wanted;

    /// The derivative of the kernel, as `Primitive::vjp` wants it.
    Arrays vjp(
        const Arrays &primals, const Arrays &cotangents, const std::vector<int> &arguments) const;
};

/// A result of the forward pass as an input of a gradient. The gradient's derivative goes to what
/// the result was made of, not through it.
inline mx::array saved(const mx::array &result) {
    return mx::stop_gradient(result);
}

/// Makes a node with several outputs of type float32.
template <typename Node, typename... Options>
Arrays makeNode(std::vector<mx::Shape> shapes, const Arrays &inputs, Options &&...options) {
    Arrays operands;
    for (const mx::array &input : inputs) {
        operands.push_back(operands.size() < Node::stridedInputs ? input : dense(input));
    }
    std::vector<mx::Dtype> types(shapes.size(), mx::float32);
    return mx::array::make_arrays(
        std::move(shapes), types, std::make_shared<Node>(std::forward<Options>(options)...),
        operands);
}

/// Gives an output its memory.
inline float *allocate(mx::array &output) {
    addClaim(output.nbytes());
    output.set_data(mx::allocator::malloc(output.nbytes()));
    return output.data<float>();
}

/// The extent of all axes but the last.
inline int rowsOf(const mx::array &array) {
    return array.shape(-1) == 0 ? 0 : static_cast<int>(array.size() / array.shape(-1));
}

}  // namespace temper
