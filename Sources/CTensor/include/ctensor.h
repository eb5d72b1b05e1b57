// SPDX-License-Identifier: Apache-2.0
// The C interface of the tensor engine: what Swift sees of it, and all that it sees.
//
// Every function that can fail returns a `ct_status` and describes the failure in an error that
// the caller owns. No C++ exception leaves this interface. Calls are serialised by one lock, and
// every thread uses the same engine stream, so a tensor may be used from any thread.

#ifndef CTENSOR_H
#define CTENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CT_CLOSED_ENUM __attribute__((enum_extensibility(closed)))

/// An immutable tensor: a node of the engine's graph. Owned by whoever received it.
typedef struct ct_tensor_s *ct_tensor;

/// A list of tensors, of any number. It shares them with their other owners.
typedef struct ct_list_s *ct_list;

typedef enum CT_CLOSED_ENUM ct_status : int32_t {
    ct_status_ok = 0,
    ct_status_failed = 1,
    /// A callback stopped the work; `ct_error.payload` is what it left.
    ct_status_stopped = 2,
} ct_status;

typedef struct ct_error {
    char message[512];
    void *payload;
} ct_error;

typedef enum CT_CLOSED_ENUM ct_type : int32_t {
    ct_type_bool,
    ct_type_uint8,
    ct_type_uint16,
    ct_type_uint32,
    ct_type_uint64,
    ct_type_int8,
    ct_type_int16,
    ct_type_int32,
    ct_type_int64,
    ct_type_float16,
    ct_type_bfloat16,
    ct_type_float32,
} ct_type;

