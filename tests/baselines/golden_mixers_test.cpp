// Mixers and transformers against numbers that the published code gave: Long Range Arena (Tay et
// al. 2021), CAB (Zhang et al. 2023) and fast-transformers (Katharopoulos et al. 2020), in float64.

#include <gtest/gtest.h>

#include <map>

#include "baselines/model_file.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/attention/linear_attention.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/product/matmul.h"
#include "tests/baselines/golden_mixers.h"

namespace elm::test {
namespace {

TEST_F(GoldenMixers, attention_is_that_of_long_range_arena) {
    for (const auto& [group, causal, padded] : {std::tuple{"attention", false, true},
                                                {"attention_causal", true, true},
                                                {"attention_nopad", false, false}}) {
        SCOPED_TRACE(group);
        open(std::string("/lra/transformer/") + group);
        expect_mixer("attention", false, "x", lra_projections(), causal,
                     padded ? lengths("valid_mask", 1) : Tensor{});
    }
}

TEST_F(GoldenMixers, attention_of_a_sequence_is_that_of_cab) {
    for (const auto& [group, causal] :
         {std::pair{"noncausal_self", false}, {"causal_self", true}}) {
        SCOPED_TRACE(group);
        open(std::string("/cab/vanilla/") + group);
        expect_mixer("attention", true, "query", cab_projections(), causal, {});
    }
}

TEST_F(GoldenMixers, local_attention_is_that_of_cab) {
    for (const auto& [group, causal, window] :
         {std::tuple{"noncausal_self", false, "3"}, {"causal_self", true, "4"}}) {
        SCOPED_TRACE(group);
        open(std::string("/cab/local/") + group);
        expect_mixer("local_attention", true, "query", cab_projections(), causal, {},
                     {{"window", window}});
    }
}

/// Padded rows of the file's output count there, and their queries see the same keys.
TEST_F(GoldenMixers, padded_attention_is_that_of_cab) {
    open("/cab/vanilla/noncausal_self_pad");
    const Tensor counts = lengths("key_padding_mask", 0);
    const auto project = [&](const std::string& name, const Tensor& input) {
        Context context{stream_};
        return linear(context, {input}, {tensor("parameters/" + name + ".weight")},
                      {tensor("parameters/" + name + ".bias")});
    };
    const Tensor input = tensor("inputs/query");
    Context context{stream_};
    const Var read = attention(context, project("q_proj", input), project("k_proj", input),
                               project("v_proj", input), {.heads = 2, .lengths = counts});
    expect_close(project("out_proj", read.value).value, this->read("output"), forward_error,
                 "output");
}

/// The file's cross attention takes keys and values of two sequences: the op, not the mixer.
TEST_F(GoldenMixers, cross_attention_is_that_of_cab) {
    for (const char* const group : {"noncausal_cross", "causal_cross"}) {
        SCOPED_TRACE(group);
        open(std::string("/cab/vanilla/") + group);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        std::map<std::string, Parameter> leaves;
        const auto project = [&](const std::string& name, const Var& input) {
            return linear(context, input, {tensor("parameters/" + name + ".weight")},
                          {tensor("parameters/" + name + ".bias")});
        };
        const auto input = [&](const std::string& name) {
            const Tensor value = tensor("inputs/" + name);
            leaves[name] = {value, Tensor::zeros(stream_, value.shape(), DType::f64)};
            return tape.leaf(leaves.at(name));
        };
        const bool padded = std::string(group) == "noncausal_cross";
        const Var read =
            attention(context, project("q_proj", input("query")), project("k_proj", input("key")),
                      project("v_proj", input("value")),
                      {.heads = 2, .lengths = padded ? lengths("key_padding_mask", 0) : Tensor{}});
        const Var output = project("out_proj", read);
        expect_close(output.value, this->read("output"), forward_error, "output");
        const Tensor gradient = tensor("grad_output");
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        for (const auto& [name, leaf] : leaves) {
            expect_close(leaf.gradient, this->read("grad_inputs/" + name), gradient_error, name);
        }
    }
}

TEST_F(GoldenMixers, linear_attention_is_that_of_long_range_arena) {
    open("/lra/linear_transformer/attention");
    expect_mixer("linear_attention", false, "x", lra_projections(), false, {});
}

/// Causally the published code takes the largest key of all steps, which we do not: relu alone.
TEST_F(GoldenMixers, performer_is_that_of_long_range_arena) {
    for (const auto& [group, causal] :
         {std::pair{"attention_relu", false}, {"attention_relu_causal", true}}) {
        SCOPED_TRACE(group);
        open(std::string("/lra/performer/") + group);
        expect_mixer("performer", false, "x", lra_projections(), causal, {}, {{"kernel", "relu"}});
    }
    for (const auto& [group, count] : {std::pair{"attention_softmax_m2", "2"},
                                       {"attention_softmax_m6", "6"},
                                       {"attention_softmax_m6_ortho1", "6"}}) {
        SCOPED_TRACE(group);
        open(std::string("/lra/performer/") + group);
        Origins origins = lra_projections();
        origins["projection"] = {"/constants/projection"};
        expect_mixer("performer", false, "x", origins, false, {}, {{"random_features", count}});
    }
}

TEST_F(GoldenMixers, linformer_is_that_of_long_range_arena) {
    open("/lra/linformer/attention");
    Origins origins = lra_projections();
    origins["projection"] = {"lr_kernel"};
    expect_mixer("linformer", false, "x", origins, false, {}, {{"longest", "20"}, {"rank", "4"}});
}

TEST_F(GoldenMixers, synthesizer_is_that_of_long_range_arena) {
    open("/lra/synthesizer/attention_random_dot");
    Origins origins = lra_projections();
    origins["random"] = {"random"};
    expect_mixer("synthesizer", false, "x", origins, false, lengths("valid_mask", 1),
                 {{"longest", "20"}});
}

/// One call over all of a sequence whose length is `longest`.
TEST_F(GoldenMixers, cosformer_is_that_of_cab) {
    for (const auto& [group, causal] :
         {std::pair{"noncausal_self", false}, {"causal_self_forced", true}}) {
        SCOPED_TRACE(group);
        open(std::string("/cab/cosformer/") + group);
        Origins origins = cab_projections();
        origins["key.bias"] = {"k_proj.bias"};
        expect_mixer("cosformer", true, "query", origins, causal, {}, {{"longest", "16"}});
    }
}

TEST_F(GoldenMixers, linear_attention_is_that_of_its_authors) {
    for (const auto& [group, causal, padded] : {std::tuple{"linear_causal", true, false},
                                                {"linear_cross", false, false},
                                                {"linear_noncausal_pad", false, true}}) {
        SCOPED_TRACE(group);
        open(std::string("/extra/fast_transformers/") + group);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        std::map<std::string, Parameter> leaves;
        const auto input = [&](const std::string& name) {
            Tensor value = tensor("inputs/" + name);  // (batch, time, heads, features)
            const Shape& shape = value.shape();
            value = value.reshape({shape[0], shape[1], shape[2] * shape[3]});
            leaves[name] = {value, Tensor::zeros(stream_, value.shape(), DType::f64)};
            return tape.leaf(leaves.at(name));
        };
        const auto features = [&](const std::string& name) {
            return activate(context, input(name), Activation::elu_plus_one);
        };
        const Var query = features("query"), key = features("key"), value = input("value");
        const Var output = linear_attention(
            context, query, key, value,
            {.heads = 2, .causal = causal, .lengths = padded ? lengths("key_valid", 1) : Tensor{}});
        expect_close(output.value, read("output"), forward_error, "output");
        const Tensor gradient = tensor("grad_output").reshape(output.value.shape());
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        for (const auto& [name, leaf] : leaves) {
            expect_close(leaf.gradient, read("grad_inputs/" + name), gradient_error, name);
        }
    }
}

/// A whole encoder of Long Range Arena behind its embedding, with the class token in front.
class GoldenEncoders : public GoldenMixers {
protected:
    static Origins origins(const std::string& attention) {
        const std::string block = "encoderblock_";
        Origins all{
            {"norm.weight", {"encoder_norm.scale"}},       {"norm.bias", {"encoder_norm.bias"}},
            {"readout.0.weight", {"mlp.kernel", true}},    {"readout.0.bias", {"mlp.bias"}},
            {"readout.2.weight", {"logits.kernel", true}}, {"readout.2.bias", {"logits.bias"}}};
        for (const std::string layer : {"0", "1"}) {
            const std::string ours = "blocks." + layer + ".", theirs = block + layer + ".";
            all.merge(lra_projections(ours + "mixer.", theirs + attention + "."));
            all[ours + "mixer_norm.weight"] = {theirs + "LayerNorm_0.scale"};
            all[ours + "mixer_norm.bias"] = {theirs + "LayerNorm_0.bias"};
            all[ours + "mlp_norm.weight"] = {theirs + "LayerNorm_2.scale"};
            all[ours + "mlp_norm.bias"] = {theirs + "LayerNorm_2.bias"};
            all[ours + "widen.weight"] = {theirs + "MlpBlock_3.Dense_0.kernel", true};
            all[ours + "widen.bias"] = {theirs + "MlpBlock_3.Dense_0.bias"};
            all[ours + "narrow.weight"] = {theirs + "MlpBlock_3.Dense_1.kernel", true};
            all[ours + "narrow.bias"] = {theirs + "MlpBlock_3.Dense_1.bias"};
        }
        return all;
    }

