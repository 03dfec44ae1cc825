// Gestures that an event camera saw (DVS128 Gesture). Source: Amir et al. 2017,
// doi:10.1109/CVPR.2017.781.

#include <array>

#include "tasks/events/camera_samples.h"
#include "tasks/events/event_samples.h"
#include "tasks/events/gesture_folder.h"

namespace elm {
namespace {

/// In the order of the classes.
constexpr std::array names = {"hand clapping",
                              "right hand wave",
                              "left hand wave",
                              "right arm clockwise",
                              "right arm counter-clockwise",
                              "left arm clockwise",
                              "left arm counter-clockwise",
                              "arm roll",
                              "air drums",
                              "air guitar",
                              "other"};
static_assert(names.size() == n_gestures);

SampleForm form(const OptionSet& options, const SampleSource&) {
    return camera_form(options, gesture_sensor, n_gestures);
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return sensor_figure(
        "DVS128 Gesture: which gesture?", samples, gesture_sensor.width, gesture_sensor.height,
        [](int label) { return std::string(names[static_cast<std::size_t>(label)]); });
}

}  // namespace

TaskEntry dvs_gesture_task() {
    return sample_task(
        {.name = "dvs-gesture",
         .summary = "DVS128 Gesture: which of 11 gestures did an event camera see?",
         .source = "Amir et al. 2017, doi:10.1109/CVPR.2017.781",
         .needs_files = true,
         .samples = SampleKind{
             .family = "dvs-gesture",
             .learnt = {"events", "label"},
             .options = [] { return OptionSet(); },
             .statistics = [](const Values&,
                              const SetColumns& samples) { return event_statistics(samples); },
             .picture = picture,
             .open = [](const std::string& path,
                        const OptionSet&) { return open_gesture_folder(path); },
             .published = "the folder of DVS128 Gesture with trials_to_train.txt, "
                          "trials_to_test.txt and the recordings (.aedat) that they name",
             .declare_form = [](OptionSet& options) { declare_camera_form(options, 10, 1500, 4); },
             .form = form,
             .are_events = true}});
}

}  // namespace elm