/// What `ct_apply` can compute. In the comments: inputs; integers; numbers.
typedef enum CT_CLOSED_ENUM ct_operation : int32_t {
    // One input.
    ct_operation_negate,
    ct_operation_exp,
    ct_operation_log,
    ct_operation_log1p,
    ct_operation_sqrt,
    ct_operation_rsqrt,
    ct_operation_square,
    ct_operation_abs,
    ct_operation_sigmoid,
    ct_operation_tanh,
    ct_operation_sin,
    ct_operation_cos,
    ct_operation_erf,
    ct_operation_floor,
    ct_operation_ceil,
    ct_operation_round,
    ct_operation_sign,
    ct_operation_reciprocal,
    ct_operation_logical_not,
    ct_operation_is_nan,
    ct_operation_is_finite,
    ct_operation_stop_gradient,
    ct_operation_contiguous,
    // Two inputs that broadcast.
    ct_operation_add,
    ct_operation_subtract,
    ct_operation_multiply,
    ct_operation_divide,
    ct_operation_power,
    ct_operation_remainder,
    ct_operation_maximum,
    ct_operation_minimum,
    ct_operation_equal,
    ct_operation_not_equal,
    ct_operation_less,
    ct_operation_less_equal,
    ct_operation_greater,
    ct_operation_greater_equal,
    ct_operation_logical_and,
    ct_operation_logical_or,
    // condition, a, b
    ct_operation_where,
    // -; type, shape...; value
    ct_operation_full,
    // -; start, end
    ct_operation_range,
    // a; type
    ct_operation_convert,
    // a; shape...
    ct_operation_reshape,
    ct_operation_broadcast,
    // a; axes...
    ct_operation_transpose,
    ct_operation_expand,
    ct_operation_squeeze,
    // a; axis, axis
    ct_operation_swap_axes,
    // a; count, axis
    ct_operation_repeat,
    // tensors...; axis
    ct_operation_concatenate,
    ct_operation_stack,
    // a; parts, axis -> parts
    ct_operation_split,
    // a; axis, start, end
    ct_operation_slice,
    // a, update; axis, start
    ct_operation_replace_slice,
    // a; axis, before, after; value
    ct_operation_pad,
    // a; offset of the diagonal
    ct_operation_lower_triangle,
    ct_operation_upper_triangle,
    // a, indices; axis
    ct_operation_take,
    ct_operation_take_along,
    // a, indices, values; axis
    ct_operation_scatter_add_along,
    // a; keeps dimensions, axes... (none: all)
    ct_operation_sum,
    ct_operation_mean,
    ct_operation_max,
    ct_operation_min,
    ct_operation_product,
    ct_operation_any,
    ct_operation_all,
    ct_operation_log_sum_exp,
    ct_operation_norm,
    // a; keeps dimensions, correction, axes...
    ct_operation_variance,
    // a; keeps dimensions, axis (none: of the flattened tensor)
    ct_operation_arg_max,
    ct_operation_arg_min,
    // a; axis
    ct_operation_sort,
    ct_operation_arg_sort,
    ct_operation_cumulative_sum,
    ct_operation_softmax,
    // a; count, axis
    ct_operation_top,
    // a, b
    ct_operation_matmul,
    // a [rows, n or 1, m, inner], b [matrices, inner, columns], indices [rows, n]
    // -> [rows, n, m, columns]
    ct_operation_gather_product,
    // c, a, b; -; alpha, beta
    ct_operation_add_product,
    // a -> u, s, vt
    ct_operation_svd,
    // a -> q, r
    ct_operation_qr,
    // a, weight?; -; epsilon
    ct_operation_rms_norm,
    // a, offset [batch]?, frequencies?; has offset, has frequencies, dimensions, traditional,
    // offset; base, scale
    ct_operation_rope,
    // queries, keys, values, mask?; causal; scale
    ct_operation_attention,
    // a; group size, bits -> packed, scales, biases
    ct_operation_quantize,
    // packed, scales, biases; group size, bits
    ct_operation_dequantize,
    // a, packed, scales, biases; group size, bits
    ct_operation_quantized_matmul,
    // hidden [rows, width], weight [vocabulary, width], targets [rows] -> losses [rows]
    ct_operation_linear_cross_entropy,
    // reference's hidden and weight, hidden and weight -> divergences [rows]
    ct_operation_linear_divergence,
    // hidden [rows, width], weight [columns, width] -> int32 [rows]
    ct_operation_linear_arg_max,
    // gate, up; ct_gate
    ct_operation_gated_unit,
    // queries [tokens, heads, width], keys and values [tokens, key heads, width], frequencies
    // [pairs], sinks [heads]?; window (0: none), then for each segment its length and the one that it continues
    // (-1: none); scale, soft cap (0: none)
    ct_operation_causal_attention,
    // keys and values [tokens, key heads, width], frequencies [pairs]; capacity, rows, a segment
    // for each row, then the segments as above -> kept [rows, capacity, 2, key heads, width]
    ct_operation_kept_contexts,
    // queries [rows, heads, width], keys and values [rows, key heads, width], kept [places,
    // capacity, 2, key heads, width], frequencies [pairs], sinks [heads]?; kept tokens, window (0:
    // none), then for each row its place and padding; scale, soft cap (0: none) -> output, kept
    ct_operation_attention_step,
    // input [..., inputs], then for each projection: weight [outputs, inputs], bias?, down
    // [rank, inputs] and up [outputs, rank]?; for each: has bias, has low rank; scales
    // -> one output per projection
    ct_operation_project,
    // residual, delta, weight [width]?; -; epsilon -> sum, normalised sum
    ct_operation_add_norm,
    // -; seed (its bits)
    ct_operation_random_key,
    // key -> key, key
    ct_operation_random_split,
    // key; shape...
    ct_operation_random_normal,
    // key; shape...; low, high
    ct_operation_random_uniform,
    // key; shape...; probability
    ct_operation_random_bernoulli,
    // key, logits
    ct_operation_random_categorical,
    // key; count
    ct_operation_random_permutation,
    ct_operation_count,
} ct_operation;

/// The function of the gate in a gated unit.
typedef enum CT_CLOSED_ENUM ct_gate : int32_t {
    ct_gate_silu,
    ct_gate_gelu,
    ct_gate_gelu_approximate,
} ct_gate;

/// Computes (lazily) one operation.
/// `outputs` has room for `output_count` tensors; the operation must give exactly as many.
ct_status ct_apply(
    ct_operation operation, const ct_tensor *inputs, size_t input_count, const int64_t *integers,
    size_t integer_count, const double *numbers, size_t number_count, ct_tensor *outputs,
    size_t output_count, ct_error *error);

/// A tensor with a copy of the bytes (row-major).
ct_status ct_make(
    const void *bytes, size_t byte_count, const int64_t *shape, size_t rank, ct_type type,
    ct_tensor *output, ct_error *error);

/// A tensor over the caller's bytes, which must stay valid and unchanged until `release(owner)`.
/// `release` is called exactly once, also when this fails.
ct_status ct_make_over(
    const void *bytes, size_t byte_count, const int64_t *shape, size_t rank, ct_type type,
    void *owner, void (*release)(void *owner), ct_tensor *output, ct_error *error);

