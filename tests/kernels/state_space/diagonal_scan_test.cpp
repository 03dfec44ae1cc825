#include "kernels/ops/scan/state_space/diagonal_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/core/support/error.h"
#include "kernels/ops/basic/layout.h"
#include "tests/reference/state_space_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

struct Sizes {
    std::int64_t batch, time, units;
};

OpCase real_case(const std::string& name, const Sizes& n, bool constant, double lowest = -1,
                 double highest = 1) {
    const Shape shape{n.batch, n.time, n.units};
    return {.name = name,
            .inputs = {{.name = "decay",
                        .shape = constant ? Shape{n.units} : shape,
                        .low = lowest,
                        .high = highest},
                       {.name = "input", .shape = shape},
                       {.name = "initial", .shape = {n.batch, n.units}}},
            .run =
                [](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{diagonal_scan(context, in[0], in[1], in[2])};
                },
            .reference =
                [n](const Arrays& in) {
                    const auto zeros = [](const std::vector<double>& like) {
                        return std::vector<double>(like.size(), 0.0);
                    };
                    const auto states =
                        reference::diagonal_scan(reference::joined(in[0], zeros(in[0])),
                                                 reference::joined(in[1], zeros(in[1])),
                                                 reference::joined(in[2], zeros(in[2])),
                                                 size(n.batch), size(n.time), size(n.units));
                    Arrays result(1);
                    for (const auto& state : states) result[0].push_back(state.real());
                    return result;
                },
            .longest_sum = n.batch * n.time + 1};
}

OpCase complex_case(const std::string& name, const Sizes& n, bool constant, double size_limit) {
    const Shape shape{n.batch, n.time, n.units}, decay = constant ? Shape{n.units} : shape;
    const Shape initial{n.batch, n.units};
    return {
        .name = name,
        .inputs = {{.name = "decay_real", .shape = decay, .low = -size_limit, .high = size_limit},
                   {.name = "decay_imag", .shape = decay, .low = -size_limit, .high = size_limit},
                   {.name = "input_real", .shape = shape},
                   {.name = "input_imag", .shape = shape},
                   {.name = "initial_real", .shape = initial},
                   {.name = "initial_imag", .shape = initial}},
        .run =
            [](Context& context, std::span<const Var> in) {
                const ComplexVar states = diagonal_scan(context, ComplexVar{in[0], in[1]},
                                                        {in[2], in[3]}, {in[4], in[5]});
                return std::vector<Var>{states.real, states.imag};
            },
        .reference =
            [n](const Arrays& in) {
                const auto states = reference::diagonal_scan(
                    reference::joined(in[0], in[1]), reference::joined(in[2], in[3]),
                    reference::joined(in[4], in[5]), size(n.batch), size(n.time), size(n.units));
                Arrays result(2);
                for (const auto& state : states) {
                    result[0].push_back(state.real());
                    result[1].push_back(state.imag());
                }
                return result;
            },
        .longest_sum = 2 * n.batch * n.time + 1};
}

std::vector<OpCase> cases() {
    return {real_case("real_one", {1, 1, 1}, true),
            real_case("real_constant", {7, 33, 5}, true),
            real_case("real_changing", {2, 33, 7}, false),
            real_case("real_many_steps", {1, 257, 3}, false),
            real_case("real_many_units", {2, 3, 257}, false),
            real_case("real_prefix_sum", {2, 33, 3}, true, 1, 1),
            real_case("real_no_decay_at_all", {2, 7, 3}, false, 0, 0),
            complex_case("complex_one", {1, 1, 1}, false, 0.7),
            complex_case("complex_constant", {7, 33, 5}, true, 0.7),
            complex_case("complex_changing", {2, 33, 7}, false, 0.7),
            complex_case("complex_many_units", {2, 3, 257}, true, 0.7),
            complex_case("complex_no_samples", {0, 7, 3}, true, 0.7),
            complex_case("complex_no_steps", {2, 0, 3}, true, 0.7),
            complex_case("complex_no_units", {2, 7, 0}, false, 0.7)};
}

ELM_OP_CASES(diagonal_scan, cases());

TEST(DiagonalScan, a_unit_has_the_same_bits_wherever_it_lies_in_a_vector) {
    Stream stream{Device{}};
    Context context{stream};
    const std::int64_t units = 3 * 64 + 21;
    const Tensor decay =
        tensor_of(stream, {1, 9, units}, DType::f32, random_values(9 * units, -1, 1, {1, 0, 1}));
    const Tensor input =
        tensor_of(stream, {1, 9, units}, DType::f32, random_values(9 * units, -1, 1, {1, 0, 2}));
    const Tensor initial =
        tensor_of(stream, {1, units}, DType::f32, random_values(units, -1, 1, {1, 0, 3}));
    const std::vector<double> all =
        values_of(diagonal_scan(context, Var{decay}, Var{input}, Var{initial}).value);
    for (const std::int64_t unit : {std::int64_t{0}, std::int64_t{70}, units - 1}) {
        const auto column = [&](const Tensor& of, std::int64_t rows) {
            std::vector<double> values;
            for (std::int64_t row = 0; row < rows; ++row) {
                values.push_back(values_of(of)[size(row * units + unit)]);
            }
            return values;
        };
        const auto tensor = [&](const Shape& shape, const std::vector<double>& values) {
            return Var{tensor_of(stream, shape, DType::f32, values)};
        };
        const Var alone =
            diagonal_scan(context, tensor({1, 9, 1}, column(decay, 9)),
                          tensor({1, 9, 1}, column(input, 9)), tensor({1, 1}, column(initial, 1)));
        for (std::int64_t t = 0; t < 9; ++t) {
            EXPECT_EQ(values_of(alone.value)[size(t)], all[size(t * units + unit)]);
        }
    }
}

