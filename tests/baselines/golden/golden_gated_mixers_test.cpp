// Retention (torchscale), RWKV-4, moving averages of Mega and Mamba-2 against published code.

#include "baselines/mixers/gated/damped_average.h"
#include "baselines/mixers/gated/rwkv4_channels.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/scan/decaying/decaying_attention.h"
#include "kernels/ops/scan/decaying/wkv_scan.h"
#include "tests/baselines/golden/golden_state_space.h"

namespace elm::test::state_space {
namespace {

/// A linear map to heads of `features`, whose pairs are neighbours there and halves here.
Origin halves(const std::string& name, std::size_t features, std::size_t columns) {
    return [=](const Read& read) {
        const Numbers values = read(name);
        Numbers result;
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

TEST_F(GoldenStateSpaces, channel_mixing_of_rwkv4_is_that_of_its_authors) {
    group_ = "/rwkv4_channel_mix";
    Rwkv4Channels channels(6, 24, 2.0 / 3);  // layer 1 of 3 there
    const FlatParameters flat = allocate_parameters(stream_, channels, DType::f64, {1});
    Origins origins;
    for (const auto& [name, parameter] : channels.parameters()) {
        origins[name] = same(name);
        if (!name.starts_with("time_")) continue;
        expect_close(parameter->value, read("init/" + name), 1e-6, name);  // float32 there
    }
    fill(channels, origins, false);
    Tape tape;
    Context context{.stream = stream_, .tape = &tape};
    const Shape of = shape("input");
    const Parameter leaf{tensor_of(stream_, of, DType::f64, read("input")),
                         Tensor::zeros(stream_, of, DType::f64)};
    const Var output = channels.forward(context, tape.leaf(leaf), nullptr);
    expect_close(output.value, read("output"), 1e-10, "output");
    const Tensor gradient = tensor_of(stream_, of, DType::f64, read("grad_output"));
    tape.backward(stream_, {&output, 1}, {&gradient, 1});
    expect_close(leaf.gradient, read("grad_input"), 1e-10, "grad_input");
    expect_gradients(channels, origins, false, 1e-10);
    // Step by step.
    Context plain{stream_};
    SequenceState state;
    std::vector<Var> steps;
    for (std::int64_t t = 0; t < of[1]; ++t) {
        StateCursor cursor(state);
        steps.push_back(channels.forward(plain, slice(plain, {leaf.value}, 1, t, t + 1), &cursor));
        cursor.finish();
    }
    expect_close(concatenate(plain, steps, 1).value, read("output"), 1e-10, "step by step");
}

/// Parameters and inputs of a function of the file on a tape, and their gradients.
class Leaves {
public:
    Leaves(Stream& stream, Tape& tape) : stream_(stream), tape_(tape) {}

    Var leaf(const std::string& name, const Shape& shape, const Numbers& values) {
        leaves_[name] = {tensor_of(stream_, shape, DType::f64, values),
                         Tensor::zeros(stream_, shape, DType::f64)};
        return tape_.leaf(leaves_.at(name));
    }
    /// compare(gradient, where the file has it)
    template <class Compare>
    void backward(const Var& output, const Numbers& gradient, const Compare& compare) {
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

// --- Moving averages of Mega, as the authors of S4 have them: the response to an impulse alone.

/// Without a way around, an impulse in each feature gives silu(kernel).
TEST_F(GoldenStateSpaces, moving_averages_of_mega_are_those_of_the_authors_of_s4) {
    group_ = "/ema_kernel";
    constexpr std::int64_t features = 8, steps = 32;  // 2 channels of 4 features there
    OptionSet options;
    DampedAverage::declare(options);
    options.set("states", "3");
    DampedAverage average(options, features, true);
    const FlatParameters flat = allocate_parameters(stream_, average, DType::f64, {1});
    const Origins origins{{"delta", same("delta")},
                          {"alpha", same("alpha")},
                          {"beta", same("beta")},
                          {"gamma", same("gamma")},
                          {"omega", [](const Read&) { return Numbers(features, 0.0); }}};
    fill(average, origins, false);
    Tape tape;
    Context context{.stream = stream_, .tape = &tape};
    const Var impulse{tabulate(stream_, {1, steps, features}, DType::f64,
                               [](std::int64_t at) { return at < features ? 1.0 : 0.0; })};
    const Var output = average.forward(context, {.sequence = impulse, .causal = true}, nullptr);
    Numbers expected = transposed(read("kernel"), steps);
    Numbers gradient = transposed(read("grad_kernel"), steps);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double gate = 1 / (1 + std::exp(-expected[i]));
        gradient[i] /= gate * (1 + expected[i] * (1 - gate));
        expected[i] *= gate;
    }
    expect_close(output.value, expected, 1e-10, "silu(kernel)");
    const Tensor along = tensor_of(stream_, {1, steps, features}, DType::f64, gradient);
    tape.backward(stream_, {&output, 1}, {&along, 1});
    Origins compared = origins;
    compared.erase("omega");
    expect_gradients(average, compared, false, 1e-10);
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
            const Numbers values = read(name);
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
