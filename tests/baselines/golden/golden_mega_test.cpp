// Mega's moving averages and gated attention against published code (Ma et al. 2022,
// facebookresearch /mega), in float64. Time comes before the batch there.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include "baselines/mixers/gated/damped_average.h"
#include "baselines/mixers/mixer_registry.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/training/batch_norm.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

using Numbers = std::vector<double>;
using Options = std::vector<std::pair<std::string, std::string>>;

constexpr double allowed_error = 1e-10;
constexpr std::int64_t steps = 16, batch = 2, width = 6;

/// Where the file has a parameter of ours.
using Origins = std::map<std::string, std::string>;

Origins average_origins(const std::string& ours, const std::string& theirs) {
    Origins all;
    for (const char* const name : {"delta", "alpha", "beta", "gamma", "omega"}) {
        all[ours + name] = theirs + name;
    }
    return all;
}

Origins gated_origins() {
    Origins all = average_origins("move.", "move.");
    all.merge(Origins{{"value.weight", "v_proj.weight"},
                      {"value.bias", "v_proj.bias"},
                      {"base.weight", "mx_proj.weight"},
                      {"base.bias", "mx_proj.bias"},
                      {"gain", "gamma"},
                      {"offset", "beta"},
                      {"output.weight", "h_proj.weight"},
                      {"output.bias", "h_proj.bias"},
                      {"bias.distances", "rel_pos_bias.rel_pos_bias"},
                      {"bias.left", "rel_pos_bias.alpha"},
                      {"bias.right", "rel_pos_bias.beta"}});
    return all;
}

class GoldenMega : public testing::Test {
protected:
    void SetUp() override {
        const char* const chosen = std::getenv("ELM_DATA_DIR");
        const std::string folder = chosen != nullptr ? chosen : ELM_DATA_DIR;
        if (!std::filesystem::exists(folder + "/golden_attention.h5")) {
            GTEST_SKIP() << "there is no golden_attention.h5 in " << folder << "; set ELM_DATA_DIR";
        }
        file_.emplace(Hdf5File::open(folder + "/golden_attention.h5"));
    }

    Numbers read(const std::string& name) const { return file_->read<double>(group_ + "/" + name); }
    bool has(const std::string& name) const { return file_->has(group_ + "/" + name); }

    /// (time, batch, width) as (batch, time, width).
    Numbers sequence(const std::string& name) const {
        const Numbers values = read(name);
        const std::int64_t count = std::ssize(values) / (batch * width);
        Numbers turned(values.size());
        for (std::int64_t i = 0; i < count * batch * width; ++i) {
            const std::int64_t sample = i / width % batch, step = i / width / batch;
            const std::int64_t to = (sample * count + step) * width + i % width;
            turned[static_cast<std::size_t>(to)] = values[static_cast<std::size_t>(i)];
        }
        return turned;
    }
    Tensor tensor(const Numbers& values) {
        return tensor_of(stream_, {batch, std::ssize(values) / (batch * width), width}, DType::f64,
                         values);
    }
    Tensor lengths() {
        if (!has("masks/padding_mask")) return {};
        const Numbers mask = read("masks/padding_mask");  // 1 where a step is padding
        std::vector<std::int32_t> counts(batch, steps);
        for (std::size_t i = 0; i < mask.size(); ++i) counts[i / steps] -= mask[i] != 0 ? 1 : 0;
        return Tensor::from<std::int32_t>(stream_, {batch}, counts);
    }
    /// Zeros where a step is padding, so that nothing is compared or asked for there.
    static Numbers counted(Numbers values, const Tensor& lengths) {
        if (!lengths.defined()) return values;
        for (std::int64_t sample = 0; sample < batch; ++sample) {
            const std::int64_t length =
                lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)];
            std::fill(values.begin() + (sample * steps + length) * width,
                      values.begin() + (sample + 1) * steps * width, 0.0);
        }
        return values;
    }

    /// The norm of the group, whose parameters are constants here.
    Var norm_of(Context& context, const std::string& kind, const Var& x) {
        const auto row = [&](const Numbers& values) {
            return Var{tensor_of(stream_, {width}, DType::f64, values)};
        };
        if (kind == "scale") {
            const double scalar = read("parameters/norm.norm.scalar").front();
            return rms_norm(context, x, row(Numbers(width, scalar)), 1e-5);
        }
        const Var gain = row(read("parameters/norm.norm.weight"));
        const Var bias = row(read("parameters/norm.norm.bias"));
        if (kind == "layer") return layer_norm(context, x, gain, bias);
        // On the statistics of the batch.
        Context training = context;
        training.training = true;
        return batch_norm(training, x, gain, bias,
                          {row(Numbers(width, 0.0)).value, row(Numbers(width, 1.0)).value});
    }

    /// What cancels to nothing, as the gradient of a bias that softmax takes away, may be 1e-14.
    static void expect_close(const Tensor& found, const Numbers& expected,
                             const std::string& what) {
        double largest = 1e-4;
        for (const double value : expected) largest = std::max(largest, std::abs(value));
        EXPECT_EQ(difference_above(values_of(found), expected, allowed_error * largest), "")
            << what;
    }

    void fill(Module& module, const Origins& origins) {
        for (const auto& [name, parameter] : module.parameters()) {
            parameter->value.assign<double>(stream_, read("parameters/" + origins.at(name)));
        }
    }

    /// apply(context, x) is what the file's group does with its input.
    template <class Apply>
    void expect_same(Module& module, const Origins& origins, const Apply& apply) {
        const Tensor counts = lengths();
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Tensor input = tensor(sequence("inputs/x"));
        const Parameter leaf{input, Tensor::zeros(stream_, input.shape(), DType::f64)};
        const Var output = apply(context, tape.leaf(leaf), counts);
        expect_close(tensor(counted(values_of(output.value), counts)),
                     counted(sequence("output"), counts), "output");
        // With padding the file asks for gradients of steps that mean nothing here.
        if (counts.defined()) return;
        const Tensor gradient = tensor(sequence("grad_output"));
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        expect_close(leaf.gradient, sequence("grad_inputs/x"), "x");
        for (const auto& [name, parameter] : module.parameters()) {
            expect_close(parameter->gradient, read("gradients/" + origins.at(name)), name);
        }
    }

    /// Steps one by one against the whole; apply(context, x, state).
    template <class Apply>
    void expect_steps(const Apply& apply) {
        Context context{stream_};
        const Var input{tensor(sequence("inputs/x"))};
        SequenceState state;
        std::vector<Var> parts;
        for (std::int64_t t = 0; t < steps; ++t) {
            StateCursor cursor(state);
            parts.push_back(apply(context, slice(context, input, 1, t, t + 1), &cursor));
            cursor.finish();
        }
        expect_close(concatenate(context, parts, 1).value, sequence("output"), "step by step");
    }

    Stream stream_{Device{}};
    std::optional<Hdf5File> file_;
    std::string group_;
};

