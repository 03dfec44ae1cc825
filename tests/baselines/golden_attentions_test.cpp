// Sparse, bounded and hashed attentions against numbers that the published code gave in float64:
// Long Range Arena (Tay et al. 2021), CAB (Zhang et al. 2023), the code of Xiong et al. 2021, and
// public versions of the Reformer and the Sinkhorn transformer.

#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "baselines/mixers/attention/bigbird_blocks.h"
#include "baselines/mixers/attention/doubly_stochastic.h"
#include "baselines/mixers/attention/hashed_attention.h"
#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/attention/prob_sparse_attention.h"
#include "kernels/ops/attention/listed_attention.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "tests/baselines/golden_mixers.h"

namespace elm::test {
namespace {

Origins with_key_bias(Origins origins) {
    origins["key.bias"] = {"k_proj.bias"};
    return origins;
}

/// The projections of a mixer whose middle part is a function.
struct Projections : Module {
    Projections(const OptionSet& options, std::int64_t width, bool key_bias)
        : all(options, width, key_bias,
              [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                  return child(name, std::move(linear));
              }) {}
    HeadProjections all;
};

class GoldenAttentions : public GoldenMixers {
protected:
    using Read = std::function<Var(Context&, const HeadProjections::Rows&)>;

    static OptionSet two_heads(bool bias) {
        OptionSet options = head_options();
        options.set("heads", "2");
        options.set("attention_width", "8");
        options.set("projection_bias", bias ? "true" : "false");
        return options;
    }

    /// What expect_mixer() expects, of `read` between the projections.
    void expect_read(bool bias, const std::string& input, const Origins& origins,
                     const Tensor& lengths, const Read& read) {
        const Tensor sequence = tensor("inputs/" + input);
        Projections projections(two_heads(bias), sequence.shape()[2], bias);
        const FlatParameters flat = fill(projections, origins);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Parameter leaf{sequence, Tensor::zeros(stream_, sequence.shape(), DType::f64)};
        const auto rows = projections.all.rows(context, {.sequence = tape.leaf(leaf)});
        const Var output = projections.all.output(context, read(context, rows));
        const auto visible = [&](const std::vector<double>& values) {
            return without_padding(values, sequence.shape(), lengths);
        };
        expect_close(
            tensor_of(stream_, sequence.shape(), DType::f64, visible(values_of(output.value))),
            visible(this->read("output")), forward_error, "output");
        const Tensor gradient = tensor("grad_output");
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        expect_close(leaf.gradient, this->read("grad_inputs/" + input), gradient_error, input);
        expect_gradients(projections, origins);
    }

    /// (batch, heads, time, width) of the file → (batch, time, heads width).
    Tensor joined(const std::string& name) {
        const Tensor all = tensor(name);
        const Shape& shape = all.shape();
        Context plain{stream_};
        const Var pairs{all.reshape({shape[0] * shape[1], shape[2], shape[3]})};
        return join_heads(plain, pairs, shape[1]).value;
    }

