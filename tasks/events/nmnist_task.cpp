// Digits that an event camera saw in three movements of 100 ms (N-MNIST). Source: Orchard,
// Jayawant, Cohen & Thakor 2015, doi:10.3389/fnins.2015.00437.

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/data/file_bytes.h"
#include "tasks/events/camera_samples.h"
#include "tasks/events/event_samples.h"
#include "tasks/events/nmnist_file.h"
#include "tasks/events/recording_table.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t n_digits = 10;
constexpr std::int64_t held_out_of = 10;  // every so many training samples of a digit is held out

bool is_folder(const fs::path& path) {
    std::error_code status;
    return fs::is_directory(path, status);
}

/// Recordings of a split, digit by digit in order of their names.
std::vector<Recording> recordings_of(const fs::path& folder) {
    std::vector<Recording> recordings;
    for (std::int32_t digit = 0; digit < n_digits; ++digit) {
        const fs::path own = folder / fmt::to_string(digit);
        std::vector<std::string> names;
        std::error_code failure;
        for (const auto& entry : fs::directory_iterator(own, failure)) {
            if (entry.path().extension() == ".bin") names.push_back(entry.path().string());
        }
        if (names.empty()) {
            throw Error(ErrorKind::data,
                        fmt::format("{} has no recordings (.bin); expected the folder of N-MNIST "
                                    "with Train/0 to 9 and Test/0 to 9.",
                                    own.string()));
        }
        std::sort(names.begin(), names.end());
        for (std::string& name : names) recordings.push_back({std::move(name), {digit}});
    }
    return recordings;
}

std::vector<std::vector<float>> read_recording(const Recording& recording) {
    const std::string bytes = read_file_bytes(recording.path, "a recording of N-MNIST (.bin)");
    return {sample_of(parse_nmnist(bytes, recording.path), nmnist_sensor, 0)};
}

std::optional<SampleFiles> open(const std::string& path, const OptionSet&) {
    const fs::path train = fs::path(path) / "Train", test = fs::path(path) / "Test";
    if (!is_folder(train / "0") && !is_folder(test / "0")) return {};
    SampleFiles files{.name = path};
    for (const fs::path& part : {train, test}) {
        files.tables.push_back(
            std::make_shared<RecordingTable>(recordings_of(part), part.string(), read_recording));
    }
    const std::int64_t n_train = files.tables.front()->count();
    for (std::int64_t k = 0; k < n_train; ++k) {
        files.splits[k % held_out_of == held_out_of - 1 ? 1 : 0].push_back(k);
    }
    for (std::int64_t k = 0; k < files.tables.back()->count(); ++k) {
        files.splits[2].push_back(n_train + k);
    }
    return files;
}

SampleForm form(const OptionSet& options, const SampleSource&) {
    return camera_form(options, nmnist_sensor, n_digits);
}

TileFigure picture(const Values&, const SetColumns& samples) {
    return sensor_figure("N-MNIST: which digit?", samples, nmnist_sensor.width,
                         nmnist_sensor.height, [](int label) { return fmt::to_string(label); });
}

}  // namespace

TaskEntry nmnist_task() {
    return sample_task(
        {.name = "nmnist",
         .summary = "N-MNIST: which digit did an event camera see?",
         .source = "Orchard et al. 2015, doi:10.3389/fnins.2015.00437",
         .needs_files = true,
         .samples = SampleKind{
             .family = "nmnist",
             .learnt = {"events", "label"},
             .options = [] { return OptionSet(); },
             .statistics = [](const Values&,
                              const SetColumns& samples) { return event_statistics(samples); },
             .picture = picture,
             .open = open,
             .published = "the folder of N-MNIST with Train/0 to 9 and Test/0 to 9",
             .declare_form = [](OptionSet& options) { declare_camera_form(options, 5, 300, 1); },
             .form = form,
             .are_events = true}});
}

}  // namespace elm
