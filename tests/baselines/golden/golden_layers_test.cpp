// Layers and classifiers put together of mixers and operations, against numbers that the published
// code gave in float64: a block of Long Range Arena (Tay et al. 2021), and Mega (Ma et al. 2022)
// with norms of one gain or of batches, on numbers and on pairs of texts.

#include <algorithm>
#include <functional>
#include <memory>

#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/training/batch_norm.h"
#include "tests/baselines/golden/golden_mixers.h"

namespace elm::test {
namespace {

constexpr std::int64_t mega_width = 6;

Origins mega_origins(const std::string& theirs) {
    Origins all;
    for (const char* const name : {"delta", "alpha", "beta", "gamma", "omega"}) {
        const std::string own = std::string("move.") + name;
        all[own] = {theirs + own};
    }
    for (const auto& [name, origin] : {std::pair<std::string, std::string>{"value", "v_proj"},
                                       {"base", "mx_proj"},
                                       {"output", "h_proj"}}) {
        for (const std::string part : {".weight", ".bias"}) {
            all[name + part] = {theirs + origin + part};
        }
    }
    all["gain"] = {theirs + "gamma"};
    all["offset"] = {theirs + "beta"};
    all["bias.distances"] = {theirs + "rel_pos_bias.rel_pos_bias"};
    return all;
}

/// What layers of Mega differ in.
struct MegaLayer {
    std::vector<PublishedOption> options;
    bool pre_norm = false, batch_norm = false, training = true;
};

class GoldenLayers : public GoldenMixers {
protected:
    void begin(const std::string& group) {
        open(group);
        tape_.emplace();
        context_.emplace(Context{.stream = stream_, .tape = &*tape_});
        parameters_.clear();
        mixers_.clear();
    }

    /// A parameter of the file, whose gradient expect_file() compares.
    Var parameter(const std::string& name) {
        if (const auto known = parameters_.find(name); known != parameters_.end()) {
            return tape_->leaf(known->second);
        }
        const Tensor value = tensor("parameters/" + name);
        parameters_[name] = {value, Tensor::zeros(stream_, value.shape(), DType::f64)};
        return tape_->leaf(parameters_.at(name));
    }
    Var dense(const Var& x, const std::string& name) {
        return linear(*context_, x, parameter(name + ".weight"), parameter(name + ".bias"));
    }

    /// A mixer with parameters of the file, made once.
    SequenceMixer& mixer(const std::string& name, const std::vector<PublishedOption>& chosen,
                         std::int64_t width, const Origins& origins) {
        if (!mixers_.empty()) return *mixers_.front().module;
        OptionSet options = find_mixer(name).options();
        for (const auto& [option, text] : chosen) options.set(option, text);
        Mixed& made = mixers_.emplace_back();
        made.module = find_mixer(name).make(options, {.width = width, .causal = false});
        made.flat = fill(*made.module, origins);
        made.origins = origins;
        return *made.module;
    }

    Var norm(const std::string& prefix, const MegaLayer& kind, const Var& x) {
        Context& context = *context_;
        if (!kind.batch_norm) {
            const Var one = repeat(context, parameter(prefix + "scalar"), 0, mega_width);
            return rms_norm(context, x, reshape(context, one, {mega_width}), 1e-5);
        }
        Context own = context;
        own.training = kind.training;
        std::string buffers = prefix;
        std::replace(buffers.begin(), buffers.end(), '.', '_');
        buffers = "constants/buffers_before." + buffers;
        return batch_norm(own, x, parameter(prefix + "weight"), parameter(prefix + "bias"),
                          {tensor(buffers + "running_mean"), tensor(buffers + "running_var")});
    }

    /// Gated attention and a perceptron, with their norms before or behind them.
    Var mega_layer(const std::string& prefix, const MegaLayer& kind, const Var& x,
                   const Tensor& lengths) {
        Context& context = *context_;
        std::vector<PublishedOption> options{
            {"states", "4"}, {"shared_width", "8"}, {"value_width", "10"}};
        options.insert(options.end(), kind.options.begin(), kind.options.end());
        SequenceMixer& attention =
            mixer("mega", options, mega_width, mega_origins(prefix + "mega_layer."));
        const auto around = [&](const std::string& name, const Var& input,
                                const std::function<Var(const Var&)>& part) {
            const std::string own = prefix + name + ".norm.norm.";
            const Var sum =
                add(context, input, part(kind.pre_norm ? norm(own, kind, input) : input));
            return kind.pre_norm ? sum : norm(own, kind, sum);
        };
        const Var mixed = around("mega_layer", x, [&](const Var& rows) {
            return attention.mix(
                context, {.sequence = rows, .lengths = lengths, .causal = false, .around = x});
        });
        return around("nffn", mixed, [&](const Var& rows) {
            return dense(activate(context, dense(rows, prefix + "nffn.fc1"), Activation::silu),
                         prefix + "nffn.fc2");
        });
    }