    /// A mixer without projections, of queries, keys and values of their own: three parts of a wide
    /// sequence, which projections pick.
    void expect_of_three(const std::string& name, const std::vector<PublishedOption>& more,
                         const std::map<std::string, std::string>& others, const Tensor& lengths) {
        const std::array<std::string, 3> parts{"query", "key", "value"};
        std::vector<Var> rows;
        for (const std::string& part : parts) rows.push_back({joined("inputs/" + part)});
        Context plain{stream_};
        const Tensor sequence = concatenate(plain, rows, 2).value;
        OptionSet options = find_mixer(name).options();
        options.set("heads", "2");
        options.set("attention_width", "8");
        options.set("projection_bias", "false");
        for (const auto& [option, text] : more) options.set(option, text);
        const auto mixer = find_mixer(name).make(options, {.width = 24, .causal = false});
        const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f64, {1});
        for (const auto& [parameter_name, parameter] : mixer->parameters()) {
            std::vector<double> values(static_cast<std::size_t>(parameter->shape.size()), 0.0);
            for (std::size_t part = 0; part < 3; ++part) {
                if (parameter_name != parts[part] + ".weight") continue;
                for (std::size_t i = 0; i < 8; ++i) values[i * 24 + part * 8 + i] = 1;
            }
            if (parameter_name == "output.weight") {
                for (std::size_t i = 0; i < 8; ++i) values[i * 8 + i] = 1;
            }
            if (others.contains(parameter_name))
                values = read("parameters/" + others.at(parameter_name));
            parameter->value.assign<double>(stream_, values);
        }
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Parameter leaf{sequence, Tensor::zeros(stream_, sequence.shape(), DType::f64)};
        const Var whole =
            mixer->mix(context, {.sequence = tape.leaf(leaf), .lengths = lengths, .causal = false});
        const Var output = slice(context, whole, 2, 0, 8);
        // Rows of padding are queries of zeros, there as here.
        expect_close(output.value, values_of(joined("output")), forward_error, "output");
        const Tensor gradient = joined("grad_output");
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        for (std::size_t part = 0; part < 3; ++part) {
            const auto begin = static_cast<std::int64_t>(8 * part);
            expect_close(slice(plain, {leaf.gradient}, 2, begin, begin + 8).value,
                         values_of(joined("grad_inputs/" + parts[part])), gradient_error,
                         parts[part]);
        }
        for (const auto& [parameter_name, parameter] : mixer->parameters()) {
            if (!others.contains(parameter_name)) continue;
            expect_close(parameter->gradient, read("gradients/" + others.at(parameter_name)),
                         gradient_error, parameter_name);
        }
    }
};

/// CAB divides scores by d in place of sqrt(d), as a query of half the size does, with d = 4.
TEST_F(GoldenAttentions, nystrom_is_that_of_cab) {
    Origins origins = cab_projections();
    origins["query.weight"].factor = origins["query.bias"].factor = 0.5;
    origins["convolution"] = {"conv.weight"};
    for (const auto& [group, landmarks, taps] : {std::tuple{"noncausal_self", "4", "0"},
                                                 {"noncausal_self_L18", "4", "0"},
                                                 {"noncausal_self_conv", "4", "5"},
                                                 {"noncausal_self_short", "16", "0"}}) {
        SCOPED_TRACE(group);
        open(std::string("/cab/nystrom/") + group);
        expect_mixer("nystrom", true, "query", origins, false, {},
                     {{"landmarks", landmarks}, {"taps", taps}, {"mode", "release"}});
    }
}

TEST_F(GoldenAttentions, nystrom_is_that_of_its_authors) {
    for (const auto& [group, mode, taps] : {std::tuple{"nystrom", "release", "0"},
                                            {"nystrom_pad", "release", "0"},
                                            {"nystrom_conv5_pad", "release", "5"},
                                            {"nystrom_new_init", "paper", "0"}}) {
        SCOPED_TRACE(group);
        open(std::string("/extra/nystromformer_repo/") + group);
        expect_of_three("nystrom", {{"landmarks", "4"}, {"taps", taps}, {"mode", mode}},
                        {{"convolution", "conv.weight"}}, lengths("valid_mask", 1));
    }
}

TEST_F(GoldenAttentions, abc_is_that_of_cab) {
    Origins origins = with_key_bias(cab_projections());
    origins["key_control"] = {"compress_k", true};
    origins["value_control"] = {"compress_v", true};
    for (const auto& [group, causal] :
         {std::pair{"noncausal_self", false}, {"causal_self", true}}) {
        SCOPED_TRACE(group);
        open(std::string("/cab/abc/") + group);
        expect_mixer("abc", true, "query", origins, causal, {},
                     {{"slots", "5"}, {"mode", "release"}});
    }
}

TEST_F(GoldenAttentions, longformer_is_that_of_long_range_arena) {
    open("/lra/longformer/attention_w6");
    Origins origins = lra_projections();
    for (const std::string part : {"query", "key", "value"}) {
        origins[part + ".weight"] = {part + "_sliding_window.kernel", true};
    }
    expect_mixer("longformer", false, "x", origins, false, lengths("valid_mask", 1),
                 {{"window", "6"}});
}

/// Its second sample has one global step more than its first one.
TEST_F(GoldenAttentions, longformer_with_global_steps_is_that_of_long_range_arena) {
    open("/lra/longformer/attention_w5_global");
    Origins origins{{"output.weight", {"out.kernel", true}}};
    for (const std::string part : {"query", "key", "value"}) {
        origins[part + ".weight"] = {part + "_sliding_window.kernel", true};
        origins["global." + part + ".weight"] = {part + "_global.kernel", true};
    }
    const Tensor sequence = tensor("inputs/x"), counts = lengths("valid_mask", 1);
    const Parameter leaf{sequence, Tensor::zeros(stream_, sequence.shape(), DType::f64)};
    const std::vector<double> wanted = read("grad_output");
    const std::size_t half = wanted.size() / 2;
    std::vector<double> output(wanted.size());
    std::map<std::string, std::vector<double>> gradients;
    for (const std::size_t sample : {0U, 1U}) {
        OptionSet options = find_mixer("longformer").options();
        for (const auto& [name, text] :
             std::vector<PublishedOption>{{"heads", "2"},
                                          {"attention_width", "8"},
                                          {"projection_bias", "false"},
                                          {"window", "5"},
                                          {"global_steps", sample == 0 ? "0" : "0, 7"}}) {
            options.set(name, text);
        }
        const auto mixer = find_mixer("longformer").make(options, {.width = 10, .causal = false});
        const FlatParameters flat = fill(*mixer, origins);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Var result =
            mixer->mix(context, {.sequence = tape.leaf(leaf), .lengths = counts, .causal = false});
        const auto at = static_cast<std::ptrdiff_t>(sample * half);
        const auto own = static_cast<std::ptrdiff_t>(half);
        const auto values = values_of(result.value);
        std::copy_n(values.begin() + at, own, output.begin() + at);
        std::vector<double> given(wanted.size(), 0.0);
        std::copy_n(wanted.begin() + at, own, given.begin() + at);
        const Tensor gradient = tensor_of(stream_, sequence.shape(), DType::f64, given);
        tape.backward(stream_, {&result, 1}, {&gradient, 1});
        for (const auto& [name, parameter] : mixer->parameters()) {
            const auto found = values_of(parameter->gradient);
            auto& sum = gradients[name];
            sum.resize(found.size());
            for (std::size_t i = 0; i < found.size(); ++i) sum[i] += found[i];
        }
    }
    EXPECT_EQ(
        difference_above(without_padding(output, sequence.shape(), counts),
                         without_padding(read("output"), sequence.shape(), counts), forward_error),
        "");
    expect_close(leaf.gradient, read("grad_inputs/x"), gradient_error, "x");
    for (const auto& [name, found] : gradients) {
        const Shape shape = name == "output.weight" ? Shape{10, 8} : Shape{8, 10};
        EXPECT_EQ(difference_above(found, in_our_order("gradients", origins.at(name), shape),
                                   gradient_error),
                  "")
            << name;
    }
}

TEST_F(GoldenAttentions, bigbird_is_that_of_long_range_arena) {
    for (const auto& [group, random, spare] :
         {std::tuple{"attention", 2, 2}, {"attention_r3", 3, 4}}) {
        SCOPED_TRACE(group);
        open(std::string("/lra/bigbird/") + group);
        const Tensor counts = lengths("valid_mask", 1);
        const auto table = read("constants/rand_blocks");
        BigBirdBlocks blocks{.steps = tensor("inputs/x").shape()[1],
                             .block = 4,
                             .heads = 2,
                             .spare = spare,
                             .random = random,
                             .table = {table.begin(), table.end()}};
        const auto all = counts.host<std::int32_t>();
        expect_read(
            false, "x", lra_projections(), counts,
            [&, extra = std::int64_t{spare}](Context& context, const HeadProjections::Rows& rows) {
                return listed_attention(context, rows.query, pad(context, rows.key, 1, 0, extra),
                                        pad(context, rows.value, 1, 0, extra),
                                        bigbird_lists(blocks, {all.begin(), all.end()}),
                                        {.heads = 2})
                    .output;
            });
    }
}

TEST_F(GoldenAttentions, sparse_attention_is_that_of_long_range_arena) {
    open("/lra/sparse/attention");
    for (const bool causal : {false, true}) {
        expect_mixer("sparse", false, "x", lra_projections(), causal, lengths("valid_mask", 1),
                     {{"block", "5"}, {"summary", "2"}, {"mode", "release"}});
    }
}

TEST_F(GoldenAttentions, sinkhorn_is_that_of_long_range_arena) {
    for (const auto& [group, padded] :
         {std::pair{"attention_softmax_nopad", false}, {"attention_softmax", true}}) {
        SCOPED_TRACE(group);
        open(std::string("/lra/sinkhorn/") + group);
        Origins origins = lra_projections();
        origins["sort"] = {"DenseGeneral_0.kernel", true};
        expect_mixer("sinkhorn", false, "x", origins, false,
                     padded ? lengths("valid_mask", 1) : Tensor{},
                     {{"block", "4"}, {"most_blocks", "6"}, {"mode", "release"}});
    }
}

TEST_F(GoldenAttentions, doubly_stochastic_matrices_are_those_of_a_public_sinkhorn_transformer) {
    open("/extra/sinkhorn_transformer/operator8");
    const Tensor scores = tensor("inputs/log_matrix"), gradient = tensor("grad_output");
    const Parameter leaf{scores, Tensor::zeros(stream_, scores.shape(), DType::f64)};
    Tape tape;
    Context context{.stream = stream_, .tape = &tape};
    const Var output = doubly_stochastic(context, tape.leaf(leaf), 8);
    expect_close(output.value, read("output"), forward_error, "output");
    tape.backward(stream_, {&output, 1}, {&gradient, 1});
    expect_close(leaf.gradient, read("grad_inputs/log_matrix"), gradient_error, "scores");
}

TEST_F(GoldenAttentions, prob_sparse_is_that_of_cab) {
    open("/cab/probsparse/noncausal_self");
    Origins origins;
    for (const auto& [ours, theirs] : {std::pair{"query", "query_projection"},
                                       {"key", "key_projection"},
                                       {"value", "value_projection"},
                                       {"output", "out_projection"}}) {
        for (const std::string part : {".weight", ".bias"}) origins[ours + part] = {theirs + part};
    }
    const auto sample = read("constants/index_sample");
    const std::vector<std::int32_t> keys(sample.begin(), sample.end());
    expect_read(true, "query", origins, {},
                [&](Context& context, const HeadProjections::Rows& rows) {
                    return prob_sparse_attention(
                        context, rows.query, rows.key, rows.value,
                        {.heads = 2,
                         .chosen = 8,
                         .sample = Tensor::from<std::int32_t>(stream_, {32, 8}, keys)});
                });
}

TEST_F(GoldenAttentions, long_short_is_that_of_cab) {
    Origins origins{{"summary.weight", {"dconv_fc.weight"}},
                    {"norm.weight", {"dual_ln_l.weight"}},
                    {"norm.bias", {"dual_ln_l.bias"}},
                    {"summary_norm.weight", {"dual_ln_s.weight"}},
                    {"summary_norm.bias", {"dual_ln_s.bias"}}};
    for (const auto& [ours, theirs] :
         {std::pair{"query", "W_q"}, {"key", "W_k"}, {"value", "W_v"}, {"output", "W_o"}}) {
        for (const std::string part : {".weight", ".bias"}) origins[ours + part] = {theirs + part};
    }
    for (const auto& [group, window, padded] : {std::tuple{"noncausal_self", "4", false},
                                                {"noncausal_self_L18", "4", false},
                                                {"noncausal_self_w5_pad", "5", true}}) {
        SCOPED_TRACE(group);
        open(std::string("/cab/longshort/") + group);
        expect_mixer("long_short", true, "query", origins, false,
                     padded ? lengths("key_padding_mask", 0) : Tensor{},
                     {{"window", window}, {"summaries", "3"}}, Padding::biases);
    }
}

/// Its keys have a bias there, which changes nothing.
TEST_F(GoldenAttentions, lara_is_that_of_cab) {
    for (const auto& [group, landmarks] : {std::pair{"noncausal_self", "4"},
                                           {"noncausal_self_L18", "4"},
                                           {"noncausal_self_short", "24"}}) {
        SCOPED_TRACE(group);
        open(std::string("/cab/lara/") + group);
        expect_mixer("lara", true, "query", cab_projections(), false, {},
                     {{"landmarks", landmarks}});
    }
}

TEST_F(GoldenAttentions, reformer_is_that_of_long_range_arena) {
    for (const auto& [group, rounds] :
         {std::pair{"attention_hashes1", "1"}, {"attention_hashes2", "2"}}) {
        SCOPED_TRACE(group);
        open(std::string("/lra/reformer/") + group);
        expect_mixer("reformer", false, "x",
                     {{"query.weight", {"query.kernel", true}},
                      {"value.weight", {"value.kernel", true}},
                      {"rotations", {"/constants/rotations"}}},
                     false, {},
                     {{"attention_width", "0"},
                      {"rounds", rounds},
                      {"buckets", "4"},
                      {"chunk", "4"},
                      {"mode", "release"}});
    }
}

/// Of one head, with keys of length 1.
TEST_F(GoldenAttentions, hashed_attention_is_that_of_a_public_reformer) {
    for (const auto& [group, rounds, within] : {std::tuple{"one_round", 1, false},
                                                {"two_rounds", 2, false},
                                                {"two_rounds_within_bucket", 2, true}}) {
        SCOPED_TRACE(group);
        open(std::string("/extra/reformer_pytorch/") + group);
        std::map<std::string, Parameter> leaves;
        for (const std::string name : {"qk", "value"}) {
            const Tensor value = tensor("inputs/" + name);
            leaves[name] = {value, Tensor::zeros(stream_, value.shape(), DType::f64)};
        }
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Var query = tape.leaf(leaves.at("qk"));
        const Var gain{tensor_of(stream_, {4}, DType::f64, std::vector<double>(4, 0.5))};
        const Var output = hashed_attention(context, query, rms_norm(context, query, gain, 1e-24),
                                            tape.leaf(leaves.at("value")),
                                            {.rounds = rounds,
                                             .buckets = 4,
                                             .chunk = 4,
                                             .rotations = tensor("constants/rotations"),
                                             .within_bucket = within});
        expect_close(output.value, read("output"), forward_error, "output");
        const Tensor gradient = tensor("grad_output");
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        for (const auto& [name, leaf] : leaves) {
            expect_close(leaf.gradient, read("grad_inputs/" + name), gradient_error, name);
        }
    }
}

}  // namespace
}  // namespace elm::test
