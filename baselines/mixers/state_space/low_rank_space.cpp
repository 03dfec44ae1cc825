#include "baselines/mixers/state_space/low_rank_space.h"

#include <cmath>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/legendre_values.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "baselines/mixers/state_space/mode_response.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/spectral/low_rank_kernel.h"

namespace elm {
LowRankSpace::LowRankSpace(const OptionSet& options, const MixerPlace& place)
    : width_(place.width),
      modes_(modes_of(options)),
      rows_(rows_of(options, place.width)),
      longest_(options.get<std::int64_t>("longest")),
      log_step_(offset(
          "log_step", {width_},
          initialise::log_steps(options.get<double>("step_min"), options.get<double>("step_max")))),
      log_decay_(offset("log_decay", {rows_, modes_}, initialise::constant(std::log(0.5)))),
      frequency_(
          offset("frequency", {rows_, modes_}, initialise::legendre_frequencies(rows_, modes_))),
      input_weight_(
          offset("input_weight", {2, rows_, modes_}, initialise::legendre_inputs(rows_, modes_))),
      correction_(offset("correction", {2, rows_, modes_},
                         initialise::legendre_corrections(rows_, modes_))),
      output_weight_(parameter("output_weight", {2, place.causal ? 1 : 2, width_, modes_},
                               initialise::normal(0, std::sqrt(0.5)))),
      skip_(parameter("skip", {width_}, initialise::normal(0, 1))) {}

void LowRankSpace::declare(OptionSet& options) {
    const auto whole = [&](const char* name, std::int64_t value, const char* help, double lowest,
                           double highest) {
        options.declare(
            {.name = name, .value = value, .help = help, .lowest = lowest, .highest = highest});
    };
    whole("states", 64, "states of each feature, two for each pair of modes", 2, 4096);
    whole("rows", 0, "sets of modes that features share in turn; 0: each has its own", 0, 65536);
    whole("longest", 1024, "longest sequence, for which kernels are made", 1, 1 << 24);
    initialise::declare_log_steps(options);
}

double LowRankSpace::flops_per_step(std::int64_t steps, bool causal) const {
    return static_cast<double>(width_) * (causal ? 1 : 2) * convolution_flops(steps);
}

Var LowRankSpace::forward(Context& context, const MixerInput& input) const {
    const Var& u = input.sequence;
    const std::int64_t steps = u.value.shape()[1];
    ELM_CHECK(
        steps <= longest_,
        "a sequence of {} steps was given to a state space for {}. Set longest to the longest "
        "sequence.",
        steps, longest_);
    const Var kernel =
        low_rank_kernel(context,
                        {use(context, log_step_), use(context, log_decay_),
                         use(context, frequency_), planes_of(context, use(context, input_weight_)),
                         planes_of(context, use(context, correction_)),
                         planes_of(context, use(context, output_weight_))},
                        longest_);
    const Var read =
        convolve_both_ways(context, u, slice(context, kernel, 0, 0, steps), input.lengths);
    return add_skip(context, read, u, use(context, skip_));
}

}  // namespace elm