TEST(DiagonalScan, goes_on_from_its_last_states) {
    Stream stream{Device{}};
    Context context{stream};
    const auto draw = [&](const Shape& shape, std::uint32_t purpose) {
        return Var{tensor_of(stream, shape, DType::f64,
                             random_values(shape.size(), -1, 1, {1, 0, purpose}))};
    };
    const Var decay = draw({1, 33, 5}, 1), input = draw({1, 33, 5}, 2), initial = draw({1, 5}, 3);
    const std::vector<double> whole =
        values_of(diagonal_scan(context, decay, input, initial).value);
    const auto run = [&](std::int64_t begin, std::int64_t end, const Var& from) {
        return diagonal_scan(context, slice(context, decay, 1, begin, end),
                             slice(context, input, 1, begin, end), from);
    };
    for (const std::int64_t split : {1, 13, 32}) {
        const Var first = run(0, split, initial);
        const Var last = slice(context, first, 1, split - 1, split);
        const Var parts[] = {first, run(split, 33, reshape(context, last, {1, 5}))};
        EXPECT_CLOSE(concatenate(context, parts, 1).value, whole, {.terms = 33}) << split;
    }
}

/// From the end, with each decay one step later.
TEST(DiagonalScan, gradient_of_the_input_is_a_scan_in_reverse) {
    const Sizes n{1, 33, 7};
    const OpCase op = real_case("gradient", n, false);
    const OpRun run = run_case(op, Device{}, DType::f64);
    const auto reversed = [&](const std::vector<double>& rows) {
        std::vector<double> turned;
        for (std::int64_t t = n.time; t-- > 0;) {
            for (std::int64_t unit = 0; unit < n.units; ++unit) {
                turned.push_back(rows[size(t * n.units + unit)]);
            }
        }
        return turned;
    };
    std::vector<double> later = inputs_of(op)[0];
    std::rotate(later.begin(), later.begin() + n.units, later.end());
    Stream stream{Device{}};
    Context context{stream};
    const auto tensor = [&](const std::vector<double>& rows) {
        return Var{tensor_of(stream, {1, n.time, n.units}, DType::f64, reversed(rows))};
    };
    const Var initial{Tensor::zeros(stream, {1, n.units}, DType::f64)};
    const Var found =
        diagonal_scan(context, tensor(later), tensor(output_gradients_of(run.outputs)[0]), initial);
    EXPECT_CLOSE(reversed(values_of(found.value)), run.gradients[1], {.terms = n.time});
}

/// Decays of size 1 turn a state and keep its size.
TEST(DiagonalScan, turns_alone_keep_the_size_of_an_impulse) {
    constexpr std::int64_t time = 257, units = 5;
    Stream stream{Device{}};
    Context context{stream};
    std::vector<double> cosines, sines, impulse(size(time * units), 0.0);
    for (const double angle : random_values(time * units, -3, 3, {1, 0, 1})) {
        cosines.push_back(std::cos(angle));
        sines.push_back(std::sin(angle));
    }
    std::fill_n(impulse.begin(), units, 1.0);
    const auto tensor = [&](const std::vector<double>& rows) {
        return Var{tensor_of(stream, {1, time, units}, DType::f64, rows)};
    };
    const Var nothing{Tensor::zeros(stream, {1, time, units}, DType::f64)};
    const Var initial{Tensor::zeros(stream, {1, units}, DType::f64)};
    const ComplexVar states = diagonal_scan(context, ComplexVar{tensor(cosines), tensor(sines)},
                                            {tensor(impulse), nothing}, {initial, initial});
    const std::vector<double> real = values_of(states.real.value),
                              imag = values_of(states.imag.value);
    std::vector<double> sizes;
    for (std::size_t i = 0; i < real.size(); ++i) sizes.push_back(std::hypot(real[i], imag[i]));
    EXPECT_CLOSE(sizes, std::vector<double>(real.size(), 1.0), {.terms = time});
}

TEST(DiagonalScan, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    try {
        diagonal_scan(context, zeros({5}), zeros({2, 3, 4}), zeros({2, 4}));
        FAIL() << "a decay of another size was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_EQ(error.message(), "diagonal_scan: decay (units) has shape (5), expected (4)");
    }
    EXPECT_THROW(diagonal_scan(context, zeros({4}), zeros({2, 3}), zeros({2, 4})), Error);
    EXPECT_THROW(diagonal_scan(context, zeros({2, 2, 4}), zeros({2, 3, 4}), zeros({2, 4})), Error);
    EXPECT_THROW(
        diagonal_scan(context, ComplexVar{zeros({4}), zeros({4})},
                      {zeros({2, 3, 4}), zeros({2, 3, 5})}, {zeros({2, 4}), zeros({2, 4})}),
        Error);
}

}  // namespace
}  // namespace elm::test
