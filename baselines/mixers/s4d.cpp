// S4D: a diagonal state space for each feature, N complex modes of which one of each conjugate pair
// is kept (x: states, u: input, y: output; all sums over the N / 2 kept ones):
//   x' = A x + B u    y = 2 Re(C x) + D u    A = -exp(log_decay) + i frequency
// in steps of exp(log_step), by a zero-order hold or the bilinear rule, then a gated output
// (gated_output.h). Whole sequences go through one long convolution with
//   K[s] = 2 Re sum of C B gain exp(exponent s)
// from a state, and chunk by chunk, the same as a recurrence. In both directions each feature has a
// second C whose kernel looks ahead, beginning with the next step.
// Source: Gu, Gupta, Goel & Re 2022, arXiv 2206.11893; lin, inv and legs as in its sections 4 and
// 5.1 (legs: B without the factor 1/2, as in the authors' code). With `rows` below the width
// features share A and B in turn. Where we differ from that code: the step is stored as its
// logarithm, and A has positive frequencies.

#include <cmath>
#include <numbers>

#include "baselines/mixers/complex_recurrence.h"
#include "baselines/mixers/gated_output.h"
#include "baselines/mixers/hippo.h"
#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reverse_time.h"
#include "kernels/ops/scan/mode_scan.h"
#include "kernels/ops/spectral/long_convolution.h"
#include "kernels/ops/spectral/mode_decay.h"
#include "kernels/ops/spectral/mode_kernel.h"

namespace elm {
namespace {

/// Frequencies and B of one row of modes.
struct InitialModes {
    std::vector<double> frequency;
    std::vector<std::complex<double>> input_weight;
};

InitialModes initial_modes(const std::string& kind, std::int64_t modes) {
    if (kind == "legs") {
        LegendreModes legendre = legendre_modes(modes);
        for (auto& b : legendre.input_weight) {
            b.imag(std::clamp(b.imag(), -2.0, 2.0));  // as in the authors' code
        }
        return {legendre.frequency, legendre.input_weight};
    }
    InitialModes result;
    const double n_states = 2 * static_cast<double>(modes);
    for (std::int64_t n = 0; n < modes; ++n) {
        const auto index = static_cast<double>(n);
        result.frequency.push_back(kind == "lin" ? std::numbers::pi * index
                                                 : n_states / std::numbers::pi *
                                                       (n_states / (2 * index + 1) - 1));
        result.input_weight.emplace_back(1);
    }
    return result;
}

template <class Value>
std::vector<double> repeated(std::int64_t rows, const std::vector<Value>& of,
                             double (*part)(const Value&)) {
    std::vector<double> all;
    for (std::int64_t row = 0; row < rows; ++row) {
        for (const Value& value : of) all.push_back(part(value));
    }
    return all;
}

class S4dMixer : public SequenceMixer {
public:
    S4dMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          rule_(options.get<std::string>("discretisation") == "bilinear"
                    ? Discretisation::bilinear
                    : Discretisation::zero_order_hold),
          modes_(modes_of(options)),
          channels_(place.causal ? 1 : 2),
          rows_(rows_of(options, place.width)),
          initial_(initial_modes(options.get<std::string>("initial"), modes_)),
          log_step_(offset("log_step", {width()},
                           initialise::log_steps(options.get<double>("step_min"),
                                                 options.get<double>("step_max")))),
          log_decay_(offset("log_decay", {rows_, modes_}, initialise::constant(std::log(0.5)))),
          frequency_(offset("frequency", {rows_, modes_},
                            initialise::numbers(repeated<double>(
                                rows_, initial_.frequency, [](const double& x) { return x; })))),
          input_weight_(
              offset("input_weight", {2, rows_, modes_}, initialise::numbers(first_input()))),
          output_weight_(parameter("output_weight", {2, channels_, width(), modes_},
                                   initialise::normal(0, std::sqrt(0.5)))),
          skip_(parameter("skip", {width()}, initialise::normal(0, 1))),
          output_(
              child("output", std::make_unique<GatedOutput>(options, width(), Activation::gelu))) {}

    MixerTraits traits() const override { return {.state_tensors = 2}; }

