// SPDX-License-Identifier: Apache-2.0
// Operations that make tensors, or move elements without computing with them.

#include "Operations.hpp"

namespace temper {

namespace {

/// The axis counted from the front, checked.
int axisOf(const mx::array &array, int axis) {
    return mx::normalize_axis_index(axis, static_cast<int>(array.ndim()));
}

Arrays slice(const Arguments &a) {
    int axis = axisOf(a[0], a.integer(0)), start = a.integer(1), end = a.integer(2);
    if (start < 0 || end < start || end > a[0].shape(axis)) {
        throw std::invalid_argument(
            "elements " + std::to_string(start) + "..<" + std::to_string(end) + " of axis " +
            std::to_string(axis) + " do not exist");
    }
    mx::Shape starts(a[0].ndim(), 0), stops = a[0].shape();
    starts[axis] = start;
    stops[axis] = end;
    return {mx::slice(a[0], starts, stops)};
}

Arrays replaceSlice(const Arguments &a) {
    int axis = axisOf(a[0], a.integer(0)), start = a.integer(1);
    if (a[1].ndim() != a[0].ndim() || start < 0 ||
        start + a[1].shape(axis) > a[0].shape(axis)) {
        throw std::invalid_argument("the new slice does not fit");
    }
    mx::Shape starts(a[0].ndim(), 0), stops = a[0].shape();
    starts[axis] = start;
    stops[axis] = start + a[1].shape(axis);
    return {mx::slice_update(a[0], a[1], starts, stops)};
}

Arrays pad(const Arguments &a) {
    mx::array value(a.number(0), a[0].dtype());
    return {mx::pad(
        a[0], {axisOf(a[0], a.integer(0))}, {a.integer(1)}, {a.integer(2)}, value)};
}

}  // namespace

void addShapes(Table &table) {
    table[ct_operation_contiguous] = [](const Arguments &a) -> Arrays {
        return {dense(a[0])};
    };
    table[ct_operation_full] = [](const Arguments &a) -> Arrays {
        return {mx::full(a.shape(1), mx::array(a.numbers.at(0), a.type(0)))};
    };
    table[ct_operation_range] = [](const Arguments &a) -> Arrays {
        return {mx::arange(a.integer(0), a.integer(1), 1)};
    };
    table[ct_operation_reshape] = [](const Arguments &a) -> Arrays {
        return {mx::reshape(a[0], a.shape(0))};
    };
    table[ct_operation_broadcast] = [](const Arguments &a) -> Arrays {
        return {mx::broadcast_to(a[0], a.shape(0))};
    };
    table[ct_operation_transpose] = [](const Arguments &a) -> Arrays {
        return {a.integers.empty() ? mx::transpose(a[0]) : mx::transpose(a[0], a.list(0))};
    };
    table[ct_operation_expand] = [](const Arguments &a) -> Arrays {
        return {mx::expand_dims(a[0], a.list(0))};
    };
    table[ct_operation_squeeze] = [](const Arguments &a) -> Arrays {
        return {a.integers.empty() ? mx::squeeze(a[0]) : mx::squeeze(a[0], a.list(0))};
    };
    table[ct_operation_swap_axes] = [](const Arguments &a) -> Arrays {
        return {mx::swapaxes(a[0], a.integer(0), a.integer(1))};
    };
    table[ct_operation_repeat] = [](const Arguments &a) -> Arrays {
        return {mx::repeat(a[0], a.integer(0), a.integer(1))};
    };
    table[ct_operation_concatenate] = [](const Arguments &a) -> Arrays {
        return {mx::concatenate(a.inputs, a.integer(0))};
    };
    table[ct_operation_stack] = [](const Arguments &a) -> Arrays {
        return {mx::stack(a.inputs, a.integer(0))};
    };
    table[ct_operation_split] = [](const Arguments &a) -> Arrays {
        return mx::split(a[0], a.integer(0), a.integer(1));
    };
    table[ct_operation_slice] = slice;
    table[ct_operation_replace_slice] = replaceSlice;
    table[ct_operation_pad] = pad;
    table[ct_operation_lower_triangle] = [](const Arguments &a) -> Arrays {
        return {mx::tril(a[0], a.integer(0))};
    };
    table[ct_operation_upper_triangle] = [](const Arguments &a) -> Arrays {
        return {mx::triu(a[0], a.integer(0))};
    };
    table[ct_operation_take] = [](const Arguments &a) -> Arrays {
        return {mx::take(a[0], a[1], a.integer(0))};
    };
    table[ct_operation_take_along] = [](const Arguments &a) -> Arrays {
        return {mx::take_along_axis(a[0], a[1], a.integer(0))};
    };
    table[ct_operation_scatter_add_along] = [](const Arguments &a) -> Arrays {
        return {mx::scatter_add_axis(a[0], a[1], a[2], a.integer(0))};
    };
}

}  // namespace temper
