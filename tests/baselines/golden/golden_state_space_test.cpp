// State-space mixers and their kernels against published code.

#include "tests/baselines/golden/golden_state_space.h"

#include <complex>

#include "baselines/mixers/state_space/hippo.h"
#include "baselines/mixers/state_space/low_rank_output.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/spectral/low_rank/low_rank_kernel.h"
#include "kernels/ops/spectral/low_rank/low_rank_scan.h"
#include "kernels/ops/spectral/modes/mode_kernel.h"

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
    expect_mixer("s4d_layer_lengths_mask", {.mixer = "s4d",
                                            .options = {{"states", "8"}},
                                            .origins = s4d_origins("", ""),
                                            .softplus_step = true,
                                            .steps = "",
                                            .masked = true});
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
                                  {"s4_kernel_fout"},
                                  {"s4_kernel_legt_rank2"}}) {
        SCOPED_TRACE(one.group);
        group_ = std::string("/") + one.group;
        const bool softplus = one.softplus_step;
        const Shape of = shape("kernel"), out = shape("parameters/C");
        const Shape shared = shape("parameters/A_real");
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        std::map<std::string, Parameter> leaves;
        const auto leaf = [&](const std::string& name, const Shape& as, const Numbers& values) {
            leaves[name] = {tensor_of(stream_, as, DType::f64, values),
                            Tensor::zeros(stream_, as, DType::f64)};
            return tape.leaf(leaves.at(name));
        };
        const auto complex_leaf = [&](const std::string& name, const Shape& as) {
            const Numbers both = transposed(read("parameters/" + name), 2);
            const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
            const Var real = leaf(name + ".0", as, Numbers(both.begin(), middle));
            return ComplexVar{real, leaf(name + ".1", as, Numbers(middle, both.end()))};
        };
        Numbers steps = read("parameters/inv_dt"), frequency = read("parameters/A_imag");
        for (double& x : frequency) x = -x;
        for (double& x : steps) {
            x = std::log(one.rate) + (softplus ? std::log(std::log1p(std::exp(x))) : x);
        }
        const Var log_step = leaf("log_step", {of[1]}, steps);
        const Var log_decay = leaf("log_decay", shared, read("parameters/A_real"));
        const Var rate = leaf("frequency", shared, frequency);
        const Shape corrections = shape("parameters/P");
        const ComplexVar b = complex_leaf("B", shared);
        const ComplexVar p = complex_leaf(
            "P", {corrections[0] * corrections[1], corrections[2]});  // one behind the other
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
            const Numbers both = transposed(read("gradients/" + name), 2);
            const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
            expect_close(leaves.at(name + ".0").gradient, Numbers(both.begin(), middle), 1e-10,
                         name + ", real");
            expect_close(leaves.at(name + ".1").gradient, Numbers(middle, both.end()), 1e-10,
                         name + ", imaginary");
        }
        // The kernel is a sum of c b / (g - a) over points g of the imaginary axis, one of them 0,
        // less a correction of low rank that takes most of it away where a mode a lies near the
        // axis. Of the terms c b / a² of the gradient of a, float64 leaves a rounding: 1.1e-8 of
        // the largest for the FouT modes, whose slowest is at -1e-4 (1 + i), nothing for others.
        const Numbers decays = read("parameters/A_real");
        double nearest = 1;
        for (std::size_t i = 0; i < frequency.size(); ++i) {
            const double decay = std::exp(decays[i]);
            nearest = std::min(nearest, decay * decay + frequency[i] * frequency[i]);
        }
        const double error = std::max(1e-10, epsilon_of(DType::f64) / nearest);
        expect_close(leaves.at("log_decay").gradient, read("gradients/A_real"), error, "A_real");
        Numbers along = read("gradients/A_imag");
        for (double& x : along) x = -x;
        expect_close(leaves.at("frequency").gradient, along, error, "A_imag");
        Numbers along_steps = read("gradients/inv_dt");
        const Numbers raw = read("parameters/inv_dt");
        for (std::size_t i = 0; softplus && i < raw.size(); ++i) {
            along_steps[i] *= std::log1p(std::exp(raw[i])) * (1 + std::exp(-raw[i]));
        }
        expect_close(leaves.at("log_step").gradient, along_steps, 1e-10, "inv_dt");
    }
}

