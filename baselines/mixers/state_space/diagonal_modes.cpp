#include "baselines/mixers/state_space/diagonal_modes.h"

#include <algorithm>
#include <numbers>
#include <vector>

#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/legendre_values.h"
#include "kernels/modules/layers.h"

namespace elm {

void DiagonalModes::declare(OptionSet& options) {
    options.declare({.name = "states",
                     .value = std::int64_t{64},
                     .help = "states of each feature, two for each pair of modes",
                     .lowest = 2,
                     .highest = 4096});
    options.declare({.name = "initial",
                     .value = std::string("lin"),
                     .help = "first frequencies of the modes; real: modes without one, as many as "
                             "states",
                     .choices = {"lin", "inv", "legs", "real"}});
    options.declare({.name = "discretisation",
                     .value = std::string("zero_order_hold"),
                     .help = "rule that makes steps of continuous time",
                     .choices = {"zero_order_hold", "bilinear"}});
    options.declare({.name = "rows",
                     .value = std::int64_t{0},
                     .help = "sets of modes that features share in turn; 0: each has its own",
                     .lowest = 0,
                     .highest = 65536});
    options.declare(
        {.name = "tie_steps", .value = true, .help = "all modes of a feature have the same steps"});
    options.declare({.name = "band_limit",
                     .value = 0.0,
                     .help = "modes that turn by so much in a step count for nothing; 0: none",
                     .unit = "half turns",
                     .lowest = 0,
                     .highest = 1e9});
    initialise::declare_log_steps(options);
}

Shape DiagonalModes::planes(const Shape& shape) const {
    if (real_) return shape;
    return shape.rank() == 2 ? Shape{2, shape[0], shape[1]}
                             : Shape{2, shape[0], shape[1], shape[2]};
}

/// 1/2, or 1, 2, ... of real modes.
Initialiser DiagonalModes::first_decays() const {
    std::vector<double> all;
    for (std::int64_t i = 0; i < rows_ * modes_; ++i) {
        all.push_back(std::log(real_ ? static_cast<double>(i % modes_ + 1) : 0.5));
    }
    return initialise::numbers(std::move(all));
}

Initialiser DiagonalModes::first_frequencies(const OptionSet& options) const {
    const auto& kind = options.get<std::string>("initial");
    if (kind == "legs") return initialise::legendre_frequencies(rows_, modes_);
    const double n_states = 2 * static_cast<double>(modes_);
    std::vector<double> all;
    for (std::int64_t i = 0; i < rows_ * modes_; ++i) {
        const auto n = static_cast<double>(i % modes_);
        all.push_back(kind == "lin" ? std::numbers::pi * n
                                    : n_states / std::numbers::pi * (n_states / (2 * n + 1) - 1));
    }
    return initialise::numbers(std::move(all));
}

Initialiser DiagonalModes::first_inputs(const OptionSet& options) const {
    if (options.get<std::string>("initial") == "legs") {
        return initialise::legendre_inputs(rows_, modes_);
    }
    if (real_) return initialise::constant(1);
    std::vector<double> ones_and_zeros(static_cast<std::size_t>(2 * rows_ * modes_), 0.0);
    std::fill_n(ones_and_zeros.begin(), rows_ * modes_, 1.0);
    return initialise::numbers(std::move(ones_and_zeros));
}

Modes DiagonalModes::discretised(Context& context) const {
    const Var log_decay = use(context, log_decay_);
    const auto zeros = [&](const Var& like) {
        return Var{Tensor::zeros(context.stream, like.value.shape(), like.value.dtype())};
    };
    const auto complex = [&](ModuleParameter& parameter) {
        const Var numbers = use(context, parameter);
        return real_ ? ComplexVar{numbers, zeros(numbers)} : planes_of(context, numbers);
    };
    return discretised_modes(
        context, rule_,
        {use(context, log_step_), log_decay, real_ ? zeros(log_decay) : use(context, *frequency_),
         complex(input_weight_), complex(output_weight_)},
        band_limit_);
}

}  // namespace elm
