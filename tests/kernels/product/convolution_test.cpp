#include "kernels/ops/product/convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "kernels/autograd/context.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/product/depthwise_convolution.h"
#include "tests/reference/convolution_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Size {
    std::int64_t batch, time, in, out, width, dilation;
};

reference::ConvolutionSize of_reference(const Size& n) {
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    return {size(n.batch), size(n.time), size(n.in), size(n.out), size(n.width), size(n.dilation)};
}

Tensor random_tensor(Stream& stream, const Shape& shape, std::uint32_t seed) {
    return tensor_of(stream, shape, DType::f32, random_values(shape.size(), -1, 1, {seed}));
}

OpCase full_case(const std::string& name, const Size& n, bool with_bias = true) {
    OpCase op{.name = name,
              .inputs = {{.name = "input", .shape = {n.batch, n.time, n.in}},
                         {.name = "weight", .shape = {n.out, n.in, n.width}}},
              .run =
                  [n](Context& context, std::span<const Var> in) {
                      return std::vector<Var>{
                          in.size() > 2 ? convolution(context, in[0], in[1], in[2], n.dilation)
                                        : convolution(context, in[0], in[1], n.dilation)};
                  },
              .reference =
                  [=](const Arrays& in) {
                      const auto bias = with_bias ? in[2] : std::vector<double>{};
                      return Arrays{reference::convolution(in[0], in[1], bias, of_reference(n))};
                  },
              .longest_sum = std::max({n.batch * n.time, n.in * n.width, n.out * n.width})};
    if (with_bias) op.inputs.push_back({.name = "bias", .shape = {n.out}});
    return op;
}

OpCase depthwise_case(const std::string& name, const Size& n) {
    return {.name = name,
            .inputs = {{.name = "input", .shape = {n.batch, n.time, n.in}},
                       {.name = "weight", .shape = {n.in, n.width}},
                       {.name = "bias", .shape = {n.in}}},
            .run =
                [n](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{
                        depthwise_convolution(context, in[0], in[1], in[2], n.dilation)};
                },
            .reference =
                [n](const Arrays& in) {
                    return Arrays{
                        reference::depthwise_convolution(in[0], in[1], in[2], of_reference(n))};
                },
            .longest_sum = std::max(n.batch * n.time, n.width)};
}

/// Sizes with as many outputs as inputs, for both kinds.
template <class Make>
std::vector<OpCase> common_cases(const Make& make) {
    return {make("one", Size{1, 1, 1, 1, 1, 1}),
            make("odd_sizes", Size{3, 33, 7, 7, 4, 1}),
            make("long", Size{1, 257, 3, 3, 5, 1}),
            make("wide", Size{2, 7, 33, 33, 3, 1}),
            make("dilated", Size{2, 33, 5, 5, 3, 7}),
            make("taps_before_the_start", Size{2, 5, 3, 3, 7, 3}),
            make("no_samples", Size{0, 7, 3, 3, 2, 1}),
            make("no_steps", Size{2, 0, 3, 3, 2, 1}),
            make("no_features", Size{2, 7, 0, 0, 2, 1})};
}

std::vector<OpCase> full_cases() {
    auto cases = common_cases([](const char* name, const Size& n) { return full_case(name, n); });
    cases.push_back(full_case("more_outputs", {2, 17, 5, 70, 3, 2}));
    cases.push_back(full_case("fewer_outputs", {2, 17, 33, 1, 3, 2}));
    cases.push_back(full_case("without_bias", {2, 7, 3, 5, 2, 1}, false));
    cases.push_back(full_case("many_samples", {67, 5, 2, 3, 2, 1}));
    cases.push_back(full_case("panels", {1, 9, 17, 67, 2, 1}));
    cases.push_back(full_case("no_inputs", {2, 7, 0, 3, 2, 1}));
    // Cut into partial convolutions, with steps and taps that fill the last group in part.
    cases.push_back(full_case("cut", {2, 293, 64, 80, 8, 1}));
    cases.push_back(full_case("cut_with_fewer_taps", {1, 70, 80, 64, 3, 1}, false));
    cases.push_back(full_case("cut_and_dilated", {1, 201, 64, 64, 7, 5}));
    return cases;
}

