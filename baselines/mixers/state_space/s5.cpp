// S5: one diagonal state space with many inputs and many outputs, P = states / 2 complex states,
// one of each conjugate pair, or without `conjugate_pairs` all of them and y = Re(C x) + D u:
//   x' = A x + B u    y = 2 Re(C x) + D u
// in steps of exp(log_step), one for each state, by a zero-order hold or the bilinear rule, as a
// recurrence; then a gated output (gated_output.h). A begins with the modes of `blocks` HiPPO
// matrices, B and C with a random matrix in their bases. With `clip` real parts of A stay below
// -0.0001. In both directions a second C reads a recurrence from the end; both count the present.
// Source: Smith, Warrington & Linderman 2023, arXiv 2208.04933. Where we differ from the authors'
// code: normal draws of the same variance stand for truncated ones, and frequencies are positive.

#include <cmath>

#include "baselines/mixers/gated_output.h"
#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/hippo.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/spectral/modes/diagonal_decay.h"

namespace elm {
namespace {

/// The modes of equal blocks and their basis.
struct Blocks {
    std::int64_t count, pairs, modes;  // conjugate pairs and modes kept of a block
    LegendreModes legendre;

    Blocks(const OptionSet& options)
        : count(options.get<std::int64_t>("blocks")),
          pairs(options.get<std::int64_t>("states") / 2 / count),
          modes(options.get<bool>("conjugate_pairs") ? pairs : 2 * pairs) {
        ELM_CHECK(pairs > 0 && options.get<std::int64_t>("states") == 2 * count * pairs,
                  "{} states cannot be divided into {} blocks of pairs of them",
                  options.get<std::int64_t>("states"), count);
        legendre = legendre_modes(pairs);
    }
    std::int64_t states() const { return count * modes; }
    std::int64_t size() const { return 2 * pairs; }  // of a block, real
    bool in_pairs() const { return modes == pairs; }

    std::vector<double> frequencies() const {
        std::vector<double> all;
        for (std::int64_t i = 0; i < states(); ++i) {
            const double frequency = legendre.frequency[static_cast<std::size_t>(i % pairs)];
            all.push_back(i % modes < pairs ? frequency : -frequency);
        }
        return all;
    }
    /// Element (n, k) of the basis, conj(V), of all blocks side by side.
    std::complex<double> basis(std::int64_t n, std::int64_t k) const {
        const auto element =
            legendre.basis[static_cast<std::size_t>(n % size() * pairs + k % pairs)];
        return k < pairs ? std::conj(element) : element;
    }
};

/// V* times a real random matrix of variance 1 / (2 states), transposed: planes (width, states).
Initialiser input_draws(const Blocks& blocks, std::int64_t width) {
    const std::int64_t rows = blocks.count * blocks.size();
    return initialise::of_normals(rows * width, [=](const std::vector<double>& draws) {
        const double deviation = 1 / std::sqrt(static_cast<double>(rows));
        const std::int64_t states = blocks.states(), size = blocks.size();
        std::vector<double> values(static_cast<std::size_t>(2 * width * states));
        for (std::int64_t h = 0; h < width; ++h) {
            for (std::int64_t p = 0; p < states; ++p) {
                std::complex<double> sum = 0;
                for (std::int64_t n = 0; n < size; ++n) {
                    const std::int64_t row = p / blocks.modes * size + n;
                    sum += blocks.basis(n, p % blocks.modes) *
                           draws[static_cast<std::size_t>(row * width + h)];
                }
                values[static_cast<std::size_t>(h * states + p)] = deviation * sum.real();
                values[static_cast<std::size_t>((width + h) * states + p)] = deviation * sum.imag();
            }
        }
        return values;
    });
}

/// Complex random rows of variance 1 / (2 states) in each part, times V: planes (width, columns),
/// where the columns are the states once for each direction.
Initialiser output_draws(const Blocks& blocks, std::int64_t width, std::int64_t directions) {
    const std::int64_t rows = blocks.count * blocks.size();
    const std::int64_t columns = directions * blocks.states();
    return initialise::of_normals(
        2 * width * directions * rows, [=](const std::vector<double>& draws) {
            const double deviation = 1 / std::sqrt(static_cast<double>(rows));
            const std::int64_t size = blocks.size();
            std::vector<double> values(static_cast<std::size_t>(2 * width * columns));
            for (std::int64_t h = 0; h < width; ++h) {
                for (std::int64_t p = 0; p < columns; ++p) {
                    const std::int64_t direction = p / blocks.states();
                    const std::int64_t block = p % blocks.states() / blocks.modes;
                    std::complex<double> sum = 0;
                    for (std::int64_t n = 0; n < size; ++n) {
                        const auto at = static_cast<std::size_t>(
                            2 * ((h * directions + direction) * rows + block * size + n));
                        sum += std::complex(draws[at], draws[at + 1]) *
                               std::conj(blocks.basis(n, p % blocks.modes));
                    }
                    values[static_cast<std::size_t>(h * columns + p)] = deviation * sum.real();
                    values[static_cast<std::size_t>((width + h) * columns + p)] =
                        deviation * sum.imag();
                }
            }
            return values;
        });
}

class S5Mixer : public SequenceMixer {
public:
    S5Mixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          rule_(options.get<std::string>("discretisation") == "bilinear"
                    ? Discretisation::bilinear
                    : Discretisation::zero_order_hold),
          clips_(options.get<bool>("clip")),
          blocks_(options),
          states_(blocks_.states()),
          rate_(offset("rate", {states_}, initialise::constant(-0.5))),
          frequency_(offset("frequency", {states_}, initialise::numbers(blocks_.frequencies()))),
          log_step_(offset("log_step", {states_},
                           initialise::log_steps(options.get<double>("step_min"),
                                                 options.get<double>("step_max")))),
          input_weight_(
              parameter("input_weight", {2, width(), states_}, input_draws(blocks_, width()))),
          output_weight_(parameter("output_weight", {2, width(), (place.causal ? 1 : 2) * states_},
                                   output_draws(blocks_, width(), place.causal ? 1 : 2))),
          skip_(parameter("skip", {width()}, initialise::normal(0, 1))),
          output_(child("output",
                        std::make_unique<GatedOutput>(options, width(), Activation::gelu_tanh))) {}

