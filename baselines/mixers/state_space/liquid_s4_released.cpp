// Liquid-S4 as its code was released (kernel "polyb"): S4 (low_rank_space.h) and, added to its
// output y, products of inputs with constants k_p for p = 2, ..., `degree`:
//   y[t] += k_p f_p[t] + k'_p f_p[n-1-t]         (n: length of the sequence)
// the second part with `backward` alone, where S4 looks ahead as well. With v[q] the input q steps
// before the end, f_p[t] is the product of v over the t-th set of p steps in the order in which the
// earliest step of a set counts first: {0, 1}, {0, 2}, {1, 2}, {0, 3}, ...; with `combinations`
// neighbours it is f_p[t] = f_{p-1}[t] f_{p-1}[t+1] and f_1 = v. Then a gated output
// (gated_output.h). The first steps of the result so depend on the last ones of the input, and on
// about sqrt(2 n) of them alone.
// k_p = 2 Re(sum of C b) s^(2^(p-1) - 1) with b = dt B / (1 - dt a / 2) and s = 2 Re(sum of b), of
// values that S4 begins with; they are not trained.
// Source: Hasani et al. 2023, arXiv 2209.12951, and the authors' code, raminmh/liquid-s4. Where we
// differ: the values that constants are made of are drawn by themselves. What is published is
// liquid_s4.cpp.

#include <cmath>
#include <complex>
#include <numbers>

#include "baselines/mixers/gated_output.h"
#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/state_space/hippo.h"
#include "baselines/mixers/state_space/low_rank_space.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/embedding.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reverse_time.h"

namespace elm {
namespace {

/// First values of the constants, for each degree, channel and feature.
class CombinationConstants {
public:
    CombinationConstants(const OptionSet& options, std::int64_t degrees, std::int64_t channels,
                         std::int64_t width)
        : modes_(modes_of(options)),
          degrees_(degrees),
          channels_(channels),
          width_(width),
          shortest_(std::log(options.get<double>("step_min"))),
          longest_(std::log(options.get<double>("step_max"))),
          legendre_(legendre_modes(modes_)) {}

    Initialiser initialiser() const {
        const std::int64_t draws = width_ * (1 + 2 * channels_ * modes_);
        return initialise::of_normals(
            draws, [of = *this](const std::vector<double>& normal) { return of.all(normal); });
    }

private:
    /// First a step of each feature, then C.
    std::vector<double> all(const std::vector<double>& normal) const {
        std::vector<double> result;
        for (std::int64_t degree = 2; degree < degrees_ + 2; ++degree) {
            for (std::int64_t i = 0; i < channels_ * width_; ++i) {
                const std::int64_t feature = i % width_;
                // Uniform by the distribution function of the normal number.
                const double share =
                    std::erfc(-normal[static_cast<std::size_t>(feature)] / std::numbers::sqrt2) / 2;
                const double step = std::exp(shortest_ + share * (longest_ - shortest_));
                const auto first = static_cast<std::size_t>(width_ + 2 * i * modes_);
                result.push_back(one(degree, step, &normal[first]));
            }
        }
        return result;
    }

    double one(std::int64_t degree, double step, const double* normal) const {
        double gains = 0, output = 0;
        for (std::size_t n = 0; n < legendre_.frequency.size(); ++n) {
            const std::complex<double> b =
                step * legendre_.input_weight[n] /
                (1.0 - step / 2 * std::complex<double>(-0.5, legendre_.frequency[n]));
            const std::complex<double> c(normal[2 * n], normal[2 * n + 1]);
            gains += 2 * b.real();
            output += 2 * (c / std::numbers::sqrt2 * b).real();
        }
        return output * std::pow(gains, std::exp2(static_cast<double>(degree - 1)) - 1);
    }

