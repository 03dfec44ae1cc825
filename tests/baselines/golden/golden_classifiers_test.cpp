// Whole state-space classifiers with batch norms against published code: S5 (Smith et al. 2023) and
// LRU (minimal-LRU, Orvieto et al. 2023), from an input layer to logarithms of a softmax of means
// over the steps.

#include "baselines/mixers/state_space/hippo.h"
#include "baselines/model_registry.h"
#include "tests/baselines/golden/golden_state_space.h"

namespace elm::test::state_space {
namespace {

constexpr std::size_t classes = 3, width = 4;

class GoldenClassifiers : public GoldenStateSpaces {
protected:
    /// `block`: origins of a block's norm and mixer, by the name of the layer there.
    template <class Block>
    static Origins origins_of(const Block& block) {
        Origins all{{"input.weight", same("encoder.encoder.kernel")},  // (in, out) here as there
                    {"input.bias", same("encoder.encoder.bias")},
                    {"readout.weight", transposed("decoder.kernel", classes)},
                    {"readout.bias", same("decoder.bias")}};
        for (const std::string layer : {"0", "1"}) {
            for (const auto& [name, origin] : block("encoder.layers_" + layer + ".")) {
                all["blocks." + layer + "." + name] = origin;
            }
        }
        return all;
    }

    /// Origins of the running statistics are not among the parameters of the file.
    Origin buffer(const std::string& name) const {
        return [this, name](const Read&) { return read("buffers_before/" + name); };
    }

    std::vector<double> counted_steps(const Shape& of) const {
        if (file_->has(group_ + "/lengths")) return read("lengths");
        return Numbers(static_cast<std::size_t>(of[0]), static_cast<double>(of[1]));
    }

    /// A mean of the readouts of all steps is the readout of the mean, as the file has it.
    void expect_classifier(const std::string& name, const Options& chosen, const Origins& origins) {
        const Shape of = shape("input");
        const ModelEntry& entry = find_model(name);
        OptionSet options = entry.options();
        for (const auto& [option, text] : chosen) options.set(option, text);
        const auto model = entry.make(options, {of[2], std::int64_t{classes}}, 0);
        const FlatParameters flat = allocate_parameters(stream_, *model, DType::f64, {1});
        fill(*model, origins, false);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape, .training = true};
        const Parameter leaf{tensor_of(stream_, of, DType::f64, read("input")),
                             Tensor::zeros(stream_, of, DType::f64)};
        const Var scores = model->forward(context, {.dense = tape.leaf(leaf)});
        const Numbers gradient = expect_log_softmax(values_of(scores.value), counted_steps(of), of);
        const Tensor given = tensor_of(stream_, scores.value.shape(), DType::f64, gradient);
        tape.backward(stream_, {&scores, 1}, {&given, 1});
        expect_close(leaf.gradient, read("grad_input"), 1e-10, "grad_input");
        expect_gradients(*model, origins, false, 1e-10);
    }

