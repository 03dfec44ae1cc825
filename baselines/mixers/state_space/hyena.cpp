// Hyena: products with convolutions as long as the sequence between them, whose filters are made by
// a perceptron of the position (*: element by element):
//   x_0, ..., x_{n-1}, v = convolution over `taps` steps of W_in u + b
//   for i = n-1, ..., 1:   v = x_i * v    v[t] = sum over s <= t of h_i[s] v[t-s] + c_i v[t]
//   y = W_out (x_0 * v) + b        h[s] = P(z[s]) * (exp(decay s / (L-1)) + shift)
// with order n and L = `longest`. z[s], of `embedding` features, is s / (L-1), and cosines and
// sines of 2 pi s / L at frequencies from 0.0001 to bands - 1; P has sin(w x) behind each of its
// layers but the last. The decays, all negative, are not trained. Whole sequences alone: what goes
// on from a chunk would grow with all steps so far. Source: Poli et al. 2023, arXiv 2302.10866,
// sections 3.1 and 3.3, with the filters of the authors' code.

#include <cmath>
#include <numbers>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/mode_response.h"
#include "baselines/mixers/state_space/short_convolution.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"

namespace elm {
namespace {

constexpr std::int64_t hidden_layers = 3;  // of P

/// From `first` to `last`, equally spaced.
std::vector<double> spaced(double first, double last, std::int64_t count) {
    std::vector<double> all;
    for (std::int64_t i = 0; i < count; ++i) {
        const double share =
            count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0;
        all.push_back(first + share * (last - first));
    }
    return all;
}

/// z, row by row.
std::vector<double> positions(std::int64_t longest, std::int64_t features) {
    const std::int64_t bands = (features - 1) / 2;
    const std::vector<double> times = spaced(0, 1, longest);
    const std::vector<double> frequencies = spaced(1e-4, static_cast<double>(bands - 1), bands);
    std::vector<double> all;
    for (std::int64_t step = 0; step < longest; ++step) {
        const double phase =
            2 * std::numbers::pi * static_cast<double>(step) / static_cast<double>(longest);
        all.push_back(times[static_cast<std::size_t>(step)]);
        for (const double frequency : frequencies) all.push_back(std::cos(frequency * phase));
        for (const double frequency : frequencies) all.push_back(-std::sin(frequency * phase));
    }
    return all;
}

/// The filters h and the factors c: children and parameters of the mixer.
class HyenaFilter : public Module {
public:
    HyenaFilter(const OptionSet& options, std::int64_t channels)
        : longest_(options.get<std::int64_t>("longest")),
          shift_(options.get<double>("shift")),
          positions_(offset("positions", {longest_, embedding_of(options)},
                            initialise::numbers(positions(longest_, embedding_of(options))))),
          times_(offset("times", {longest_}, initialise::numbers(spaced(0, 1, longest_)))),
          decays_(offset(
              "decays", {channels},
              initialise::numbers(spaced(std::log(0.01) / 1.5, std::log(0.01) / 0.3, channels)))),
          frequency_(offset("frequency", {options.get<std::int64_t>("filter_width")},
                            initialise::constant(options.get<double>("sine_frequency")))),
          bias_(table("bias", {channels}, initialise::normal(0, 1))) {
        const auto width = options.get<std::int64_t>("filter_width");
        for (std::int64_t layer = 0; layer < hidden_layers; ++layer) {
            layers_.push_back(&child(
                std::to_string(layer),
                std::make_unique<Linear>(layer == 0 ? embedding_of(options) : width, width)));
        }
        last_ = &child("last", std::make_unique<Linear>(width, channels, false));
        positions_.trainable = options.get<bool>("learn_positions");
        times_.trainable = decays_.trainable = false;
    }

    /// The filters with c added where s is 0, (steps, channels).
    Var forward(Context& context, std::int64_t steps) const {
        ELM_CHECK(steps <= longest_,
                  "a sequence of {} steps was given to filters of {}. Set longest to the longest "
                  "sequence.",
                  steps, longest_);
        Var values = slice(context, use(context, positions_), 0, 0, steps);
        for (const Linear* layer : layers_) {
            values = activate(
                context,
                multiply(context, layer->forward(context, values), use(context, frequency_)),
                Activation::sine);
        }
        Var filters = multiply(context, last_->forward(context, values), window(context, steps));
        if (steps == 0) return filters;
        const Var bias = use(context, bias_);
        const Var present = reshape(context, bias, {1, bias.value.shape()[0]});
        return add(context, filters, pad(context, present, 0, 0, steps - 1));
    }

private:
    static std::int64_t embedding_of(const OptionSet& options) {
        const auto features = options.get<std::int64_t>("embedding");
        ELM_CHECK(features % 2 == 1,
                  "embedding must be odd (got {}): the position, and a cosine and a sine of each "
                  "frequency",
                  features);
        return features;
    }

