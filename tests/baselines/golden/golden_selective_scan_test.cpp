// The selective scan of Mamba (Gu & Dao 2023, arXiv 2312.00752) alone, with what the authors'
// function does around it, against numbers that it gave in float64.

#include <set>

#include "baselines/mixers/state_space/complex_selective_scan.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/scan/state_space/selective_scan.h"
#include "tests/baselines/golden/golden_state_space.h"

namespace elm::test::state_space {
namespace {

class GoldenSelectiveScan : public GoldenStateSpaces {
protected:
    bool has(const std::string& name) const { return file_->has(group_ + "/" + name); }

    Var leaf(const std::string& name, const Shape& as, const Numbers& values) {
        leaves_[name] = {tensor_of(stream_, as, DType::f64, values),
                         Tensor::zeros(stream_, as, DType::f64)};
        return tape_->leaf(leaves_.at(name));
    }
    /// (batch, channels, time) there, (batch, time, channels) here.
    Var series(const std::string& name) {
        const Shape own = shape(name);
        turned_.insert(name);
        return leaf(name, {own[0], own[2], own[1]}, sequence(name, true));
    }
    Var as_there(const std::string& name) { return leaf(name, shape(name), read(name)); }

    /// Input or output weights of each step, (batch, time, states), for each group of channels.
    /// There they are (batch, states, time), or (batch, groups, states, time), or, of each channel,
    /// (channels, states) at all steps.
    std::vector<Var> weights(Context& context, const std::string& name) {
        const Shape own = shape(name), of = shape("input");
        if (own.rank() == 3) return {series(name)};
        const Var all = as_there(name);
        std::vector<Var> groups;
        if (own.rank() == 2) {
            for (std::int64_t channel = 0; channel < own[0]; ++channel) {
                const Var row =
                    reshape(context, slice(context, all, 0, channel, channel + 1), {own[1]});
                groups.push_back(reshape(context, repeat(context, row, 0, of[0] * of[2]),
                                         {of[0], of[2], own[1]}));
            }
            return groups;
        }
        for (std::int64_t group = 0; group < own[1]; ++group) {
            const Var one = reshape(context, slice(context, all, 1, group, group + 1),
                                    {own[0], own[2], own[3]});
            groups.push_back(transpose(context, one, 1, 2));
        }
        return groups;
    }

    /// Complex numbers, real and imaginary parts side by side in the last axis.
    static ComplexVar pairs(Context& context, const Var& all) {
        Shape as = all.value.shape();
        const std::int64_t numbers = as.size() / 2;
        const Var rows = reshape(context, all, {numbers, 2});
        as = as.with(as.rank() - 1, as[as.rank() - 1] / 2);
        const auto part = [&](std::int64_t i) {
            return reshape(context, slice(context, rows, 1, i, i + 1), as);
        };
        return {part(0), part(1)};
    }

    Var skip() {
        return has("parameters/D") ? as_there("parameters/D")
                                   : Var{Tensor::zeros(stream_, {shape("input")[1]}, DType::f64)};
    }

    /// Sizes of steps from their parameters.
    Var steps(Context& context) {
        Var delta = series("parameters/delta");
        if (has("parameters/delta_bias")) {
            delta = add(context, delta, as_there("parameters/delta_bias"));
        }
        if (file_->number_attribute(group_, "delta_softplus") != 0) {
            delta = activate(context, delta, Activation::softplus);
        }
        return delta;
    }

    Var gated(Context& context, const Var& output) {
        if (!has("parameters/z")) return output;
        return multiply(context, output,
                        activate(context, series("parameters/z"), Activation::silu));
    }

    Var scan(Context& context) {
        const Shape of = shape("input");  // (batch, channels, time)
        const std::int64_t states = shape("parameters/A")[1];
        const Var u = series("input"), delta = steps(context), skips = skip();
        const Var rate = transpose(context, as_there("parameters/A"), 0, 1);
        const std::vector<Var> b = weights(context, "parameters/B");
        const std::vector<Var> c = weights(context, "parameters/C");
        const std::int64_t channels = of[1] / std::ssize(b);
        const Var initial{Tensor::zeros(stream_, {of[0], states, channels}, DType::f64)};
        std::vector<Var> outputs;
        for (std::size_t group = 0; group < b.size(); ++group) {
            const std::int64_t begin = static_cast<std::int64_t>(group) * channels;
            const auto part = [&](const Var& all, int axis) {
                return slice(context, all, axis, begin, begin + channels);
            };
            outputs.push_back(selective_scan(context, {part(u, 2), part(delta, 2), part(rate, 1),
                                                       b[group], c[group], part(skips, 0), initial})
                                  .front());
        }
        return gated(context, concatenate(context, outputs, 2));
    }