TEST_F(GoldenMega, moving_averages_are_those_of_its_authors) {
    for (const auto& [group, causal, truncation] :
         {std::tuple{"/mega/ema_causal", true, "0"},
          {"/mega/ema_causal_pad", true, "0"},
          {"/mega/ema_causal_trunc6", true, "6"},
          {"/mega/ema_bidirectional", false, "0"},
          {"/mega/ema_bidirectional_pad", false, "0"},
          {"/mega/ema_bidirectional_trunc6", false, "6"}}) {
        SCOPED_TRACE(group);
        group_ = group;
        OptionSet options;
        DampedAverage::declare(options);
        options.set("states", "4");
        options.set("truncation", truncation);
        DampedAverage average(options, width, causal);
        const FlatParameters flat = allocate_parameters(stream_, average, DType::f64, {1});
        const Origins origins = average_origins("", "");
        fill(average, origins);
        const bool forwards = causal;
        expect_same(average, origins, [&](Context& context, const Var& x, const Tensor& counts) {
            return average.forward(context, {.sequence = x, .lengths = counts, .causal = forwards},
                                   nullptr);
        });
        if (!average.streams() || !causal || has("masks/padding_mask")) continue;
        expect_steps([&](Context& context, const Var& x, StateCursor* state) {
            return average.forward(context, {.sequence = x}, state);
        });
    }
}

struct GatedCase {
    const char* group;
    Options options;
    bool causal = false, pre_norm = true;
    const char* norm = "layer";  // or batch, or scale: root mean square with one gain for all
};

std::vector<GatedCase> gated_cases() {
    return {{"/mega/gau_causal_laplace_pre_layernorm", {{"attention", "laplace"}}, true},
            {"/mega/gau_causal_softmax_pre_layernorm_rotary", {{"rotary", "true"}}, true},
            {"/mega/gau_chunk4_causal_softmax_rotary", {{"rotary", "true"}, {"chunk", "4"}}, true},
            {"/mega/gau_chunk4_softmax", {{"chunk", "4"}}, false, false},
            {"/mega/gau_chunk4_softmax_pad", {{"chunk", "4"}}, false, false},
            {"/mega/gau_laplace_pre_layernorm_pad", {{"attention", "laplace"}}},
            {"/mega/gau_relu2_pre_layernorm", {{"attention", "relu2"}}},
            {"/mega/gau_softmax_post_layernorm", {}, false, false},
            {"/mega/gau_softmax_post_layernorm_pad", {}, false, false},
            {"/mega/gau_softmax_post_scalenorm_pad", {}, false, false, "scale"},
            {"/mega/gau_laplace_pre_batchnorm", {{"attention", "laplace"}}, false, true, "batch"},
            {"/mega/gau_chunk4_laplace_pre_batchnorm",
             {{"attention", "laplace"}, {"chunk", "4"}},
             false,
             true,
             "batch"},
            {"/mega/gau_trunc6_softmax", {{"truncation", "6"}}, false, false}};
}

