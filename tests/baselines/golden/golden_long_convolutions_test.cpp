// H3 (Fu et al. 2023), Hyena (Poli et al. 2023), LongConv (Fu et al. 2023, arXiv 2302.06646) and
// Liquid-S4 as released (Hasani et al. 2023) against published code.

#include <complex>

#include "kernels/ops/product/matmul.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"

#include "tests/baselines/golden/golden_state_space.h"

namespace elm::test::state_space {
namespace {

// --- H3 (safari).

/// (width, states) there; (states, width) here, of the shift's output the last state first.
Origin last_first(const std::string& name, std::size_t states) {
    return [=](const Read& read) {
        Numbers values = transposed(read(name), states);
        const std::size_t width = values.size() / states;
        Numbers result;
        for (std::size_t row = states; row-- > 0;) {
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * width);
            result.insert(result.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
        }
        return result;
    };
}

/// Columns (head, feature) here are (feature, head) there.
Origin head_columns(const std::string& name, std::size_t heads, std::size_t features) {
    return [=](const Read& read) {
        const Numbers values = read(name);
        const std::size_t columns = heads * features;
        Numbers result;
        for (std::size_t at = 0; at < values.size(); ++at) {
            const std::size_t row = at / columns, head = at % columns / features;
            const std::size_t feature = at % features;
            result.push_back(values[row * columns + feature * heads + head]);
        }
        return result;
    };
}

Origins h3_origins(const Origin& output) {
    const std::string kernel = "kernel.kernel.";
    return {{"query.weight", same("q_proj.weight")},
            {"query.bias", same("q_proj.bias")},
            {"key.weight", same("k_proj.weight")},
            {"key.bias", same("k_proj.bias")},
            {"value.weight", same("v_proj.weight")},
            {"value.bias", same("v_proj.bias")},
            {"shift_input_weight", transposed("ssm_k_kernel.kernel.B", 8)},
            {"shift_output_weight", last_first("ssm_k_kernel.kernel.C", 8)},
            {"shift_skip", same("ssm_k_D")},
            {"log_step", same(kernel + "log_dt")},
            {"log_decay", same(kernel + "inv_A_real")},
            {"frequency", same(kernel + "A_imag")},
            {"input_weight", planes(kernel + "B")},
            {"output_weight", planes(kernel + "C")},
            {"skip", same("D")},
            {"output.weight", output},
            {"output.bias", same("output_linear.bias")}};
}

TEST_F(GoldenStateSpaces, h3_is_that_of_its_authors) {
    expect_mixer("h3_layer", {.mixer = "h3",
                              .options = {{"states", "8"}},
                              .origins = h3_origins(same("output_linear.weight")),
                              .steps = "step_output"});
    expect_mixer("h3_layer_head_dim2",
                 {.mixer = "h3",
                  .options = {{"states", "8"}, {"head_width", "2"}},
                  .origins = h3_origins(head_columns("output_linear.weight", 2, 2))});
}

// --- Hyena (safari).

TEST_F(GoldenStateSpaces, hyena_is_that_of_its_authors) {
    struct HyenaCase {
        const char* group;
        const char* order;
        const char* embedding;
        const char* shift;
        bool learned;
    };
    for (const HyenaCase& one : {HyenaCase{"hyena_order2", "2", "3", "0", true},
                                 {"hyena_order3_emb5_w10", "3", "5", "0", true},
                                 {"hyena_shift_lr0", "2", "3", "0.05", false},
                                 {"hyena_shorter_than_lmax", "2", "3", "0", true}}) {
        const auto buffer = [this](const std::string& name) {
            return [this, name](const Read&) { return read("buffers/filter_fn." + name); };
        };
        const std::string filter = "filter_fn.implicit_filter.";
        const Origin decays = [this](const Read&) {
            Numbers values = read("buffers/filter_fn.modulation.deltas");
            for (double& value : values) value = -std::abs(value);
            return values;
        };
        expect_mixer(one.group,
                     {.mixer = "hyena",
                      .options = {{"order", one.order},
                                  {"embedding", one.embedding},
                                  {"shift", one.shift},
                                  {"longest", "32"},
                                  {"filter_width", "8"},
                                  {"learn_positions", one.learned ? "true" : "false"}},
                      .origins = {{"input.weight", same("in_proj.weight")},
                                  {"input.bias", same("in_proj.bias")},
                                  {"taps_weight", same("short_filter.weight")},
                                  {"taps_bias", same("short_filter.bias")},
                                  {"filter.positions", one.learned ? same("filter_fn.pos_emb.z")
                                                                   : Origin(buffer("pos_emb.z"))},
                                  {"filter.times", buffer("pos_emb.t")},
                                  {"filter.decays", decays},
                                  {"filter.frequency", same(filter + "1.freq")},
                                  {"filter.bias", same("filter_fn.bias")},
                                  {"filter.0.weight", same(filter + "0.weight")},
                                  {"filter.0.bias", same(filter + "0.bias")},
                                  {"filter.1.weight", same(filter + "2.weight")},
                                  {"filter.1.bias", same(filter + "2.bias")},
                                  {"filter.2.weight", same(filter + "4.weight")},
                                  {"filter.2.bias", same(filter + "4.bias")},
                                  {"filter.last.weight", same(filter + "6.weight")},
                                  {"output.weight", same("out_proj.weight")},
                                  {"output.bias", same("out_proj.bias")}}});
    }
}

/// What filters begin with; the authors' are found in float32.
TEST_F(GoldenStateSpaces, hyena_begins_with_the_filters_of_its_authors) {
    group_ = "/hyena_order3_emb5_w10";
    const MixerEntry& entry = find_mixer("hyena");
    OptionSet options = entry.options();
    for (const auto& [name, value] :
         Options{{"order", "3"}, {"embedding", "5"}, {"longest", "32"}, {"sine_frequency", "10"}}) {
        options.set(name, value);
    }
    const auto mixer = entry.make(options, {.width = 4});
    const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f64, {1});
    const std::map<std::string, std::string> theirs{
        {"filter.positions", "parameters/filter_fn.pos_emb.z"},
        {"filter.times", "buffers/filter_fn.pos_emb.t"},
        {"filter.decays", "buffers/filter_fn.modulation.deltas"}};
    for (const auto& [name, parameter] : mixer->parameters()) {
        if (!theirs.contains(name)) continue;
        Numbers found = values_of(parameter->value), expected = read(theirs.at(name));
        for (Numbers* const values : {&found, &expected}) {
            for (double& value : *values) value = name == "filter.decays" ? std::abs(value) : value;
        }
        EXPECT_EQ(difference_above(found, expected, 2e-6), "") << name;
    }
}

// --- Liquid-S4, as released.

Origins liquid_origins() {
    const std::string kernel = "kernel.kernel.";
    return {{"space.log_step", same(kernel + "log_dt")},
            {"space.log_decay", same(kernel + "inv_w_real")},
            {"space.frequency", same(kernel + "w_imag")},
            {"space.input_weight", planes(kernel + "B")},
            {"space.correction", planes(kernel + "P")},
            {"space.output_weight", planes(kernel + "C")},
            {"space.skip", same("D")},
            {"output.gate.weight", same("output_linear.0.weight")},
            {"output.gate.bias", same("output_linear.0.bias")}};
}

TEST_F(GoldenStateSpaces, liquid_s4_is_that_of_its_authors_release) {
    struct LiquidCase {
        const char* group;
        std::int64_t degree;
        bool neighbours = false, backward = false;
        const char* output = "none";
    };
    for (const LiquidCase& one : {LiquidCase{"liquid_s4_polyb_degree2", 2},
                                  {"liquid_s4_polyb_degree3", 3},
                                  {"liquid_s4_polyb_degree4_not_allcombs", 4, true},
                                  {"liquid_s4_polyb_bidirectional", 2, false, true},
                                  {"liquid_s4_polyb_layer", 3, false, false, "full_glu"}}) {
        // 2 Re(sum of C b) s^(2^(degree - 1) - 1) for each degree, channel and feature.
        const Origin constants = [this, degrees = one.degree](const Read&) {
            const Numbers b = read("constants/B"), c = read("constants/C"), w = read("constants/w");
            const Numbers log_step = read("constants/log_dt");
            const auto number = [](const Numbers& of, std::size_t i) {
                return std::complex<double>(of[2 * i], of[2 * i + 1]);
            };
            Numbers result;
            for (std::int64_t degree = 2; degree <= degrees; ++degree) {
                for (std::size_t row = 0; row < c.size() / 8; ++row) {  // 4 modes
                    const std::size_t feature = row % 4;
                    const double step = std::exp(log_step[feature]);
                    double gains = 0, output = 0;
                    for (std::size_t n = 0; n < 4; ++n) {
                        const std::size_t at = feature * 4 + n;
                        const auto gain = step * number(b, at) / (1.0 - step / 2 * number(w, at));
                        gains += 2 * gain.real();
                        output += 2 * (number(c, row * 4 + n) * gain).real();
                    }
                    const double power = std::exp2(static_cast<double>(degree - 1)) - 1;
                    result.push_back(output * std::pow(gains, power));
                }
            }
            return result;
        };
        Origins origins = liquid_origins();
        origins["constants"] = constants;
        expect_mixer(one.group,
                     {.mixer = "liquid_s4_released",
                      .options = {{"states", "8"},
                                  {"longest", "32"},
                                  {"degree", std::to_string(one.degree)},
                                  {"combinations", one.neighbours ? "neighbours" : "all"},
                                  {"backward", one.backward ? "true" : "false"},
                                  {"output", one.output}},
                      .origins = origins,
                      .causal = false,
                      .time_last = true});
    }
    expect_mixer("liquid_s4_off",
                 {.mixer = "s4",
                  .options = {{"states", "8"}, {"longest", "32"}, {"output", "none"}},
                  .origins = liquid_origins(),
                  .time_last = true});
}

// --- LongConv (safari), which no mixer is: two kernels of each feature, learned step by step, of
// which what is less than 0.02 counts for nothing, a skip, gelu and a gated map. Put together of
// our operations.

TEST_F(GoldenStateSpaces, long_convolutions_of_learned_kernels_are_those_of_their_authors) {
    group_ = "/longconv_layer";
    constexpr double threshold = 0.02;
    constexpr std::int64_t width = 4;
    Tape tape;
    Context context{.stream = stream_, .tape = &tape};
    std::map<std::string, Parameter> leaves;
    const auto leaf = [&](const std::string& name, const Shape& of) {
        leaves[name] = {tensor_of(stream_, of, DType::f64, read(name)),
                        Tensor::zeros(stream_, of, DType::f64)};
        return tape.leaf(leaves.at(name));
    };
    const Shape of = shape("input");
    const Var x = leaf("input", of);
    const Var twice[] = {x, x};
    const Var both = concatenate(context, twice, 2);
    const Var kernel = leaf("parameters/kernel.kernel", {2 * width, of[1]});
    const auto above = [&](double sign) {
        return activate(context, scale(context, kernel, sign, -threshold), Activation::relu);
    };
    const Var filter = transpose(context, subtract(context, above(1), above(-1)), 0, 1);
    const Var skip = multiply(context, both, leaf("parameters/D", {2 * width}));
    const Var hidden = activate(
        context, add(context, long_convolution(context, both, filter), skip), Activation::gelu);
    const Var gated =
        linear(context, hidden, leaf("parameters/output_linear.0.weight", {2 * width, 2 * width}),
               leaf("parameters/output_linear.0.bias", {2 * width}));
    const Var gate =
        activate(context, slice(context, gated, 2, width, 2 * width), Activation::sigmoid);
    const Var output = multiply(context, slice(context, gated, 2, 0, width), gate);
    expect_close(output.value, read("output"), 1e-10, "output");
    const Tensor gradient = tensor_of(stream_, of, DType::f64, read("grad_output"));
    tape.backward(stream_, {&output, 1}, {&gradient, 1});
    for (const auto& [name, parameter] : leaves) {
        const std::string theirs =
            name == "input" ? "grad_input" : "gradients" + name.substr(name.find('/'));
        expect_close(parameter.gradient, read(theirs), 1e-10, name);
    }
}

}  // namespace
}  // namespace elm::test::state_space
