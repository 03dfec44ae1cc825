// H3: two state spaces with products before and behind the second one (*: element by element):
//   q, k, v = W x + b, each of its own
//   k'[t] = sum over s < N of K[s] k[t-s] + D' k[t]        K[s] = sum over i of B'[i] C'[i+s]
//   p[t] = sum over s <= t of L[s] (k' * v)[t-s] + D (k' * v)[t]       y = W_o (q * p) + b_o
// The first one shifts its N states, so that K is N taps; the second, L, is diagonal, with N / 2
// pairs of modes in steps of exp(log_step) by the bilinear rule (S4D:
// kernels/ops/spectral/modes/modes.h). With heads of `head_width` features, k' * v are all products
// of a feature of k' and one of v of a head, which share their L, and q * p sums over the former.
// Source: Fu et al. 2023, arXiv 2212.14052, section 3; first values as in the authors' code.

#include <cmath>
#include <numbers>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "baselines/mixers/state_space/mode_response.h"
#include "baselines/mixers/state_space/short_convolution.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"

namespace elm {
namespace {

/// 1 in the first row of (rows, columns), else 0.
Initialiser first_row(std::int64_t rows, std::int64_t columns) {
    std::vector<double> values(static_cast<std::size_t>(rows * columns), 0.0);
    std::fill_n(values.begin(), columns, 1.0);
    return initialise::numbers(std::move(values));
}

/// pi times 0, 1, 2, ... in each row.
Initialiser harmonics(std::int64_t rows, std::int64_t modes) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < rows * modes; ++i) {
        values.push_back(std::numbers::pi * static_cast<double>(i % modes));
    }
    return initialise::numbers(std::move(values));
}

class H3Mixer : public SequenceMixer {
public:
    H3Mixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          modes_(modes_of(options)),
          states_(2 * modes_),
          head_width_(head_width_of(options, place.width)),
          heads_(place.width / head_width_),
          query_(child("query", std::make_unique<Linear>(width(), width()))),
          key_(child("key", std::make_unique<Linear>(width(), width()))),
          value_(child("value", std::make_unique<Linear>(width(), width()))),
          shift_input_(
              table("shift_input_weight", {states_, width()}, first_row(states_, width()))),
          shift_output_(table("shift_output_weight", {states_, width()},
                              initialise::uniform_fan_in(states_))),
          shift_skip_(parameter("shift_skip", {width()}, initialise::normal(0, 1))),
          log_step_(offset("log_step", {heads_},
                           initialise::log_steps(options.get<double>("step_min"),
                                                 options.get<double>("step_max")))),
          log_decay_(offset("log_decay", {heads_, modes_}, initialise::constant(std::log(0.5)))),
          frequency_(offset("frequency", {heads_, modes_}, harmonics(heads_, modes_))),
          input_weight_(offset("input_weight", {2, heads_, modes_},
                               initialise::numbers(one_and_nothing(heads_ * modes_)))),
          output_weight_(table("output_weight", {2, 1, heads_, modes_},
                               initialise::normal(0, std::sqrt(0.5)))),
          skip_(table("skip", {heads_}, initialise::normal(0, 1))),
          output_(child("output", std::make_unique<Linear>(width(), width()))) {}

    MixerTraits traits() const override { return {.self_noncausal = false, .state_tensors = 3}; }

    double flops_per_step(std::int64_t steps, bool) const override {
        return static_cast<double>(width()) *
               (2 * static_cast<double>(states_) +
                static_cast<double>(head_width_) * (convolution_flops(steps) + 4));
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const Var& x = input.sequence;
        const Var key = shifted(context, key_.forward(context, x), state);
        const Var products = outer(context, key, value_.forward(context, x));
        const Modes modes = discretised_modes(
            context, Discretisation::bilinear,
            {of_products(context, use(context, log_step_)), use(context, log_decay_),
             use(context, frequency_), planes_of(context, use(context, input_weight_)),
             output_planes(context)});
        const Var read = mode_response(context, modes, of_products(context, use(context, skip_)),
                                       {.sequence = products}, state);
        return output_.forward(context, summed(context, query_.forward(context, x), read));
    }

private:
    static std::int64_t head_width_of(const OptionSet& options, std::int64_t width) {
        const auto features = options.get<std::int64_t>("head_width");
        ELM_CHECK(width % features == 0, "head_width must divide the width {} (got {})", width,
                  features);
        return features;
    }
    static std::vector<double> one_and_nothing(std::int64_t count) {
        std::vector<double> values(static_cast<std::size_t>(2 * count), 0.0);
        std::fill_n(values.begin(), count, 1.0);
        return values;
    }
    std::int64_t products() const { return head_width_ * head_width_; }