ELM_OP_CASES(convolution, full_cases());
ELM_OP_CASES(depthwise_convolution,
             common_cases([](const char* name, const Size& n) { return depthwise_case(name, n); }));

TEST(Convolution, an_impulse_shows_the_weights_and_nothing_before_it) {
    Stream stream{Device{}};
    Context context{stream};
    const std::vector<float> impulse = {0, 0, 1, 0, 0, 0, 0}, taps = {3, 5, 7};
    const Tensor input = Tensor::from<float>(stream, {1, 7, 1}, impulse);
    const std::vector<double> response = {0, 0, 7, 0, 5, 0, 3};
    const Var weight{Tensor::from<float>(stream, {1, 1, 3}, taps)};
    EXPECT_EQ(values_of(convolution(context, {input}, weight, 2).value), response);
    const Var rows{Tensor::from<float>(stream, {1, 3}, taps)};
    const Var no_bias{Tensor::zeros(stream, {1}, DType::f32)};
    EXPECT_EQ(values_of(depthwise_convolution(context, {input}, rows, no_bias, 2).value), response);
}

TEST(Convolution, a_step_depends_on_no_later_one_be_it_no_number) {
    Stream stream{Device{}};
    Context context{stream};
    constexpr std::int64_t time = 300, features = 64;
    const Var weight{random_tensor(stream, {features, features, 8}, 1)};
    const Tensor input = random_tensor(stream, {1, time, features}, 2);
    const auto before = values_of(convolution(context, {input}, weight).value);
    for (const std::int64_t step : {0, 5, 6, 7, 8, 259, 260, 298}) {
        const Tensor changed = input.to(stream);
        for (float& value :
             changed.host<float>().subspan(static_cast<std::size_t>(step * features))) {
            value = std::numeric_limits<float>::infinity();
        }
        const auto after = values_of(convolution(context, {changed}, weight).value);
        const auto kept = static_cast<std::ptrdiff_t>(step * features);
        EXPECT_TRUE(std::equal(after.begin(), after.begin() + kept, before.begin())) << step;
        EXPECT_FALSE(std::isfinite(after[static_cast<std::size_t>(kept)])) << step;
    }
}

TEST(Convolution, has_the_same_bits_with_any_number_of_threads) {
    Stream stream{Device{}};
    const Tensor input = random_tensor(stream, {3, 310, 64}, 1);
    const Tensor weight = random_tensor(stream, {96, 64, 8}, 2);
    const auto run = [&](int threads) {
        set_thread_count(threads);
        Tape tape;
        Context context{.stream = stream, .tape = &tape};
        const Parameter leaves[] = {{input, Tensor::zeros(stream, input.shape(), DType::f32)},
                                    {weight, Tensor::zeros(stream, weight.shape(), DType::f32)}};
        const Var output = convolution(context, tape.leaf(leaves[0]), tape.leaf(leaves[1]));
        tape.backward(stream, {&output, 1}, {&output.value, 1});
        return std::array{values_of(output.value), values_of(leaves[0].gradient),
                          values_of(leaves[1].gradient)};
    };
    const int before = thread_count();
    const auto alone = run(1), together = run(3);
    set_thread_count(before);
    EXPECT_EQ(alone, together);
}

TEST(Convolution, names_what_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const Var input = zeros({2, 7, 3});
    EXPECT_THROW(convolution(context, zeros({7, 3}), zeros({5, 3, 2})), Error);
    EXPECT_THROW(convolution(context, input, zeros({5, 3, 0})), Error);
    EXPECT_THROW(convolution(context, input, zeros({5, 3, 2}), 0), Error);
    EXPECT_THROW(convolution(context, input, zeros({5, 3, 2}), zeros({3})), Error);
    EXPECT_THROW(depthwise_convolution(context, input, zeros({4, 2}), zeros({3})), Error);
    EXPECT_THROW(depthwise_convolution(context, input, zeros({3, 2}), zeros({4})), Error);
    try {
        convolution(context, input, zeros({5, 4, 2}));
        FAIL() << "a weight for other inputs was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.message(),
                  "convolution: weight (out, in, width) has shape (5, 4, 2), expected (5, 3, 2)");
    }
}

}  // namespace
}  // namespace elm::test