TEST_F(GoldenMega, gated_attention_is_that_of_its_authors) {
    for (const GatedCase& one : gated_cases()) {
        SCOPED_TRACE(one.group);
        group_ = one.group;
        const MixerEntry& entry = find_mixer("mega");
        OptionSet options = entry.options();
        for (const auto& [name, text] : Options{{"states", "4"},
                                                {"shared_width", "8"},
                                                {"value_width", "10"},
                                                {"longest", "20"}}) {
            options.set(name, text);
        }
        for (const auto& [name, text] : one.options) options.set(name, text);
        const auto mixer = entry.make(options, {.width = width, .causal = one.causal});
        const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f64, {1});
        const Origins origins = gated_origins();
        fill(*mixer, origins);
        const auto normed = [&](Context& context, const Var& x) {
            return norm_of(context, one.norm, x);
        };
        const auto layer = [&](Context& context, const Var& x, const Tensor& counts,
                               StateCursor* state) {
            const Var read_from = one.pre_norm ? normed(context, x) : x;
            const Var mixed = mixer->mix(
                context,
                {.sequence = read_from, .lengths = counts, .causal = one.causal, .around = x},
                state);
            const Var sum = add(context, x, mixed);
            return one.pre_norm ? sum : normed(context, sum);
        };
        expect_same(*mixer, origins, [&](Context& context, const Var& x, const Tensor& counts) {
            return layer(context, x, counts, nullptr);
        });
        if (!one.causal) continue;
        expect_steps([&](Context& context, const Var& x, StateCursor* state) {
            return layer(context, x, {}, state);
        });
    }
}

/// Keys that do not count are at the end of the source.
TEST_F(GoldenMega, gated_attention_of_another_sequence_is_that_of_its_authors) {
    for (const auto& [group, kind] : {std::pair{"/mega/gated_cross_softmax", "softmax"},
                                      {"/mega/gated_cross_laplace", "laplace"}}) {
        SCOPED_TRACE(group);
        group_ = group;
        const MixerEntry& entry = find_mixer("mega_cross");
        OptionSet options = entry.options();
        for (const auto& [name, text] :
             Options{{"attention", kind}, {"shared_width", "8"}, {"longest", "20"}}) {
            options.set(name, text);
        }
        const auto mixer = entry.make(options, {.width = width, .causal = false});
        const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f64, {1});
        Origins origins{{"bias.distances", "rel_pos_bias.rel_pos_bias"}};
        for (const auto& [ours, theirs] : {std::pair{"base", "q_proj"},
                                           {"key", "k_proj"},
                                           {"value", "v_proj"},
                                           {"output", "h_proj"}}) {
            for (const std::string part : {".weight", ".bias"})
                origins[ours + part] = theirs + part;
        }
        fill(*mixer, origins);
        const Numbers mask = read("masks/key_padding_mask");  // 1 where a key is padding
        const std::size_t keys = mask.size() / batch;
        std::vector<std::int32_t> counts(batch, static_cast<std::int32_t>(keys));
        for (std::size_t i = 0; i < mask.size(); ++i) counts[i / keys] -= mask[i] != 0 ? 1 : 0;
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        std::map<std::string, Parameter> leaves;
        for (const char* const name : {"query", "key"}) {
            const Tensor value = tensor(sequence(std::string("inputs/") + name));
            leaves[name] = {value, Tensor::zeros(stream_, value.shape(), DType::f64)};
        }
        const Var query = tape.leaf(leaves.at("query"));
        const Var mixed = mixer->mix(
            context, {.sequence = norm_of(context, "layer", query),
                      .context = tape.leaf(leaves.at("key")),
                      .context_lengths = Tensor::from<std::int32_t>(stream_, {batch}, counts),
                      .causal = false,
                      .around = query});
        const Var output = add(context, query, mixed);
        expect_close(output.value, sequence("output"), "output");
        const Tensor gradient = tensor(sequence("grad_output"));
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        for (const auto& [name, leaf] : leaves) {
            expect_close(leaf.gradient, sequence("grad_inputs/" + name), name);
        }
        for (const auto& [name, parameter] : mixer->parameters()) {
            expect_close(parameter->gradient, read("gradients/" + origins.at(name)), name);
        }
    }
}

/// Step by step.
TEST_F(GoldenMega, moving_averages_go_on_as_those_of_its_authors) {
    group_ = "/mega/ema_causal_incremental";
    OptionSet options;
    DampedAverage::declare(options);
    options.set("states", "4");
    DampedAverage average(options, width, true);
    const FlatParameters flat = allocate_parameters(stream_, average, DType::f64, {1});
    fill(average, average_origins("", ""));
    Context context{stream_};
    const Var input{tensor(sequence("inputs/x"))};
    SequenceState state;
    std::vector<Var> parts;
    for (std::int64_t t = 0; t < steps; ++t) {
        StateCursor cursor(state);
        parts.push_back(
            average.forward(context, {.sequence = slice(context, input, 1, t, t + 1)}, &cursor));
        cursor.finish();
    }
    expect_close(concatenate(context, parts, 1).value, sequence("outputs/incremental_output"),
                 "step by step");
    expect_close(tensor(sequence("output")), sequence("outputs/incremental_output"), "whole");
}

}  // namespace
}  // namespace elm::test
