#pragma once

#include <array>
#include <functional>
#include <memory>

#include "baselines/mixers/attention/heads.h"
#include "kernels/ops/basic/layout.h"
#include "tests/baselines/golden/golden_mixers.h"

/// Attentions with parts of their own against numbers that the published code gave in float64.
namespace elm::test {

inline Origins with_key_bias(Origins origins) {
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
                         const std::map<std::string, std::string>& others, const Tensor& lengths,
                         bool causal = false) {
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
        const auto mixer = find_mixer(name).make(options, {.width = 24, .causal = causal});
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
        const Var whole = mixer->mix(
            context, {.sequence = tape.leaf(leaf), .lengths = lengths, .causal = causal});
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

}  // namespace elm::test