/// Another owner of the same tensor.
ct_tensor ct_copy(ct_tensor tensor);
void ct_release(ct_tensor tensor);
size_t ct_rank(ct_tensor tensor);
/// Writes `ct_rank` numbers.
void ct_shape(ct_tensor tensor, int64_t *shape);
/// Fails for the engine's types which are not listed in `ct_type`.
ct_status ct_element_type(ct_tensor tensor, ct_type *type, ct_error *error);

/// Computes all the tensors, and waits for them if asked.
ct_status ct_evaluate(const ct_tensor *tensors, size_t count, bool waits, ct_error *error);
/// The memory of an evaluated, row-contiguous tensor; it lives as long as the tensor.
ct_status ct_bytes(ct_tensor tensor, const void **bytes, size_t *byte_count, ct_error *error);

size_t ct_list_count(ct_list list);
/// Another owner of one tensor of a list; `index` is less than the count.
ct_tensor ct_list_tensor(ct_list list, size_t index);
/// Adds a tensor behind the others; the caller keeps its own handle.
void ct_list_add(ct_list list, ct_tensor tensor);
void ct_list_release(ct_list list);

/// A function of tensors that the engine calls back. It reads `inputs` and adds its results, one or
/// more, to `outputs`; both lists belong to the engine and last as long as the call. In order to
/// stop it returns `ct_status_stopped` with a payload in `error`.
typedef ct_status (*ct_function)(
    void *context, ct_list inputs, ct_list outputs, ct_error *error);

/// Calls `function` once, now. `values` receives a list of what it gives, of which the first is the
/// scalar that is differentiated, `gradients` a list of one gradient per input. The caller owns
/// both; on failure both stay empty. Calls may be nested, and gradients differentiated.
ct_status ct_value_and_gradient(
    ct_function function, void *context, const ct_tensor *inputs, size_t input_count,
    ct_list *values, ct_list *gradients, ct_error *error);

/// Calls `function` now and, when a gradient is taken, again. `outputs` receives a list of what it
/// gives, which the caller owns. `release(context)` is called once, when the graph no longer needs
/// it.
ct_status ct_checkpoint(
    ct_function function, void *context, void (*release)(void *context), const ct_tensor *inputs,
    size_t input_count, ct_list *outputs, ct_error *error);

/// Moves all later work to the GPU or to the CPU.
ct_status ct_use_device(bool gpu, ct_error *error);
bool ct_uses_gpu(void);

typedef struct ct_memory {
    size_t active, peak, cached;
} ct_memory;

ct_memory ct_read_memory(void);
void ct_reset_peak_memory(void);
void ct_clear_memory_cache(void);
void ct_set_memory_cache_limit(size_t bytes);

/// Whether what the calling thread builds from now on is composed of the engine's own operations
/// where the CPU has a kernel, for comparisons. Returns what held before.
bool ct_compose_operations(bool composes);

/// The time of one kind of CPU kernel since the last reset, on the engine's thread. "products" are
/// matrix products, on all threads together; those within a kernel count for both.
typedef struct ct_timing {
    const char *name;
    double seconds;
    uint64_t calls;
} ct_timing;

/// Writes at most `room` timings and returns how many it wrote.
size_t ct_read_timings(ct_timing *timings, size_t room);
void ct_reset_timings(void);

/// How many threads compute on the CPU.
void ct_set_thread_count(int32_t count);
int32_t ct_thread_count(void);

/// The widest vectors that a processor offers, or that a kernel uses; wider ones come later.
typedef enum CT_CLOSED_ENUM ct_vectors : int32_t {
    ct_vectors_sse,
    ct_vectors_avx,
    ct_vectors_avx2,
    ct_vectors_avx512,
    ct_vectors_neon,
    ct_vectors_sve,
} ct_vectors;

/// The path of the library that multiplies matrices on the CPU, or an empty string.
const char *ct_matrix_library(void);
/// The library's name of the kernel that it chose for this processor, such as "SkylakeX".
const char *ct_matrix_kernel(void);
ct_vectors ct_matrix_kernel_vectors(void);
ct_vectors ct_processor_vectors(void);

/// The version of the engine that is linked, such as "0.32.4".
const char *ct_engine_version(void);

#ifdef __cplusplus
}
#endif

#endif
