// Units with Gaussian tuning curves share a channel:
//   g_i = exp(-(x - c_i)^2 / (2 width^2)),   c_i = lowest + i (highest - lowest) / (units - 1)
// put out as they are (activity), or as spikes: of integrate-and-fire neurons
//   v += g_i;  v >= 0.999: spike, v -= 0.999
// or at random with probability g_i in each step (bernoulli).
// Decoded by the mean of the centres, weighted with activity or spikes.
// Sources: tuning curves: Eliasmith & Anderson 2003; spikes: SpikingJelly, after Tang, Kumar, Yoo &
// Michmizos 2020, arXiv 2010.09635.

#include <algorithm>
#include <cmath>

#include "encoders/encoder.h"
#include "encoders/rate_draws.h"

namespace elm {
namespace {

struct TuningCurves {
    std::int64_t units;
    double lowest, highest, width;

    explicit TuningCurves(const OptionSet& options)
        : units(options.get<std::int64_t>("units")),
          lowest(options.get<double>("lowest")),
          highest(options.get<double>("highest")),
          width(options.get<double>("width")) {}

    double centre(std::int64_t unit) const {
        return lowest + static_cast<double>(unit) * (highest - lowest) /
                            static_cast<double>(std::max<std::int64_t>(1, units - 1));
    }
    float activity(float x, std::int64_t unit) const {
        const double distance = (double{x} - centre(unit)) / width;
        return static_cast<float>(std::exp(-distance * distance / 2));
    }
};

/// Activity of all units, a row a value.
std::vector<float> activities(const TuningCurves& curves, const Signal& signal) {
    std::vector<float> rows;
    rows.reserve(signal.values.size() * static_cast<std::size_t>(curves.units));
    for (const float x : signal.values) {
        for (std::int64_t unit = 0; unit < curves.units; ++unit) {
            rows.push_back(curves.activity(x, unit));
        }
    }
    return rows;
}

void integrate_and_fire(const std::vector<float>& rows, std::int64_t each, Encoding& encoding) {
    constexpr float threshold = 0.999F;  // SpikingJelly, PopSpikeEncoderDeterministic
    std::vector<float> potential(static_cast<std::size_t>(encoding.n_units));
    for (std::int64_t step = 0; step < encoding.n_steps; ++step) {
        if (step % each == 0) std::fill(potential.begin(), potential.end(), 0.0F);
        const float* const row = rows.data() + step / each * encoding.n_units;
        for (std::int32_t unit = 0; unit < encoding.n_units; ++unit) {
            float& v = potential[static_cast<std::size_t>(unit)];
            v += row[unit];
            if (v < threshold) continue;
            v -= threshold;
            encoding.spikes.push_back({step, unit});
        }
    }
}

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
    const TuningCurves curves(options);
    const std::int64_t each = steps_per_value(options, signal.step_ms);
    Encoding encoding = empty_encoding(options, signal, each, curves.units);
    std::vector<float> rows = activities(curves, signal);
    const auto& output = options.get<std::string>("output");
    if (output == "integrate-and-fire") {
        integrate_and_fire(rows, each, encoding);
    } else if (output == "bernoulli") {
        draw_spikes(rows, each, key, encoding);
    } else {
        for (std::int64_t step = 0; step < encoding.n_steps; ++step) {
            const auto row = rows.begin() + step / each * encoding.n_units;
            encoding.values.insert(encoding.values.end(), row, row + encoding.n_units);
        }
    }
    return encoding;
}

/// A channel without a spike has the value in the middle.
Signal decode_population(const OptionSet& options, const Encoding& encoding, double value_ms) {
    const TuningCurves curves(options);
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
            .decode = decode_population};
}

}  // namespace elm