    /// Three transforms of 5 n log2 n for the convolution, forward.
    double flops_per_step(std::int64_t steps, bool causal) const override {
        const double log_points = std::log2(2 * static_cast<double>(steps) + 1);
        return static_cast<double>(width()) * (causal ? 1 : 2) * (10 * log_points + 6);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Modes modes = discretised_modes(
            context, rule_,
            {use(context, log_step_), use(context, log_decay_), use(context, frequency_),
             planes_of(context, use(context, input_weight_)),
             planes_of(context, use(context, output_weight_))});
        const Var result = state == nullptr ? convolved(context, modes, input)
                                            : scanned(context, modes, input.sequence, *state);
        return output_.forward(context, result);
    }

private:
    static std::int64_t modes_of(const OptionSet& options) {
        const auto states = options.get<std::int64_t>("states");
        ELM_CHECK(states % 2 == 0, "states must be even (got {}): two for each pair of modes",
                  states);
        return states / 2;
    }
    static std::int64_t rows_of(const OptionSet& options, std::int64_t width) {
        const auto rows = options.get<std::int64_t>("rows");
        ELM_CHECK(rows <= width && (rows == 0 || width % rows == 0),
                  "rows must divide the width {} (got {}): as many sets of modes, in turn", width,
                  rows);
        return rows == 0 ? width : rows;
    }

    std::vector<double> first_input() const {
        using Number = std::complex<double>;
        std::vector<double> all = repeated<Number>(rows_, initial_.input_weight,
                                                   [](const Number& b) { return b.real(); });
        const std::vector<double> imag = repeated<Number>(rows_, initial_.input_weight,
                                                          [](const Number& b) { return b.imag(); });
        all.insert(all.end(), imag.begin(), imag.end());
        return all;
    }

    Var convolved(Context& context, const Modes& modes, const MixerInput& input) const {
        const Var& u = input.sequence;
        const std::int64_t steps = u.value.shape()[1];
        Var skip = use(context, skip_);
        if (channels_ == 2) skip = pad(context, skip, 0, 0, width());
        const Var kernel = mode_kernel(context, modes, skip, steps);
        const auto of_channel = [&](std::int64_t channel) {
            return channels_ == 1
                       ? kernel
                       : slice(context, kernel, 1, channel * width(), (channel + 1) * width());
        };
        const Var past = long_convolution(context, u, of_channel(0));
        if (channels_ == 1 || steps == 0) return past;
        const auto turned = [&](const Var& x) { return reverse_time(context, x, input.lengths); };
        const Var future = turned(long_convolution(context, turned(u), of_channel(1)));
        const Var next = pad(context, slice(context, future, 1, 1, steps), 1, 0, 1);
        return add(context, past, next);
    }

    Var scanned(Context& context, const Modes& modes, const Var& u, StateCursor& state) const {
        const DType dtype = u.value.dtype();
        const DecayingModes decaying = decaying_modes(context, modes, dtype);
        const Shape shape{u.value.shape()[0], modes_, width()};
        const ComplexVar initial{state_or_zeros(context, &state, shape, dtype),
                                 state_or_zeros(context, &state, shape, dtype)};
        const ModeScanResult result =
            mode_scan(context, {u, decaying.decay, decaying.weight, use(context, skip_), initial});
        state.keep(result.final.real.value);
        state.keep(result.final.imag.value);
        return result.output;
    }

    Discretisation rule_;
    std::int64_t modes_, channels_, rows_;
    InitialModes initial_;
    ModuleParameter& log_step_;
    ModuleParameter& log_decay_;
    ModuleParameter& frequency_;
    ModuleParameter& input_weight_;   // real parts, then imaginary parts
    ModuleParameter& output_weight_;  // the same
    ModuleParameter& skip_;
    GatedOutput& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "states",
                     .value = std::int64_t{64},
                     .help = "states of each feature, two for each pair of modes",
                     .lowest = 2,
                     .highest = 4096});
    options.declare({.name = "initial",
                     .value = std::string("lin"),
                     .help = "first frequencies of the modes",
                     .choices = {"lin", "inv", "legs"}});
    options.declare({.name = "discretisation",
                     .value = std::string("zero_order_hold"),
                     .help = "rule that makes steps of continuous time",
                     .choices = {"zero_order_hold", "bilinear"}});
    options.declare({.name = "rows",
                     .value = std::int64_t{0},
                     .help = "sets of modes that features share in turn; 0: each has its own",
                     .lowest = 0,
                     .highest = 65536});
    initialise::declare_log_steps(options);
    GatedOutput::declare(options, "full_glu");
    return options;
}

}  // namespace

MixerEntry s4d_mixer() {
    return {.name = "s4d",
            .summary = "diagonal state spaces (S4D)",
            .source = "Gu et al. 2022, arXiv 2206.11893",
            .options = options,
            .make = make_mixer_of<S4dMixer>};
}

}  // namespace elm
