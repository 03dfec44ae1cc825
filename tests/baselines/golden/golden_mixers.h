#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include "baselines/backbones/mixed_model.h"
#include "baselines/mixers/mixer_registry.h"
#include "kernels/io/hdf5_file.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

/// Mixers against numbers that the published code gave in float64.
namespace elm::test {

/// How far float64 may be: sums of a few hundred terms, in another order.
inline constexpr double forward_error = 1e-10, gradient_error = 1e-9;

inline std::string golden_folder() {
    const char* const chosen = std::getenv("ELM_DATA_DIR");
    return chosen != nullptr ? chosen : ELM_DATA_DIR;
}

/// Where a parameter of a module is in the file, "/..." outside the parameters, whether its matrix
/// lies there as (in, out), and what ours is times that.
struct Origin {
    std::string name;
    bool in_out = false;
    double factor = 1;
};
using Origins = std::map<std::string, Origin>;

/// Query, key, value and output of Long Range Arena under `prefix`.
inline Origins lra_projections(const std::string& module = "", const std::string& prefix = "") {
    return {{module + "query.weight", {prefix + "query.kernel", true}},
            {module + "key.weight", {prefix + "key.kernel", true}},
            {module + "value.weight", {prefix + "value.kernel", true}},
            {module + "output.weight", {prefix + "out.kernel", true}}};
}
/// Of CAB. Its keys have a bias, which softmax takes away.
inline Origins cab_projections() {
    return {{"query.weight", {"q_proj.weight"}}, {"query.bias", {"q_proj.bias"}},
            {"key.weight", {"k_proj.weight"}},   {"value.weight", {"v_proj.weight"}},
            {"value.bias", {"v_proj.bias"}},     {"output.weight", {"out_proj.weight"}},
            {"output.bias", {"out_proj.bias"}}};
}

class GoldenMixers : public testing::Test {
protected:
    void SetUp() override {
        const std::string path = golden_folder() + "/golden_attention.h5";
        if (!std::filesystem::exists(path)) {
            GTEST_SKIP() << "there is no golden_attention.h5 in " << golden_folder()
                         << "; set ELM_DATA_DIR";
        }
        file_.emplace(Hdf5File::open(path));
    }

    void open(const std::string& group) { group_ = group; }
    std::vector<double> read(const std::string& name) const {
        return file_->read<double>(group_ + "/" + name);
    }
    Tensor tensor(const std::string& name) {
        return tensor_of(stream_, Shape(file_->shape(group_ + "/" + name)), DType::f64, read(name));
    }

    /// A dataset with the elements of a module's parameter.
    std::vector<double> in_our_order(const std::string& group, const Origin& origin,
                                     const Shape& shape) const {
        const bool elsewhere = origin.name.starts_with('/');
        std::vector<double> values =
            read(elsewhere ? origin.name.substr(1) : group + "/" + origin.name);
        const double factor = group == "gradients" ? 1 / origin.factor : origin.factor;
        for (double& value : values) value *= factor;
        if (!origin.in_out) return values;
        const auto rows = static_cast<std::size_t>(shape[0]);
        const std::size_t columns = values.size() / rows;
        std::vector<double> turned(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            turned[i % rows * columns + i / rows] = values[i];
        }
        return turned;
    }

    /// Gives a module the file's parameters, all of them.
    FlatParameters fill(Module& module, const Origins& origins) {
        FlatParameters flat = allocate_parameters(stream_, module, DType::f64, {1});
        for (const auto& [name, parameter] : module.parameters()) {
            parameter->value.assign<double>(
                stream_, in_our_order("parameters", origins.at(name), parameter->shape));
        }
        return flat;
    }

    void expect_gradients(Module& module, const Origins& origins) {
        for (const auto& [name, parameter] : module.parameters()) {
            if (!parameter->trainable) continue;
            expect_close(parameter->gradient,
                         in_our_order("gradients", origins.at(name), parameter->shape),
                         gradient_error, name);
        }
    }

