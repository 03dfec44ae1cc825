#include "kernels/ops/scan/recurrent/gated_scan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/reference/gated_scan_reference.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

std::vector<Var> run(GatedCell kind, Context& context, std::span<const Var> in) {
    return kind == GatedCell::lstm ? lstm_scan(context, in[0], in[1], in[2], in[3], in[4])
                                   : gru_scan(context, in[0], in[1], in[2], in[3]);
}

/// Weights are drawn as layers draw them, in ±scale/sqrt(units), so that long runs do not saturate.
OpCase scan_case(GatedCell kind, const std::string& name, std::int64_t batch, std::int64_t time,
                 std::int64_t units, double scale = 1, double input_size = 1) {
    const std::int64_t rows = gate_count(kind) * units;
    const double bound = scale / std::sqrt(static_cast<double>(std::max<std::int64_t>(units, 1)));
    OpCase op{
        .name = name,
        .inputs = {{.name = "projected",
                    .shape = {batch, time, rows},
                    .low = -input_size,
                    .high = input_size},
                   {.name = "weight", .shape = {rows, units}, .low = -bound, .high = bound},
                   {.name = "bias", .shape = {rows}, .low = -bound, .high = bound},
                   {.name = "hidden", .shape = {batch, units}}},
        .run = [kind](Context& context, std::span<const Var> in) { return run(kind, context, in); },
        .reference =
            [=](const Arrays& in) {
                const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
                const reference::GatedShape shape{size(batch), size(time), size(units)};
                return kind == GatedCell::lstm ? reference::lstm(in, shape)
                                               : reference::gru(in, shape);
            },
        .longest_sum = batch * std::max<std::int64_t>(time, 1) + 4 * units};
    if (kind == GatedCell::lstm) op.inputs.push_back({.name = "cell", .shape = {batch, units}});
    return op;
}

std::vector<OpCase> cases(GatedCell kind) {
    return {scan_case(kind, "one", 1, 1, 1),
            scan_case(kind, "one_step_of_many", 33, 1, 7),
            scan_case(kind, "seven_units", 7, 5, 7),
            scan_case(kind, "thirty_three_units", 3, 5, 33),
            scan_case(kind, "fifty_steps", 2, 50, 7),
            scan_case(kind, "many_samples", 33, 3, 3),
            scan_case(kind, "large_inputs", 3, 4, 5, 1, 90),
            scan_case(kind, "no_recurrence", 2, 5, 3, 0),
            scan_case(kind, "no_samples", 0, 5, 3),
            scan_case(kind, "no_steps", 2, 0, 3),
            scan_case(kind, "no_units", 2, 5, 0)};
}

ELM_OP_CASES(lstm_scan, cases(GatedCell::lstm));
ELM_OP_CASES(gru_scan, cases(GatedCell::gru));

/// The inputs of a case as tensors without a past.
std::vector<Var> tensors(Stream& stream, const OpCase& op, DType dtype) {
    std::vector<Var> variables;
    const Arrays values = inputs_of(op);
    for (std::size_t i = 0; i < values.size(); ++i) {
        variables.push_back({tensor_of(stream, op.inputs[i].shape, dtype, values[i])});
    }
    return variables;
}

/// Steps `begin` to `end` of a tensor (batch, time, columns).
Tensor steps_of(Stream& stream, const Tensor& all, std::int64_t begin, std::int64_t end) {
    const std::int64_t time = all.shape()[1], columns = all.shape()[2];
    const std::vector<double> values = values_of(all);
    std::vector<double> part;
    for (std::int64_t s = 0; s < all.shape()[0]; ++s) {
        const auto from = values.begin() + (s * time + begin) * columns;
        part.insert(part.end(), from, from + (end - begin) * columns);
    }
    return tensor_of(stream, all.shape().with(1, end - begin), all.dtype(), part);
}

void expect_chunks_give_the_bits_of_the_whole(Device device, GatedCell kind) {
    Stream stream{device};
    Context context{stream};
    std::vector<Var> in = tensors(stream, scan_case(kind, "", 5, 12, 19), DType::f32);
    const std::vector<Var> whole = run(kind, context, in);
    const Tensor projected = in[0].value;
    for (const auto& [begin, end] : {std::pair{0, 5}, {5, 6}, {6, 12}}) {
        in[0] = {steps_of(stream, projected, begin, end)};
        const std::vector<Var> chunk = run(kind, context, in);
        EXPECT_EQ(values_of(chunk[0].value),
                  values_of(steps_of(stream, whole[0].value, begin, end)));
        for (std::size_t state = 1; state < chunk.size(); ++state) in[2 + state] = chunk[state];
    }
    for (std::size_t state = 1; state < whole.size(); ++state) {
        EXPECT_EQ(values_of(in[2 + state].value), values_of(whole[state].value));
    }
}

