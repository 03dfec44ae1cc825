#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/io/option_set.h"
#include "tasks/events/sensor.h"
#include "tasks/samples/sample_task.h"

namespace elm {

/// Events from `start_us` on, as a sample holds them (event_bins.h): times count from there.
std::vector<float> sample_of(std::span<const CameraEvent> events, const Sensor& sensor,
                             std::int64_t start_us);

/// The options of event_samples.h and "joined", the side of squares of pixels that are one.
void declare_camera_form(OptionSet& options, double bin_ms, double duration_ms,
                         std::int64_t joined);
SampleForm camera_form(const OptionSet& options, const Sensor& sensor, std::int64_t n_classes);

}  // namespace elm
