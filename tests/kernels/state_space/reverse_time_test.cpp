#include "kernels/ops/basic/reverse_time.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tests/support/op_case.h"

namespace elm::test {
namespace {

OpCase reverse_case(const std::string& name, const Shape& shape,
                    const std::vector<std::int32_t>& lengths) {
    return {.name = name,
            .inputs = {{.name = "input", .shape = shape}},
            .run =
                [lengths](Context& context, std::span<const Var> in) {
                    Stream host{Device{}};
                    Tensor counts;
                    if (!lengths.empty()) {
                        counts = Tensor::from<std::int32_t>(
                            host, {static_cast<std::int64_t>(lengths.size())}, lengths);
                    }
                    return std::vector<Var>{reverse_time(context, in[0], counts)};
                },
            .reference =
                [=](const Arrays& in) {
                    Arrays result{std::vector<double>(in[0].size(), 0.0)};
                    for (std::int64_t sample = 0; sample < shape[0]; ++sample) {
                        const std::int64_t length =
                            lengths.empty() ? shape[1] : lengths[static_cast<std::size_t>(sample)];
                        for (std::int64_t t = 0; t < length; ++t) {
                            for (std::int64_t f = 0; f < shape[2]; ++f) {
                                const auto at = [&](std::int64_t step) {
                                    return static_cast<std::size_t>(
                                        (sample * shape[1] + step) * shape[2] + f);
                                };
                                result[0][at(t)] = in[0][at(length - 1 - t)];
                            }
                        }
                    }
                    return result;
                }};
}

std::vector<OpCase> cases() {
    return {reverse_case("one", {1, 1, 1}, {}), reverse_case("full", {3, 7, 5}, {}),
            reverse_case("lengths", {4, 9, 3}, {9, 0, 4, 1}),
            reverse_case("no_samples", {0, 7, 3}, {}), reverse_case("no_steps", {2, 0, 3}, {})};
}

ELM_OP_CASES(reverse_time, cases());

TEST(ReverseTime, refuses_lengths_of_another_batch) {
    Stream stream{Device{}};
    Context context{stream};
    const Var input{Tensor::zeros(stream, {2, 3, 4}, DType::f32)};
    EXPECT_THROW(reverse_time(context, input, Tensor::zeros(stream, {3}, DType::i32)), Error);
    EXPECT_THROW(reverse_time(context, {Tensor::zeros(stream, {3, 4}, DType::f32)}), Error);
}

}  // namespace
}  // namespace elm::test
