#include "kernels/ops/scan/state_space/memory_scan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/autograd/context.h"
#include "kernels/core/support/error.h"
#include "tests/reference/memory_scan_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Sizes {
    std::int64_t batch, time, units, states;
    std::int64_t first_step = 0, longest = 1000, entries = 1;

    std::size_t state_begin(std::int64_t sample, std::int64_t unit) const {
        return static_cast<std::size_t>((sample * units + unit) * states);
    }
    std::size_t input_at(std::int64_t sample, std::int64_t t, std::int64_t unit) const {
        return static_cast<std::size_t>((sample * time + t) * units + unit);
    }
};

/// All steps of all units by `next` (step, u, state) → state.
template <class Next>
Arrays scanned(const Sizes& size, const Arrays& in, const Next& next) {
    const auto states = static_cast<std::ptrdiff_t>(size.states);
    std::vector<double> memory(static_cast<std::size_t>(size.batch * size.time * size.units) *
                               static_cast<std::size_t>(size.states));
    for (std::int64_t sample = 0; sample < size.batch; ++sample) {
        for (std::int64_t unit = 0; unit < size.units; ++unit) {
            const auto begin =
                in[1].begin() + static_cast<std::ptrdiff_t>(size.state_begin(sample, unit));
            std::vector<double> state(begin, begin + states);
            for (std::int64_t t = 0; t < size.time; ++t) {
                const std::size_t at = size.input_at(sample, t, unit);
                state = next(size.first_step + t, in[0][at], state);
                std::copy(state.begin(), state.end(),
                          memory.begin() + static_cast<std::ptrdiff_t>(at) * states);
            }
        }
    }
    return {memory};
}

OpCase memory_case(const std::string& name, const Sizes& size) {
    return {.name = name,
            .inputs = {{.name = "input", .shape = {size.batch, size.time, size.units}},
                       {.name = "initial", .shape = {size.batch, size.units, size.states}}},
            .run = {},
            .reference = {},
            .longest_sum = std::max<std::int64_t>(1, size.time * size.states)};
}

OpCase legendre_case(const std::string& name, const Sizes& size, double alpha) {
    OpCase op = memory_case(name, size);
    op.run = [=](Context& context, std::span<const Var> in) {
        return std::vector<Var>{memory_scan(
            context, in[0], in[1], {.alpha = alpha, .longest = size.longest}, size.first_step)};
    };
    op.reference = [=](const Arrays& in) {
        const auto system = reference::legendre_system(static_cast<std::size_t>(size.states));
        return scanned(
            size, in, [&](std::int64_t step, double u, const std::vector<double>& state) {
                if (step > 0) {
                    const double part = 1 / static_cast<double>(std::min(step, size.longest));
                    return reference::generalised_bilinear_step(system, part, alpha, state, u);
                }
                std::vector<double> fresh(state.size(), 0.0);
                fresh[0] = u;
                return fresh;
            });
    };
    return op;
}

OpCase table_case(const std::string& name, const Sizes& size) {
    const Shape shape{size.entries, size.states, size.states};
    const std::vector<double> matrices = random_values(shape.size(), -0.4, 0.4, {21});
    const std::vector<double> vectors = random_values(size.entries * size.states, -1, 1, {22});
    OpCase op = memory_case(name, size);
    op.run = [=](Context& context, std::span<const Var> in) {
        const DType dtype = in[0].value.dtype();
        const MemoryRule rule{
            .matrices = tensor_of(context.stream, shape, dtype, matrices),
            .vectors = tensor_of(context.stream, {size.entries, size.states}, dtype, vectors)};
        return std::vector<Var>{memory_scan(context, in[0], in[1], rule, size.first_step)};
    };
    op.reference = [=](const Arrays& in) {
        return scanned(
            size, in, [&](std::int64_t step, double u, const std::vector<double>& state) {
                const std::int64_t entry =
                    std::max<std::int64_t>(1, std::min(step, size.entries)) - 1;
                const bool anew = step == 0 && size.entries > 1;
                std::vector<double> next(state.size(), 0.0);
                for (std::size_t n = 0; n < state.size(); ++n) {
                    const std::size_t row = static_cast<std::size_t>(entry) * state.size() + n;
                    next[n] = anew ? (n == 0 ? u : 0) : vectors[row] * u;
                    for (std::size_t k = 0; k < state.size() && !anew; ++k) {
                        next[n] += matrices[row * state.size() + k] * state[k];
                    }
                }
                return next;
            });
    };
    return op;
}

