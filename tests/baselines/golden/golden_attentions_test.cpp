// Attentions of windows, blocks, landmarks and slots against numbers that the published code gave
// in float64: Long Range Arena (Tay et al. 2021), CAB (Zhang et al. 2023) and the code of Xiong et
// al. 2021.

#include "tests/baselines/golden/golden_attentions.h"
#include "baselines/mixers/sparse/bigbird_blocks.h"
#include "kernels/ops/attention/listed_attention.h"

namespace elm::test {
namespace {

/// CAB divides scores by d in place of sqrt(d), as a query of half the size does, with d = 4.
TEST_F(GoldenAttentions, nystrom_is_that_of_cab) {
    Origins origins = cab_projections();
    origins["query.weight"].factor = origins["query.bias"].factor = 0.5;
    origins["convolution"] = {"conv.weight"};
    for (const auto& [group, landmarks, taps] :
         {std::tuple{"/cab/nystrom/noncausal_self", "4", "0"},
          {"/cab/nystrom/noncausal_self_L18", "4", "0"},
          {"/cab/nystrom/noncausal_self_conv", "4", "5"},
          {"/cab/nystrom/noncausal_self_short", "16", "0"}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("nystrom", true, "query", origins, false, {},
                     {{"landmarks", landmarks}, {"taps", taps}, {"mode", "release"}});
    }
}

TEST_F(GoldenAttentions, nystrom_is_that_of_its_authors) {
    for (const auto& [group, mode, taps] :
         {std::tuple{"/extra/nystromformer_repo/nystrom", "release", "0"},
          {"/extra/nystromformer_repo/nystrom_pad", "release", "0"},
          {"/extra/nystromformer_repo/nystrom_conv5_pad", "release", "5"},
          {"/extra/nystromformer_repo/nystrom_new_init", "paper", "0"}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_of_three("nystrom", {{"landmarks", "4"}, {"taps", taps}, {"mode", mode}},
                        {{"convolution", "conv.weight"}}, lengths("valid_mask", 1));
    }
}

TEST_F(GoldenAttentions, abc_is_that_of_cab) {
    Origins origins = with_key_bias(cab_projections());
    origins["key_control"] = {"compress_k", true};
    origins["value_control"] = {"compress_v", true};
    for (const auto& [group, causal] :
         {std::pair{"/cab/abc/noncausal_self", false}, {"/cab/abc/causal_self", true}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("abc", true, "query", origins, causal, {},
                     {{"slots", "5"}, {"mode", "release"}});
    }
}

/// Queries of padding read the slots as others do.
TEST_F(GoldenAttentions, padded_abc_in_both_directions_is_that_of_cab) {
    Origins origins = with_key_bias(cab_projections());
    origins["key_control"] = {"compress_k", true};
    origins["value_control"] = {"compress_v", true};
    open("/cab/abc/noncausal_self_pad");
    expect_mixer("abc", true, "query", origins, false, lengths("key_padding_mask", 0),
                 {{"slots", "5"}, {"mode", "release"}});
}

/// A step of padding is nothing but the bias of the output.
TEST_F(GoldenAttentions, padded_abc_is_that_of_cab) {
    Origins origins = with_key_bias(cab_projections());
    origins["key_control"] = {"compress_k", true};
    origins["value_control"] = {"compress_v", true};
    open("/cab/abc/causal_self_pad");
    expect_mixer("abc", true, "query", origins, true, lengths("key_padding_mask", 0),
                 {{"slots", "5"}, {"mode", "release"}}, Padding::biases);
}

/// Its window of 4 has the four steps before a query, and the query's own.
TEST_F(GoldenAttentions, local_attention_is_that_of_a_public_package) {
    open("/extra/local_attention/causal_exact_window4");
    expect_of_three("local_attention", {{"window", "5"}}, {}, {}, true);
}

TEST_F(GoldenAttentions, blocks_are_those_of_a_public_package) {
    open("/extra/local_attention/block4");
    expect_of_three("local_attention", {{"block", "4"}}, {}, {});
    open("/extra/local_attention/causal_block4_lookback1");
    expect_of_three("local_attention", {{"block", "4"}, {"look_back", "1"}}, {}, {}, true);
}

/// Of strided steps, whose padding is that of neighbours.
TEST_F(GoldenAttentions, blocks_are_those_of_long_range_arena) {
    for (const auto& [group, padded] : {std::pair{"/lra/local/attention_L16", true},
                                        {"/lra/local/attention_L16_nopad", false},
                                        {"/lra/local/attention_L20", true}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("local_attention", false, "x", lra_projections(), false,
                     padded ? lengths("valid_mask", 1) : Tensor{},
                     {{"block", "5"}, {"mode", "release"}});
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
         {std::tuple{"/lra/bigbird/attention", 2, 2}, {"/lra/bigbird/attention_r3", 3, 4}}) {
        SCOPED_TRACE(group);
        open(group);
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

}  // namespace
}  // namespace elm::test
