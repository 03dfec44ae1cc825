// State spaces with two kernels of each feature against published code in float64: S4D (Gu et al.
// 2022, and in CAB, Zhang et al. 2023) and DSS (Gupta et al. 2022). A mixer of twice the features,
// each of which it reads twice, is that, of which the first half of the outputs count.

#include "tests/baselines/golden/golden_mixers.h"
#include "tests/baselines/golden/golden_state_space.h"

namespace elm::test::state_space {
namespace {

/// Zeros behind an array, up to `size` elements.
Origin padded(const std::string& name, std::size_t size) {
    return [=](const Read& read) {
        Numbers values = read(name);
        values.resize(size, 0.0);
        return values;
    };
}
/// One array twice, for both kernels.
Origin doubled(const std::string& name) { return stacked(same(name), same(name)); }

struct ChannelCase {
    std::string mixer;
    Options options;
    Origins origins;
    bool causal = true, softplus_step = false, time_last = false;
    std::string input = "input", gradient = "grad_input";
};

class GoldenChannels : public GoldenStateSpaces {
protected:
    /// The file of attentions has state spaces as well.
    void read_attentions() {
        const std::string path = golden_folder() + "/golden_attention.h5";
        if (!std::filesystem::exists(path)) GTEST_SKIP() << "there is no " << path;
        file_.emplace(Hdf5File::open(path));
    }

    void expect_channels(const std::string& group, const ChannelCase& one) {
        SCOPED_TRACE(group);
        group_ = group;
        OptionSet options = find_mixer(one.mixer).options();
        for (const auto& [name, text] : one.options) options.set(name, text);
        const Shape in = shape(one.input);
        const Shape of = one.time_last ? Shape{in[0], in[2], in[1]} : in;
        const std::int64_t width = of[2];
        const auto mixer =
            find_mixer(one.mixer).make(options, {.width = 2 * width, .causal = one.causal});
        const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f64, {1});
        fill(*mixer, one.origins, one.softplus_step);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Parameter leaf{tensor_of(stream_, of, DType::f64, sequence(one.input, one.time_last)),
                             Tensor::zeros(stream_, of, DType::f64)};
        const Var x = tape.leaf(leaf);
        const Var twice[] = {x, x};
        const Var whole =
            mixer->mix(context, {.sequence = concatenate(context, twice, 2), .causal = one.causal});
        const Var output = slice(context, whole, 2, 0, width);
        expect_close(output.value, sequence("output", one.time_last), 1e-10, "output");
        const Tensor gradient =
            tensor_of(stream_, of, DType::f64, sequence("grad_output", one.time_last));
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        expect_close(leaf.gradient, sequence(one.gradient, one.time_last), 1e-10, "input");
        add_halves(*mixer);
        Origins compared = one.origins;
        compared.erase("input_weight");  // that of CAB is constant
        expect_gradients(*mixer, compared, one.softplus_step, 1e-10);
    }

    /// What both kernels ask of the steps that they share, in both halves.
    void add_halves(Module& module) {
        for (const auto& [name, parameter] : module.parameters()) {
            if (name != "log_step") continue;
            Numbers both = values_of(parameter->gradient);
            const std::size_t half = both.size() / 2;
            for (std::size_t i = 0; i < half; ++i) {
                both[i] += both[half + i];
                both[half + i] = both[i];
            }
            parameter->gradient.assign<double>(stream_, both);
        }
    }
};

TEST_F(GoldenChannels, s4d_with_two_kernels_is_that_of_its_authors) {
    const std::string kernel = "layer.kernel.";
    expect_channels("/s4d_layer_two_channels_no_glu",
                    {.mixer = "s4d",
                     .options = {{"states", "8"}, {"rows", "4"}, {"output", "linear"}},
                     .origins = {{"log_step", doubled(kernel + "inv_dt")},
                                 {"log_decay", same(kernel + "A_real")},
                                 {"frequency", negative(kernel + "A_imag")},
                                 {"input_weight", planes(kernel + "B")},
                                 {"output_weight", planes(kernel + "C")},
                                 {"skip", same("layer.D")},
                                 {"output.gate.weight", padded("output_linear.0.weight", 64)},
                                 {"output.gate.bias", padded("output_linear.0.bias", 8)}},
                     .softplus_step = true});
}

TEST_F(GoldenChannels, dss_with_two_kernels_is_that_of_its_authors) {
    expect_channels("/dss_exp_no_scale_two_channels",
                    {.mixer = "dss",
                     .options = {{"states", "6"}, {"gain", "none"}, {"separate_steps", "false"}},
                     .origins = {{"log_step", doubled("kernel.log_dt")},
                                 {"log_decay", same("kernel.Lambda_log_neg_re")},
                                 {"frequency", same("kernel.Lambda_im")},
                                 {"output_weight", planes("kernel.W")},
                                 {"skip", same("D")},
                                 {"output.gate.weight", padded("output_linear.weight", 64)},
                                 {"output.gate.bias", padded("output_linear.bias", 8)}},
                     .time_last = true});
}

/// Features share their modes; in both directions the second half of the kernels looks ahead.
TEST_F(GoldenChannels, s4d_is_that_of_cab) {
    read_attentions();
    if (IsSkipped()) return;
    const Origin ones = [](const Read&) { return Numbers{1, 1, 1, 1, 0, 0, 0, 0}; };
    const std::string kernel = "kernel.kernel.";
    for (const auto& [group, causal] :
         {std::pair{"/cab/s4d/causal_self", true}, {"/cab/s4d/noncausal_self", false}}) {
        expect_channels(group,
                        {.mixer = "s4d",
                         .options = {{"states", "8"}, {"rows", "1"}, {"output", "linear"}},
                         .origins = {{"log_step", doubled(kernel + "log_dt")},
                                     {"log_decay", same(kernel + "log_w_real")},
                                     {"frequency", same(kernel + "w_imag")},
                                     {"input_weight", ones},
                                     {"output_weight", planes(kernel + "C")},
                                     {"skip", same("D")},
                                     {"output.gate.weight", padded("output_linear.weight", 256)},
                                     {"output.gate.bias", padded("output_linear.bias", 16)}},
                         .causal = causal,
                         .input = "inputs/query",
                         .gradient = "grad_inputs/query"});
    }
}

}  // namespace
}  // namespace elm::test::state_space
