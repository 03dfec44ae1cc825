#include "kernels/ops/product/convolution.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/core/support/error.h"
#include "kernels/ops/product/depthwise_convolution.h"
#include "tests/reference/convolution_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

struct Size {
    std::int64_t batch, time, in, out, width, dilation;
};

reference::ConvolutionSize of_reference(const Size& n) {
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    return {size(n.batch), size(n.time), size(n.in), size(n.out), size(n.width), size(n.dilation)};
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
