// Retention, RWKV-4, DSS, GSS, H3, Hyena and Mamba-2 against published code.

#include <complex>

#include "baselines/mixers/state_space/hippo.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/scan/decaying_attention.h"
#include "kernels/ops/scan/wkv_scan.h"
#include "tests/baselines/golden_state_space.h"

namespace elm::test::state_space {
namespace {

/// Column `which` of an array of `columns`.
Origin column(const std::string& name, std::size_t which, std::size_t columns) {
    return [=](const Read& read) {
        const Values values = read(name);
        Values result;
        for (std::size_t i = which; i < values.size(); i += columns) result.push_back(values[i]);
        return result;
    };
}

/// A linear map to heads of `features`, whose pairs are neighbours there and halves here.
Origin halves(const std::string& name, std::size_t features, std::size_t columns) {
    return [=](const Read& read) {
        const Values values = read(name);
        Values result;
        for (std::size_t row = 0; row < values.size() / columns; ++row) {
            const std::size_t head = row / features * features, i = row % features;
            const std::size_t half = features / 2;
            const std::size_t theirs = head + (i < half ? 2 * i : 2 * (i - half) + 1);
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(theirs * columns);
            result.insert(result.end(), begin, begin + static_cast<std::ptrdiff_t>(columns));
        }
        return result;
    };
}

// --- Retention (torchscale).

Origins retention_origins() {
    return {{"query.weight", halves("q_proj.weight", 4, 8)},
            {"key.weight", halves("k_proj.weight", 4, 8)},
            {"value.weight", same("v_proj.weight")},
            {"gate.weight", same("g_proj.weight")},
            {"output.weight", same("out_proj.weight")}};
}

TEST_F(GoldenStateSpaces, retention_is_that_of_its_authors) {
    expect_mixer("retnet_retention_parallel", {.mixer = "retnet",
                                               .options = {{"heads", "2"}, {"chunk", "8"}},
                                               .origins = retention_origins(),
                                               .steps = "step_output"});
}

/// With large weights the authors divide rows of the parallel form, not of the recurrent one, by
/// the sum of their weights, and in their chunks by yet another number. The norm behind it takes
/// that away up to its epsilon of 1e-6. So their own forms are apart: by a share of 2.03e-5 of the
/// largest output the parallel one, by 4.01e-5 the one of chunks, from the recurrent one, which
/// ours is to 1e-10. Float32 adds up to 1e-5.
TEST_F(GoldenStateSpaces, retention_with_large_weights_is_that_of_its_authors) {
    for (const auto& [group, steps, error, gradient_error] :
         {std::tuple{"retnet_retention_parallel_weights_x4", "step_output", 3e-5, 1e-4},
          {"retnet_retention_chunkwise_weights_x4", "", 5e-5, 1e-3}}) {
        MixerCase expected{.mixer = "retnet",
                           .options = {{"heads", "2"}, {"chunk", "8"}},
                           .origins = retention_origins(),
                           .steps = steps,
                           .output_error = error,
                           .gradient_error = gradient_error};
        expect_mixer(group, expected);
    }
}

// --- RWKV-4.

TEST_F(GoldenStateSpaces, rwkv4_time_mixing_is_that_of_its_authors) {
    Origins origins;
    for (const char* const name :
         {"time_decay", "time_first", "time_mix_k", "time_mix_v", "time_mix_r", "key.weight",
          "value.weight", "receptance.weight", "output.weight"}) {
        origins[name] = same(name);
    }
    expect_mixer("rwkv4_time_mix", {.mixer = "rwkv4", .options = {}, .origins = origins});
}

/// Begins as the authors' layer 1 of 3.
TEST_F(GoldenStateSpaces, rwkv4_begins_as_that_of_its_authors) {
    group_ = "/rwkv4_time_mix";
    OptionSet options;
    options.declare({.name = "layers", .value = std::int64_t{3}, .help = ""});
    const auto mixer = find_mixer("rwkv4").make(options, {.width = 6, .layer = 1});
    const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f64, {1});
    for (const auto& [name, parameter] : mixer->parameters()) {
        if (!name.starts_with("time_")) continue;
        expect_close(parameter->value, read("init/" + name), 1e-6, name);  // float32 there
    }
}

/// Parameters and inputs of a function of the file on a tape, and their gradients.
class Leaves {
public:
    Leaves(Stream& stream, Tape& tape) : stream_(stream), tape_(tape) {}