TEST(GatedScan, carries_state_across_chunks) {
    expect_chunks_give_the_bits_of_the_whole({}, GatedCell::lstm);
    expect_chunks_give_the_bits_of_the_whole({}, GatedCell::gru);
}

TEST(GatedScan, cuda_carries_state_across_chunks) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        expect_chunks_give_the_bits_of_the_whole(device, GatedCell::lstm);
        expect_chunks_give_the_bits_of_the_whole(device, GatedCell::gru);
    }
}

TEST(GatedScan, gives_the_same_bits_for_any_number_of_threads) {
    const int before = thread_count();
    for (const GatedCell kind : {GatedCell::lstm, GatedCell::gru}) {
        const OpCase op = scan_case(kind, "", 13, 9, 21);
        set_thread_count(1);
        const OpRun one = run_case(op, {}, DType::f32);
        for (const int threads : {2, 3, 13}) {
            set_thread_count(threads);
            const OpRun other = run_case(op, {}, DType::f32);
            EXPECT_EQ(other.outputs, one.outputs) << threads;
            EXPECT_EQ(other.gradients, one.gradients) << threads;
        }
    }
    set_thread_count(before);
}

// Weights that do not fit into the shared memory of a block are read through the cache.
TEST(GatedScan, cuda_takes_weights_of_any_size) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        for (const GatedCell kind : {GatedCell::lstm, GatedCell::gru}) {
            EXPECT_EQ(check_device(scan_case(kind, "", 2, 2, 150), device), "");
        }
    }
}

/// Eighths between -1 and 1, as the numbers below were computed from.
std::vector<double> eighths(std::int64_t count, std::int64_t number) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i) {
        values.push_back(static_cast<double>((i * 7 + number * 5) % 17 - 8) / 8);
    }
    return values;
}

struct Published {
    GatedCell kind;
    Arrays outputs;    // output, h_n and c_n
    Arrays gradients;  // of weight_hh_l0, bias_hh_l0, h_0 and c_0
    std::vector<double> bias_ih_gradient;
};

// torch.nn.LSTM and GRU of PyTorch 2.15.0, float64, input_size 3, hidden_size 2, batch_first, two
// samples of four steps. eighths(n, k) with k = 1 to 4 for weight_ih_l0, weight_hh_l0, bias_ih_l0
// and bias_hh_l0, 5 for the input, 6 for h_0, 7 for c_0; the loss is the sum of output, h_n and c_n
// times eighths with k = 8, 9 and 10.
std::vector<Published> published() {
    return {
        {GatedCell::lstm,
         {{0.14793758257973358, 0.11302993220270627, 0.3551731394150928, 0.032854407380200026,
           0.21410745414976, 0.06493432493257062, 0.27381883938518886, 0.07835250357560236,
           0.1362061692590434, 0.0665651442268818, 0.4662099136431172, 0.011965414018094044,
           0.3342327718764072, 0.055369580811665584, 0.18655324111473484, 0.07214177613620971},
          {0.27381883938518886, 0.07835250357560236, 0.18655324111473484, 0.07214177613620971},
          {0.8398206305778313, 0.49353913857350196, 0.42035388863593065, 0.1880587668880319}},
         {{0.01365035143326207, 0.043425492275410496, -0.012933779942852868, -0.020917590401327735,
           0.010591293378853794, -0.04002459200573615, 0.0038878487065858456, 0.001177806417736811,
           -0.06547076402952395, -0.014230807630686874, -0.02758473896109801,
           -0.00045669578874737516, -0.04645800044920477, -0.019104364306944833,
           0.01883848272073781, 0.017948175205698014},
          {0.13110352730574898, -0.12009878816003987, -0.04982832925363754, 0.03806515540724222,
           -0.2840623068254421, -0.02792548320333828, -0.044354849791248416, -0.034295644358909416},
          {-0.07158224798646741, 0.08676485945268517, 0.018133494400358132, 0.005908149019263356},
          {-0.06725172199111586, 0.01841926768251923, -0.0007516976887671951,
           -0.006407098556537922}},
         {0.13110352730574898, -0.12009878816003985, -0.04982832925363753, 0.03806515540724223,
          -0.284062306825442, -0.027925483203338278, -0.04435484979124843, -0.0342956443589094}},
        {GatedCell::gru,
         {{0.9158179297122384, 0.7448783050600435, 0.41736410231631194, 0.1386337970794861,
           -0.015376485019673702, 0.33212840822147244, 0.7222002562225581, 0.6798751708595645,
           0.8567204016436549, 0.5885604908768123, 0.4600166708423108, 0.12476866402752107,
           0.046165644120675475, 0.3010276778350949, -0.027321150045738728, 0.33101975610685985},
          {0.7222002562225581, 0.6798751708595645, -0.027321150045738728, 0.33101975610685985}},
         {{-0.2046809020461657, -0.14909603008378275, -0.12857780727800422, -0.07241331852796276,
           -0.45284070512890245, -0.3588638357859482, 0.04829909407828556, -0.14617449317371659,
           -0.2598926844930478, -0.18099793729929511, 0.418445937999363, 0.22640006624562786},
          {-0.3523452493806839, -0.15833785088147295, -0.9170147970909659, 0.3375217873881894,
           -0.49376499161210663, 0.4686660331017695},
          {-0.06621528077700356, 0.11099827572565067, -0.1909209119766658, -0.19322005641824402}},
         {-0.3523452493806839, -0.15833785088147295, -0.9170147970909659, 0.3375217873881894,
          -1.5331267839008493, 1.4522728960558444}}};
}

