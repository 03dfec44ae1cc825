#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>

#include "baselines/mixers/mixer_registry.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/basic/reverse_time.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

/// Compares state-space mixers with numbers that the published code gave in float64, such as S4D
/// (Gu et al. 2022), S5 (Smith et al. 2023), LRU (Orvieto et al. 2023, minimal-LRU) and Mamba (Gu &
/// Dao 2023).
/// They were made with float32-exact parameters, so float32 is compared as well.
namespace elm::test::state_space {

using Numbers = std::vector<double>;
using Read = std::function<Numbers(const std::string&)>;
/// A parameter of ours from arrays of the file, in any order of elements; gradients lie alike.
using Origin = std::function<Numbers(const Read&)>;
using Origins = std::map<std::string, Origin>;
using Options = std::vector<std::pair<std::string, std::string>>;

/// Errors allowed, relative to the largest value.
struct Precision {
    DType dtype;
    double output, gradient;
};
inline constexpr Precision precisions[] = {{DType::f64, 1e-10, 1e-10}, {DType::f32, 1e-5, 1e-4}};

inline Origin same(const std::string& name) {
    return [name](const Read& read) { return read(name); };
}
inline Origin negative(const std::string& name) {
    return [name](const Read& read) {
        Numbers values = read(name);
        for (double& value : values) value = -value;
        return values;
    };
}
/// (rows, columns) to (columns, rows); rows follow from the number of columns.
inline Numbers transposed(const Numbers& values, std::size_t columns) {
    const std::size_t rows = values.size() / columns;
    Numbers turned(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        turned[i % columns * rows + i / columns] = values[i];
    return turned;
}
inline Origin transposed(const std::string& name, std::size_t columns) {
    return [=](const Read& read) { return transposed(read(name), columns); };
}
/// Pairs (real, imaginary) to a plane of each.
inline Origin planes(const std::string& name) { return transposed(name, 2); }
/// One array behind the other.
inline Origin stacked(const Origin& first, const Origin& second) {
    return [=](const Read& read) {
        Numbers all = first(read);
        const Numbers more = second(read);
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
}
/// Rows of two arrays side by side, in turn.
inline Origin side_by_side(const Origin& first, const Origin& second, std::size_t columns) {
    return [=](const Read& read) {
        const Numbers left = first(read), right = second(read);
        Numbers all;
        for (std::size_t at = 0; at < left.size(); at += columns) {
            const auto begin = static_cast<std::ptrdiff_t>(at);
            const auto end = static_cast<std::ptrdiff_t>(at + columns);
            all.insert(all.end(), left.begin() + begin, left.begin() + end);
            all.insert(all.end(), right.begin() + begin, right.begin() + end);
        }
        return all;
    };
}

class GoldenStateSpaces : public testing::Test {
protected:
    void SetUp() override {
        const char* const chosen = std::getenv("ELM_DATA_DIR");
        const std::string folder = chosen != nullptr ? chosen : ELM_DATA_DIR;
        if (!std::filesystem::exists(folder + "/golden_ssm.h5")) {
            GTEST_SKIP() << "there is no golden_ssm.h5 in " << folder << "; set ELM_DATA_DIR";
        }
        file_.emplace(Hdf5File::open(folder + "/golden_ssm.h5"));
    }

    Numbers read(const std::string& name) const { return file_->read<double>(group_ + "/" + name); }
    Read reader(const std::string& part) const {
        return [this, part](const std::string& name) { return read(part + "/" + name); };
    }
    Shape shape(const std::string& name) const { return Shape(file_->shape(group_ + "/" + name)); }
    /// (batch, features, time) of the file, or an image in the place of time, as (batch, time,
    /// features) where `turned`.
    Numbers sequence(const std::string& name, bool turned) const {
        if (!turned) return read(name);
        const Shape full = shape(name);
        const Shape of{full[0], full[1],
                       full.size() / std::max<std::int64_t>(1, full[0] * full[1])};
        const Numbers values = read(name);
        Numbers result;
        for (std::int64_t b = 0; b < of[0]; ++b) {
            const auto begin = values.begin() + b * of[1] * of[2];
            const Numbers one(begin, begin + of[1] * of[2]);
            const Numbers turned_one = transposed(one, static_cast<std::size_t>(of[2]));
            result.insert(result.end(), turned_one.begin(), turned_one.end());
        }
        return result;
    }

    static void expect_close(const Tensor& found, const Numbers& expected, double error,
                             const std::string& what) {
        double largest = 0;
        for (const double value : expected) largest = std::max(largest, std::abs(value));
        EXPECT_EQ(difference_above(values_of(found), expected, error * largest), "") << what;
    }

    /// Gives a module the parameters of the file and compares, after `backward`, all gradients. A
    /// parameter "log_step" may stand as the inverse softplus of the step.
    void fill(Module& module, const Origins& origins, bool softplus_step) {
        for (const auto& [name, parameter] : module.parameters()) {
            if (!origins.contains(name)) ADD_FAILURE() << "no origin of " << name;
            Numbers values = origins.at(name)(reader("parameters"));
            if (softplus_step && name.ends_with("log_step")) {
                for (double& value : values) value = std::log(std::log1p(std::exp(value)));
            }
            const Tensor& to = parameter->value;
            const Tensor filled = tensor_of(stream_, parameter->shape, to.dtype(), values);
            visit_real(filled.dtype(), [&]<class Real>(Real) {
                const auto numbers = filled.host<Real>();
                to.assign<Real>(stream_, {numbers.data(), numbers.size()});
            });
        }
    }
    void expect_gradients(Module& module, const Origins& origins, bool softplus_step,
                          double error) {
        for (const auto& [name, parameter] : module.parameters()) {
            if (!parameter->trainable || !origins.contains(name)) continue;
            Numbers expected = origins.at(name)(reader("gradients"));
            if (softplus_step && name.ends_with("log_step")) {
                const Numbers raw = origins.at(name)(reader("parameters"));
                for (std::size_t i = 0; i < raw.size(); ++i) {
                    const double step = std::log1p(std::exp(raw[i]));
                    expected[i] *= step * (1 + std::exp(-raw[i]));
                }
            }
            expect_close(parameter->gradient, expected, error, name);
        }
    }

    struct MixerCase {
        std::string mixer;
        Options options;
        Origins origins;
        bool causal = true, softplus_step = false, time_last = false;
        std::string steps = "output";  // what the mixer gives step by step; empty: not there
        /// The file's layer is x + mix(norm(x)), with a layer norm "norm".
        bool residual = false;
        /// Of what differs from the file, and why is said there; 0: the usual ones.
        double output_error = 0, gradient_error = 0;
        std::vector<std::string> other_gradients = {};  // which differ by more
        bool backwards = false;  // the file's layer runs from the last step to the first
        bool masked = false;     // its input is 0 beyond its "lengths"
        double step_factor = 1;  // its steps are so much longer than its parameters say
    };

    /// A mixer on the file's input: output and all gradients; step by step where it streams.
    void expect_mixer(const std::string& group, const MixerCase& expected) {
        SCOPED_TRACE(group);
        group_ = "/" + group;
        for (const Precision& precision : precisions) {
            expect_mixer_in(precision, expected);
        }
    }

    void expect_mixer_in(const Precision& precision, const MixerCase& expected) {
        const MixerEntry& entry = find_mixer(expected.mixer);
        OptionSet options = entry.options();
        for (const auto& [name, text] : expected.options) options.set(name, text);
        const Shape in = shape("input");
        const Shape ordered =
            expected.time_last ? Shape{in[0], in.size() / (in[0] * in[1]), in[1]} : in;
        const auto mixer = entry.make(options, {.width = ordered[2], .causal = expected.causal});
        const FlatParameters flat = allocate_parameters(stream_, *mixer, precision.dtype, {1});
        fill(*mixer, expected.origins, expected.softplus_step);
        lengthen_steps(*mixer, expected.step_factor);
        const Tensor input =
            tensor_of(stream_, ordered, precision.dtype, sequence("input", expected.time_last));
        const double output_error = std::max(precision.output, expected.output_error);
        const double gradient_error = std::max(precision.gradient, expected.gradient_error);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Parameter leaf{input, Tensor::zeros(stream_, ordered, precision.dtype)};
        const auto turned = [&](const Var& rows) {
            return expected.backwards ? reverse_time(context, rows) : rows;
        };
        Var read_from = turned(tape.leaf(leaf));
        if (expected.masked) read_from = multiply(context, read_from, counted(ordered, precision));
        const Var output = turned(layer(context, *mixer, read_from, expected, nullptr));
        expect_close(output.value, sequence("output", expected.time_last), output_error, "output");
        const Tensor gradient = tensor_of(stream_, ordered, precision.dtype,
                                          sequence("grad_output", expected.time_last));
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        expect_close(leaf.gradient, sequence("grad_input", expected.time_last), gradient_error,
                     "grad_input");
        expect_gradients(*mixer, expected, gradient_error);
        if (mixer->traits().streams && expected.causal && !expected.steps.empty()) {
            expect_steps(*mixer, input, expected, precision.output);
        }
    }

    static void lengthen_steps(Module& module, double factor) {
        Stream host{Device{}};
        for (const auto& [name, parameter] : module.parameters()) {
            if (factor == 1 || name != "log_step") continue;
            const Tensor& value = parameter->value;
            visit_real(value.dtype(), [&]<class Real>(Real) {
                std::vector<Real> steps;
                for (const double step : values_of(value)) {
                    steps.push_back(static_cast<Real>(step + std::log(factor)));
                }
                value.template assign<Real>(host, steps);
            });
        }
    }
    /// 1 where a step of the file counts, else 0.
    Var counted(const Shape& of, const Precision& precision) {
        const Numbers lengths = read("lengths");
        Numbers ones;
        for (std::int64_t at = 0; at < of.size(); ++at) {
            const auto sample = static_cast<std::size_t>(at / (of[1] * of[2]));
            const auto step = static_cast<double>(at / of[2] % of[1]);
            ones.push_back(step < lengths[sample] ? 1 : 0);
        }
        return {tensor_of(stream_, of, precision.dtype, ones)};
    }

    /// The mixer, with the norm before it and the way around it where the file has them.
    Var layer(Context& context, SequenceMixer& mixer, const Var& x, const MixerCase& expected,
              StateCursor* state) {
        if (!expected.residual) {
            return mixer.mix(context, {.sequence = x, .causal = expected.causal}, state);
        }
        const auto constant = [&](const std::string& name) {
            return Var{tensor_of(stream_, shape("parameters/norm." + name), x.value.dtype(),
                                 read("parameters/norm." + name))};
        };
        const Var normal = layer_norm(context, x, constant("weight"), constant("bias"));
        return add(context, x,
                   mixer.mix(context, {.sequence = normal, .causal = expected.causal}, state));
    }

    void expect_gradients(Module& module, const MixerCase& expected, double error) {
        Origins origins = expected.origins;
        for (const std::string& name : expected.other_gradients) origins.erase(name);
        expect_gradients(module, origins, expected.softplus_step, error);
    }

    void expect_steps(SequenceMixer& mixer, const Tensor& input, const MixerCase& expected,
                      double error) {
        Context context{stream_};
        SequenceState state;
        std::vector<Var> steps;
        for (std::int64_t t = 0; t < input.shape()[1]; ++t) {
            StateCursor cursor(state);
            steps.push_back(
                layer(context, mixer, slice(context, {input}, 1, t, t + 1), expected, &cursor));
            cursor.finish();
        }
        expect_close(concatenate(context, steps, 1).value,
                     sequence(expected.steps, expected.time_last), error, "step by step");
    }

    Stream stream_{Device{}};
    std::optional<Hdf5File> file_;
    std::string group_;
};

// --- S4D: A = -exp(A_real) - i A_imag there.

inline Origins s4d_origins(const std::string& layer, const std::string& ours) {
    const std::string kernel = layer + "layer.kernel.";
    return {{ours + "log_step", same(kernel + "inv_dt")},
            {ours + "log_decay", same(kernel + "A_real")},
            {ours + "frequency", negative(kernel + "A_imag")},
            {ours + "input_weight", planes(kernel + "B")},
            {ours + "output_weight", planes(kernel + "C")},
            {ours + "skip", same(layer + "layer.D")},
            {ours + "output.gate.weight", same(layer + "output_linear.0.weight")},
            {ours + "output.gate.bias", same(layer + "output_linear.0.bias")}};
}

// --- S5 and LRU: matrices of flax are (in, out).

/// B (states, width, 2) as planes (2, width, states).
inline Origin turned_planes(const std::string& name, std::size_t width) {
    return [=](const Read& read) {
        const Numbers both = transposed(read(name), 2);  // (2, states, width)
        const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
        Numbers all = transposed(Numbers(both.begin(), middle), width);
        const Numbers imag = transposed(Numbers(middle, both.end()), width);
        all.insert(all.end(), imag.begin(), imag.end());
        return all;
    };
}

inline Origins s5_origins(const std::string& seq, const Origin& output_weight) {
    return {{"rate", same(seq + "Lambda_re")},    {"frequency", same(seq + "Lambda_im")},
            {"log_step", same(seq + "log_step")}, {"input_weight", turned_planes(seq + "B", 4)},
            {"output_weight", output_weight},     {"skip", same(seq + "D")}};
}

inline Origins lru_origins(const std::string& seq) {
    return {{"nu", same(seq + "nu_log")},
            {"theta", same(seq + "theta_log")},
            {"gamma", same(seq + "gamma_log")},
            {"input_weight", stacked(transposed(seq + "B_re", 4), transposed(seq + "B_im", 4))},
            {"output_weight", stacked(same(seq + "C_re"), same(seq + "C_im"))},
            {"skip", same(seq + "D")}};
}

}  // namespace elm::test::state_space
