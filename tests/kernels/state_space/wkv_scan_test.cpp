#include "kernels/ops/scan/decaying/wkv_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/autograd/context.h"
#include "kernels/core/support/error.h"
#include "kernels/ops/basic/layout.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Sizes {
    std::size_t batch, steps, units;
};

/// Both sums of the definition, term by term.
std::vector<double> by_definition(const Arrays& in, const Sizes& n) {
    const std::vector<double>&decay = in[0], &bonus = in[1], &key = in[2], &value = in[3];
    std::vector<double> output;
    for (std::size_t at = 0; at < value.size(); ++at) {
        const std::size_t unit = at % n.units, t = at / n.units % n.steps;
        double weighted = std::exp(bonus[unit] + key[at]) * value[at];
        double weights = std::exp(bonus[unit] + key[at]);
        for (std::size_t i = 0; i < t; ++i) {
            const std::size_t before = at - (t - i) * n.units;
            const double weight =
                std::exp(static_cast<double>(t - 1 - i) * decay[unit] + key[before]);
            weighted += weight * value[before];
            weights += weight;
        }
        output.push_back(weighted / weights);
    }
    return output;
}

OpCase scan_case(const std::string& name, const Sizes& n, double largest_key = 2,
                 double lowest_decay = -2, double condition = 8) {
    const auto extent = [](std::size_t count) { return static_cast<std::int64_t>(count); };
    const Shape shape{extent(n.batch), extent(n.steps), extent(n.units)};
    return {.name = name,
            .inputs = {{.name = "decay",
                        .shape = {extent(n.units)},
                        .low = lowest_decay,
                        .high = lowest_decay / 100},
                       {.name = "bonus", .shape = {extent(n.units)}},
                       {.name = "key", .shape = shape, .low = -largest_key, .high = largest_key},
                       {.name = "value", .shape = shape}},
            .run =
                [](Context& context, std::span<const Var> in) {
                    const Shape& of = in[2].value.shape();
                    const Tensor initial =
                        empty_wkv_state(context.stream, of[0], of[2], in[2].value.dtype());
                    return std::vector<Var>{
                        wkv_scan(context, in[0], in[1], in[2], in[3], initial, nullptr)};
                },
            .reference = [=](const Arrays& in) { return Arrays{by_definition(in, n)}; },
            .longest_sum = extent(n.batch * n.steps) + 1,
            .condition = condition};
}

std::vector<OpCase> cases() {
    return {scan_case("one", {1, 1, 1}), scan_case("steps", {3, 33, 5}),
            scan_case("many_steps", {1, 257, 3}), scan_case("many_units", {2, 7, 257}),
            // The exponent of a weight is as exact as the key is large.
            scan_case("large_keys", {2, 17, 5}, 60, -1, 8 * 60),
            scan_case("hardly_any_decay", {2, 33, 3}, 2, -1e-3), scan_case("no_samples", {0, 7, 3}),
            scan_case("no_steps", {2, 0, 3})};
}

ELM_OP_CASES(wkv_scan, cases());

struct Draws {
    Var decay, bonus, key, value;
};
Draws draws(Stream& stream, std::int64_t steps) {
    const auto draw = [&](const Shape& shape, double low, double high, std::uint32_t purpose) {
        return Var{tensor_of(stream, shape, DType::f64,
                             random_values(shape.size(), low, high, {1, 0, purpose}))};
    };
    return {draw({4}, -1, -0.1, 1), draw({4}, -1, 1, 2), draw({2, steps, 4}, -3, 3, 3),
            draw({2, steps, 4}, -1, 1, 4)};
}

/// Keys that overflow as they stand, in float32 as in float64, give the means of smaller ones.
TEST(WkvScan, does_not_change_with_a_shift_of_all_keys) {
    Stream stream{Device{}};
    Context context{stream};
    const Draws in = draws(stream, 20);
    const Tensor initial = empty_wkv_state(stream, 2, 4, DType::f64);
    const auto run = [&](double shift) {
        std::vector<double> keys = values_of(in.key.value);
        for (double& key : keys) key += shift;
        const Var key{tensor_of(stream, in.key.value.shape(), DType::f64, keys)};
        return values_of(
            wkv_scan(context, in.decay, in.bonus, key, in.value, initial, nullptr).value);
    };
    const std::vector<double> expected = run(0);
    // Exact keys are lost to the shift: 1024 units in the last place of a number of size 1.
    EXPECT_CLOSE(run(1024), expected, {.condition = 8 * 1024});
    EXPECT_CLOSE(run(-1024), expected, {.condition = 8 * 1024});
}

/// Hence no gradient along such a shift.
TEST(WkvScan, gradients_of_the_keys_of_a_unit_sum_to_zero) {
    const Sizes n{3, 33, 5};
    const std::vector<double> gradient =
        run_case(scan_case("gradient", n), Device{}, DType::f64).gradients[2];
    std::vector<double> sums(n.batch * n.units, 0.0);
    double largest = 0;
    for (std::size_t at = 0; at < gradient.size(); ++at) {
        sums[at / (n.steps * n.units) * n.units + at % n.units] += gradient[at];
        largest = std::max(largest, std::abs(gradient[at]));
    }
    const double allowed = 8 * epsilon_of(DType::f64) * static_cast<double>(n.steps) * largest;
    EXPECT_EQ(difference_above(sums, std::vector<double>(sums.size(), 0.0), allowed), "");
}

TEST(WkvScan, goes_on_from_a_state) {
    Stream stream{Device{}};
    Context context{stream};
    const Draws in = draws(stream, 11);
    const Tensor initial = empty_wkv_state(stream, 2, 4, DType::f64);
    const auto run = [&](std::int64_t begin, std::int64_t end, const Tensor& from, Tensor* to) {
        return wkv_scan(context, in.decay, in.bonus, slice(context, in.key, 1, begin, end),
                        slice(context, in.value, 1, begin, end), from, to);
    };
    Tensor middle;
    const Var parts[] = {run(0, 4, initial, &middle), run(4, 11, middle, nullptr)};
    EXPECT_CLOSE(values_of(concatenate(context, parts, 1).value),
                 values_of(run(0, 11, initial, nullptr).value), {.terms = 11});
}

TEST(WkvScan, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f64)};
    };
    const Tensor initial = empty_wkv_state(stream, 2, 4, DType::f64);
    const auto expect_error = [&](const Var& decay, const Var& key, const Var& value,
                                  const Tensor& from, const std::string& part) {
        try {
            wkv_scan(context, decay, zeros({4}), key, value, from, nullptr);
            FAIL() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    expect_error(zeros({4}), zeros({2, 4}), zeros({2, 3, 4}), initial, "key");
    expect_error(zeros({4}), zeros({2, 3, 4}), zeros({2, 3, 5}), initial, "value");
    expect_error(zeros({3}), zeros({2, 3, 4}), zeros({2, 3, 4}), initial, "decay");
    expect_error(zeros({4}), zeros({2, 3, 4}), zeros({2, 3, 4}), zeros({2, 4}).value, "initial");
}

}  // namespace
}  // namespace elm::test
