// The temporal convolutional network of Bai, Kolter & Koltun 2018 (arXiv 1803.01271) against
// numbers that the published code (locuslab/TCN) gave in float64.

#include "baselines/convolution/dilated_level.h"
#include "baselines/model_registry.h"
#include "kernels/ops/basic/layout.h"
#include "tests/baselines/golden/golden_mixers.h"

namespace elm::test {
namespace {

/// Where a level's parameters stand in the file, ours beginning with `module`, theirs with
/// `prefix`.
Origins level_origins(const std::string& module, const std::string& prefix) {
    Origins origins{{module + "skip.weight", {prefix + "downsample.weight"}},
                    {module + "skip.bias", {prefix + "downsample.bias"}}};
    for (const auto& [ours, theirs] : {std::pair{"first.", "conv1."}, {"second.", "conv2."}}) {
        origins[module + ours + "direction"] = {prefix + theirs + "weight_v"};
        origins[module + ours + "length"] = {prefix + theirs + "weight_g"};
        origins[module + ours + "bias"] = {prefix + theirs + "bias"};
    }
    return origins;
}

class GoldenTcn : public GoldenMixers {
protected:
    /// A group of the file, whose input (batch, channels, time) becomes a leaf (batch, time,
    /// channels).
    Var begin(const std::string& group) {
        open(group);
        const Tensor x = tensor("inputs/x");
        leaf_ = {x, Tensor::zeros(stream_, x.shape(), DType::f64)};
        tape_.emplace();
        context_.emplace(Context{.stream = stream_, .tape = &*tape_});
        return turned(tape_->leaf(leaf_));
    }
    Var turned(const Var& x) { return transpose(*context_, x, 1, 2); }

    void backward(const Var& output, const Tensor& gradient) {
        tape_->backward(stream_, {&output, 1}, {&gradient, 1});
        expect_close(leaf_.gradient, read("grad_inputs/x"), gradient_error, "x");
    }
    void expect_file(const Var& output) {
        expect_close(output.value, read("output"), forward_error, "output");
        backward(output, tensor("grad_output"));
    }
    /// The file has the logarithms of a softmax of `scores`, (rows, classes).
    void expect_log_softmax(const Var& scores) {
        const auto classes = static_cast<std::size_t>(scores.value.shape()[1]);
        std::vector<double> logs = values_of(scores.value), gradient = read("grad_output");
        for (std::size_t row = 0; row < logs.size(); row += classes) {
            double sum = 0, asked = 0;
            for (std::size_t i = row; i < row + classes; ++i) {
                sum += std::exp(logs[i]);
                asked += gradient[i];
            }
            for (std::size_t i = row; i < row + classes; ++i) {
                logs[i] -= std::log(sum);
                gradient[i] -= std::exp(logs[i]) * asked;
            }
        }
        const auto as_tensor = [&](const std::vector<double>& values) {
            return tensor_of(stream_, scores.value.shape(), DType::f64, values);
        };
        expect_close(as_tensor(logs), read("output"), forward_error, "output");
        backward(scores, as_tensor(gradient));
    }

    /// Levels of these widths, each of twice the dilation of the one before.
    void expect_levels(const std::vector<std::int64_t>& widths, std::int64_t taps,
                       std::int64_t dilation, const std::vector<std::string>& prefixes,
                       const std::string& group) {
        Var values = begin(group);
        std::vector<std::unique_ptr<DilatedLevel>> levels;
        std::vector<FlatParameters> flat;
        SequenceState state;
        StateCursor cursor(state);
        for (std::size_t i = 0; i < prefixes.size(); ++i, dilation *= 2) {
            levels.push_back(std::make_unique<DilatedLevel>(
                DilatedLevel::Size{widths[i], widths[i + 1], taps, dilation}, 0.0));
            flat.push_back(fill(*levels[i], level_origins("", prefixes[i])));
            values = levels[i]->forward(*context_, {.dense = values}, cursor);
        }
        expect_file(turned(values));
        for (std::size_t i = 0; i < prefixes.size(); ++i) {
            expect_gradients(*levels[i], level_origins("", prefixes[i]));
        }
    }

    /// The registered model of three levels of 6 features and 4 taps, with the file's parameters.
    struct Living {
        std::unique_ptr<SequenceModel> model;
        Origins origins;
        FlatParameters flat;
    };
    Living living(std::int64_t inputs) {
        Living made{
            .model = make({{"levels", "3"}, {"width", "6"}, {"taps", "4"}}, {inputs, 5}),
            .origins = {{"readout.weight", {"linear.weight"}}, {"readout.bias", {"linear.bias"}}},
            .flat = {}};
        for (const std::string level : {"0.", "1.", "2."}) {
            made.origins.merge(level_origins("levels." + level, "tcn.network." + level));
        }
        made.flat = fill(*made.model, made.origins);
        return made;
    }
    static std::unique_ptr<SequenceModel> make(const std::vector<PublishedOption>& chosen,
                                               const SequenceShape& shape) {
        const ModelEntry& entry = find_model("dilated_tcn");
        OptionSet options = entry.options();
        for (const auto& [option, text] : chosen) options.set(option, text);
        return entry.make(options, shape, 0);
    }

    Parameter leaf_;
    std::optional<Tape> tape_;
    std::optional<Context> context_;
};

TEST_F(GoldenTcn, levels_are_those_of_the_published_code) {
    expect_levels({3, 5}, 3, 2, {""}, "/tcn/block_3to5_k3_d2");
    expect_levels({5, 5}, 4, 1, {""}, "/tcn/block_5to5_k4_d1");
}

TEST_F(GoldenTcn, networks_of_levels_are_those_of_the_published_code) {
    expect_levels({3, 6, 6, 6, 4}, 3, 1, {"network.0.", "network.1.", "network.2.", "network.3."},
                  "/tcn/network_4levels_k3");
}

TEST_F(GoldenTcn, the_registered_model_reads_each_step_as_the_published_code) {
    const Var x = begin("/tcn/per_step_linear");
    const Living tcn = living(1);
    expect_file(tcn.model->forward(*context_, {.dense = x}));
    expect_gradients(*tcn.model, tcn.origins);
}

TEST_F(GoldenTcn, the_last_step_of_the_registered_model_classifies_as_the_published_code) {
    const Var x = begin("/tcn/classifier_last_step");
    const Living tcn = living(2);
    const Var all = tcn.model->forward(*context_, {.dense = x});
    const Shape& shape = all.value.shape();
    expect_log_softmax(
        reshape(*context_, slice(*context_, all, 1, shape[1] - 1, shape[1]), {shape[0], shape[2]}));
    expect_gradients(*tcn.model, tcn.origins);
}

TEST_F(GoldenTcn, registered_models_of_the_published_sizes_have_the_published_parameters) {
    const auto count = [](const char* width, const char* taps, const SequenceShape& shape) {
        const auto model = make({{"levels", "8"}, {"width", width}, {"taps", taps}}, shape);
        return trainable_count(*model);
    };
    const auto published = [&](const char* task) {
        return static_cast<std::int64_t>(file_->number_attribute("/parameter_counts/tcn", task));
    };
    EXPECT_EQ(count("25", "7", {1, 10}), published("sequential_mnist"));
    EXPECT_EQ(count("10", "8", {1, 10}), published("copy_memory"));
    EXPECT_EQ(count("30", "7", {2, 1}), published("adding"));
}

}  // namespace
}  // namespace elm::test
