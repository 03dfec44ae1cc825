#include "kernels/modules/layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "kernels/core/support/error.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm {
namespace {

using test::values_of;

/// Eighths between -1 and 1, as the numbers below were computed from.
std::vector<double> eighths(std::int64_t count, std::int64_t number) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i) {
        values.push_back(static_cast<double>((i * 7 + number * 5) % 17 - 8) / 8);
    }
    return values;
}

struct Published {
    std::vector<std::string> names;
    std::vector<Shape> shapes;
    std::vector<double> output;
    std::vector<double> gradients;  // of each parameter, times eighths(n, 30), summed
};

using Forward = std::function<Var(Context&, const Var&)>;

/// Parameters are eighths(n, 1), eighths(n, 2), ... in their order, the input (2, 3, 3) is
/// eighths(18, 19), and the loss the sum of the output times eighths(n, 20), all in float64.
void expect_published(Module& module, const Forward& forward, const Published& expected) {
    Stream stream{Device{}};
    allocate_parameters(stream, module, DType::f64, {1});
    std::vector<std::string> names;
    std::vector<Shape> shapes;
    for (const auto& [name, parameter] : module.parameters()) {
        names.push_back(name);
        shapes.push_back(parameter->shape);
        parameter->value.assign<double>(
            stream, eighths(parameter->shape.size(), static_cast<std::int64_t>(names.size())));
    }
    EXPECT_EQ(names, expected.names);
    EXPECT_EQ(shapes, expected.shapes);

    Tape tape;
    Context context{stream, &tape};
    const Var input{test::tensor_of(stream, {2, 3, 3}, DType::f64, eighths(18, 19))};
    const Var output = forward(context, input);
    EXPECT_CLOSE(output.value, expected.output, {.terms = 9});
    const Shape& shape = output.value.shape();
    const Tensor gradient = test::tensor_of(stream, shape, DType::f64, eighths(shape.size(), 20));
    tape.backward(stream, {&output, 1}, {&gradient, 1});
    std::vector<double> sums;
    for (const auto& [name, parameter] : module.parameters()) {
        const std::vector<double> values = values_of(parameter->gradient);
        const std::vector<double> weights = eighths(parameter->shape.size(), 30);
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * weights[i];
        sums.push_back(sum);
    }
    EXPECT_CLOSE(sums, expected.gradients, {.terms = 64});
}

// The numbers of these three tests: torch.nn of PyTorch 2.15.0.
TEST(Layers, mlp_is_that_of_pytorch) {  // Sequential(Linear(3, 4), SiLU(), Linear(4, 2))
    Mlp mlp({3, 4, 2}, Activation::silu);
    expect_published(
        mlp, [&](Context& context, const Var& input) { return mlp.forward(context, input); },
        {{"0.weight", "0.bias", "2.weight", "2.bias"},
         {{4, 3}, {4}, {2, 4}, {2}},
         {-0.6766605565352599, 0.09967331129528803, -0.5971889278278592, -0.050800237969668316,
          -2.193920277348103, 1.3047577938424493, -0.12120054922982204, 0.47634758787998305,
          -0.3420896177338782, 0.541841030325439, -0.6190974318744237, -0.01652092394189364},
         {1.0167173690624927, -1.0409771373567067, 0.8362707558040958, -0.59375}});
}

TEST(Layers, lstm_is_that_of_pytorch) {  // LSTM(3, 2, num_layers=2, batch_first=True)
    Lstm lstm(3, 2, 2);
    expect_published(
        lstm,
        [&](Context& context, const Var& input) {
            RecurrentState state;
            return lstm.forward(context, input, state);
        },
        {{"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l1",
          "weight_hh_l1", "bias_ih_l1", "bias_hh_l1"},
         {{8, 3}, {8, 2}, {8}, {8}, {8, 2}, {8, 2}, {8}, {8}},
         {-0.060433604053689895, -0.2385884116143427, -0.10056778806777332, -0.318499468086916,
          -0.11603672669643614, -0.35164375518968394, -0.07522953113719973, -0.2648105174413068,
          -0.131301832285694, -0.35681071890393606, -0.09145743285028374, -0.3479862071289214},
         {-0.054572186353642915, 0.0028069742749670876, -0.01324026927026187, -0.013240269270261867,
          0.1155895534730439, -0.04285506612591548, 0.08209258948090657, 0.08209258948090659}});
}

