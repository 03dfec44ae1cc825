#include "kernels/ops/training/dropout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/core/support/error.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

/// Word i of the key decides about element i.
std::vector<double> dropped(const std::vector<double>& input, double rate, const RandomKey& key) {
    std::vector<double> output;
    for (std::size_t i = 0; i < input.size(); ++i) {
        const std::uint32_t word = random_word(key, static_cast<std::int64_t>(i));
        const bool kept = word * 0x1p-32 < 1 - rate;
        output.push_back(kept ? input[i] / (1 - rate) : 0);
    }
    return output;
}

OpCase dropout_case(const std::string& name, const Shape& shape, double rate) {
    return {.name = name,
            .inputs = {{.name = "input", .shape = shape}},
            .run =
                [rate](Context& context, std::span<const Var> in) {
                    context.random = RandomKey{11, 0, 0};
                    return std::vector<Var>{dropout(context, in[0], rate)};
                },
            .reference =
                [rate](const Arrays& in) {
                    if (rate == 0) return in;
                    const RandomKey key = RandomKey{11, 0, 0}.for_part(0);
                    return Arrays{dropped(in[0], rate, key)};
                }};
}

ELM_OP_CASES(dropout,
             (std::vector<OpCase>{
                 dropout_case("one", {1}, 0.5), dropout_case("seven", {7}, 0.5),
                 dropout_case("odd_sizes", {7, 33}, 0.1), dropout_case("many", {257, 33}, 0.9),
                 dropout_case("nothing_dropped", {33}, 0), dropout_case("almost_all", {257}, 0.999),
                 dropout_case("empty", {0, 7}, 0.5)}));

std::vector<double> mask_on(Device device, std::uint32_t earlier_draws) {
    Stream stream{device};
    Context context{stream, nullptr, {5}, true, earlier_draws};
    const std::vector<float> ones(10'001, 1);
    return values_of(dropout(context, {Tensor::from<float>(stream, {10'001}, ones)}, 0.25).value);
}

TEST(Dropout, drops_the_wanted_share_and_keeps_the_mean) {
    const std::vector<double> mask = mask_on({}, 0);
    const auto zeros = static_cast<double>(std::count(mask.begin(), mask.end(), 0.0));
    // Five standard deviations of a binomial number.
    EXPECT_NEAR(zeros, 2500, 5 * std::sqrt(10'001 * 0.25 * 0.75));
    EXPECT_EQ(*std::max_element(mask.begin(), mask.end()), static_cast<float>(4.0 / 3));
}

TEST(Dropout, every_op_and_every_run_has_its_own_mask) {
    EXPECT_EQ(mask_on({}, 0), mask_on({}, 0));
    EXPECT_NE(mask_on({}, 0), mask_on({}, 1));
}

TEST(Dropout, cuda_has_the_mask_of_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) EXPECT_EQ(mask_on(device, 0), mask_on({}, 0));
}

TEST(Dropout, does_nothing_outside_of_training_and_refuses_other_rates) {
    Stream stream{Device{}};
    Context context{stream};
    const Var input{Tensor::zeros(stream, {3}, DType::f32)};
    EXPECT_EQ(dropout(context, input, 0.5).value.data(), input.value.data());
    EXPECT_EQ(context.draws, 0u);
    EXPECT_THROW(dropout(context, input, 1), Error);
    EXPECT_THROW(dropout(context, input, -0.1), Error);
}

}  // namespace
}  // namespace elm::test
