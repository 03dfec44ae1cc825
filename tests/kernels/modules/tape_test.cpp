#include "kernels/autograd/tape.h"

#include <gtest/gtest.h>

#include <memory>

#include "kernels/autograd/context.h"
#include "kernels/core/support/error.h"
#include "tests/support/compare.h"

namespace elm {
namespace {

using test::values_of;
using Numbers = std::vector<double>;

class TapeTest : public ::testing::Test {
protected:
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};

    Tensor tensor(const Numbers& values) {
        return Tensor::from<double>(stream, {static_cast<std::int64_t>(values.size())}, values);
    }
    Parameter parameter(const Numbers& values) {
        const Tensor value = tensor(values);
        return {value, Tensor::zeros(stream, value.shape(), DType::f64)};
    }
    Tensor scaled(const Tensor& input, double factor) {
        Numbers values = values_of(input);
        for (double& value : values) value *= factor;
        return tensor(values);
    }

    /// factor * input, whose gradient is written down in `order` when it is computed.
    Var scale(const Var& input, double factor) {
        return record(context, scaled(input.value, factor), {input},
                      [this, factor](Stream& s, const Tensor& gradient, std::span<GradSink> sinks) {
                          order.push_back(factor);
                          sinks[0].deliver(s, scaled(gradient, factor));
                      });
    }
    /// left + right. Delivers one tensor twice.
    Var add(const Var& left, const Var& right) {
        Numbers sum = values_of(left.value);
        const Numbers other = values_of(right.value);
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += other[i];
        return record(context, tensor(sum), {left, right},
                      [](Stream& s, const Tensor& gradient, std::span<GradSink> sinks) {
                          for (GradSink& sink : sinks) sink.deliver(s, gradient);
                      });
    }
    /// (2 input, 3 input)
    std::vector<Var> two_outputs(const Var& input) {
        return record(
            context, {scaled(input.value, 2), scaled(input.value, 3)}, {input},
            [this](Stream& s, std::span<const Tensor> gradients, std::span<GradSink> sinks) {
                for (const Tensor& gradient : gradients) {
                    seen.push_back(values_of(gradient));
                }
                sinks[0].deliver(s, scaled(gradients[0], 2));
                sinks[0].deliver(s, scaled(gradients[1], 3));
            });
    }