    /// The mean over the steps that count: (batch, 1, width).
    Var mean(const Var& rows, const std::vector<std::int32_t>& lengths) {
        const Shape& shape = rows.value.shape();
        std::vector<double> shares;
        for (std::int64_t i = 0; i < shape[0] * shape[1]; ++i) {
            const std::int32_t length = lengths[static_cast<std::size_t>(i / shape[1])];
            shares.push_back(i % shape[1] < length ? 1.0 / length : 0);
        }
        const Tensor all = tensor_of(stream_, {shape[0], 1, shape[1]}, DType::f64, shares);
        return matmul(*context_, {all}, rows);
    }
    Var classified(const Var& features) {
        return linear(*context_,
                      activate(*context_, dense(features, "classifier.0.0"), Activation::gelu),
                      parameter("sentence_projection_layer.weight"));
    }

    Tensor counts(const std::vector<std::int32_t>& lengths) {
        return Tensor::from<std::int32_t>(stream_, {std::ssize(lengths)}, lengths);
    }
    Parameter leaf_of(const Tensor& value) {
        return {value, Tensor::zeros(stream_, value.shape(), DType::f64)};
    }

    void expect_file(const Var& output) {
        expect_close(output.value, read("output"), forward_error, "output");
        const Tensor gradient = tensor("grad_output").reshape(output.value.shape());
        tape_->backward(stream_, {&output, 1}, {&gradient, 1});
        for (const auto& [name, leaf] : parameters_) {
            expect_close(leaf.gradient, read("gradients/" + name), gradient_error, name);
        }
        for (Mixed& one : mixers_) expect_gradients(*one.module, one.origins);
    }