/// Of the matrices that the modes of S4 begin with, up to the phases of their eigenvectors.
TEST_F(GoldenStateSpaces, modes_of_hippo_matrices_are_those_of_their_authors) {
    for (const auto& [group, matrix, modes] :
         {std::tuple{"hippo_matrices_N4/legt", "legt", std::int64_t{2}},
          {"hippo_matrices_N8/legt", "legt", 4},
          {"hippo_matrices_N64/legt", "legt", 32},
          {"hippo_matrices_N4/fout", "fout", 2},
          {"hippo_matrices_N8/fout", "fout", 4},
          {"hippo_matrices_N64/fout", "fout", 32},
          {"hippo_matrices_N4/legs", "legs", 2},
          {"hippo_matrices_N8/legs", "legs", 4},
          {"hippo_matrices_N64/legs", "legs", 32}}) {
        SCOPED_TRACE(group);
        group_ = std::string("/") + group;
        const HippoModes found = hippo_modes(matrix, modes);
        const auto numbers = [this](const std::string& name) {
            const Numbers values = read(name);
            std::vector<std::complex<double>> all;
            for (std::size_t i = 0; i < values.size(); i += 2) {
                all.emplace_back(values[i], values[i + 1]);
            }
            return all;
        };
        const auto rates = numbers("nplr_W"), inputs = numbers("nplr_B_unclipped");
        const auto corrections = numbers("nplr_P");
        const auto count = static_cast<std::size_t>(modes);
        ASSERT_EQ(corrections.size(), found.corrections.size() * count);
        const double allowed = 1e-11 * std::max(1.0, std::abs(rates.front()));
        for (std::size_t i = 0; i < count; ++i) {
            // Theirs are the negative frequencies, falling; ours are positive, rising.
            const std::size_t theirs = count - 1 - i;
            EXPECT_NEAR(rates[theirs].real(), -found.decay, allowed);
            EXPECT_NEAR(found.frequency[i], -rates[theirs].imag(), allowed);
            EXPECT_NEAR(std::abs(found.input_weight[i]), std::abs(inputs[theirs]), allowed);
            for (std::size_t m = 0; m < found.corrections.size(); ++m) {
                // Ours are conjugates: so are the products that no phase changes.
                const auto ours = std::conj(found.corrections[m][i]) * found.input_weight[i];
                const auto own = std::conj(corrections[m * count + theirs]) * inputs[theirs];
                EXPECT_NEAR(std::abs(ours - std::conj(own)), 0, allowed);
            }
        }
    }
}