    static OptionSet options(const std::string& mixer, const std::string& layers) {
        return mixed_options("transformer", mixer,
                             {{"layers", layers},
                              {"width", "10"},
                              {"mlp_width", "10"},
                              {"heads", "2"},
                              {"attention_width", "8"},
                              {"projection_bias", "false"},
                              {"activation", "gelu_tanh"},
                              {"norm_epsilon", "1e-6"},
                              {"causal", "false"},
                              {"input", "none"},
                              {"readout_hidden", "10"}});
    }

    /// The class token and the rows of the embedding: (batch, length + 1, width).
    Tensor embedded() {
        const auto shape = file_->shape(group_ + "/inputs/tokens");
        const auto tokens = file_->read<std::int32_t>(group_ + "/inputs/tokens");
        const auto table = read("parameters/Embed_0.embedding");
        const auto token = read("parameters/cls");
        std::vector<double> rows;
        for (std::int64_t at = 0; at < shape[0] * shape[1]; ++at) {
            if (at % shape[1] == 0) rows.insert(rows.end(), token.begin(), token.end());
            const auto row = table.begin() + 10 * tokens[static_cast<std::size_t>(at)];
            rows.insert(rows.end(), row, row + 10);
        }
        return tensor_of(stream_, {shape[0], shape[1] + 1, 10}, DType::f64, rows);
    }

