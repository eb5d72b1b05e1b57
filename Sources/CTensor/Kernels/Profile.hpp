// SPDX-License-Identifier: Apache-2.0
// Where computing time goes: seconds by kernel, and of matrix products on all threads.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace temper {

/// The time of one kind of work since the last reset.
struct Timing {
    const char *name = nullptr;
    std::atomic<uint64_t> nanoseconds{0}, calls{0};
};

/// The timing of a kernel; the name lives as long as the process.
Timing &timingOf(const char *kernel);
/// The timing of matrix products, summed over the threads; those within kernels count here too.
Timing &timingOfProducts();

/// Adds the time of a scope.
class Stopwatch {
public:
    explicit Stopwatch(Timing &timing) : timing_(timing) {}
    Stopwatch(const Stopwatch &) = delete;

    ~Stopwatch() {
        timing_.nanoseconds += static_cast<uint64_t>(
            std::chrono::nanoseconds(Clock::now() - start_).count());
        timing_.calls += 1;
    }

private:
    using Clock = std::chrono::steady_clock;

    Timing &timing_;
    Clock::time_point start_ = Clock::now();
};

}  // namespace temper
