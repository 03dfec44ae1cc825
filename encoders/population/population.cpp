// Units with Gaussian tuning curves share a channel:
//   g_i = exp(-(x - c_i)^2 / (2 width^2)),   c_i = lowest + i (highest - lowest) / (units - 1)
// put out as they are (activity), or as spikes: of integrate-and-fire neurons
//   v += g_i;  v >= 0.999: spike, v -= 0.999
// or at random with probability g_i in each step (bernoulli).
// Decoded by the mean of the centres, weighted with activity or spikes.
// Sources: tuning curves: Eliasmith & Anderson 2003; spikes: SpikingJelly, after Tang, Kumar, Yoo &
// Michmizos 2020, arXiv 2010.09635.

#include <utility>

#include "encoders/law/encode_by_law.h"
#include "encoders/population/population_body.h"
#include "encoders/rate/rate_draws.h"
#include "encoders/rate/rates.h"

namespace elm {
namespace {

TuningCurves curves_of(const OptionSet& options) {
    return {.units = options.get<std::int64_t>("units"),
            .lowest = options.get<double>("lowest"),
            .highest = options.get<double>("highest"),
            .width = options.get<double>("width")};
}

/// Calls body(law, draws) with the law of these options; spikes are drawn of its values, or are its
/// own.
template <class Body>
auto with_law(const OptionSet& options, double value_ms, const Body& body) {
    const std::int64_t each = steps_per_value(options, value_ms);
    const TuningCurves curves = curves_of(options);
    const auto& output = options.get<std::string>("output");
    if (output == "integrate-and-fire") {
        return body(ActivitySpikesLaw{each, curves.units, curves}, false);
    }
    const bool draws = output == "bernoulli";
    return body(ActivityLaw{draws ? 1 : each, curves.units, curves}, draws);
}

/// Spikes of units with the probabilities `rows`, a row a value.
void draw_spikes(const std::vector<float>& rows, std::int64_t each, const RandomKey& key,
                 Encoding& encoding) {
    const std::int64_t units = encoding.n_units;
    std::vector<std::uint8_t> ones(static_cast<std::size_t>(encoding.n_steps * units));
    Stream host{Device{}};
    rate_draws_kernel(host, {.values = {rows.data(), {encoding.n_steps / each, units}},
                             .spikes = {ones.data(), {encoding.n_steps, units}},
                             .key = key,
                             .steps_each = each});
    for (std::int64_t at = 0; at < std::ssize(ones); ++at) {
        if (ones[static_cast<std::size_t>(at)] == 0) continue;
        encoding.spikes.push_back({at / units, static_cast<std::int32_t>(at % units)});
    }
}

Encoding encode_population(const OptionSet& options, const Signal& signal, const RandomKey& key) {
    return with_law(options, signal.step_ms, [&](const auto& law, bool draws) {
        Encoding encoding = encode_with(law, options, signal);
        if (draws) {
            const std::vector<float> rows = std::exchange(encoding.values, {});
            const std::int64_t each = steps_per_value(options, signal.step_ms);
            encoding.n_steps *= each;
            draw_spikes(rows, each, key, encoding);
        }
        return encoding;
    });
}

std::optional<Tensor> encode_batch_of_populations(Stream& stream, const OptionSet& options,
                                                  const SignalBatch& batch) {
    return with_law(options, batch.step_ms, [&](const auto& law, bool draws) {
        std::optional<Tensor> cells = encode_batch_with(stream, law, batch);
        if (draws) {
            SignalBatch rates = batch;
            rates.values = *cells;
            cells =
                draw_batch(stream, rates, {.steps_each = steps_per_value(options, batch.step_ms)});
        }
        return cells;
    });
}

/// A channel without a spike has the value in the middle.
Signal decode_population(const OptionSet& options, const Encoding& encoding, double value_ms) {
    const TuningCurves curves = curves_of(options);
    const std::int64_t each = steps_per_value(options, value_ms);
    Signal signal = empty_signal(encoding, value_ms, each, curves.units);
    std::vector<double> weight(signal.values.size()), moment(signal.values.size());
    const auto add = [&](std::int64_t step, std::int64_t unit, double amount) {
        const auto at =
            static_cast<std::size_t>(step / each * signal.n_channels + unit / curves.units);
        weight[at] += amount;
        moment[at] += amount * curves.centre(unit % curves.units);
    };
    for (const SpikeEvent& spike : encoding.spikes) add(spike.step, spike.unit, 1);
    for (std::int64_t at = 0; at < std::ssize(encoding.values); ++at) {
        add(at / encoding.n_units, at % encoding.n_units,
            encoding.values[static_cast<std::size_t>(at)]);
    }
    for (std::size_t at = 0; at < weight.size(); ++at) {
        signal.values[at] = static_cast<float>(
            weight[at] > 0 ? moment[at] / weight[at] : (curves.lowest + curves.highest) / 2);
    }
    return signal;
}

OptionSet population_options() {
    OptionSet options;
    options.declare({.name = "units",
                     .value = std::int64_t{10},
                     .help = "units of a channel",
                     .lowest = 1,
                     .highest = 1e6});
    options.declare({.name = "lowest", .value = 0.0, .help = "centre of the first unit"});
    options.declare({.name = "highest", .value = 1.0, .help = "centre of the last unit"});
    options.declare({.name = "width",
                     .value = 0.15,
                     .help = "standard deviation of a tuning curve",
                     .lowest = 1e-6});
    options.declare({.name = "output",
                     .value = std::string("integrate-and-fire"),
                     .help = "what the activity of a unit becomes",
                     .choices = {"integrate-and-fire", "bernoulli", "activity"}});
    declare_step(options);
    return options;
}

}  // namespace

EncoderEntry population_encoder() {
    return {.name = "population",
            .summary = "units with Gaussian tuning curves",
            .source = "SpikingJelly PopSpikeEncoder (arXiv 2010.09635); Norse population_encode",
            .options = population_options(),
            .encode = encode_population,
            .encode_batch = encode_batch_of_populations,
            .decode = decode_population};
}

}  // namespace elm