    MixerTraits traits() const override { return {.state_tensors = 2}; }

    double flops_per_step(std::int64_t, bool causal) const override {
        return 8 * static_cast<double>(states_) * (causal ? 1 : 2);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const DiagonalDecay discrete = discretised_decay(
            context, rule_, {rate(context), use(context, frequency_)}, use(context, log_step_));
        const ComplexVar c = planes_of(context, use(context, output_weight_));
        const auto columns = [&](std::int64_t begin) {
            return ComplexVar{slice(context, c.real, 1, begin, begin + states_),
                              slice(context, c.imag, 1, begin, begin + states_)};
        };
        ComplexRecurrence recurrence{.decay = discrete.decay,
                                     .input_weight = discrete_input(context, discrete.gain),
                                     .output_weight = input.causal ? c : columns(0),
                                     .factor = blocks_.in_pairs() ? 2.0 : 1.0};
        if (!input.causal) recurrence.backward_output_weight = columns(states_);
        const Var read = recurrence.run(context, input, state);
        return output_.forward(context,
                               add_skip(context, read, input.sequence, use(context, skip_)));
    }

private:
    /// min(rate, -0.0001) where it is clipped.
    Var rate(Context& context) const {
        const Var free = use(context, rate_);
        if (!clips_) return free;
        constexpr double highest = -1e-4;
        const Var below = activate(context, scale(context, free, -1, highest), Activation::relu);
        return scale(context, below, -1, highest);
    }

    /// gain * B, transposed.
    ComplexVar discrete_input(Context& context, const ComplexVar& gain) const {
        const ComplexVar b = planes_of(context, use(context, input_weight_));
        return {subtract(context, multiply(context, b.real, gain.real),
                         multiply(context, b.imag, gain.imag)),
                add(context, multiply(context, b.real, gain.imag),
                    multiply(context, b.imag, gain.real))};
    }

    Discretisation rule_;
    bool clips_;
    Blocks blocks_;
    std::int64_t states_;
    ModuleParameter& rate_;
    ModuleParameter& frequency_;
    ModuleParameter& log_step_;
    ModuleParameter& input_weight_;   // real parts of B transposed, then imaginary parts
    ModuleParameter& output_weight_;  // of C, or of both C side by side
    ModuleParameter& skip_;
    GatedOutput& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "states",
                     .value = std::int64_t{64},
                     .help = "states, two for each pair of modes",
                     .lowest = 2,
                     .highest = 65536});
    options.declare({.name = "blocks",
                     .value = std::int64_t{1},
                     .help = "HiPPO matrices that the first modes come from",
                     .lowest = 1,
                     .highest = 4096});
    options.declare({.name = "discretisation",
                     .value = std::string("zero_order_hold"),
                     .help = "rule that makes steps of continuous time",
                     .choices = {"zero_order_hold", "bilinear"}});
    options.declare({.name = "conjugate_pairs",
                     .value = true,
                     .help = "keep one state of each pair, and not both"});
    options.declare(
        {.name = "clip", .value = false, .help = "keep real parts of the modes negative"});
    initialise::declare_log_steps(options);
    GatedOutput::declare(options, "half_glu1");
    return options;
}

}  // namespace

MixerEntry s5_mixer() {
    return {.name = "s5",
            .summary = "a state space of many inputs and outputs (S5)",
            .source = "Smith et al. 2023, arXiv 2208.04933",
            .options = options,
            .make = make_mixer_of<S5Mixer>,
            .learning_rate = state_space_learning_rates};
}

}  // namespace elm