/// W_ih x + b_ih for all steps of both samples.
std::vector<double> project(std::int64_t rows) {
    const auto weight = eighths(rows * 3, 1), bias = eighths(rows, 3), input = eighths(24, 5);
    std::vector<double> projected;
    for (std::size_t step = 0; step < 8; ++step) {
        for (std::size_t row = 0; row < bias.size(); ++row) {
            double sum = bias[row];
            for (std::size_t k = 0; k < 3; ++k) sum += weight[row * 3 + k] * input[step * 3 + k];
            projected.push_back(sum);
        }
    }
    return projected;
}

TEST(GatedScan, has_outputs_and_gradients_of_pytorch) {
    for (const Published& example : published()) {
        const bool has_cell = example.kind == GatedCell::lstm;
        const std::int64_t rows = 2 * gate_count(example.kind);
        Stream stream{Device{}};
        Tape tape;
        Context context{stream, &tape};
        std::vector<Parameter> parameters;
        std::vector<Var> in;
        const auto add = [&](const Shape& shape, const std::vector<double>& values) {
            parameters.push_back({tensor_of(stream, shape, DType::f64, values),
                                  Tensor::zeros(stream, shape, DType::f64)});
            in.push_back(tape.leaf(parameters.back()));
        };
        add({2, 4, rows}, project(rows));
        add({rows, 2}, eighths(rows * 2, 2));
        add({rows}, eighths(rows, 4));
        add({2, 2}, eighths(4, 6));
        if (has_cell) add({2, 2}, eighths(4, 7));
        const std::vector<Var> out = run(example.kind, context, in);
        std::vector<Tensor> output_gradients;
        for (std::size_t i = 0; i < out.size(); ++i) {
            EXPECT_CLOSE(out[i].value, example.outputs[i], {.terms = 4});
            const Shape& shape = out[i].value.shape();
            output_gradients.push_back(
                tensor_of(stream, shape, DType::f64,
                          eighths(shape.size(), 8 + static_cast<std::int64_t>(i))));
        }
        tape.backward(stream, out, output_gradients);
        for (std::size_t i = 0; i < example.gradients.size(); ++i) {
            EXPECT_CLOSE(parameters[i + 1].gradient, example.gradients[i], {.terms = 16});
        }
        std::vector<double> bias_gradient(static_cast<std::size_t>(rows));
        const std::vector<double> projected_gradient = values_of(parameters[0].gradient);
        for (std::size_t i = 0; i < projected_gradient.size(); ++i) {
            bias_gradient[i % bias_gradient.size()] += projected_gradient[i];
        }
        EXPECT_CLOSE(bias_gradient, example.bias_ih_gradient, {.terms = 16});
    }
}

TEST(GatedScan, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const auto message = [&](const Shape& projected, const Shape& weight, const Shape& bias,
                             const Shape& hidden, const Shape& cell) -> std::string {
        try {
            lstm_scan(context, zeros(projected), zeros(weight), zeros(bias), zeros(hidden),
                      zeros(cell));
        } catch (const Error& error) {
            return error.message();
        }
        return "no error";
    };
    const Shape projected{2, 3, 20}, weight{20, 5}, bias{20}, state{2, 5};
    EXPECT_EQ(message(projected, weight, bias, state, state), "no error");
    EXPECT_EQ(message({2, 3, 5}, weight, bias, state, state),
              "lstm_scan: projected (batch, time, 4 units) has shape (2, 3, 5), expected "
              "(2, 3, 20)");
    EXPECT_EQ(message(projected, {15, 5}, bias, state, state),
              "lstm_scan: weight (4 units, units) has shape (15, 5), expected (20, 5)");
    EXPECT_EQ(message(projected, weight, {15}, state, state),
              "lstm_scan: bias (4 units) has shape (15), expected (20)");
    EXPECT_EQ(message(projected, weight, bias, {3, 5}, state),
              "lstm_scan: hidden (batch, units) has shape (3, 5), expected (2, 5)");
    EXPECT_EQ(message(projected, weight, bias, state, {2, 4}),
              "lstm_scan: cell (batch, units) has shape (2, 4), expected (2, 5)");
    EXPECT_THROW(gru_scan(context, zeros({2, 3, 20}), zeros({20, 5}), zeros({20}), zeros({2, 5})),
                 Error);
}

}  // namespace
}  // namespace elm::test