    Numbers order;
    std::vector<Numbers> seen;
};

TEST_F(TapeTest, diamond_sums_both_paths) {
    const Parameter x = parameter({5});
    const Var leaf = tape.leaf(x);
    const Var left = scale(leaf, 2), right = scale(leaf, 3);
    tape.backward(stream, add(left, right));
    EXPECT_EQ(values_of(x.gradient), Numbers{5});
    EXPECT_EQ(order, (Numbers{3, 2})) << "the last op goes first";
}

TEST_F(TapeTest, order_of_the_sum_is_the_reverse_order_of_the_ops) {
    // (1e16 + 1) + 1 loses both ones, (1 + 1) + 1e16 does not.
    const Parameter x = parameter({1});
    const Var y = scale(tape.leaf(x), 1);
    const Var large = scale(y, 1e16), small = scale(y, 1), last = scale(y, 1);
    tape.backward(stream, add(add(large, small), last));
    EXPECT_EQ(values_of(x.gradient), Numbers{1e16 + 2});
}

TEST_F(TapeTest, a_shared_gradient_is_not_changed_by_a_later_sum) {
    // add() gives one tensor to both inputs; the sum for y must not leak into the one for z.
    const Parameter x = parameter({1});
    const Var y = scale(tape.leaf(x), 2), z = scale(tape.leaf(x), 10);
    const Var w = scale(y, 1);
    tape.backward(stream, add(w, add(y, z)));
    EXPECT_EQ(values_of(x.gradient), Numbers{2 * 2 + 10});
}

TEST_F(TapeTest, one_value_may_be_used_twice_by_one_op) {
    const Parameter x = parameter({1});
    const Var y = scale(tape.leaf(x), 2);
    tape.backward(stream, add(y, y));
    EXPECT_EQ(values_of(x.gradient), Numbers{4});
}

TEST_F(TapeTest, gradients_of_several_passes_add_up_in_the_parameter) {
    const Parameter x = parameter({1});
    for (int pass = 0; pass < 3; ++pass) tape.backward(stream, scale(tape.leaf(x), 2));
    EXPECT_EQ(values_of(x.gradient), Numbers{6});
}

TEST_F(TapeTest, ops_that_the_loss_does_not_need_are_passed_over) {
    const Parameter x = parameter({1});
    const Var leaf = tape.leaf(x);
    const Var loss = scale(leaf, 2);
    scale(leaf, 7);
    tape.backward(stream, loss);
    EXPECT_EQ(values_of(x.gradient), Numbers{2});
    EXPECT_EQ(order, Numbers{2});
}

TEST_F(TapeTest, an_unused_output_has_a_zero_gradient) {
    const Parameter x = parameter({1});
    tape.backward(stream, two_outputs(tape.leaf(x))[1]);
    EXPECT_EQ(seen, (std::vector<Numbers>{{0}, {1}}));
    EXPECT_EQ(values_of(x.gradient), Numbers{3});
}

TEST_F(TapeTest, several_outputs_start_from_given_gradients) {
    const Parameter x = parameter({1, 1});
    const auto outputs = two_outputs(tape.leaf(x));
    const std::vector<Tensor> gradients{tensor({1, 0}), tensor({0, 10})};
    tape.backward(stream, outputs, gradients);
    EXPECT_EQ(values_of(x.gradient), (Numbers{2, 30}));
}

TEST_F(TapeTest, nothing_is_recorded_without_a_tape_or_a_leaf) {
    context.tape = nullptr;
    const Parameter x = parameter({1});
    EXPECT_EQ(scale(tape.leaf(x), 2).slot, -1);
    EXPECT_EQ(two_outputs({x.value})[1].slot, -1);
    context.tape = &tape;
    EXPECT_EQ(scale({x.value}, 2).slot, -1);
    EXPECT_EQ(tape.size(), 0u);
}

TEST_F(TapeTest, an_input_without_a_past_wants_no_gradient) {
    const Parameter x = parameter({1});
    bool first = false, second = true;
    const Var y = record(context, x.value, {tape.leaf(x), Var{x.value}},
                         [&](Stream& s, const Tensor& gradient, std::span<GradSink> sinks) {
                             first = sinks[0].wanted();
                             second = sinks[1].wanted();
                             sinks[1].deliver(s, gradient);  // ignored
                         });
    tape.backward(stream, y);
    EXPECT_TRUE(first);
    EXPECT_FALSE(second);
    EXPECT_EQ(values_of(x.gradient), Numbers{0});
}

TEST_F(TapeTest, saved_tensors_are_freed_as_the_loop_passes) {
    const Parameter x = parameter({1});
    auto saved = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = saved;
    bool freed_before_the_first_op = false;
    const Var first =
        record(context, x.value, {tape.leaf(x)}, [&](Stream&, const Tensor&, std::span<GradSink>) {
            freed_before_the_first_op = watched.expired();
        });
    const Var second =
        record(context, x.value, {first},
               [saved](Stream& s, const Tensor& gradient, std::span<GradSink> sinks) {
                   sinks[0].deliver(s, gradient);
               });
    saved.reset();
    tape.backward(stream, second);
    EXPECT_TRUE(freed_before_the_first_op);
    EXPECT_EQ(tape.size(), 0u);
}

TEST_F(TapeTest, refuses_what_has_no_gradient) {
    const Parameter x = parameter({1, 2});
    EXPECT_THROW(tape.backward(stream, scale(tape.leaf(x), 2)), Error) << "two elements";
    EXPECT_THROW(tape.backward(stream, Var{tensor({1})}), Error) << "not on the tape";
    const Var old = tape.leaf(x);
    tape.clear();
    EXPECT_THROW(scale(old, 2), Error) << "an earlier recording";
    const Parameter wrong{x.value, tensor({1})};
    EXPECT_THROW(tape.leaf(wrong), Error) << "a gradient of another shape";
}

TEST_F(TapeTest, each_random_op_of_a_pass_has_its_own_key) {
    const RandomKey first = context.next_key(), second = context.next_key();
    EXPECT_NE(random_word(first, 0), random_word(second, 0));
    Context again{stream};
    EXPECT_EQ(random_word(again.next_key(), 0), random_word(first, 0));
}

}  // namespace
}  // namespace elm
