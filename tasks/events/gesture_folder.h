#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/events/sensor.h"
#include "tasks/samples/sample_files.h"

namespace elm {

inline constexpr Sensor gesture_sensor{128, 128};
inline constexpr std::int64_t n_gestures = 11;

/// When a gesture was made.
struct GestureSpan {
    std::int32_t label = 0;  // 0 .. 10
    std::int64_t start_us = 0, stop_us = 0;
};

/// The table beside a recording: a line of names, then class (1 .. 11), start and end (us) of each
/// gesture. Throws Error{data} naming path and line of what is none.
std::vector<GestureSpan> parse_gesture_labels(std::string_view text, const std::string& path);

/// The folder of DVS128 Gesture: trials_to_train.txt and trials_to_test.txt name recordings in
/// AEDAT 3.1, beside each of which stands its _labels.csv; a sample is a gesture. The last user
/// of those to train on is validated on. None for another folder; throws Error{data} for missing
/// or damaged files. Source: Amir et al. 2017, doi:10.1109/CVPR.2017.781.
std::optional<SampleFiles> open_gesture_folder(const std::string& path);

}  // namespace elm