    Var leaf(const std::string& name, const Shape& shape, const Values& values) {
        leaves_[name] = {tensor_of(stream_, shape, DType::f64, values),
                         Tensor::zeros(stream_, shape, DType::f64)};
        return tape_.leaf(leaves_.at(name));
    }
    /// compare(gradient, where the file has it)
    template <class Compare>
    void backward(const Var& output, const Values& gradient, const Compare& compare) {
        const Tensor along = tensor_of(stream_, output.value.shape(), DType::f64, gradient);
        tape_.backward(stream_, {&output, 1}, {&along, 1});
        for (const auto& [name, parameter] : leaves_) {
            compare(parameter.gradient,
                    name == "input" ? "grad_input" : "gradients" + name.substr(name.find('/')));
        }
    }

private:
    Stream& stream_;
    Tape& tape_;
    std::map<std::string, Parameter> leaves_;
};

TEST_F(GoldenStateSpaces, weighted_means_of_rwkv4_are_those_of_its_authors) {
    for (const char* const group : {"rwkv4_wkv", "rwkv4_wkv_large_keys"}) {
        SCOPED_TRACE(group);
        group_ = std::string("/") + group;
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        Leaves leaves(stream_, tape);
        const auto leaf = [&](const std::string& name) {
            return leaves.leaf(name, shape(name), read(name));
        };
        const Var value = leaf("input");
        const Var decay =
            scale(context, activate(context, leaf("parameters/time_decay"), Activation::exp), -1);
        const Shape& of = value.value.shape();
        const Var output =
            wkv_scan(context, decay, leaf("parameters/time_first"), leaf("parameters/k"), value,
                     empty_wkv_state(stream_, of[0], of[2], DType::f64), nullptr);
        expect_close(output.value, read("output"), 1e-10, "output");
        leaves.backward(output, read("grad_output"),
                        [&](const Tensor& gradient, const std::string& name) {
                            expect_close(gradient, read(name), 1e-10, name);
                        });
    }
}

// --- DSS.

Origins dss_origins(const std::string& decay, const Origin& decay_values,
                    const std::string& frequency, const Origin& frequency_values, bool separate) {
    return {{"log_step", separate ? planes("kernel.log_dt") : same("kernel.log_dt")},
            {decay, decay_values},
            {frequency, frequency_values},
            {"output_weight", planes("kernel.W")},
            {"skip", same("D")},
            {"output.gate.weight", same("output_linear.weight")},
            {"output.gate.bias", same("output_linear.bias")}};
}

TEST_F(GoldenStateSpaces, dss_with_a_softmax_is_that_of_its_authors) {
    const Origin real = column("kernel.Lambda", 0, 2), imag = column("kernel.Lambda", 1, 2);
    const Options options{{"states", "6"}, {"longest", "32"}};
    MixerCase expected{.mixer = "dss",
                       .options = options,
                       .origins = dss_origins("rate", real, "frequency", imag, true),
                       .time_last = true};
    expect_mixer("dss_softmax", expected);
    expected.origins = dss_origins("rate", real, "frequency", imag, false);
    expected.options.emplace_back("separate_steps", "false");
    expected.causal = false;
    expect_mixer("dss_softmax_tied_dt_bidirectional", expected);
}

/// There, what is divided out of a mode that grows has no share in the gradients of its rate.
TEST_F(GoldenStateSpaces, dss_with_modes_that_grow_is_that_of_its_authors) {
    const Origin real = column("kernel.Lambda", 0, 2), imag = column("kernel.Lambda", 1, 2);
    expect_mixer("dss_softmax_positive_real",
                 {.mixer = "dss",
                  .options = {{"states", "6"}, {"longest", "32"}},
                  .origins = dss_origins("rate", real, "frequency", imag, true),
                  .time_last = true,
                  .other_gradients = {"rate", "frequency", "log_step"}});
}

TEST_F(GoldenStateSpaces, dss_without_a_softmax_is_that_of_its_authors) {
    for (const auto& [group, logarithms] : {std::pair{"dss_exp", false}, {"dss_exp_re_im", true}}) {
        const std::string stored = logarithms ? "Lambda_log_im" : "Lambda_im";
        expect_mixer(group, {.mixer = "dss",
                             .options = {{"states", "6"},
                                         {"gain", "zero_order_hold"},
                                         {"log_frequency", logarithms ? "true" : "false"}},
                             .origins = dss_origins("log_decay", same("kernel.Lambda_log_neg_re"),
                                                    logarithms ? "log_frequency" : "frequency",
                                                    same("kernel." + stored), true),
                             .time_last = true});
    }
}

/// First modes, which their code finds in float32: of a matrix with as many rows as the name says,
/// half as many modes and their conjugates.
TEST_F(GoldenStateSpaces, dss_begins_with_the_modes_of_its_authors) {
    group_ = "/dss_skew_eigenvalues";
    for (const std::int64_t rows : {8, 16, 128}) {
        const Values theirs = transposed(read("evals_N" + std::to_string(rows)), 2);
        Values frequencies(theirs.begin() + rows, theirs.end());
        std::sort(frequencies.begin(), frequencies.end());
        const Values ours = legendre_modes(rows / 2).frequency;
        Values both;
        for (auto one = ours.rbegin(); one != ours.rend(); ++one) both.push_back(-*one);
        both.insert(both.end(), ours.begin(), ours.end());
        EXPECT_EQ(difference_above(both, frequencies, 1e-6 * frequencies.back()), "") << rows;
    }
}

// --- GSS (gated-state-spaces-pytorch).

TEST_F(GoldenStateSpaces, gss_is_that_of_its_reimplementation) {
    expect_mixer("gss_layer",
                 {.mixer = "gss",
                  .options = {{"states", "6"}, {"kernel_width", "4"}},
                  .origins = {{"gate.weight", same("to_u.0.weight")},
                              {"narrow.weight", same("to_v.0.weight")},
                              {"norm.weight", same("dss.norm.weight")},
                              {"norm.bias", same("dss.norm.bias")},
                              {"log_decay", same("dss.Lambda_real")},
                              {"log_frequency", same("dss.Lambda_imag")},
                              {"output_weight", stacked(same("dss.C_real"), same("dss.C_imag"))},
                              {"skip", same("dss.param_D")},
                              {"widen.weight", same("to_gate.weight")},
                              {"output.weight", same("to_out.weight")},
                              {"output.bias", same("to_out.bias")}},
                  .residual = true});
}

// --- H3 (safari).

/// (width, states) there; (states, width) here, of the shift's output the last state first.
Origin last_first(const std::string& name, std::size_t states) {
    return [=](const Read& read) {
        Values values = transposed(read(name), states);
        const std::size_t width = values.size() / states;
        Values result;
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
        const Values values = read(name);
        const std::size_t columns = heads * features;
        Values result;
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
            Values values = read("buffers/filter_fn.modulation.deltas");
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
        Values found = values_of(parameter->value), expected = read(theirs.at(name));
        for (Values* const values : {&found, &expected}) {
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
            const Values b = read("constants/B"), c = read("constants/C"), w = read("constants/w");
            const Values log_step = read("constants/log_dt");
            const auto number = [](const Values& of, std::size_t i) {
                return std::complex<double>(of[2 * i], of[2 * i + 1]);
            };
            Values result;
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

// --- Mamba-2.

TEST_F(GoldenStateSpaces, mamba2_is_that_of_its_authors) {
    const Origins origins{{"in_proj.weight", same("in_proj.weight")},
                          {"conv_weight", same("conv1d.weight")},
                          {"conv_bias", same("conv1d.bias")},
                          {"dt_bias", same("dt_bias")},
                          {"A_log", same("A_log")},
                          {"D", same("D")},
                          {"norm_weight", same("norm.weight")},
                          {"out_proj.weight", same("out_proj.weight")}};
    for (const auto& [group, states, groups] :
         {std::tuple{"mamba2_block", "6", "1"}, {"mamba2_block_groups2", "4", "2"}}) {
        expect_mixer(
            group,
            {.mixer = "mamba2",
             .options = {{"states", states}, {"groups", groups}, {"heads", "4"}, {"chunk", "8"}},
             .origins = origins});
    }
}

/// The attention alone, where values have been multiplied by their steps.
TEST_F(GoldenStateSpaces, chunks_of_mamba2_are_those_of_its_authors) {
    for (const char* const group : {"mamba2_ssd_minimal", "mamba2_ssd_minimal_initial_state"}) {
        SCOPED_TRACE(group);
        group_ = std::string("/") + group;
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        Leaves leaves(stream_, tape);
        const Shape of = shape("input");  // (batch, time, heads, features)
        const auto leaf = [&](const std::string& name) {
            const Values values = read(name);
            const auto size = static_cast<std::int64_t>(values.size());
            return leaves.leaf(name, {of[0], of[1], size / (of[0] * of[1])}, values);
        };
        Var start;
        if (file_->has(group_ + "/parameters/initial_states")) {
            start = leaves.leaf("parameters/initial_states",
                                {of[0], of[2], of[3], shape("parameters/B")[3]},
                                read("parameters/initial_states"));
        }
        Var end;
        const Var value = leaf("input");
        const Var output = decaying_attention(
            context, leaf("parameters/C"), leaf("parameters/B"), value, leaf("parameters/A"),
            {.heads = of[2], .chunk = 8, .start = start, .end = &end});
        expect_close(output.value, read("output"), 1e-10, "output");
        expect_close(end.value, read("final_state"), 1e-10, "final state");
        leaves.backward(output, read("grad_output"),
                        [&](const Tensor& gradient, const std::string& name) {
                            expect_close(gradient, read(name), 1e-10, name);
                        });
    }
}

}  // namespace
}  // namespace elm::test::state_space
