// SPDX-License-Identifier: Apache-2.0
// Which library multiplies matrices on the CPU, and whether it uses all that the processor has.
//
// The library is OpenBLAS as SciPy's makers build it; its symbols start with `scipy_`. The engine
// asks for the usual names. `cblas_sgemm` is defined in Kernels/MatrixProduct.cpp; the other names
// are handed on here.

#include <algorithm>
#include <cctype>
#include <dlfcn.h>
#include <string>
#include <string_view>

#if defined(__linux__) && defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "include/ctensor.h"

#if !defined(__APPLE__)

extern "C" const char *scipy_openblas_get_corename(void);

#if defined(__x86_64__)
#define TEMPER_JUMP(target) "jmp " target "@PLT\n"
#else
#define TEMPER_JUMP(target) "b " target "\n"
#endif

/// Defines a function that does nothing but jump to the library's function of the same kind: the
/// arguments need not be known.
#define TEMPER_HAND_ON(name)                                                       \
    __asm__(".text\n.globl " #name "\n.type " #name ", %function\n" #name ":\n" \
            TEMPER_JUMP("scipy_" #name) ".size " #name ", .-" #name "\n");

TEMPER_HAND_ON(cblas_cgemm)
TEMPER_HAND_ON(cblas_dgemm)
TEMPER_HAND_ON(cgeev_)
TEMPER_HAND_ON(cgesdd_)
TEMPER_HAND_ON(cheevd_)
TEMPER_HAND_ON(dgeev_)
TEMPER_HAND_ON(dgeqrf_)
TEMPER_HAND_ON(dgesdd_)
TEMPER_HAND_ON(dgetrf_)
TEMPER_HAND_ON(dgetri_)
TEMPER_HAND_ON(dorgqr_)
TEMPER_HAND_ON(dpotrf_)
TEMPER_HAND_ON(dsyevd_)
TEMPER_HAND_ON(dtrtri_)
TEMPER_HAND_ON(sgeev_)
TEMPER_HAND_ON(sgeqrf_)
TEMPER_HAND_ON(sgesdd_)
TEMPER_HAND_ON(sgetrf_)
TEMPER_HAND_ON(sgetri_)
TEMPER_HAND_ON(sorgqr_)
TEMPER_HAND_ON(spotrf_)
TEMPER_HAND_ON(ssyevd_)
TEMPER_HAND_ON(strtri_)

#undef TEMPER_HAND_ON
#undef TEMPER_JUMP

#endif

namespace {

/// The vectors that a kernel of OpenBLAS uses, by the kernel's name.
ct_vectors vectorsOfKernel(std::string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    auto isOne = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::find(names, name) != names.end();
    };
#if defined(__x86_64__)
    if (isOne({"skylakex", "cooperlake", "sapphirerapids"})) return ct_vectors_avx512;
    if (isOne({"haswell", "zen"})) return ct_vectors_avx2;
    if (isOne({"sandybridge", "bulldozer", "piledriver", "steamroller", "excavator"})) {
        return ct_vectors_avx;
    }
    return ct_vectors_sse;
#else
    bool isScalable = isOne({"armv8sve", "a64fx", "neoversev1", "neoversen2", "armv9sme"});
    return isScalable ? ct_vectors_sve : ct_vectors_neon;
#endif
}

}  // namespace

ct_vectors ct_processor_vectors(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    // OpenBLAS asks for the same parts of AVX-512 as this.
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        return ct_vectors_avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return ct_vectors_avx2;
    return __builtin_cpu_supports("avx") ? ct_vectors_avx : ct_vectors_sse;
#elif defined(__linux__) && defined(__aarch64__)
    return getauxval(AT_HWCAP) & HWCAP_SVE ? ct_vectors_sve : ct_vectors_neon;
#else
    return ct_vectors_neon;
#endif
}

const char *ct_matrix_library(void) {
#if defined(__APPLE__)
    return "Accelerate";
#else
    Dl_info information;
    auto address = reinterpret_cast<const void *>(&scipy_openblas_get_corename);
    if (dladdr(address, &information) == 0) return "";
    return information.dli_fname ? information.dli_fname : "";
#endif
}

const char *ct_matrix_kernel(void) {
#if defined(__APPLE__)
    return "Accelerate";
#else
    return scipy_openblas_get_corename();
#endif
}

ct_vectors ct_matrix_kernel_vectors(void) {
#if defined(__APPLE__)
    return ct_processor_vectors();
#else
    return vectorsOfKernel(scipy_openblas_get_corename());
#endif
}