    /// The gradient of the scores of all steps.
    Numbers expect_log_softmax(const Numbers& scores, const Numbers& counted, const Shape& of) {
        const auto steps = static_cast<std::size_t>(of[1]);
        const Numbers along = read("grad_output");
        Numbers logs, gradient(scores.size(), 0.0);
        for (std::size_t sample = 0; sample < counted.size(); ++sample) {
            const auto length = static_cast<std::size_t>(counted[sample]);
            Numbers means(classes, 0.0);
            for (std::size_t i = 0; i < length * classes; ++i) {
                means[i % classes] += scores[sample * steps * classes + i] / counted[sample];
            }
            double sum = 0, asked = 0;
            for (std::size_t k = 0; k < classes; ++k) {
                sum += std::exp(means[k]);
                asked += along[sample * classes + k];
            }
            for (std::size_t k = 0; k < classes; ++k) logs.push_back(means[k] - std::log(sum));
            for (std::size_t i = 0; i < length * classes; ++i) {
                const std::size_t at = sample * classes + i % classes;
                gradient[sample * steps * classes + i] =
                    (along[at] - std::exp(logs[at]) * asked) / counted[sample];
            }
        }
        const Shape row{std::ssize(logs)};
        expect_close(tensor_of(stream_, row, DType::f64, logs), read("output"), 1e-10, "output");
        return gradient;
    }
};

TEST_F(GoldenClassifiers, s5_is_that_of_its_authors) {
    group_ = "/s5_classifier_batchnorm";
    const auto block = [this](const std::string& layer) {
        const std::string seq = layer + "seq.";
        Origins all{{"norm.batch.gain", same(layer + "norm.scale")},
                    {"norm.batch.bias", same(layer + "norm.bias")},
                    {"norm.batch.running_mean", buffer(layer + "norm.mean")},
                    {"norm.batch.running_variance", buffer(layer + "norm.var")},
                    {"mixer.output.gate.weight", transposed(layer + "out2.kernel", width)},
                    {"mixer.output.gate.bias", same(layer + "out2.bias")}};
        const Origin both = side_by_side(planes(seq + "C1"), planes(seq + "C2"), 4);
        for (const auto& [name, origin] : s5_origins(seq, both)) all["mixer." + name] = origin;
        return all;
    };
    expect_classifier("s5",
                      {{"layers", "2"},
                       {"width", "4"},
                       {"states", "8"},
                       {"blocks", "2"},
                       {"output", "half_glu1"},
                       {"norm_kind", "batch"},
                       {"final_norm", "false"},
                       {"causal", "false"}},
                      origins_of(block));
}

TEST_F(GoldenClassifiers, lru_is_that_of_minimal_lru) {
    group_ = "/lru_classifier_batchnorm_prenorm";
    const auto block = [this](const std::string& layer) {
        const std::string norm = layer + "normalization.";
        Origins all{{"norm.batch.gain", same(norm + "scale")},
                    {"norm.batch.bias", same(norm + "bias")},
                    {"norm.batch.running_mean", buffer(norm + "mean")},
                    {"norm.batch.running_variance", buffer(norm + "var")},
                    {"mixer.output.gate.weight", stacked(transposed(layer + "out1.kernel", width),
                                                         transposed(layer + "out2.kernel", width))},
                    {"mixer.output.gate.bias",
                     stacked(same(layer + "out1.bias"), same(layer + "out2.bias"))}};
        for (const auto& [name, origin] : lru_origins(layer + "seq."))
            all["mixer." + name] = origin;
        return all;
    };
    expect_classifier("lru",
                      {{"layers", "2"},
                       {"width", "4"},
                       {"states", "6"},
                       {"norm_kind", "batch"},
                       {"final_norm", "false"}},
                      origins_of(block));
}

// --- what they begin with

TEST_F(GoldenClassifiers, modes_of_legs_are_those_of_the_authors_of_s5) {
    for (const auto& [group, modes] :
         {std::pair{"/s5_hippo_N2", std::int64_t{1}}, {"/s5_hippo_N8", 4}, {"/s5_hippo_N16", 8}}) {
        group_ = group;
        const LegendreModes found = legendre_modes(modes);
        const Numbers rates = read("Lambda"), inputs = read("B");
        for (std::size_t i = 0; i < static_cast<std::size_t>(modes); ++i) {
            const std::size_t theirs = static_cast<std::size_t>(modes) + i;  // rising from negative
            const double allowed = 1e-11 * std::abs(rates[1]);
            EXPECT_NEAR(rates[2 * theirs], -0.5, allowed);
            EXPECT_NEAR(found.frequency[i], rates[2 * theirs + 1], allowed);
            EXPECT_NEAR(std::abs(found.input_weight[i]),
                        std::hypot(inputs[2 * theirs], inputs[2 * theirs + 1]), allowed);
        }
    }
}

}  // namespace
}  // namespace elm::test::state_space