    Var window(Context& context, std::int64_t steps) const {
        const Var times = use(context, times_);
        const Var column = reshape(context, slice(context, times, 0, 0, steps), {steps, 1});
        const Var decays = use(context, decays_);
        const std::int64_t channels = decays.value.shape()[0];
        const Var row = reshape(context, decays, {1, channels});
        const Var exponent = matmul(context, column, row);
        return scale(context, activate(context, exponent, Activation::exp), 1, shift_);
    }

    std::int64_t longest_;
    double shift_;
    ModuleParameter& positions_;
    ModuleParameter& times_;
    ModuleParameter& decays_;
    ModuleParameter& frequency_;
    ModuleParameter& bias_;
    std::vector<Linear*> layers_;
    Linear* last_;
};

class HyenaMixer : public SequenceMixer {
public:
    HyenaMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          order_(options.get<std::int64_t>("order")),
          taps_(options.get<std::int64_t>("taps")),
          in_(child("input", std::make_unique<Linear>(width(), (order_ + 1) * width()))),
          taps_weight_(parameter("taps_weight", {(order_ + 1) * width(), taps_},
                                 initialise::uniform_fan_in(taps_))),
          taps_bias_(
              offset("taps_bias", {(order_ + 1) * width()}, initialise::uniform_fan_in(taps_))),
          filter_(child("filter", std::make_unique<HyenaFilter>(options, (order_ - 1) * width()))),
          out_(child("output", std::make_unique<Linear>(width(), width()))) {
        count_apart(filter_);
    }

    MixerTraits traits() const override { return {.self_noncausal = false, .streams = false}; }

    double flops_per_step(std::int64_t steps, bool) const override {
        return static_cast<double>(width()) * static_cast<double>(order_ - 1) *
               convolution_flops(steps);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* /*state*/) override {
        const Shape& shape = input.sequence.value.shape();
        const Var all =
            short_convolution(context, in_.forward(context, input.sequence),
                              use(context, taps_weight_), use(context, taps_bias_), nullptr);
        const auto part = [&](std::int64_t i) {
            return slice(context, all, -1, i * width(), (i + 1) * width());
        };
        // Channel (v, o) belongs to feature v of convolution o.
        const Var by_feature =
            reshape(context, filter_.forward(context, shape[1]), {shape[1], width(), order_ - 1});
        Var value = part(order_);
        for (std::int64_t i = order_ - 1; i > 0; --i) {
            const std::int64_t o = order_ - 1 - i;
            const Var filter =
                reshape(context, slice(context, by_feature, 2, o, o + 1), {shape[1], width()});
            value = long_convolution(context, multiply(context, part(i), value), filter);
        }
        return out_.forward(context, multiply(context, part(0), value));
    }

private:
    std::int64_t order_, taps_;
    Linear& in_;
    ModuleParameter& taps_weight_;
    ModuleParameter& taps_bias_;
    HyenaFilter& filter_;
    Linear& out_;
};

OptionSet options() {
    OptionSet options;
    options.declare(whole_option("order", 2, "products of the input with itself", 2, 16));
    options.declare(whole_option("taps", 3, "steps that the first convolution sees", 1, 64));
    options.declare(
        whole_option("longest", 1024, "longest sequence, for which filters are made", 1, 1 << 24));
    options.declare(whole_option("embedding", 3, "features of a position", 1, 1023));
    options.declare(
        whole_option("filter_width", 64, "hidden units of what makes the filters", 1, 4096));
    const auto real = [&](const char* name, double value, const char* help, double lowest,
                          double highest) {
        options.declare(
            {.name = name, .value = value, .help = help, .lowest = lowest, .highest = highest});
    };
    real("sine_frequency", 1, "what sines of the filters multiply their input with at first", 1e-3,
         1e3);
    real("shift", 0, "what windows of the filters fall to", 0, 1);
    options.declare(
        {.name = "learn_positions", .value = true, .help = "features of positions are trained"});
    return options;
}

}  // namespace

MixerEntry hyena_mixer() {
    return {.name = "hyena",
            .summary = "long convolutions with products (Hyena)",
            .source = "Poli et al. 2023, arXiv 2302.10866",
            .options = options,
            .make = make_mixer_of<HyenaMixer>};
}

}  // namespace elm
