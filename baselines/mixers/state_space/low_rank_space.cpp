#include "baselines/mixers/state_space/low_rank_space.h"

#include <cmath>
#include <complex>
#include <utility>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/sparse/host_values.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/legendre_values.h"
#include "baselines/mixers/state_space/low_rank_output.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "baselines/mixers/state_space/mode_response.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/spectral/low_rank/low_rank_kernel.h"
#include "kernels/ops/spectral/low_rank/low_rank_scan.h"

namespace elm {

LowRankSpace::LowRankSpace(const OptionSet& options, const MixerPlace& place)
    : LowRankSpace(options, place,
                   hippo_modes(options.get<std::string>("initial"), modes_of(options))) {}

LowRankSpace::LowRankSpace(const OptionSet& options, const MixerPlace& place,
                           const HippoModes& first)
    : width_(place.width),
      modes_(modes_of(options)),
      rows_(rows_of(options, place.width)),
      longest_(options.get<std::int64_t>("longest")),
      log_step_(offset(
          "log_step", {width_},
          initialise::log_steps(options.get<double>("step_min"), options.get<double>("step_max")))),
      log_decay_(offset("log_decay", {rows_, modes_}, initialise::hippo_log_decays(first))),
      frequency_(offset("frequency", {rows_, modes_}, initialise::hippo_frequencies(first, rows_))),
      input_weight_(
          offset("input_weight", {2, rows_, modes_}, initialise::hippo_inputs(first, rows_))),
      correction_(offset("correction", {2, std::ssize(first.corrections) * rows_, modes_},
                         initialise::hippo_corrections(first, rows_))),
      output_weight_(table("output_weight", {2, place.causal ? 1 : 2, width_, modes_},
                           initialise::normal(0, std::sqrt(0.5)))),
      skip_(parameter("skip", {width_}, initialise::normal(0, 1))) {}

void LowRankSpace::declare(OptionSet& options) {
    options.declare(
        whole_option("states", 64, "states of each feature, two for each pair of modes", 2, 4096));
    options.declare({.name = "initial",
                     .value = std::string("legs"),
                     .help = "HiPPO matrix that the modes begin with",
                     .choices = {"legs", "legt", "fout"}});
    options.declare(whole_option(
        "rows", 0, "sets of modes that features share in turn; 0: each has its own", 0, 65536));
    options.declare(
        whole_option("longest", 1024, "longest sequence, for which kernels are made", 1, 1 << 24));
    initialise::declare_log_steps(options);
}

double LowRankSpace::flops_per_step(std::int64_t steps, bool causal) const {
    return static_cast<double>(width_) * (causal ? 1 : 2) * convolution_flops(steps);
}

Var LowRankSpace::forward(Context& context, const MixerInput& input, StateCursor* state) {
    const Var& u = input.sequence;
    const Var read = state == nullptr ? convolved(context, input) : stepped(context, u, *state);
    return add_skip(context, read, u, use(context, skip_));
}

Var LowRankSpace::convolved(Context& context, const MixerInput& input) const {
    const std::int64_t steps = input.sequence.value.shape()[1];
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
    return convolve_both_ways(context, input.sequence, slice(context, kernel, 0, 0, steps),
                              input.lengths);
}

Var LowRankSpace::stepped(Context& context, const Var& u, StateCursor& state) {
    if (context.tape != nullptr) {
        throw Error(ErrorKind::unsupported,
                    "a state space with a correction of rank 1 (s4) learns from whole sequences "
                    "alone: it goes on from a state without a gradient");
    }
    ELM_CHECK(streams(),
              "a state space with a correction of rank 2 (legt) does not go on from a state. Set "
              "initial to legs or fout.");
    Stream& stream = context.stream;
    const Shape shape{u.value.shape()[0], modes_, width_};
    const TensorPlanes initial{state_or_zeros(context, &state, shape, DType::f64).value,
                               state_or_zeros(context, &state, shape, DType::f64).value};
    const LowRankScanResult result =
        low_rank_scan(stream, {.log_step = log_step_.value,
                               .log_decay = log_decay_.value,
                               .frequency = frequency_.value,
                               .input_weight = values_of(planes_of(context, {input_weight_.value})),
                               .correction = values_of(planes_of(context, {correction_.value})),
                               .output_weight = output_weight(stream),
                               .initial = initial,
                               .input = u.value});
    state.keep(result.final.real);
    state.keep(result.final.imag);
    return {result.output};
}

const TensorPlanes& LowRankSpace::output_weight(Stream& stream) {
    std::vector<double> parameters;
    for (const ModuleParameter* part :
         {&log_step_, &log_decay_, &frequency_, &correction_, &output_weight_}) {
        const std::vector<double> values = host_values(stream, part->value);
        parameters.insert(parameters.end(), values.begin(), values.end());
    }
    if (recurrent_.weight.is_complex() && recurrent_.parameters == parameters &&
        recurrent_.device == stream.device()) {
        return recurrent_.weight;
    }
    const auto at = [&](std::int64_t i) { return parameters[static_cast<std::size_t>(i)]; };
    const std::int64_t shared = rows_ * modes_, own = width_ * modes_;
    const std::int64_t frequencies = width_ + shared, corrections = frequencies + shared;
    const std::int64_t weights = corrections + 2 * shared;
    std::vector<std::complex<double>> all;
    for (std::int64_t feature = 0; feature < width_; ++feature) {
        LowRankModes modes{.step = std::exp(at(feature)), .rate = {}, .correction = {}};
        std::vector<std::complex<double>> kernel_weight;
        for (std::int64_t n = 0; n < modes_; ++n) {
            const std::int64_t mode = feature % rows_ * modes_ + n, column = feature * modes_ + n;
            modes.rate.emplace_back(-std::exp(at(width_ + mode)), at(frequencies + mode));
            modes.correction.emplace_back(at(corrections + mode), at(corrections + shared + mode));
            kernel_weight.emplace_back(at(weights + column), at(weights + own + column));
        }
        const auto weight = recurrent_output_weight(modes, kernel_weight, longest_);
        all.insert(all.end(), weight.begin(), weight.end());
    }
    const auto part = [&](const auto& number) {
        return tabulate(stream, {width_, modes_}, DType::f64,
                        [&](std::int64_t i) { return number(all[static_cast<std::size_t>(i)]); });
    };
    recurrent_ = {.parameters = std::move(parameters),
                  .device = stream.device(),
                  .weight = {part([](const std::complex<double>& c) { return c.real(); }),
                             part([](const std::complex<double>& c) { return c.imag(); })}};
    return recurrent_.weight;
}

}  // namespace elm