    void expect_encoder(const std::string& mixer, const std::string& layers,
                        const std::string& attention, bool masks) {
        const auto model = make_mixed("transformer", mixer, options(mixer, layers), {10, 3}, 0);
        const FlatParameters flat = fill(*model, origins(attention));
        SequenceInput input{.dense = {embedded()}};
        const Shape& shape = input.dense.value.shape();
        if (masks) {
            std::vector<std::int32_t> counts;
            const auto tokens = file_->read<std::int32_t>(group_ + "/inputs/tokens");
            for (std::int64_t sample = 0; sample < shape[0]; ++sample) {
                const auto begin = tokens.begin() + sample * (shape[1] - 1);
                counts.push_back(1 + static_cast<std::int32_t>(std::count_if(
                                         begin, begin + shape[1] - 1,
                                         [](std::int32_t token) { return token > 0; })));
            }
            input.lengths = Tensor::from<std::int32_t>(stream_, {shape[0]}, counts);
        }
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Var output = model->forward(context, input);  // of which the first step is the answer
        const auto answers = values_of(output.value), wanted = read("grad_output");
        std::vector<double> first, gradient(answers.size(), 0.0);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const std::size_t at = i / 3 * static_cast<std::size_t>(shape[1] * 3) + i % 3;
            first.push_back(answers[at]);
            gradient[at] = wanted[i];
        }
        EXPECT_EQ(difference_above(first, read("output"), forward_error * 10), "");
        const Tensor given = tensor_of(stream_, output.value.shape(), DType::f64, gradient);
        tape.backward(stream_, {&output, 1}, {&given, 1});
        expect_gradients(*model, origins(attention));
    }
};

TEST_F(GoldenEncoders, transformer_is_that_of_long_range_arena) {
    open("/lra/transformer/classifier");
    expect_encoder("attention", "2", "MultiHeadDotProductAttention_1", true);
}

TEST_F(GoldenEncoders, linear_transformer_is_that_of_long_range_arena) {
    open("/lra/linear_transformer/classifier");
    expect_encoder("linear_attention", "1", "LinearAttention_1", false);
}

/// The published sizes of a task.
struct PublishedSizes {
    std::string task, model;
    std::int64_t layers, heads, width, attention_width, mlp_width, tokens, classes;
    bool class_token;
    std::int64_t positions = 0;  // that are learned; 0: sinusoids
};

TEST_F(GoldenMixers, transformers_have_as_many_parameters_as_the_published_ones) {
    open("/parameter_counts/lra");
    const std::vector<PublishedSizes> all{
        {"listops", "transformer", 4, 8, 512, 512, 1024, 17, 10, true},
        {"listops", "linear_transformer", 4, 8, 512, 512, 1024, 17, 10, true},
        {"text", "transformer", 4, 4, 256, 256, 1024, 257, 2, true},
        {"text", "linear_transformer", 4, 4, 256, 256, 1024, 257, 2, true},
        {"image", "transformer", 1, 8, 128, 64, 128, 256, 10, true, 1025},
        {"image", "linear_transformer", 1, 8, 128, 64, 128, 256, 10, true, 1025},
        {"pathfinder32", "transformer", 4, 4, 32, 16, 32, 256, 2, false},
        {"pathfinder32", "linear_transformer", 1, 2, 128, 64, 128, 256, 2, false},
        {"pathfinder128", "transformer", 1, 2, 32, 16, 32, 256, 2, false, 16384}};
    for (const PublishedSizes& sizes : all) {
        Values options{{"layers", sizes.layers},       {"heads", sizes.heads},
                       {"width", sizes.width},         {"attention_width", sizes.attention_width},
                       {"mlp_width", sizes.mlp_width}, {"readout_hidden", sizes.mlp_width},
                       {"projection_bias", false},     {"causal", false},
                       {"input", std::string("none")}};
        if (sizes.positions > 0) {
            options["positions"] = std::string("learned");
            options["max_positions"] = sizes.positions;
        }
        const FittedModel fitted = make_model({.model = sizes.model,
                                               .options = options,
                                               .shape = {sizes.tokens, sizes.classes},
                                               .front_end = {{"kind", std::string("embedding")},
                                                             {"width", sizes.width},
                                                             {"class_token", sizes.class_token}}},
                                              7);
        EXPECT_EQ(static_cast<double>(trainable_count(*fitted.model)),
                  file_->number_attribute(group_ + "/" + sizes.task, sizes.model))
            << sizes.task << " " << sizes.model;
    }
}

}  // namespace
}  // namespace elm::test
