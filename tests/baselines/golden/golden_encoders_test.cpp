// Whole encoders of Long Range Arena (Tay et al. 2021) against numbers that the published code gave
// in float64.

#include <algorithm>

#include "tests/baselines/golden/golden_mixers.h"

namespace elm::test {
namespace {

/// A whole encoder of Long Range Arena behind its embedding, with the class token in front.
class GoldenEncoders : public GoldenMixers {
protected:
    /// `others`: what a mixer has besides the four projections, or in other places.
    static Origins origins(const std::string& attention, const Origins& others) {
        const std::string block = "encoderblock_";
        Origins all{
            {"norm.weight", {"encoder_norm.scale"}},       {"norm.bias", {"encoder_norm.bias"}},
            {"readout.0.weight", {"mlp.kernel", true}},    {"readout.0.bias", {"mlp.bias"}},
            {"readout.2.weight", {"logits.kernel", true}}, {"readout.2.bias", {"logits.bias"}}};
        for (const std::string layer : {"0", "1"}) {
            const std::string ours = "blocks." + layer + ".", theirs = block + layer + ".";
            for (const auto& [name, origin] : others) {
                const bool elsewhere = origin.name.starts_with('/');
                Origin& own = all[ours + "mixer." + name];
                own = origin;
                own.name = elsewhere ? origin.name : theirs + attention + "." + origin.name;
            }
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

    static OptionSet options(const std::string& mixer, const std::string& layers,
                             const std::vector<PublishedOption>& more) {
        OptionSet all = mixed_options("transformer", mixer,
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
        for (const auto& [option, text] : more) all.set(option, text);
        return all;
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
                        const std::string& attention, bool masks,
                        const std::vector<PublishedOption>& more = {}, const Origins& others = {}) {
        const auto model =
            make_mixed("transformer", mixer, options(mixer, layers, more), {10, 3}, 0);
        const FlatParameters flat = fill(*model, origins(attention, others));
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
        expect_gradients(*model, origins(attention, others));
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

TEST_F(GoldenEncoders, encoders_with_other_mixers_are_those_of_long_range_arena) {
    open("/lra/performer/classifier");
    expect_encoder("performer", "1", "MultiHeadDotProductAttention_1", false, {{"kernel", "relu"}});
    open("/lra/linformer/classifier");
    expect_encoder("linformer", "1", "LinformerAttention_1", false,
                   {{"longest", "17"}, {"rank", "16"}}, {{"projection", {"lr_kernel"}}});
    open("/lra/synthesizer/classifier");
    expect_encoder("synthesizer", "1", "SynthesizerAttention_1", true, {{"longest", "17"}},
                   {{"random", {"random"}}});
    open("/lra/local/classifier");
    expect_encoder("local_attention", "1", "LocalAttention_1", true,
                   {{"block", "5"}, {"mode", "release"}});
    open("/lra/longformer/classifier");
    Origins windows;
    for (const std::string part : {"query", "key", "value"}) {
        windows[part + ".weight"] = {part + "_sliding_window.kernel", true};
    }
    expect_encoder("longformer", "1", "LongformerAttention_1", true, {{"window", "6"}}, windows);
    open("/lra/reformer/classifier");
    expect_encoder("reformer", "1", "ReformerAttention_1", false,
                   {{"attention_width", "0"},
                    {"rounds", "1"},
                    {"buckets", "10"},
                    {"chunk", "10"},
                    {"mode", "release"}},
                   {{"rotations", {"/constants/rotations"}}});
}

}  // namespace
}  // namespace elm::test
