// SPDX-License-Identifier: Apache-2.0
// Operations that treat each element by itself.

#include "Operations.hpp"

namespace temper {

namespace {

template <mx::array (*function)(const mx::array &, mx::StreamOrDevice)>
Arrays unary(const Arguments &arguments) {
    return {function(arguments[0], {})};
}

template <mx::array (*function)(const mx::array &, const mx::array &, mx::StreamOrDevice)>
Arrays binary(const Arguments &arguments) {
    return {function(arguments[0], arguments[1], {})};
}

}  // namespace

void addElementwise(Table &table) {
    table[ct_operation_negate] = unary<mx::negative>;
    table[ct_operation_exp] = unary<mx::exp>;
    table[ct_operation_log] = unary<mx::log>;
    table[ct_operation_log1p] = unary<mx::log1p>;
    table[ct_operation_sqrt] = unary<mx::sqrt>;
    table[ct_operation_rsqrt] = unary<mx::rsqrt>;
    table[ct_operation_square] = unary<mx::square>;
    table[ct_operation_abs] = unary<mx::abs>;
    table[ct_operation_sigmoid] = unary<mx::sigmoid>;
    table[ct_operation_tanh] = unary<mx::tanh>;
    table[ct_operation_sin] = unary<mx::sin>;
    table[ct_operation_cos] = unary<mx::cos>;
    table[ct_operation_erf] = unary<mx::erf>;
    table[ct_operation_floor] = unary<mx::floor>;
    table[ct_operation_ceil] = unary<mx::ceil>;
    table[ct_operation_round] = unary<mx::round>;
    table[ct_operation_sign] = unary<mx::sign>;
    table[ct_operation_reciprocal] = unary<mx::reciprocal>;
    table[ct_operation_logical_not] = unary<mx::logical_not>;
    table[ct_operation_is_nan] = unary<mx::isnan>;
    table[ct_operation_is_finite] = unary<mx::isfinite>;
    table[ct_operation_stop_gradient] = unary<mx::stop_gradient>;

    table[ct_operation_add] = binary<mx::add>;
    table[ct_operation_subtract] = binary<mx::subtract>;
    table[ct_operation_multiply] = binary<mx::multiply>;
    table[ct_operation_divide] = binary<mx::divide>;
    table[ct_operation_power] = binary<mx::power>;
    table[ct_operation_remainder] = binary<mx::remainder>;
    table[ct_operation_maximum] = binary<mx::maximum>;
    table[ct_operation_minimum] = binary<mx::minimum>;
    table[ct_operation_equal] = binary<mx::equal>;
    table[ct_operation_not_equal] = binary<mx::not_equal>;
    table[ct_operation_less] = binary<mx::less>;
    table[ct_operation_less_equal] = binary<mx::less_equal>;
    table[ct_operation_greater] = binary<mx::greater>;
    table[ct_operation_greater_equal] = binary<mx::greater_equal>;
    table[ct_operation_logical_and] = binary<mx::logical_and>;
    table[ct_operation_logical_or] = binary<mx::logical_or>;

    table[ct_operation_where] = [](const Arguments &a) -> Arrays {
        return {mx::where(a[0], a[1], a[2])};
    };
    table[ct_operation_convert] = [](const Arguments &a) -> Arrays {
        return {mx::astype(a[0], a.type(0))};
    };
}

}  // namespace temper
