// SPDX-License-Identifier: Apache-2.0
// The life of a tensor: made from bytes, looked at, evaluated, released.

#include <memory>

#include "Operations.hpp"

namespace temper {

namespace {

/// In the order of `ct_type`.
constexpr mx::Dtype dtypes[] = {
    mx::bool_, mx::uint8, mx::uint16, mx::uint32,  mx::uint64,   mx::int8,
    mx::int16, mx::int32, mx::int64,  mx::float16, mx::bfloat16, mx::float32,
};

/// Checks that a shape describes exactly so many bytes, without overflow.
void requireSize(const mx::Shape &shape, mx::Dtype type, size_t byteCount) {
    size_t expected = type.size();
    for (auto extent : shape) {
        if (extent < 0) throw std::invalid_argument("the shape has a negative extent");
        if (__builtin_mul_overflow(expected, static_cast<size_t>(extent), &expected)) {
            throw std::invalid_argument("the shape overflows");
        }
    }
    if (expected != byteCount) {
        throw std::invalid_argument(
            "the shape needs " + std::to_string(expected) + " bytes but there are " +
            std::to_string(byteCount));
    }
}

mx::array copied(const void *bytes, size_t byteCount, mx::Shape shape, mx::Dtype type) {
    mx::allocator::Data data = mx::allocator::malloc(byteCount);
    if (byteCount > 0) std::memcpy(data.buffer().raw_ptr(), bytes, byteCount);
    return mx::array(std::move(data), std::move(shape), type);
}

}  // namespace

mx::Dtype engineType(ct_type type) {
    size_t index = static_cast<size_t>(type);
    if (index >= std::size(dtypes)) throw std::invalid_argument("unknown element type");
    return dtypes[index];
}

mx::Shape engineShape(const int64_t *shape, size_t rank) {
    mx::Shape result;
    for (size_t axis = 0; axis < rank; axis++) result.push_back(mx::safe_cast(shape[axis]));
    return result;
}

mx::array dense(const mx::array &array) {
    bool known = array.status() == mx::array::Status::available;
    return known && array.flags().row_contiguous ? array : mx::contiguous(array);
}

ct_tensor handle(mx::array array) {
    return new ct_tensor_s{std::move(array)};
}

ct_list list(Arrays arrays) {
    return new ct_list_s{std::move(arrays)};
}

Arrays arrays(const ct_tensor *tensors, size_t count) {
    Arrays result;
    result.reserve(count);
    for (size_t index = 0; index < count; index++) result.push_back(tensors[index]->array);
    return result;
}

}  // namespace temper

using namespace temper;

ct_status ct_make(
    const void *bytes, size_t byte_count, const int64_t *shape, size_t rank, ct_type type,
    ct_tensor *output, ct_error *error) {
    return guarded(error, [&] {
        mx::Shape extents = engineShape(shape, rank);
        mx::Dtype dtype = engineType(type);
        requireSize(extents, dtype, byte_count);
        *output = handle(copied(bytes, byte_count, std::move(extents), dtype));
    });
}

ct_status ct_make_over(
    const void *bytes, size_t byte_count, const int64_t *shape, size_t rank, ct_type type,
    void *owner, void (*release)(void *owner), ct_tensor *output, ct_error *error) {
    std::shared_ptr<void> keeper(owner, release);
    return guarded(error, [&] {
        mx::Shape extents = engineShape(shape, rank);
        mx::Dtype dtype = engineType(type);
        requireSize(extents, dtype, byte_count);
        if (byte_count == 0) {
            *output = handle(mx::zeros(extents, dtype));
            return;
        }
        void *memory = const_cast<void *>(bytes);
        bool aligned = reinterpret_cast<uintptr_t>(bytes) % dtype.size() == 0;
        // The CPU's buffers begin with their size, which the engine does not trust of this one but
        // may read: at the start of a page, the memory before might not be there.
        bool readable = reinterpret_cast<uintptr_t>(bytes) % 4096 >= sizeof(size_t);
        if (aligned && readable && !mx::is_available(mx::Device::gpu)) {
            mx::allocator::Buffer buffer(static_cast<char *>(memory) - sizeof(size_t));
            if (buffer.raw_ptr() == memory) {
                auto keep = [keeper](mx::allocator::Buffer) {};
                *output = handle(mx::array({buffer, keep}, std::move(extents), dtype));
                return;
            }
        }
        if (aligned) {
            *output = handle(mx::array(memory, std::move(extents), dtype, [keeper](void *) {}));
        } else {
            *output = handle(copied(bytes, byte_count, std::move(extents), dtype));
        }
    });
}

ct_tensor ct_copy(ct_tensor tensor) {
    return handle(tensor->array);
}

void ct_release(ct_tensor tensor) {
    guarded(nullptr, [&] { delete tensor; });
}

size_t ct_list_count(ct_list list) {
    return list->arrays.size();
}

ct_tensor ct_list_tensor(ct_list list, size_t index) {
    return handle(list->arrays.at(index));
}

void ct_list_add(ct_list list, ct_tensor tensor) {
    list->arrays.push_back(tensor->array);
}

void ct_list_release(ct_list list) {
    guarded(nullptr, [&] { delete list; });
}

size_t ct_rank(ct_tensor tensor) {
    return tensor->array.ndim();
}

void ct_shape(ct_tensor tensor, int64_t *shape) {
    for (size_t axis = 0; axis < tensor->array.ndim(); axis++) {
        shape[axis] = tensor->array.shape()[axis];
    }
}

ct_status ct_element_type(ct_tensor tensor, ct_type *type, ct_error *error) {
    for (size_t index = 0; index < std::size(dtypes); index++) {
        if (dtypes[index] == tensor->array.dtype()) {
            *type = static_cast<ct_type>(index);
            return ct_status_ok;
        }
    }
    describe(error, "the engine gave an element type that is not supported");
    return ct_status_failed;
}

ct_status ct_evaluate(const ct_tensor *tensors, size_t count, bool waits, ct_error *error) {
    return guarded(error, [&] {
        Arrays wanted = arrays(tensors, count);
        waits ? mx::eval(wanted) : mx::async_eval(wanted);
    });
}

ct_status ct_bytes(ct_tensor tensor, const void **bytes, size_t *byte_count, ct_error *error) {
    return guarded(error, [&] {
        mx::array &array = tensor->array;
        if (!array.is_available()) throw std::logic_error("the tensor is not evaluated");
        if (!array.flags().row_contiguous) throw std::logic_error("the tensor has gaps");
        *bytes = array.nbytes() ? array.data<void>() : nullptr;
        *byte_count = array.nbytes();
    });
}
