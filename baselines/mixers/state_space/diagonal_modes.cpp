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
}

Initialiser DiagonalModes::first_frequencies(const OptionSet& options) const {
    const auto kind = options.get<std::string>("initial");
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
    std::vector<double> ones_and_zeros(static_cast<std::size_t>(2 * rows_ * modes_), 0.0);
    std::fill_n(ones_and_zeros.begin(), rows_ * modes_, 1.0);
    return initialise::numbers(std::move(ones_and_zeros));
}

Modes DiagonalModes::discretised(Context& context) const {
    return discretised_modes(
        context, rule_,
        {use(context, log_step_), use(context, log_decay_), use(context, frequency_),
         planes_of(context, use(context, input_weight_)),
         planes_of(context, use(context, output_weight_))});
}

}  // namespace elm