std::vector<OpCase> cases() {
    return {legendre_case("bilinear", {2, 33, 3, 7}, 0.5),
            legendre_case("bilinear_one_state", {1, 7, 1, 1}, 0.5),
            legendre_case("bilinear_many_states", {1, 7, 2, 33}, 0.5),
            legendre_case("bilinear_goes_on", {2, 7, 3, 5, 4}, 0.5),
            legendre_case("bilinear_stops_growing", {1, 33, 2, 5, 0, 12}, 0.5),
            legendre_case("implicit", {2, 12, 3, 7}, 1),
            // Euler's rule is stable once the step number is above half of the states.
            legendre_case("explicit_late", {2, 7, 3, 4, 8}, 0),
            table_case("one_entry", {2, 33, 3, 5}),
            table_case("one_entry_goes_on", {2, 7, 3, 5, 4}),
            table_case("several_entries", {2, 12, 3, 5, 0, 1, 6}),
            table_case("several_entries_go_on", {1, 7, 257, 2, 3, 1, 6}),
            legendre_case("no_samples", {0, 7, 3, 4}, 0.5),
            legendre_case("no_steps", {2, 0, 3, 4}, 0.5), table_case("no_units", {2, 7, 0, 4})};
}

ELM_OP_CASES(memory_scan, cases());

TEST(MemoryScan, keeps_a_constant_input_as_its_first_coefficient) {
    Stream stream{Device{}};
    Context context{stream};
    const Tensor input = tensor_of(stream, {1, 20, 1}, DType::f64, std::vector<double>(20, 0.7));
    const Tensor initial = Tensor::zeros(stream, {1, 1, 4}, DType::f64);
    std::vector<double> expected;
    for (int t = 0; t < 20; ++t) expected.insert(expected.end(), {0.7, 0, 0, 0});
    for (const double alpha : {0.0, 0.5, 1.0}) {
        EXPECT_CLOSE(
            values_of(
                memory_scan(context, {input}, {initial}, {.alpha = alpha, .longest = 100}).value),
            expected, {.terms = 80});
    }
}

/// Numbers of a memory of two coefficients, by hand: inputs 1, 2, 0, 1.
TEST(MemoryScan, two_coefficients_of_four_steps_are_those_by_hand) {
    Stream stream{Device{}};
    Context context{stream};
    const Tensor input = tensor_of(stream, {1, 4, 1}, DType::f64, {1, 2, 0, 1});
    const Tensor initial = Tensor::zeros(stream, {1, 1, 2}, DType::f64);
    const double root = 1 / std::sqrt(3.0);
    EXPECT_CLOSE(values_of(memory_scan(context, {input}, {initial}, {.longest = 100}).value),
                 std::vector<double>({1, 0, 5.0 / 3, root, 1, -root, 1, -root / 2}), {.terms = 16});
}

TEST(MemoryScan, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) { return Tensor::zeros(stream, shape, DType::f32); };
    const Var input{zeros({2, 3, 4})};
    EXPECT_THROW(memory_scan(context, input, {zeros({2, 3, 5})}, {}), Error);
    EXPECT_THROW(memory_scan(context, input, {zeros({2, 4, 0})}, {}), Error);
    EXPECT_THROW(memory_scan(context, input, {zeros({2, 4, 5})},
                             {.matrices = zeros({1, 5, 4}), .vectors = zeros({1, 5})}),
                 Error);
    EXPECT_THROW(memory_scan(context, input, {zeros({2, 4, 5})},
                             {.matrices = zeros({1, 5, 5}), .vectors = zeros({2, 5})}),
                 Error);
}

}  // namespace
}  // namespace elm::test