TEST(Layers, gru_is_that_of_pytorch) {  // GRU(3, 2, num_layers=2, batch_first=True)
    Gru gru(3, 2, 2);
    expect_published(
        gru,
        [&](Context& context, const Var& input) {
            RecurrentState state;
            return gru.forward(context, input, state);
        },
        {{"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l1",
          "weight_hh_l1", "bias_ih_l1", "bias_hh_l1"},
         {{6, 3}, {6, 2}, {6}, {6}, {6, 2}, {6, 2}, {6}, {6}},
         {0.10673998559924835, -0.3657668913797481, 0.009646304262616534, -0.5882894679530994,
          -0.021321587504874975, -0.6719761266732638, 0.09208877033764883, -0.3405707334037249,
          0.012363979370917391, -0.5644051140834487, 0.16372396458195787, -0.5934868987154062},
         {-0.08569760799675638, 0.14145280173832553, -0.09197958350017568, -0.017318680336586102,
          0.6133545717047283, 0.0440924709562632, 0.10391573328085682, 0.1012064205972196}});
}

/// Largest size of the initial values of each parameter.
void expect_uniform_in(Module& module, double bound) {
    Stream stream{Device{}};
    allocate_parameters(stream, module, DType::f64, {1});
    for (const auto& [name, parameter] : module.parameters()) {
        double largest = 0;
        for (const double value : values_of(parameter->value)) {
            largest = std::max(largest, std::abs(value));
        }
        EXPECT_LE(largest, bound) << name;
        EXPECT_GT(largest, 0.8 * bound) << name;
    }
}

TEST(Layers, first_values_have_the_range_of_pytorch) {
    Linear linear(64, 33);
    expect_uniform_in(linear, 1.0 / 8);
    Lstm lstm(3, 16, 2);
    expect_uniform_in(lstm, 1.0 / 4);
}

TEST(Layers, state_goes_on_where_the_last_chunk_ended) {
    Stream stream{Device{}};
    Context context{stream};
    Lstm lstm(3, 5, 2);
    allocate_parameters(stream, lstm, DType::f32, {1});
    const Tensor input =
        test::tensor_of(stream, {8, 3}, DType::f32, test::random_values(24, -1, 1, {2}));
    RecurrentState whole, state;
    const auto steps = [&](std::int64_t begin, std::int64_t end) {
        return Var{input.rows(begin, end).reshape({1, end - begin, 3})};
    };
    const auto expected = values_of(lstm.forward(context, steps(0, 8), whole).value);
    auto joined = values_of(lstm.forward(context, steps(0, 3), state).value);
    for (const double value : values_of(lstm.forward(context, steps(3, 8), state).value)) {
        joined.push_back(value);
    }
    EXPECT_EQ(test::difference(joined, expected, DType::f32, {.terms = 8}), "");
    EXPECT_EQ(values_of(state.cell[1].value).size(), 5u);
}

TEST(Layers, parameters_that_are_not_trainable_get_no_gradient) {
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};
    Linear linear(2, 1);
    allocate_parameters(stream, linear, DType::f64, {1});
    linear.parameters()[0].parameter->trainable = false;
    const Var input{test::tensor_of(stream, {1, 2}, DType::f64, {1, 2})};
    tape.backward(stream, linear.forward(context, input));
    EXPECT_EQ(values_of(linear.parameters()[0].parameter->gradient), (std::vector<double>{0, 0}));
    EXPECT_EQ(values_of(linear.parameters()[1].parameter->gradient), std::vector<double>{1});
}

TEST(Layers, refuse_sizes_and_states_that_do_not_fit) {
    EXPECT_THROW(Mlp({3}, Activation::relu), Error);
    EXPECT_THROW(Gru(3, 2, 0), Error);
    Stream stream{Device{}};
    Context context{stream};
    Gru gru(3, 2);
    allocate_parameters(stream, gru, DType::f32, {1});
    const Var input{Tensor::zeros(stream, {4, 5, 3}, DType::f32)};
    RecurrentState state;
    gru.forward(context, input, state);
    EXPECT_TRUE(state.cell.empty());
    state.hidden.push_back(state.hidden[0]);
    EXPECT_THROW(gru.forward(context, input, state), Error);
    EXPECT_THROW(gru.forward(context, {Tensor::zeros(stream, {4, 3}, DType::f32)}, state), Error);
}

}  // namespace
}  // namespace elm