/// The published step by step, in O(modes), and the output weight of a recurrence that the
/// published code had before it made that of a kernel of it.
TEST_F(GoldenStateSpaces, s4_steps_are_those_of_its_authors) {
    struct StepCase {
        const char* group;
        bool softplus_step;
    };
    for (const StepCase& one :
         {StepCase{"s4_kernel_legs_even", true}, {"s4_kernel_legs_odd", false}}) {
        SCOPED_TRACE(one.group);
        group_ = std::string("/") + one.group;
        const Shape of = shape("kernel"), shared = shape("parameters/A_real");
        const auto modes = static_cast<std::size_t>(shared[1]);
        const auto complex_at = [](const Numbers& pairs, std::size_t i) {
            return std::complex<double>(pairs[2 * i], pairs[2 * i + 1]);
        };
        const auto tensor = [&](const Shape& as, const Numbers& values) {
            return tensor_of(stream_, as, DType::f64, values);
        };
        const auto as_planes = [&](const Shape& as, const Numbers& pairs) {
            const Numbers both = transposed(pairs, 2);
            const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
            return TensorPlanes{tensor(as, Numbers(both.begin(), middle)),
                                tensor(as, Numbers(middle, both.end()))};
        };
        Numbers steps = read("parameters/inv_dt"), frequency = read("parameters/A_imag");
        for (double& x : frequency) x = -x;
        for (double& x : steps) {
            if (one.softplus_step) x = std::log(std::log1p(std::exp(x)));
        }
        const Numbers decay = read("parameters/A_real"), p = read("parameters/P");
        const Numbers made = read("parameters/C"), before = read("C_before_setup");
        Numbers output;
        for (std::size_t feature = 0; feature < steps.size(); ++feature) {
            LowRankModes space{.step = std::exp(steps[feature]), .rate = {}, .correction = {}};
            std::vector<std::complex<double>> weight;
            for (std::size_t n = 0; n < modes; ++n) {
                const std::size_t mode = feature % static_cast<std::size_t>(shared[0]) * modes + n;
                space.rate.emplace_back(-std::exp(decay[mode]), frequency[mode]);
                space.correction.push_back(complex_at(p, mode));
                weight.push_back(complex_at(made, feature * modes + n));
            }
            for (const std::complex<double>& c : recurrent_output_weight(space, weight, of[2])) {
                output.insert(output.end(), {c.real(), c.imag()});
            }
        }
        double largest = 0;
        for (const double c : before) largest = std::max(largest, std::abs(c));
        EXPECT_EQ(difference_above(output, before, 1e-10 * largest), "");

        const Shape input = shape("step_input");  // (batch, features, time)
        const Shape state{input[0], shared[1], input[1]};
        const LowRankScanResult read_steps = low_rank_scan(
            stream_,
            {.log_step = tensor({of[1]}, steps),
             .log_decay = tensor(shared, decay),
             .frequency = tensor(shared, frequency),
             .input_weight = as_planes(shared, read("parameters/B")),
             .correction = as_planes(shared, p),
             .output_weight = as_planes({of[1], shared[1]}, output),
             .initial = {Tensor::zeros(stream_, state, DType::f64),
                         Tensor::zeros(stream_, state, DType::f64)},
             .input = tensor({input[0], input[2], input[1]}, sequence("step_input", true))});
        // (batch, 1, features, time) there.
        Numbers wanted;
        const Numbers all = read("step_output_linear");
        const std::int64_t sample = input[1] * input[2];
        for (std::int64_t b = 0; b < input[0]; ++b) {
            const Numbers turned =
                transposed(Numbers(all.begin() + b * sample, all.begin() + (b + 1) * sample),
                           static_cast<std::size_t>(input[2]));
            wanted.insert(wanted.end(), turned.begin(), turned.end());
        }
        expect_close(read_steps.output, wanted, 1e-10, "step by step");
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
        Numbers values(32, 0.0);
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
        double rate = 1;
    };
    const auto zoh = Discretisation::zero_order_hold, bilinear = Discretisation::bilinear;
    for (const KernelCase& one : {KernelCase{"s4d_kernel_inv_N64", zoh, false},
                                  {"s4d_kernel_inv_bilinear", bilinear, false},
                                  {"s4d_kernel_inv_zoh", zoh, true},
                                  {"s4d_kernel_legs_bilinear", bilinear, false},
                                  {"s4d_kernel_legs_zoh", zoh, true},
                                  {"s4d_kernel_lin_bilinear", bilinear, false},
                                  {"s4d_kernel_lin_rate2", zoh, false, 2},
                                  {"s4d_kernel_lin_nssm1_two_channels", zoh, false},
                                  {"s4d_kernel_lin_zoh", zoh, true}}) {
        SCOPED_TRACE(one.group);
        group_ = std::string("/") + one.group;
        const Shape of = shape("kernel");  // (channels, features, time)
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        std::map<std::string, Parameter> leaves;
        const auto leaf = [&](const std::string& name, const Shape& as, const Numbers& values) {
            leaves[name] = {tensor_of(stream_, as, DType::f64, values),
                            Tensor::zeros(stream_, as, DType::f64)};
            return tape.leaf(leaves.at(name));
        };
        const Shape shared = shape("parameters/A_real"), out = shape("parameters/C");
        Numbers steps = read("parameters/inv_dt"), frequency = read("parameters/A_imag");
        for (double& x : frequency) x = -x;
        if (one.softplus_step) {
            for (double& x : steps) x = std::log(std::log1p(std::exp(x)));
        }
        for (double& x : steps) x += std::log(one.rate);
        const Numbers b = transposed(read("parameters/B"), 2),
                      c = transposed(read("parameters/C"), 2);
        const auto half = [](const Numbers& both, bool second) {
            const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
            return second ? Numbers(middle, both.end()) : Numbers(both.begin(), middle);
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
        Numbers expected_frequency = read("gradients/A_imag");
        for (double& x : expected_frequency) x = -x;
        expect_close(leaves.at("log_decay").gradient, read("gradients/A_real"), 1e-10, "A_real");
        expect_close(leaves.at("frequency").gradient, expected_frequency, 1e-10, "A_imag");
        const Numbers gb = transposed(read("gradients/B"), 2),
                      gc = transposed(read("gradients/C"), 2);
        expect_close(leaves.at("b_real").gradient, half(gb, false), 1e-10, "B");
        expect_close(leaves.at("b_imag").gradient, half(gb, true), 1e-10, "B");
        expect_close(leaves.at("c_real").gradient, half(gc, false), 1e-10, "C");
        expect_close(leaves.at("c_imag").gradient, half(gc, true), 1e-10, "C");
        Numbers expected_step = read("gradients/inv_dt");
        if (one.softplus_step) {
            const Numbers raw = read("parameters/inv_dt");
            for (std::size_t i = 0; i < raw.size(); ++i) {
                expected_step[i] *= std::log1p(std::exp(raw[i])) * (1 + std::exp(-raw[i]));
            }
        }
        expect_close(leaves.at("log_step").gradient, expected_step, 1e-10, "inv_dt");
    }
}

/// The response of the mixer to an impulse in each feature.
TEST_F(GoldenStateSpaces, s4d_in_its_other_forms_is_that_of_its_authors) {
    struct FormCase {
        const char* group;
        Options options;
        bool softplus_step = false, real = false;
    };
    const std::string states = "states";
    for (const FormCase& one :
         {FormCase{"s4d_kernel_legs_untied_dt", {{states, "8"}, {"tie_steps", "false"}}},
          {"s4d_kernel_lin_bandlimit", {{states, "16"}, {"band_limit", "0.5"}}},
          {"s4d_kernel_real_zoh", {{states, "8"}, {"initial", "real"}}, false, true}}) {
        SCOPED_TRACE(one.group);
        group_ = std::string("/") + one.group;
        const Shape of = shape("kernel");  // (1, features, time)
        const MixerEntry& entry = find_mixer("s4d");
        OptionSet options = entry.options();
        options.set("output", "none");
        for (const auto& [name, text] : one.options) options.set(name, text);
        const auto mixer = entry.make(options, {.width = of[1]});
        const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f64, {1});
        const Origins origins{
            {"log_step", same("inv_dt")},
            {"log_decay", same("A_real")},
            {"frequency", negative("A_imag")},
            {"input_weight", one.real ? same("B") : planes("B")},
            {"output_weight", one.real ? same("C") : planes("C")},
            {"skip", [&](const Read&) { return Numbers(static_cast<std::size_t>(of[1]), 0.0); }}};
        fill(*mixer, origins, one.softplus_step);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Shape rows{1, of[2], of[1]};
        Numbers impulse(static_cast<std::size_t>(rows.size()), 0.0);
        std::fill_n(impulse.begin(), of[1], 1.0);
        const Var output =
            mixer->mix(context, {.sequence = {tensor_of(stream_, rows, DType::f64, impulse)}});
        const auto turned = [&](const std::string& name) {
            return transposed(read(name), static_cast<std::size_t>(of[2]));
        };
        expect_close(output.value, turned("kernel"), 1e-10, "kernel");
        const Tensor gradient = tensor_of(stream_, rows, DType::f64, turned("grad_kernel"));
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        Origins compared = origins;
        compared.erase("skip");
        expect_gradients(*mixer, compared, one.softplus_step, 1e-10);
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
    expect_mixer("s5_ssm_step_rescale2",
                 {.mixer = "s5",
                  .options = {{"states", "8"}, {"blocks", "2"}, {"output", "none"}},
                  .origins = s5_origins("", planes("C")),
                  .step_factor = 2});
    expect_mixer("s5_ssm_no_conj", {.mixer = "s5",
                                    .options = {{"states", "8"},
                                                {"blocks", "2"},
                                                {"output", "none"},
                                                {"conjugate_pairs", "false"}},
                                    .origins = s5_origins("", planes("C"))});
}

TEST_F(GoldenStateSpaces, lru_is_that_of_minimal_lru) {
    for (const char* const group : {"lru_ssm", "lru_ssm_pathx_ring"}) {
        expect_mixer(group, {.mixer = "lru",
                             .options = {{"states", "8"}, {"output", "none"}},
                             .origins = lru_origins("")});
    }
}

TEST_F(GoldenStateSpaces, mamba_is_that_of_its_authors) {
    Origins origins{{"in_proj.weight", same("in_proj.weight")},
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
    origins["conv_bias"] = [](const Read&) { return Numbers(20, 0.0); };  // there is none
    expect_mixer("mamba_block_rank2_noconvbias",
                 {.mixer = "mamba",
                  .options = {{"states", "4"}, {"expand", "1"}, {"taps", "3"}},
                  .origins = origins,
                  .steps = "step_output",
                  .other_gradients = {"conv_bias"}});
}

}  // namespace
}  // namespace elm::test::state_space