    struct Mixed {
        std::unique_ptr<SequenceMixer> module = {};
        FlatParameters flat = {};
        Origins origins = {};
    };
    std::optional<Tape> tape_;
    std::optional<Context> context_;
    std::map<std::string, Parameter> parameters_;
    std::vector<Mixed> mixers_;
};

/// No gradient is asked for at steps of padding.
TEST_F(GoldenLayers, a_block_is_that_of_long_range_arena) {
    begin("/lra/transformer/block");
    Context& context = *context_;
    const Tensor lengths = this->lengths("valid_mask", 1);
    const Parameter leaf = leaf_of(tensor("inputs/x"));
    const auto norm = [&](const Var& x, const std::string& name) {
        return layer_norm(context, x, parameter(name + ".scale"), parameter(name + ".bias"), 1e-6);
    };
    const auto flax_dense = [&](const Var& x, const std::string& name) {
        return linear(context, x, transpose(context, parameter(name + ".kernel"), 0, 1),
                      parameter(name + ".bias"));
    };
    SequenceMixer& attention =
        mixer("attention", {{"heads", "2"}, {"attention_width", "8"}, {"projection_bias", "false"}},
              10, lra_projections("", "MultiHeadDotProductAttention_1."));
    const Var x = tape_->leaf(leaf);
    const Var mixed = add(
        context, x,
        attention.mix(context,
                      {.sequence = norm(x, "LayerNorm_0"), .lengths = lengths, .causal = false}));
    const Var hidden =
        activate(context, flax_dense(norm(mixed, "LayerNorm_2"), "MlpBlock_3.Dense_0"),
                 Activation::gelu_tanh);
    const Var output = add(context, mixed, flax_dense(hidden, "MlpBlock_3.Dense_1"));
    const Shape& shape = leaf.value.shape();
    expect_close(tensor_of(stream_, shape, DType::f64,
                           without_padding(values_of(output.value), shape, lengths)),
                 without_padding(read("output"), shape, lengths), forward_error, "output");
    const Tensor gradient =
        tensor_of(stream_, shape, DType::f64, without_padding(read("grad_output"), shape, lengths));
    EXPECT_EQ(values_of(gradient), read("grad_output"));
    tape_->backward(stream_, {&output, 1}, {&gradient, 1});
    expect_close(leaf.gradient, read("grad_inputs/x"), gradient_error, "x");
    for (const auto& [name, own] : parameters_) {
        expect_close(own.gradient, read("gradients/" + name), gradient_error, name);
    }
    expect_gradients(attention, mixers_.front().origins);
}

/// Time comes before the batch there. Gradients are asked for at steps of padding, too, which mean
/// nothing here.
TEST_F(GoldenLayers, a_layer_of_mega_with_norms_of_one_gain_is_that_of_its_authors) {
    begin("/mega/layer_softmax_post_scalenorm_pad");
    Context plain{stream_};
    const auto turned = [&](const std::string& name) {
        return transpose(plain, {tensor(name)}, 0, 1).value;
    };
    const std::vector<double> mask = read("masks/padding_mask");  // 1 where a step is padding
    std::vector<std::int32_t> lengths(2, 16);
    for (std::size_t i = 0; i < mask.size(); ++i) lengths[i / 16] -= mask[i] != 0 ? 1 : 0;
    const Tensor counted = counts(lengths);
    const Var output =
        mega_layer("", {.options = {{"longest", "20"}}}, Var{turned("inputs/x")}, counted);
    const Shape& shape = output.value.shape();
    expect_close(tensor_of(stream_, shape, DType::f64,
                           without_padding(values_of(output.value), shape, counted)),
                 without_padding(values_of(turned("output")), shape, counted), forward_error,
                 "output");
}

/// Numbers become features by a gain and an offset of each feature.
TEST_F(GoldenLayers, mega_classifies_numbers_as_that_of_its_authors) {
    for (const bool training : {true, false}) {
        begin(training ? "/mega/classifier_image_train" : "/mega/classifier_image_eval");
        SCOPED_TRACE(training);
        const std::string encoder = "encoder.encoder.";
        const MegaLayer kind{.options = {{"attention", "laplace"}, {"chunk", "8"}},
                             .pre_norm = true,
                             .batch_norm = true,
                             .training = training};
        const Parameter leaf = leaf_of(tensor("inputs/pixels").reshape({2, 16, 1}));
        const Var gain =
            reshape(*context_, parameter(encoder + "embed_tokens.weight"), {mega_width, 1});
        const Var embedded =
            linear(*context_, tape_->leaf(leaf), gain, parameter(encoder + "embed_tokens.bias"));
        const Var rows = mega_layer(encoder + "layers.0.", kind, embedded, {});
        const Var features = mean(norm(encoder + "final_norm.norm.", kind, rows), {16, 16});
        expect_file(classified(features));
        expect_close(leaf.gradient, read("grad_inputs/pixels"), gradient_error, "pixels");
    }
}

/// The second text comes first.
TEST_F(GoldenLayers, mega_compares_texts_as_that_of_its_authors) {
    begin("/mega/classifier_retrieval_chunk8");
    const std::string encoder = "encoder.encoder.", table = encoder + "embed_tokens.embed.weight";
    const std::vector<double> rows = read("parameters/" + table);
    std::vector<double> expected = read("gradients/" + table), found(expected.size(), 0.0);
    std::vector<Parameter> embedded;
    std::vector<std::vector<std::int32_t>> texts;
    std::vector<Var> means;
    for (const std::string which : {"1", ""}) {
        texts.push_back(file_->read<std::int32_t>(group_ + "/constants/tokens" + which));
        const auto lengths = file_->read<std::int32_t>(group_ + "/constants/lengths" + which);
        std::vector<double> values;
        for (const std::int32_t token : texts.back()) {
            const auto row = rows.begin() + token * mega_width;
            values.insert(values.end(), row, row + mega_width);
        }
        const Shape shape{2, std::ssize(texts.back()) / 2, mega_width};
        embedded.push_back(leaf_of(tensor_of(stream_, shape, DType::f64, values)));
        const Var text = mega_layer(encoder + "layers.0.", {.options = {{"chunk", "8"}}},
                                    tape_->leaf(embedded.back()), counts(lengths));
        means.push_back(mean(text, lengths));
    }
    expect_file(classified(concatenate(*context_, means, 2)));
    for (std::size_t text = 0; text < texts.size(); ++text) {
        const std::vector<double> along = values_of(embedded[text].gradient);
        for (std::size_t i = 0; i < along.size(); ++i) {
            const auto token = static_cast<std::size_t>(texts[text][i / mega_width]);
            found[token * mega_width + i % mega_width] += along[i];
        }
    }
    const Shape all{std::ssize(found)};
    expect_close(tensor_of(stream_, all, DType::f64, found), expected, gradient_error, table);
}

}  // namespace
}  // namespace elm::test
