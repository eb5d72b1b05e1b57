// SPDX-License-Identifier: Apache-2.0
// The table of timings.

#include "Profile.hpp"

#include <array>
#include <cstring>
#include <mutex>

#include "../include/ctensor.h"

namespace temper {

namespace {

/// More than there are kinds of kernels; what comes late shares the last place.
constexpr size_t most = 32;

struct Timings {
    std::array<Timing, most> entries;
    std::mutex mutex;

    static Timings &shared() {
        static auto *timings = new Timings();
        return *timings;
    }
};

}  // namespace

Timing &timingOf(const char *kernel) {
    Timings &timings = Timings::shared();
    std::lock_guard lock(timings.mutex);
    for (Timing &timing : timings.entries) {
        if (!timing.name) timing.name = kernel;
        if (std::strcmp(timing.name, kernel) == 0) return timing;
    }
    return timings.entries.back();
}

Timing &timingOfProducts() {
    static Timing &timing = timingOf("products");
    return timing;
}

}  // namespace temper

using namespace temper;

size_t ct_read_timings(ct_timing *timings, size_t room) {
    Timings &all = Timings::shared();
    std::lock_guard lock(all.mutex);
    size_t count = 0;
    for (const Timing &timing : all.entries) {
        if (!timing.name || count == room) break;
        double seconds = static_cast<double>(timing.nanoseconds) * 1e-9;
        timings[count++] = {timing.name, seconds, timing.calls};
    }
    return count;
}

void ct_reset_timings(void) {
    Timings &all = Timings::shared();
    std::lock_guard lock(all.mutex);
    for (Timing &timing : all.entries) timing.nanoseconds = timing.calls = 0;
}
