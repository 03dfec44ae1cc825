// Whole encoders under heads that are not the backbone's own, against numbers that the published
// code gave in float64: Mega's classifier of texts (Ma et al. 2022) and the transformer that
// compares two texts of Long Range Arena (Tay et al. 2021).

#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/matmul.h"
#include "tests/baselines/golden/golden_mixers.h"

namespace elm::test {
namespace {

using Tokens = std::vector<std::int32_t>;

class GoldenHeads : public GoldenMixers {
protected:
    /// An encoder of `width` features whose readout changes nothing.
    void make_encoder(const std::string& mixer, std::int64_t width,
                      const std::vector<PublishedOption>& options, const Origins& origins) {
        OptionSet all = mixed_options("transformer", mixer, {});
        for (const auto& [name, text] : options) all.set(name, text);
        model_ = make_mixed("transformer", mixer, all, {width, width}, 0);
        flat_ = allocate_parameters(stream_, *model_, DType::f64, {1});
        origins_ = origins;
        for (const auto& [name, parameter] : model_->parameters()) {
            const auto size = static_cast<std::size_t>(parameter->shape.size());
            std::vector<double> values(size, 0.0);
            if (origins.contains(name)) {
                values = in_our_order("parameters", origins.at(name), parameter->shape);
            } else if (name == "readout.0.weight") {
                for (std::size_t i = 0; i < size; i += static_cast<std::size_t>(width) + 1) {
                    values[i] = 1;
                }
            } else {
                EXPECT_EQ(name, "readout.0.bias");
            }
            parameter->value.assign<double>(stream_, values);
        }
        tape_.emplace();
        context_.emplace(Context{.stream = stream_, .tape = &*tape_});
        head_.clear();
    }

    /// What the encoder makes of the rows of a table.
    Var encoded(const Tokens& tokens, const std::string& table, const Shape& of,
                const std::vector<std::int32_t>& lengths) {
        const auto rows = read("parameters/" + table);
        const auto width = static_cast<std::size_t>(of[2]);
        std::vector<double> values;
        for (const std::int32_t token : tokens) {
            const auto row = rows.begin() + token * static_cast<std::ptrdiff_t>(width);
            values.insert(values.end(), row, row + static_cast<std::ptrdiff_t>(width));
        }
        tokens_ = tokens;
        table_ = table;
        embedded_ = {tensor_of(stream_, of, DType::f64, values),
                     Tensor::zeros(stream_, of, DType::f64)};
        return model_->forward(*context_,
                               {.dense = tape_->leaf(embedded_),
                                .lengths = Tensor::from<std::int32_t>(stream_, {of[0]}, lengths)});
    }

    Var head(const std::string& name) {
        const Tensor value = tensor("parameters/" + name);
        head_[name] = {value, Tensor::zeros(stream_, value.shape(), DType::f64)};
        return tape_->leaf(head_.at(name));
    }
    /// A dense layer whose matrix lies as (in, out).
    Var dense(const Var& x, const std::string& name) {
        return linear(*context_, x, transpose(*context_, head(name + ".kernel"), 0, 1),
                      head(name + ".bias"));
    }

    void expect_file(const Var& output) {
        expect_close(output.value, read("output"), forward_error, "output");
        const Tensor gradient = tensor("grad_output").reshape(output.value.shape());
        tape_->backward(stream_, {&output, 1}, {&gradient, 1});
        for (const auto& [name, parameter] : model_->parameters()) {
            if (!origins_.contains(name)) continue;
            expect_close(parameter->gradient,
                         in_our_order("gradients", origins_.at(name), parameter->shape),
                         gradient_error, name);
        }
        for (const auto& [name, leaf] : head_) {
            expect_close(leaf.gradient, read("gradients/" + name), gradient_error, name);
        }
        const auto along = values_of(embedded_.gradient);
        const std::size_t width = along.size() / tokens_.size();
        std::vector<double> table(read("gradients/" + table_).size(), 0.0);
        for (std::size_t i = 0; i < along.size(); ++i) {
            table[static_cast<std::size_t>(tokens_[i / width]) * width + i % width] += along[i];
        }
        const Shape row{std::ssize(table)};
        expect_close(tensor_of(stream_, row, DType::f64, table), read("gradients/" + table_),
                     gradient_error, table_);
    }

