// SPDX-License-Identifier: Apache-2.0
// The engine as a whole: its lock, device and stream, memory, and the matrix library below it.

#include <algorithm>
#include <limits>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "Kernels/MatrixProduct.hpp"
#include "Kernels/ThreadPool.hpp"
#include "Operations.hpp"

#if !defined(__APPLE__)
extern "C" void scipy_openblas_set_num_threads(int count);
#endif

namespace temper {

namespace {

/// The engine frees and allocates each step's tensors anew. Memory that goes back to the system in
/// between costs a page fault for each 4 KiB, a tenth of a training step, so it is kept.
void keepFreedMemory() {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

/// The device is chosen here and nowhere else. Engine streams belong to a thread unless they are
/// made for sharing; the lock makes sharing one safe.
struct Engine {
    mx::Device device;
    mx::Stream stream;
    int generation = 1;

    Engine()
        : device(mx::is_available(mx::Device::gpu) ? mx::Device::gpu : mx::Device::cpu),
          stream(mx::new_thread_unsafe_stream(device)) {
        keepFreedMemory();
#if !defined(__APPLE__)
        if (ownsMatrixProducts()) scipy_openblas_set_num_threads(1);
#endif
    }

    static Engine &shared() {
        static auto *engine = new Engine();
        return *engine;
    }
};

thread_local int generationOfThread = 0;

}  // namespace

std::recursive_mutex &engineLock() {
    static auto *lock = new std::recursive_mutex();
    return *lock;
}

void useEngineStream() {
    Engine &engine = Engine::shared();
    if (generationOfThread == engine.generation) return;
    mx::set_default_device(engine.device);
    mx::set_default_stream(engine.stream);
    generationOfThread = engine.generation;
}

void describe(ct_error *error, const char *message) {
    if (!error) return;
    std::snprintf(error->message, sizeof(error->message), "%s", message);
    error->payload = nullptr;
}

}  // namespace temper

using namespace temper;

ct_status ct_use_device(bool gpu, ct_error *error) {
    return guarded(error, [&] {
        mx::Device device(gpu ? mx::Device::gpu : mx::Device::cpu);
        if (!mx::is_available(device)) {
            throw std::runtime_error("this build of the engine has no such device");
        }
        Engine &engine = Engine::shared();
        engine.stream = mx::new_thread_unsafe_stream(device);
        engine.device = device;
        engine.generation += 1;
    });
}

bool ct_uses_gpu(void) {
    bool gpu = false;
    guarded(nullptr, [&] { gpu = Engine::shared().device == mx::Device::gpu; });
    return gpu;
}

ct_memory ct_read_memory(void) {
    ct_memory memory = {0, 0, 0};
    guarded(nullptr, [&] {
        memory = {mx::get_active_memory(), mx::get_peak_memory(), mx::get_cache_memory()};
    });
    return memory;
}

void ct_reset_peak_memory(void) {
    guarded(nullptr, [] { mx::reset_peak_memory(); });
}

void ct_clear_memory_cache(void) {
    guarded(nullptr, [] { mx::clear_cache(); });
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

void ct_set_memory_cache_limit(size_t bytes) {
    guarded(nullptr, [&] { mx::set_cache_limit(bytes); });
}

void ct_set_thread_count(int32_t count) {
    guarded(nullptr, [&] {
        setThreadCount(std::max(count, 1));
#if !defined(__APPLE__)
        if (!ownsMatrixProducts()) scipy_openblas_set_num_threads(std::max(count, 1));
#endif
    });
}

int32_t ct_thread_count(void) {
    return static_cast<int32_t>(threadCount());
}

const char *ct_engine_version(void) {
    return mx::version();
}