    /// Weights of complex states as weights() has them: there their parts are side by side, of
    /// those that follow the input in the axis of time.
    std::vector<ComplexVar> complex_weights(Context& context, const std::string& name) {
        const Shape of = shape("input");
        const Var all = as_there(name);
        if (all.value.shape().rank() == 3 && all.value.shape()[2] == 2) {  // (channels, states, 2)
            const std::int64_t states = all.value.shape()[1];
            const Var flat = reshape(context, all, {of[1], 2 * states});
            const ComplexVar both = pairs(context, flat);
            std::vector<ComplexVar> channels;
            for (std::int64_t channel = 0; channel < of[1]; ++channel) {
                const auto at_all_steps = [&](const Var& rows) {
                    const Var row =
                        reshape(context, slice(context, rows, 0, channel, channel + 1), {states});
                    return reshape(context, repeat(context, row, 0, of[0] * of[2]),
                                   {of[0], of[2], states});
                };
                channels.push_back({at_all_steps(both.real), at_all_steps(both.imag)});
            }
            return channels;
        }
        const ComplexVar both = pairs(context, all);
        return {{transpose(context, both.real, 1, 2), transpose(context, both.imag, 1, 2)}};
    }

    Var complex_scan(Context& context) {
        const Shape of = shape("input");
        const std::int64_t states = shape("parameters/A")[1];
        const Var u = series("input"), delta = steps(context), skips = skip();
        const Var rates = reshape(context, as_there("parameters/A"), {of[1], 2 * states});
        const ComplexVar by_channel = pairs(context, rates);
        const ComplexVar rate{transpose(context, by_channel.real, 0, 1),
                              transpose(context, by_channel.imag, 0, 1)};
        const auto b = complex_weights(context, "parameters/B");
        const auto c = complex_weights(context, "parameters/C");
        const std::int64_t channels = of[1] / std::ssize(b);
        std::vector<Var> outputs;
        for (std::size_t group = 0; group < b.size(); ++group) {
            const std::int64_t begin = static_cast<std::int64_t>(group) * channels;
            const auto part = [&](const Var& all, int axis) {
                return slice(context, all, axis, begin, begin + channels);
            };
            const ComplexSelectiveScan one{.input = part(u, 2),
                                           .delta = part(delta, 2),
                                           .rate = {part(rate.real, 1), part(rate.imag, 1)},
                                           .input_weight = b[group],
                                           .output_weight = c[group],
                                           .skip = part(skips, 0)};
            outputs.push_back(one.run(context, nullptr));
        }
        return gated(context, concatenate(context, outputs, 2));
    }

    /// Output and all gradients of a group of the file, by run(context).
    template <class Run>
    void expect_group(const std::string& group, const Run& run) {
        SCOPED_TRACE(group);
        group_ = "/" + group;
        leaves_.clear();
        turned_.clear();
        tape_.emplace();
        Context context{.stream = stream_, .tape = &*tape_};
        const Var output = run(context);
        expect_close(output.value, sequence("output", true), 1e-10, "output");
        const Tensor gradient =
            tensor_of(stream_, output.value.shape(), DType::f64, sequence("grad_output", true));
        tape_->backward(stream_, {&output, 1}, {&gradient, 1});
        for (const auto& [name, parameter] : leaves_) {
            const std::string theirs =
                name == "input" ? "grad_input" : "gradients" + name.substr(name.find('/'));
            expect_close(parameter.gradient, sequence(theirs, turned_.contains(name)), 1e-10, name);
        }
    }

    std::optional<Tape> tape_;
    std::map<std::string, Parameter> leaves_;
    std::set<std::string> turned_;  // those whose time comes last there
};

TEST_F(GoldenSelectiveScan, is_that_of_its_authors) {
    for (const char* const group :
         {"mamba_selective_scan", "mamba_selective_scan_L7", "mamba_selective_scan_large_delta",
          "mamba_selective_scan_plain", "mamba_selective_scan_constant_BC",
          "mamba_selective_scan_groups2"}) {
        expect_group(group, [this](Context& context) { return scan(context); });
    }
}

TEST_F(GoldenSelectiveScan, with_complex_states_is_that_of_its_authors) {
    for (const char* const group :
         {"mamba_selective_scan_complex", "mamba_selective_scan_complex_constant_BC"}) {
        expect_group(group, [this](Context& context) { return complex_scan(context); });
    }
}

}  // namespace
}  // namespace elm::test::state_space
