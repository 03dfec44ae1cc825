#include "tasks/events/camera_samples.h"

#include <cmath>
#include <limits>
#include <utility>

#include "tasks/events/event_samples.h"
#include "tasks/samples/sample_options.h"

namespace elm {
namespace {

/// Rounded up, so that an event on the edge of a bin stays behind it.
float seconds_of(std::int64_t time_us) {
    const double exact = static_cast<double>(time_us) / 1e6;
    const auto rounded = static_cast<float>(exact);
    return double{rounded} < exact ? std::nextafter(rounded, std::numeric_limits<float>::infinity())
                                   : rounded;
}

}  // namespace

std::vector<float> sample_of(std::span<const CameraEvent> events, const Sensor& sensor,
                             std::int64_t start_us) {
    std::vector<float> sample;
    for (const CameraEvent& event : events) {
        sample.push_back(seconds_of(event.time_us - start_us));
        sample.push_back(static_cast<float>(sensor.unit(event.x, event.y, event.on)));
    }
    return sample;
}

void declare_camera_form(OptionSet& options, double bin_ms, double duration_ms,
                         std::int64_t joined) {
    declare_event_form(options, bin_ms, duration_ms);
    options.declare(whole_option("joined", joined,
                                 "side of the squares of pixels that are one unit each", 1, 1024));
}

SampleForm camera_form(const OptionSet& options, const Sensor& sensor, std::int64_t n_classes) {
    const std::int64_t side = options.get<std::int64_t>("joined");
    std::vector<std::int32_t> units = sensor.joined(side);
    SampleForm form = event_form(options, sensor.units() / (side * side), n_classes);
    if (side > 1) form.input.units = std::move(units);
    return form;
}

}  // namespace elm
