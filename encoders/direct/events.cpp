// Binning of a stream of events: step k holds the events in [start + k bin_ms, start + (k+1)
// bin_ms). Start is 0 or the time of the first event; with `end_ms` events from there on are left
// out, and without `keep_last` those of a last bin that does not end before the last event does.

#include <algorithm>
#include <cmath>

#include "encoders/encoder.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

Encoding encode_events(const OptionSet& options, const Signal& signal, const RandomKey&) {
    const auto bin_ms = options.get<double>("bin_ms"), end_ms = options.get<double>("end_ms");
    const double start = options.get<bool>("from_first") ? signal.events.front().time_ms : 0;
    const double last = signal.events.back().time_ms;
    const double length = end_ms > 0 ? end_ms - start : last - start;
    ELM_CHECK(length >= 0, "end_ms {:g} is before the first event", end_ms);
    ELM_CHECK(length / bin_ms < 1e9, "{:g} ms are more than 1e9 bins of {:g} ms", length, bin_ms);
    Encoding encoding{.n_units = signal.n_channels, .step_ms = bin_ms};
    const double bins = length / bin_ms;
    encoding.n_steps = static_cast<std::int64_t>(!options.get<bool>("keep_last") ? std::floor(bins)
                                                 : end_ms > 0                    ? std::ceil(bins)
                                                              : std::floor(bins) + 1);
    for (const SignalEvent& event : signal.events) {
        const auto step =
            static_cast<std::int64_t>(std::floor((event.time_ms - start) / bin_ms + 1e-9));
        if (step >= encoding.n_steps || (end_ms > 0 && event.time_ms >= end_ms)) continue;
        encoding.spikes.push_back({step, event.unit});
    }
    if (options.get<std::string>("count") == "all") return encoding;
    const auto in_order = [](const SpikeEvent& a, const SpikeEvent& b) {
        return a.step != b.step ? a.step < b.step : a.unit < b.unit;
    };
    std::sort(encoding.spikes.begin(), encoding.spikes.end(), in_order);
    const auto same = [](const SpikeEvent& a, const SpikeEvent& b) {
        return a.step == b.step && a.unit == b.unit;
    };
    encoding.spikes.erase(std::unique(encoding.spikes.begin(), encoding.spikes.end(), same),
                          encoding.spikes.end());
    return encoding;
}

OptionSet event_options() {
    OptionSet options;
    options.declare(
        {.name = "bin_ms", .value = 1.0, .help = "width of a bin", .unit = "ms", .lowest = 1e-6});
    options.declare({.name = "count",
                     .value = std::string("all"),
                     .help = "events of a unit in a bin: all of them, or one",
                     .choices = {"all", "once"}});
    options.declare({.name = "from_first",
                     .value = false,
                     .help = "the first bin begins at the first event, not at 0"});
    options.declare({.name = "end_ms",
                     .value = 0.0,
                     .help = "end of the last bin; 0: behind the last event",
                     .unit = "ms",
                     .lowest = 0});
    options.declare({.name = "keep_last",
                     .value = true,
                     .help = "keep a last bin that the events do not fill"});
    return options;
}

}  // namespace

EncoderEntry events_encoder() {
    return {.name = "events",
            .summary = "bins of a stream of events, such as that of an event camera",
            .source = "SHD binning, arXiv 1910.07407; ToFrame of tonic",
            .options = event_options(),
            .reads = SignalKind::events,
            .encode = encode_events};
}

}  // namespace elm
