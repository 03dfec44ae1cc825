#include "kernels/ops/scan/recurrent/leaky_scan.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tests/reference/leaky_scan_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

OpCase scan_case(const std::string& name, std::int64_t batch, std::int64_t time, std::int64_t units,
                 double lowest_decay = 0.5, double highest_decay = 1) {
    return {
        .name = name,
        .inputs = {{.name = "input", .shape = {batch, time, units}},
                   {.name = "decay", .shape = {units}, .low = lowest_decay, .high = highest_decay},
                   {.name = "initial", .shape = {batch, units}}},
        .run =
            [](Context& context, std::span<const Var> in) {
                return std::vector<Var>{leaky_scan(context, in[0], in[1], in[2])};
            },
        .reference =
            [=](const Arrays& in) {
                const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
                return Arrays{reference::leaky_scan(in[0], in[1], in[2], size(batch), size(time),
                                                    size(units))};
            },
        .longest_sum = batch * time + 1};
}

std::vector<OpCase> cases() {
    return {scan_case("one", 1, 1, 1),
            scan_case("odd_sizes", 7, 33, 5),
            scan_case("many_steps", 1, 257, 3),
            scan_case("many_units", 2, 3, 257),
            scan_case("zero_decay", 2, 7, 3, 0, 0),
            scan_case("no_decay", 2, 33, 3, 1, 1),
            scan_case("negative_decay", 2, 7, 3, -1, 0),
            scan_case("no_samples", 0, 7, 3),
            scan_case("no_steps", 2, 0, 3),
            scan_case("no_units", 2, 7, 0)};
}

ELM_OP_CASES(leaky_scan, cases());

TEST(LeakyScan, carries_state_across_chunks) {
    Stream stream{Device{}};
    Context context{stream};
    const auto draw = [&](const Shape& shape, std::uint32_t purpose) {
        return tensor_of(stream, shape, DType::f32,
                         random_values(shape.size(), 0, 1, {1, 0, purpose}));
    };
    const Tensor input = draw({1, 12, 5}, 1), decay = draw({5}, 2), initial = draw({1, 5}, 3);
    const Tensor whole = leaky_scan(context, {input}, {decay}, {initial}).value;
    // With one sample, steps are rows of the tensor without its first axis.
    const Tensor steps = input.reshape({12, 5});
    const auto chunk = [&](std::int64_t begin, std::int64_t end) {
        return steps.rows(begin, end).reshape({1, end - begin, 5});
    };
    const Tensor first = leaky_scan(context, {chunk(0, 7)}, {decay}, {initial}).value;
    const Tensor state = first.reshape({7, 5}).rows(6, 7);
    const Tensor second = leaky_scan(context, {chunk(7, 12)}, {decay}, {state}).value;
    std::vector<double> joined = values_of(first);
    for (const double value : values_of(second)) joined.push_back(value);
    EXPECT_EQ(joined, values_of(whole));
}

TEST(LeakyScan, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    try {
        leaky_scan(context, zeros({2, 3, 4}), zeros({5}), zeros({2, 4}));
        FAIL() << "a decay of another size was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_EQ(error.message(), "leaky_scan: decay (units) has shape (5), expected (4)");
    }
    EXPECT_THROW(leaky_scan(context, zeros({2, 3}), zeros({4}), zeros({2, 4})), Error);
    EXPECT_THROW(leaky_scan(context, zeros({2, 3, 4}), zeros({4}), zeros({3, 4})), Error);
}

}  // namespace
}  // namespace elm::test