    static void expect_close(const Tensor& found, const std::vector<double>& expected, double error,
                             const std::string& what) {
        double largest = 1;
        for (const double value : expected) largest = std::max(largest, std::abs(value));
        EXPECT_EQ(difference_above(values_of(found), expected, error * largest), "") << what;
    }

    /// Steps that count in each row of a mask, whose ones are `counted`.
    Tensor lengths(const std::string& mask, double counted) {
        const auto shape = file_->shape(group_ + "/masks/" + mask);
        const std::vector<double> values = read("masks/" + mask);
        std::vector<std::int32_t> counts(static_cast<std::size_t>(shape[0]), 0);
        for (std::size_t i = 0; i < values.size(); ++i) {
            counts[i / static_cast<std::size_t>(shape[1])] += values[i] == counted ? 1 : 0;
        }
        return Tensor::from<std::int32_t>(stream_, {shape[0]}, counts);
    }

    /// Zeros where a step is padding, in both, so that nothing is compared there.
    static std::vector<double> without_padding(std::vector<double> values, const Shape& shape,
                                               const Tensor& lengths) {
        if (!lengths.defined()) return values;
        const std::int64_t row = shape[1] * shape[2];
        for (std::int64_t sample = 0; sample < shape[0]; ++sample) {
            const std::int64_t length =
                lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)];
            std::fill(values.begin() + sample * row + length * shape[2],
                      values.begin() + (sample + 1) * row, 0.0);
        }
        return values;
    }

    /// What the file asks of padding: rows that are read like others, or rows that are nothing but
    /// the bias of the output.
    enum class Padding { read, biases };

    /// Adds what the bias of the output gets from padding that is nothing else.
    void add_padding_of_bias(Module& module, const std::vector<double>& all,
                             const std::vector<double>& visible) {
        for (const auto& [name, parameter] : module.parameters()) {
            if (name != "output.bias") continue;
            std::vector<double> gradient = values_of(parameter->gradient);
            for (std::size_t i = 0; i < all.size(); ++i) {
                gradient[i % gradient.size()] += all[i] - visible[i];
            }
            parameter->gradient.assign<double>(stream_, gradient);
        }
    }

    /// A mixer of width `width`, two heads of width 4, on one input: output and all gradients.
    void expect_mixer(const std::string& name, bool bias, const std::string& input,
                      const Origins& origins, bool causal, const Tensor& lengths,
                      const std::vector<PublishedOption>& more = {},
                      Padding padding = Padding::read) {
        const Tensor sequence = tensor("inputs/" + input);
        const MixerEntry& entry = find_mixer(name);
        OptionSet options = entry.options();
        options.set("heads", "2");
        options.set("attention_width", "8");
        options.set("projection_bias", bias ? "true" : "false");
        for (const auto& [option, text] : more) options.set(option, text);
        const auto mixer = entry.make(options, {.width = sequence.shape()[2], .causal = causal});
        const FlatParameters flat = fill(*mixer, origins);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Parameter leaf{sequence, Tensor::zeros(stream_, sequence.shape(), DType::f64)};
        const Var output = mixer->mix(
            context, {.sequence = tape.leaf(leaf), .lengths = lengths, .causal = causal});
        const Tensor gradient = tensor("grad_output");
        const Tensor visible =
            tensor_of(stream_, sequence.shape(), DType::f64,
                      without_padding(values_of(output.value), sequence.shape(), lengths));
        expect_close(visible, without_padding(read("output"), sequence.shape(), lengths),
                     forward_error, "output");
        const std::vector<double> all = values_of(gradient);
        const std::vector<double> asked =
            padding == Padding::read ? all : without_padding(all, sequence.shape(), lengths);
        const Tensor wanted = tensor_of(stream_, sequence.shape(), DType::f64, asked);
        tape.backward(stream_, {&output, 1}, {&wanted, 1});
        add_padding_of_bias(*mixer, all, asked);
        expect_close(leaf.gradient, read("grad_inputs/" + input), gradient_error, input);
        expect_gradients(*mixer, origins);
    }

    Stream stream_{Device{}};
    std::optional<Hdf5File> file_;
    std::string group_;
};

}  // namespace elm::test
