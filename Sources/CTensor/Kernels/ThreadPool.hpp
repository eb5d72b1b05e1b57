// SPDX-License-Identifier: Apache-2.0
// The threads that the CPU kernels share.

#pragma once

#include <cstddef>
#include <type_traits>

namespace temper {

/// How many threads compute, the calling one included.
size_t threadCount();
void setThreadCount(size_t count);
/// Whether the calling thread runs a task.
bool isInTask();

void runInParallel(size_t count, void (*call)(void *context, size_t index), void *context);

/// Runs `task(index)` for each index below the count, on all threads, taking the next index as
/// soon as a thread is free. Within a task it runs on that task's thread alone.
template <typename Task>
void inParallel(size_t count, Task &&task) {
    auto call = [](void *context, size_t index) {
        (*static_cast<std::remove_reference_t<Task> *>(context))(index);
    };
    runInParallel(count, call, const_cast<void *>(static_cast<const void *>(&task)));
}

/// Memory of the calling thread that stays until its next use with the same slot.
float *scratch(size_t slot, size_t count);

}  // namespace temper