    std::int64_t modes_, degrees_, channels_, width_;
    double shortest_, longest_;
    LegendreModes legendre_;
};

/// The steps that set 0, 1, ... of `degree` steps has as its `which`-th one, the earliest first.
/// `steps` of them, counted from the end of the sequence, `steps` where there is none.
std::vector<std::int32_t> members(std::int64_t degree, std::int64_t which, std::int64_t steps) {
    std::vector<std::int64_t> set;
    for (std::int64_t i = degree; i-- > 0;) set.push_back(i);
    std::vector<std::int32_t> result;
    while (static_cast<std::int64_t>(result.size()) < steps) {
        result.push_back(
            static_cast<std::int32_t>(std::min(set[static_cast<std::size_t>(which)], steps)));
        // The next set: the latest step that has room moves, and those after it begin anew.
        std::size_t moved = set.size() - 1;
        while (moved > 0 && set[moved] + 1 == set[moved - 1]) --moved;
        ++set[moved];
        for (std::size_t i = moved + 1; i < set.size(); ++i) {
            set[i] = static_cast<std::int64_t>(set.size() - 1 - i);
        }
    }
    return result;
}

class LiquidS4ReleasedMixer : public SequenceMixer {
public:
    LiquidS4ReleasedMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          degrees_(options.get<std::int64_t>("degree") - 1),
          channels_(options.get<bool>("backward") ? 2 : 1),
          neighbours_(options.get<std::string>("combinations") == "neighbours"),
          space_(child("space",
                       std::make_unique<LowRankSpace>(
                           options, MixerPlace{.width = place.width, .causal = channels_ == 1}))),
          constants_(
              offset("constants", {degrees_, channels_, width()},
                     CombinationConstants(options, degrees_, channels_, width()).initialiser())),
          output_(
              child("output", std::make_unique<GatedOutput>(options, width(), Activation::gelu))) {
        constants_.trainable = false;
    }

    MixerTraits traits() const override { return {.self_causal = false, .streams = false}; }

    double flops_per_step(std::int64_t steps, bool) const override {
        return space_.flops_per_step(steps, channels_ == 1) +
               3 * static_cast<double>(width() * degrees_ * channels_);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* /*state*/) override {
        Var sum = space_.forward(context, input);
        Var products = reverse_time(context, input.sequence, input.lengths);
        const Var last_inputs = products;
        for (std::int64_t degree = 2; degree < degrees_ + 2; ++degree) {
            products = neighbours_ ? neighbouring(context, products)
                                   : combined(context, last_inputs, degree);
            sum = add(context, sum, multiply(context, products, constants(context, degree, 0)));
            if (channels_ == 1) continue;
            const Var turned = reverse_time(context, products, input.lengths);
            sum = add(context, sum, multiply(context, turned, constants(context, degree, 1)));
        }
        return output_.forward(context, sum);
    }

private:
    Var constants(Context& context, std::int64_t degree, std::int64_t channel) const {
        const Var all = reshape(context, use(context, constants_), {degrees_ * channels_, width()});
        const std::int64_t row = (degree - 2) * channels_ + channel;
        return reshape(context, slice(context, all, 0, row, row + 1), {width()});
    }

    static Var neighbouring(Context& context, const Var& products) {
        const std::int64_t steps = products.value.shape()[1];
        if (steps == 0) return products;
        const Var next = pad(context, slice(context, products, 1, 1, steps), 1, 0, 1);
        return multiply(context, products, next);
    }

    /// Products over sets of steps of (batch, time, width), in which the last step comes first.
    static Var combined(Context& context, const Var& inputs, std::int64_t degree) {
        const Shape& shape = inputs.value.shape();
        const std::int64_t steps = shape[1], columns = shape[0] * shape[2];
        const Var by_step = reshape(context, transpose(context, inputs, 0, 1), {steps, columns});
        const Var table = pad(context, by_step, 0, 0, 1);
        Var product;
        for (std::int64_t which = 0; which < degree; ++which) {
            const Tensor indices =
                Tensor::from<std::int32_t>(context.stream, {steps}, members(degree, which, steps));
            const Var factor = embedding(context, table, indices);
            product = which == 0 ? factor : multiply(context, product, factor);
        }
        return transpose(context, reshape(context, product, {steps, shape[0], shape[2]}), 0, 1);
    }

    std::int64_t degrees_, channels_;  // degrees from 2 on
    bool neighbours_;
    LowRankSpace& space_;
    ModuleParameter& constants_;
    GatedOutput& output_;
};

OptionSet options() {
    OptionSet options;
    LowRankSpace::declare(options);
    options.declare({.name = "degree",
                     .value = std::int64_t{2},
                     .help = "inputs that a product has at most",
                     .lowest = 2,
                     .highest = 8});
    options.declare({.name = "combinations",
                     .value = std::string("all"),
                     .help = "which inputs are multiplied with each other",
                     .choices = {"all", "neighbours"}});
    options.declare({.name = "backward",
                     .value = true,
                     .help = "a second state space looks ahead, and products count both ways"});
    GatedOutput::declare(options, "full_glu");
    return options;
}

}  // namespace

MixerEntry liquid_s4_released_mixer() {
    return {.name = "liquid_s4_released",
            .summary = "S4 and products of the last inputs (Liquid-S4 as released)",
            .source = "Hasani et al. 2023, arXiv 2209.12951",
            .options = options,
            .make = make_mixer_of<LiquidS4ReleasedMixer>,
            .learning_rate = state_space_learning_rates};
}

}  // namespace elm