    /// k'. The taps, the last of which meets the present step, are B' convolved with C' reversed,
    /// as which it is stored.
    Var shifted(Context& context, const Var& key, StateCursor* state) const {
        const Var b = reshape(context, use(context, shift_input_), {1, states_, width()});
        const Var taps = long_convolution(context, b, use(context, shift_output_));
        const Var weight = transpose(context, reshape(context, taps, {states_, width()}), 0, 1);
        return add_skip(context, short_convolution(context, key, weight, {}, state), key,
                        use(context, shift_skip_));
    }

    /// Element (i, j) of a head: feature i of k' times feature j of v; products lie before heads.
    Var outer(Context& context, const Var& key, const Var& value) const {
        if (head_width_ == 1) return multiply(context, key, value);
        const Shape& shape = key.value.shape();
        const Var all = matmul(context, rows(context, key, {head_width_, 1}),
                               rows(context, value, {1, head_width_}));
        const Var by_head = reshape(context, all, {shape[0], shape[1], heads_, products()});
        return reshape(context, transpose(context, by_head, 2, 3),
                       {shape[0], shape[1], products() * heads_});
    }

    Var summed(Context& context, const Var& query, const Var& read) const {
        if (head_width_ == 1) return multiply(context, query, read);
        const Shape& shape = query.value.shape();
        const Var by_product = reshape(context, read, {shape[0], shape[1], products(), heads_});
        const Var each = reshape(context, transpose(context, by_product, 2, 3),
                                 {shape[0] * shape[1] * heads_, head_width_, head_width_});
        return reshape(context, matmul(context, rows(context, query, {1, head_width_}), each),
                       shape);
    }

    /// (batch, time, heads head_width) → a matrix (rows, columns) of each step and head.
    Var rows(Context& context, const Var& values, const Shape& matrix) const {
        const Shape& shape = values.value.shape();
        return reshape(context, values, {shape[0] * shape[1] * heads_, matrix[0], matrix[1]});
    }

    /// (heads) → (products heads): the products of a head share what it has.
    Var of_products(Context& context, const Var& of_head) const {
        return reshape(context, repeat(context, of_head, 0, products()), {products() * heads_});
    }
    ComplexVar output_planes(Context& context) const {
        const ComplexVar own = planes_of(context, use(context, output_weight_));
        const auto each = [&](const Var& plane) {
            const Var one = reshape(context, plane, {heads_, modes_});
            return reshape(context, repeat(context, one, 0, products()),
                           {1, products() * heads_, modes_});
        };
        return {each(own.real), each(own.imag)};
    }

    std::int64_t modes_, states_, head_width_, heads_;
    Linear& query_;
    Linear& key_;
    Linear& value_;
    ModuleParameter& shift_input_;   // B' transposed
    ModuleParameter& shift_output_;  // C' transposed, the last state first
    ModuleParameter& shift_skip_;
    ModuleParameter& log_step_;
    ModuleParameter& log_decay_;
    ModuleParameter& frequency_;
    ModuleParameter& input_weight_;   // real parts, then imaginary parts
    ModuleParameter& output_weight_;  // the same
    ModuleParameter& skip_;
    Linear& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "states",
                     .value = std::int64_t{64},
                     .help = "taps of the shift, and states of each feature behind it",
                     .lowest = 2,
                     .highest = 4096});
    options.declare({.name = "head_width",
                     .value = std::int64_t{1},
                     .help = "features of a head",
                     .lowest = 1,
                     .highest = 256});
    initialise::declare_log_steps(options);
    return options;
}

}  // namespace

MixerEntry h3_mixer() {
    return {.name = "h3",
            .summary = "two state spaces with products (H3)",
            .source = "Fu et al. 2023, arXiv 2212.14052",
            .options = options,
            .make = make_mixer_of<H3Mixer>};
}

}  // namespace elm
