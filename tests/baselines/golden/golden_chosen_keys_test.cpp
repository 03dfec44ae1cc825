// Attentions that sort, draw or summarise what they see against numbers that the published code
// gave in float64: Long Range Arena (Tay et al. 2021), CAB (Zhang et al. 2023), and public versions
// of the Reformer and the Sinkhorn transformer.

#include "baselines/mixers/sparse/doubly_stochastic.h"
#include "baselines/mixers/sparse/hashed_attention.h"
#include "baselines/mixers/sparse/prob_sparse_attention.h"
#include "kernels/ops/basic/normalise.h"
#include "tests/baselines/golden/golden_attentions.h"

namespace elm::test {
namespace {

TEST_F(GoldenAttentions, sinkhorn_is_that_of_long_range_arena) {
    for (const auto& [group, padded] : {std::pair{"/lra/sinkhorn/attention_softmax_nopad", false},
                                        {"/lra/sinkhorn/attention_softmax", true}}) {
        SCOPED_TRACE(group);
        open(group);
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
    for (const auto& [group, window, padded] :
         {std::tuple{"/cab/longshort/noncausal_self", "4", false},
          {"/cab/longshort/noncausal_self_L18", "4", false},
          {"/cab/longshort/noncausal_self_w5_pad", "5", true}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("long_short", true, "query", origins, false,
                     padded ? lengths("key_padding_mask", 0) : Tensor{},
                     {{"window", window}, {"summaries", "3"}}, Padding::biases);
    }
}

TEST_F(GoldenAttentions, causal_long_short_is_that_of_cab) {
    Origins origins{{"summary.weight", {"dconv_1.weight"}},
                    {"norm.weight", {"dual_ln_win.weight"}},
                    {"norm.bias", {"dual_ln_win.bias"}},
                    {"summary_norm.weight", {"dual_ln_dproj.weight"}},
                    {"summary_norm.bias", {"dual_ln_dproj.bias"}},
                    {"distance.weight", {"r_net.weight"}},
                    {"chunk_distance.weight", {"r_net_chunk.weight"}},
                    {"chunk_distance.bias", {"r_net_chunk.bias"}},
                    {"content_bias", {"r_w_bias"}},
                    {"distance_bias", {"r_r_bias"}}};
    for (const auto& [ours, theirs] : {std::pair{"query", "proj_query"},
                                       {"key", "proj_key"},
                                       {"value", "proj_val"},
                                       {"output", "proj_out"}}) {
        origins[std::string(ours) + ".weight"] = {std::string(theirs) + ".weight"};
    }
    for (const auto& [group, window, rank] : {std::tuple{"/cab/longshort/causal_self", "8", "1"},
                                              {"/cab/longshort/causal_self_L18", "8", "1"},
                                              {"/cab/longshort/causal_self_rank2", "4", "2"}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("long_short", false, "query", origins, true, {},
                     {{"causal_window", window},
                      {"chunk_steps", "4"},
                      {"chunk_summaries", rank},
                      {"memory", "8"},
                      {"mode", "release"}});
    }
}

/// Its keys have a bias there, which changes nothing.
TEST_F(GoldenAttentions, lara_is_that_of_cab) {
    for (const auto& [group, landmarks] : {std::pair{"/cab/lara/noncausal_self", "4"},
                                           {"/cab/lara/noncausal_self_L18", "4"},
                                           {"/cab/lara/noncausal_self_short", "24"}}) {
        SCOPED_TRACE(group);
        open(group);
        expect_mixer("lara", true, "query", cab_projections(), false, {},
                     {{"landmarks", landmarks}});
    }
}

TEST_F(GoldenAttentions, reformer_is_that_of_long_range_arena) {
    for (const auto& [group, rounds] : {std::pair{"/lra/reformer/attention_hashes1", "1"},
                                        {"/lra/reformer/attention_hashes2", "2"}}) {
        SCOPED_TRACE(group);
        open(group);
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
    for (const auto& [group, rounds, within] :
         {std::tuple{"/extra/reformer_pytorch/one_round", 1, false},
          {"/extra/reformer_pytorch/two_rounds", 2, false},
          {"/extra/reformer_pytorch/two_rounds_within_bucket", 2, true}}) {
        SCOPED_TRACE(group);
        open(group);
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
