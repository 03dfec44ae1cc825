// State-space mixers and their kernels against published code.

#include "tests/baselines/golden_state_space.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/scan/selective_scan.h"
#include "kernels/ops/spectral/low_rank_kernel.h"
#include "kernels/ops/spectral/mode_kernel.h"

namespace elm::test::state_space {
namespace {

TEST_F(GoldenStateSpaces, s4d_layers_are_those_of_its_authors) {
    for (const auto& [group, rule, rows, causal] :
         {std::tuple{"s4d_layer_unidirectional", "zero_order_hold", "0", true},
          {"s4d_layer_bidirectional", "zero_order_hold", "0", false},
          {"s4d_layer_bidirectional_bilinear", "bilinear", "2", false}}) {
        expect_mixer(group, {.mixer = "s4d",
                             .options = {{"states", "8"}, {"discretisation", rule}, {"rows", rows}},
                             .origins = s4d_origins("", ""),
                             .causal = causal,
                             .softplus_step = true});
    }
}

// --- S4. Its output weight is C' there, too.

Origins s4_origins(const std::string& kernel, const std::string& skip) {
    return {{"space.log_step", same(kernel + "inv_dt")},
            {"space.log_decay", same(kernel + "A_real")},
            {"space.frequency", negative(kernel + "A_imag")},
            {"space.input_weight", planes(kernel + "B")},
            {"space.correction", planes(kernel + "P")},
            {"space.output_weight", planes(kernel + "C")},
            {"space.skip", same(skip)},
            {"output.gate.weight", same("output_linear.0.weight")},
            {"output.gate.bias", same("output_linear.0.bias")}};
}

/// Gradients of steps are sums that cancel: in float32 those of the authors' own code are 5e-5 off.
TEST_F(GoldenStateSpaces, s4_layers_are_those_of_its_authors) {
    for (const auto& [group, causal] :
         {std::pair{"s4_layer_unidirectional", true}, {"s4_layer_bidirectional", false}}) {
        expect_mixer(group, {.mixer = "s4",
                             .options = {{"states", "8"}, {"rows", "1"}, {"longest", "32"}},
                             .origins = s4_origins("layer.kernel.", "layer.D"),
                             .causal = causal,
                             .softplus_step = true});
    }
}

/// `rate` 2 of the authors is a step that is twice as long, of a kernel half as long.
TEST_F(GoldenStateSpaces, s4_kernels_are_those_of_its_authors) {
    struct KernelCase {
        const char* group;
        bool softplus_step = false;
        double rate = 1;
    };
    for (const KernelCase& one : {KernelCase{"s4_kernel_legs_even", true},
                                  {"s4_kernel_legs_odd"},
                                  {"s4_kernel_legs_N16_two_channels", true},
                                  {"s4_kernel_legs_N64", true},
                                  {"s4_kernel_legs_doubled"},
                                  {"s4_kernel_legs_rate2", false, 2},
                                  {"s4_kernel_fout"}}) {
        SCOPED_TRACE(one.group);
        group_ = std::string("/") + one.group;
        const bool softplus = one.softplus_step;
        const Shape of = shape("kernel"), out = shape("parameters/C");
        const Shape shared = shape("parameters/A_real");
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        std::map<std::string, Parameter> leaves;
        const auto leaf = [&](const std::string& name, const Shape& as, const Values& values) {
            leaves[name] = {tensor_of(stream_, as, DType::f64, values),
                            Tensor::zeros(stream_, as, DType::f64)};
            return tape.leaf(leaves.at(name));
        };
        const auto complex_leaf = [&](const std::string& name, const Shape& as) {
            const Values both = transposed(read("parameters/" + name), 2);
            const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
            const Var real = leaf(name + ".0", as, Values(both.begin(), middle));
            return ComplexVar{real, leaf(name + ".1", as, Values(middle, both.end()))};
        };
        Values steps = read("parameters/inv_dt"), frequency = read("parameters/A_imag");
        for (double& x : frequency) x = -x;
        for (double& x : steps) {
            x = std::log(one.rate) + (softplus ? std::log(std::log1p(std::exp(x))) : x);
        }
        const Var log_step = leaf("log_step", {of[1]}, steps);
        const Var log_decay = leaf("log_decay", shared, read("parameters/A_real"));
        const Var rate = leaf("frequency", shared, frequency);
        const ComplexVar b = complex_leaf("B", shared), p = complex_leaf("P", shared);
        const ComplexVar c = complex_leaf("C", {out[0], out[1], out[2]});
        const Var kernel = low_rank_kernel(context, {log_step, log_decay, rate, b, p, c}, of[2]);
        // (channels, features, time) there.
        const auto turned = [&](const std::string& name) {
            return transposed(read(name), static_cast<std::size_t>(of[2]));
        };
        expect_close(kernel.value, turned("kernel"), 1e-10, "kernel");
        const Tensor gradient =
            tensor_of(stream_, kernel.value.shape(), DType::f64, turned("grad_kernel"));
        tape.backward(stream_, {&kernel, 1}, {&gradient, 1});
        for (const std::string name : {"B", "P", "C"}) {
            const Values both = transposed(read("gradients/" + name), 2);
            const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
            expect_close(leaves.at(name + ".0").gradient, Values(both.begin(), middle), 1e-10,
                         name + ", real");
            expect_close(leaves.at(name + ".1").gradient, Values(middle, both.end()), 1e-10,
                         name + ", imaginary");
        }
        // The kernel is a sum of c b / (g - a) over points g of the imaginary axis, one of them 0,
        // less a correction of low rank that takes most of it away where a mode a lies near the
        // axis. Of the terms c b / a² of the gradient of a, float64 leaves a rounding: 1.1e-8 of
        // the largest for the FouT modes, whose slowest is at -1e-4 (1 + i), nothing for others.
        const Values decays = read("parameters/A_real");
        double nearest = 1;
        for (std::size_t i = 0; i < frequency.size(); ++i) {
            const double decay = std::exp(decays[i]);
            nearest = std::min(nearest, decay * decay + frequency[i] * frequency[i]);
        }
        const double error = std::max(1e-10, epsilon_of(DType::f64) / nearest);
        expect_close(leaves.at("log_decay").gradient, read("gradients/A_real"), error, "A_real");
        Values along = read("gradients/A_imag");
        for (double& x : along) x = -x;
        expect_close(leaves.at("frequency").gradient, along, error, "A_imag");
        Values along_steps = read("gradients/inv_dt");
        const Values raw = read("parameters/inv_dt");
        for (std::size_t i = 0; softplus && i < raw.size(); ++i) {
            along_steps[i] *= std::log1p(std::exp(raw[i])) * (1 + std::exp(-raw[i]));
        }
        expect_close(leaves.at("log_step").gradient, along_steps, 1e-10, "inv_dt");
    }
}

// --- S4ND, of images 9 x 7.

TEST_F(GoldenStateSpaces, s4nd_layers_are_those_of_its_authors) {
    for (const auto& [group, rows, causal, output] :
         {std::tuple{"s4nd_diag_unidirectional", "0", true, "none"},
          {"s4nd_diag_linear", "0", false, "none"},
          {"s4nd_diag_block", "1", false, "full_glu"}}) {
        Origins origins{{"skip", same("D")},
                        {"output.gate.weight", same("output_linear.0.weight")},
                        {"output.gate.bias", same("output_linear.0.bias")}};
        for (const auto& [ours, theirs] :
             {std::pair<std::string, std::string>{"along_columns.", "kernel.0."},
              {"along_rows.", "kernel.1."}}) {
            origins[ours + "log_step"] = same(theirs + "inv_dt");
            origins[ours + "log_decay"] = same(theirs + "A_real");
            origins[ours + "frequency"] = negative(theirs + "A_imag");
            origins[ours + "input_weight"] = planes(theirs + "B");
            origins[ours + "output_weight"] = planes(theirs + "C");
        }
        expect_mixer(
            group,
            {.mixer = "s4nd",
             .options = {{"states", "8"}, {"columns", "7"}, {"rows", rows}, {"output", output}},
             .origins = origins,
             .causal = causal,
             .time_last = true});
    }
}

/// The layer that the authors publish alone: B is 1 and not trained.
TEST_F(GoldenStateSpaces, s4d_minimal_layer_is_that_of_its_authors) {
    const Origin ones = [](const Read&) {
        Values values(32, 0.0);
        std::fill_n(values.begin(), 16, 1.0);
        return values;
    };
    group_ = "/s4d_minimal_layer";
    const MixerEntry& entry = find_mixer("s4d");
    OptionSet options = entry.options();
    options.set("states", "8");
    const auto mixer = entry.make(options, {.width = 4});
    const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f64, {1});
    fill(*mixer,
         {{"log_step", same("kernel.log_dt")},
          {"log_decay", same("kernel.log_A_real")},
          {"frequency", same("kernel.A_imag")},
          {"input_weight", ones},
          {"output_weight", planes("kernel.C")},
          {"skip", same("D")},
          {"output.gate.weight", same("output_linear.0.weight")},
          {"output.gate.bias", same("output_linear.0.bias")}},
         false);
    Context context{stream_};
    const Var input{tensor_of(stream_, {2, 32, 4}, DType::f64, sequence("input", true))};
    expect_close(mixer->mix(context, {.sequence = input}).value, sequence("output", true), 1e-10,
                 "output");
}

TEST_F(GoldenStateSpaces, s4d_kernels_are_those_of_its_authors) {
    struct KernelCase {
        const char* group;
        Discretisation rule;
        bool softplus_step;
    };
    const auto zoh = Discretisation::zero_order_hold, bilinear = Discretisation::bilinear;
    for (const KernelCase& one : {KernelCase{"s4d_kernel_inv_N64", zoh, false},
                                  {"s4d_kernel_inv_bilinear", bilinear, false},
                                  {"s4d_kernel_inv_zoh", zoh, true},
                                  {"s4d_kernel_legs_bilinear", bilinear, false},
                                  {"s4d_kernel_legs_zoh", zoh, true},
                                  {"s4d_kernel_lin_bilinear", bilinear, false},
                                  {"s4d_kernel_lin_nssm1_two_channels", zoh, false},
                                  {"s4d_kernel_lin_zoh", zoh, true}}) {
        SCOPED_TRACE(one.group);
        group_ = std::string("/") + one.group;
        const Shape of = shape("kernel");  // (channels, features, time)
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        std::map<std::string, Parameter> leaves;
        const auto leaf = [&](const std::string& name, const Shape& as, const Values& values) {
            leaves[name] = {tensor_of(stream_, as, DType::f64, values),
                            Tensor::zeros(stream_, as, DType::f64)};
            return tape.leaf(leaves.at(name));
        };
        const Shape shared = shape("parameters/A_real"), out = shape("parameters/C");
        Values steps = read("parameters/inv_dt"), frequency = read("parameters/A_imag");
        for (double& x : frequency) x = -x;
        if (one.softplus_step) {
            for (double& x : steps) x = std::log(std::log1p(std::exp(x)));
        }
        const Values b = transposed(read("parameters/B"), 2),
                     c = transposed(read("parameters/C"), 2);
        const auto half = [](const Values& both, bool second) {
            const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
            return second ? Values(middle, both.end()) : Values(both.begin(), middle);
        };
        const Shape output{out[0], out[1], out[2]};
        const Modes modes = discretised_modes(
            context, one.rule,
            {leaf("log_step", {of[1]}, steps),
             leaf("log_decay", shared, read("parameters/A_real")),
             leaf("frequency", shared, frequency),
             {leaf("b_real", shared, half(b, false)), leaf("b_imag", shared, half(b, true))},
             {leaf("c_real", output, half(c, false)), leaf("c_imag", output, half(c, true))}});
        const Var skip{Tensor::zeros(stream_, {of[0] * of[1]}, DType::f64)};
        const Var kernel = mode_kernel(context, modes, skip, of[2]);
        const auto time_first = [&](const std::string& name) {
            return transposed(read(name), static_cast<std::size_t>(of[2]));
        };
        expect_close(kernel.value, time_first("kernel"), 1e-10, "kernel");
        const Tensor gradient =
            tensor_of(stream_, kernel.value.shape(), DType::f64, time_first("grad_kernel"));
        tape.backward(stream_, {&kernel, 1}, {&gradient, 1});
        Values expected_frequency = read("gradients/A_imag");
        for (double& x : expected_frequency) x = -x;
        expect_close(leaves.at("log_decay").gradient, read("gradients/A_real"), 1e-10, "A_real");
        expect_close(leaves.at("frequency").gradient, expected_frequency, 1e-10, "A_imag");
        const Values gb = transposed(read("gradients/B"), 2),
                     gc = transposed(read("gradients/C"), 2);
        expect_close(leaves.at("b_real").gradient, half(gb, false), 1e-10, "B");
        expect_close(leaves.at("b_imag").gradient, half(gb, true), 1e-10, "B");
        expect_close(leaves.at("c_real").gradient, half(gc, false), 1e-10, "C");
        expect_close(leaves.at("c_imag").gradient, half(gc, true), 1e-10, "C");
        Values expected_step = read("gradients/inv_dt");
        if (one.softplus_step) {
            const Values raw = read("parameters/inv_dt");
            for (std::size_t i = 0; i < raw.size(); ++i) {
                expected_step[i] *= std::log1p(std::exp(raw[i])) * (1 + std::exp(-raw[i]));
            }
        }
        expect_close(leaves.at("log_step").gradient, expected_step, 1e-10, "inv_dt");
    }
}

TEST_F(GoldenStateSpaces, s5_is_that_of_its_authors) {
    const Origin both = side_by_side(planes("C1"), planes("C2"), 4);
    struct S5Case {
        const char *group, *rule, *clip;
        Origin output_weight;
        bool causal;
    };
    for (const S5Case& one :
         {S5Case{"s5_ssm_zoh", "zero_order_hold", "false", planes("C"), true},
          {"s5_ssm_bilinear", "bilinear", "false", planes("C"), true},
          {"s5_ssm_bidirectional_lecun", "zero_order_hold", "true", both, false},
          {"s5_ssm_bidirectional_complex_normal", "zero_order_hold", "false", planes("C"),
           false}}) {
        expect_mixer(one.group, {.mixer = "s5",
                                 .options = {{"states", "8"},
                                             {"blocks", "2"},
                                             {"output", "none"},
                                             {"discretisation", one.rule},
                                             {"clip", one.clip}},
                                 .origins = s5_origins("", one.output_weight),
                                 .causal = one.causal});
    }
}

TEST_F(GoldenStateSpaces, lru_is_that_of_minimal_lru) {
    for (const char* const group : {"lru_ssm", "lru_ssm_pathx_ring"}) {
        expect_mixer(group, {.mixer = "lru",
                             .options = {{"states", "8"}, {"output", "none"}},
                             .origins = lru_origins("")});
    }
}

TEST_F(GoldenStateSpaces, mamba_is_that_of_its_authors) {
    const Origins origins{{"in_proj.weight", same("in_proj.weight")},
                          {"conv_weight", same("conv1d.weight")},
                          {"conv_bias", same("conv1d.bias")},
                          {"x_proj.weight", same("x_proj.weight")},
                          {"dt_weight", same("dt_proj.weight")},
                          {"dt_bias", same("dt_proj.bias")},
                          {"A_log", same("A_log")},
                          {"D", same("D")},
                          {"out_proj.weight", same("out_proj.weight")}};
    expect_mixer("mamba_block",
                 {.mixer = "mamba", .options = {{"states", "8"}}, .origins = origins});
}

/// The scan alone, with what the authors' function does around it.
TEST_F(GoldenStateSpaces, selective_scan_is_that_of_its_authors) {
    for (const char* const group :
         {"mamba_selective_scan", "mamba_selective_scan_L7", "mamba_selective_scan_large_delta"}) {
        SCOPED_TRACE(group);
        group_ = std::string("/") + group;
        const Shape of = shape("input");  // (batch, channels, time)
        const std::int64_t states = shape("parameters/A")[1];
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        std::map<std::string, Parameter> leaves;
        const auto leaf = [&](const std::string& name, const Shape& as, const Values& values) {
            leaves[name] = {tensor_of(stream_, as, DType::f64, values),
                            Tensor::zeros(stream_, as, DType::f64)};
            return tape.leaf(leaves.at(name));
        };
        const auto series = [&](const std::string& name) {
            const Shape own = shape(name);
            return leaf(name, {own[0], own[2], own[1]}, sequence(name, true));
        };
        const auto constant = [&](const std::string& name) {
            return leaf(name, shape(name), read(name));
        };
        const bool has = file_->has(group_ + "/parameters/D");
        const Var u = series("input");
        Var delta = series("parameters/delta");
        if (file_->has(group_ + "/parameters/delta_bias")) {
            delta = add(context, delta, constant("parameters/delta_bias"));
        }
        if (file_->number_attribute(group_, "delta_softplus") != 0) {
            delta = activate(context, delta, Activation::softplus);
        }
        const Var skip =
            has ? constant("parameters/D") : Var{Tensor::zeros(stream_, {of[1]}, DType::f64)};
        const Var rate = transpose(context, constant("parameters/A"), 0, 1);
        const Var b = series("parameters/B"), c = series("parameters/C");
        const Var initial{Tensor::zeros(stream_, {of[0], states, of[1]}, DType::f64)};
        const std::vector<Var> results =
            selective_scan(context, {u, delta, rate, b, c, skip, initial});
        Var output = results[0];
        if (file_->has(group_ + "/parameters/z")) {
            output = multiply(context, output,
                              activate(context, series("parameters/z"), Activation::silu));
        }
        expect_close(output.value, sequence("output", true), 1e-10, "output");
        const Tensor gradient =
            tensor_of(stream_, output.value.shape(), DType::f64, sequence("grad_output", true));
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        for (const auto& [name, parameter] : leaves) {
            const std::string theirs =
                name == "input" ? "grad_input" : "gradients" + name.substr(name.find('/'));
            const bool turned = shape(theirs).rank() == 3;
            expect_close(parameter.gradient, sequence(theirs, turned), 1e-10, name);
        }
    }
}

}  // namespace
}  // namespace elm::test::state_space