    std::unique_ptr<SequenceModel> model_;
    FlatParameters flat_;
    Origins origins_;
    std::optional<Tape> tape_;
    std::optional<Context> context_;
    std::map<std::string, Parameter> head_;
    Parameter embedded_;
    Tokens tokens_;
    std::string table_;
};

Origins mega_origins(const std::string& ours, const std::string& theirs) {
    Origins all;
    const auto add = [&](const std::string& name, const std::string& origin) {
        all[ours + name] = {theirs + origin};
    };
    for (const char* const name : {"delta", "alpha", "beta", "gamma", "omega"}) {
        add(std::string("mixer.move.") + name, std::string("mega_layer.move.") + name);
    }
    for (const auto& [name, origin] : {std::pair<std::string, std::string>{"value", "v_proj"},
                                       {"base", "mx_proj"},
                                       {"output", "h_proj"}}) {
        add("mixer." + name + ".weight", "mega_layer." + origin + ".weight");
        add("mixer." + name + ".bias", "mega_layer." + origin + ".bias");
    }
    add("mixer.gain", "mega_layer.gamma");
    add("mixer.offset", "mega_layer.beta");
    add("mixer.bias.distances", "mega_layer.rel_pos_bias.rel_pos_bias");
    for (const std::string part : {"weight", "bias"}) {
        add("mixer_norm." + part, "mega_layer.norm.norm." + part);
        add("mlp_norm." + part, "nffn.norm.norm." + part);
        add("widen." + part, "nffn.fc1." + part);
        add("narrow." + part, "nffn.fc2." + part);
    }
    return all;
}

/// Its head reads the mean over the steps that count.
TEST_F(GoldenHeads, mega_classifies_texts_as_that_of_its_authors) {
    open("/mega/classifier_text");
    Origins origins;
    for (const std::string layer : {"0", "1"}) {
        origins.merge(
            mega_origins("blocks." + layer + ".", "encoder.encoder.layers." + layer + "."));
    }
    make_encoder("mega", 6,
                 {{"layers", "2"},
                  {"width", "6"},
                  {"mlp_width", "10"},
                  {"activation", "silu"},
                  {"norm", "post"},
                  {"positions", "none"},
                  {"causal", "false"},
                  {"input", "none"},
                  {"states", "4"},
                  {"shared_width", "8"},
                  {"value_width", "10"},
                  {"longest", "20"}},
                 origins);
    const auto lengths = file_->read<std::int32_t>(group_ + "/constants/lengths");
    const auto tokens = file_->read<std::int32_t>(group_ + "/constants/tokens");
    const Var features =
        encoded(tokens, "encoder.encoder.embed_tokens.embed.weight", {2, 16, 6}, lengths);
    std::vector<double> shares;
    for (std::int32_t i = 0; i < 2 * 16; ++i) {
        const std::int32_t length = lengths[static_cast<std::size_t>(i / 16)];
        shares.push_back(i % 16 < length ? 1.0 / length : 0);
    }
    Context& context = *context_;
    const Var mean =
        matmul(context, {tensor_of(stream_, {2, 1, 16}, DType::f64, shares)}, features);
    const Var hidden = activate(
        context, linear(context, mean, head("classifier.0.0.weight"), head("classifier.0.0.bias")),
        Activation::gelu);
    expect_file(linear(context, hidden, head("sentence_projection_layer.weight")));
}

/// Its head reads the first step of both texts.
TEST_F(GoldenHeads, a_transformer_compares_texts_as_that_of_long_range_arena) {
    open("/lra/transformer/dual");
    const std::string ours = "blocks.0.", theirs = "encoder.encoderblock_0.";
    Origins origins = lra_projections(ours + "mixer.", theirs + "MultiHeadDotProductAttention_1.");
    origins["norm.weight"] = {"encoder.encoder_norm.scale"};
    origins["norm.bias"] = {"encoder.encoder_norm.bias"};
    origins[ours + "mixer_norm.weight"] = {theirs + "LayerNorm_0.scale"};
    origins[ours + "mixer_norm.bias"] = {theirs + "LayerNorm_0.bias"};
    origins[ours + "mlp_norm.weight"] = {theirs + "LayerNorm_2.scale"};
    origins[ours + "mlp_norm.bias"] = {theirs + "LayerNorm_2.bias"};
    for (const auto& [name, origin] : {std::pair{"widen", "0"}, {"narrow", "1"}}) {
        const std::string layer = theirs + "MlpBlock_3.Dense_" + origin;
        origins[ours + name + ".weight"] = {layer + ".kernel", true};
        origins[ours + name + ".bias"] = {layer + ".bias"};
    }
    make_encoder("attention", 10,
                 {{"layers", "1"},
                  {"width", "10"},
                  {"mlp_width", "10"},
                  {"heads", "2"},
                  {"attention_width", "8"},
                  {"projection_bias", "false"},
                  {"activation", "gelu_tanh"},
                  {"norm_epsilon", "1e-6"},
                  {"causal", "false"},
                  {"input", "none"}},
                 origins);
    Tokens tokens = file_->read<std::int32_t>(group_ + "/inputs/tokens1");
    const Tokens second = file_->read<std::int32_t>(group_ + "/inputs/tokens2");
    tokens.insert(tokens.end(), second.begin(), second.end());
    std::vector<std::int32_t> lengths(4, 0);
    for (std::size_t i = 0; i < tokens.size(); ++i) lengths[i / 16] += tokens[i] > 0 ? 1 : 0;
    Context& context = *context_;
    const Var features = encoded(tokens, "encoder.Embed_0.embedding", {4, 16, 10}, lengths);
    const Var first = reshape(context, slice(context, features, 1, 0, 1), {4, 10});
    const Var both[] = {slice(context, first, 0, 0, 2), slice(context, first, 0, 2, 4)};
    Var x = concatenate(context, both, 1);
    for (const char* const layer : {"mlp", "mlp2"}) {
        x = activate(context, dense(x, layer), Activation::relu);
    }
    expect_file(dense(x, "logits"));
}

}  // namespace
}  // namespace elm::test
