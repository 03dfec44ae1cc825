// Mixers and transformers against numbers that the published code gave: Long Range Arena (Tay et
// al. 2021), CAB (Zhang et al. 2023) and fast-transformers (Katharopoulos et al. 2020), in float64.

#include <gtest/gtest.h>

#include <map>

#include "baselines/model_file.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/attention/linear_attention.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/product/matmul.h"
#include "tests/baselines/golden/golden_mixers.h"

namespace elm::test {
namespace {

TEST_F(GoldenMixers, attention_is_that_of_long_range_arena) {
    for (const auto& [group, causal, padded] :
         {std::tuple{"/lra/transformer/attention", false, true},
          {"/lra/transformer/attention_causal", true, true},
          {"/lra/transformer/attention_nopad", false, false}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("attention", false, "x", lra_projections(), causal,
                     padded ? lengths("valid_mask", 1) : Tensor{});
    }
}

TEST_F(GoldenMixers, attention_of_a_sequence_is_that_of_cab) {
    for (const auto& [group, causal] :
         {std::pair{"/cab/vanilla/noncausal_self", false}, {"/cab/vanilla/causal_self", true}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("attention", true, "query", cab_projections(), causal, {});
    }
}

TEST_F(GoldenMixers, local_attention_is_that_of_cab) {
    for (const auto& [group, causal, window] : {std::tuple{"/cab/local/noncausal_self", false, "3"},
                                                {"/cab/local/causal_self", true, "4"}}) {
        SCOPED_TRACE(group);
        open(group);
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
    for (const char* const group : {"/cab/vanilla/noncausal_cross", "/cab/vanilla/causal_cross"}) {
        SCOPED_TRACE(group);
        open(group);
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
        const bool padded = std::string(group) == "/cab/vanilla/noncausal_cross";
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
    for (const auto& [group, causal] : {std::pair{"/lra/performer/attention_relu", false},
                                        {"/lra/performer/attention_relu_causal", true}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("performer", false, "x", lra_projections(), causal, {}, {{"kernel", "relu"}});
    }
    for (const auto& [group, count] : {std::pair{"/lra/performer/attention_softmax_m2", "2"},
                                       {"/lra/performer/attention_softmax_m6", "6"},
                                       {"/lra/performer/attention_softmax_m6_ortho1", "6"}}) {
        SCOPED_TRACE(group);
        open(group);
        Origins origins = lra_projections();
        origins["projection"] = {"/constants/projection"};
        expect_mixer("performer", false, "x", origins, false, {}, {{"random_features", count}});
    }
}

TEST_F(GoldenMixers, performer_is_that_of_cab) {
    Origins origins = cab_projections();
    origins["key.bias"] = {"k_proj.bias"};
    origins["projection"] = {"/constants/projection"};
    for (const char* const group :
         {"/cab/performer/noncausal_self", "/cab/performer/noncausal_self_train"}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("performer", true, "query", origins, false, {},
                     {{"random_features", "6"}, {"mode", "release"}});
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

/// Of scores alone, which do not know of padding there.
TEST_F(GoldenMixers, synthesizer_without_products_is_that_of_long_range_arena) {
    Origins origins = lra_projections();
    origins["random"] = {"random"};
    origins["random1"] = {"random1"};
    origins["random2"] = {"random2"};
    for (const auto& [group, factors] : {std::pair{"/lra/synthesizer/attention_random", "0"},
                                         {"/lra/synthesizer/attention_factorized_random", "3"}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("synthesizer", false, "x", origins, false, {},
                     {{"longest", "20"}, {"products", "false"}, {"factors", factors}});
    }
}

/// One call over all of a sequence whose length is `longest`.
TEST_F(GoldenMixers, cosformer_is_that_of_cab) {
    for (const auto& [group, causal] : {std::pair{"/cab/cosformer/noncausal_self", false},
                                        {"/cab/cosformer/causal_self_forced", true}}) {
        SCOPED_TRACE(group);
        open(group);
        Origins origins = cab_projections();
        origins["key.bias"] = {"k_proj.bias"};
        expect_mixer("cosformer", true, "query", origins, causal, {}, {{"longest", "16"}});
    }
}

TEST_F(GoldenMixers, linear_attention_is_that_of_its_authors) {
    for (const auto& [group, causal, padded] :
         {std::tuple{"/extra/fast_transformers/linear_causal", true, false},
          {"/extra/fast_transformers/linear_cross", false, false},
          {"/extra/fast_transformers/linear_noncausal_pad", false, true}}) {
        SCOPED_TRACE(group);
        open(group);
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
