#include "tasks/events/gesture_folder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/data/file_bytes.h"
#include "tasks/events/aedat_file.h"
#include "tasks/events/camera_samples.h"
#include "tasks/events/recording_table.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
    throw Error(ErrorKind::data, fmt::format("{}: {}", path, what));
}

/// Calls body(number, line) for lines that are not empty, numbered from 1.
template <class Body>
void for_each_line(std::string_view text, const Body& body) {
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) body(number, line);
    }
}

/// Three whole numbers with commas between them; none for anything else.
std::optional<std::array<std::int64_t, 3>> numbers_of(std::string_view line) {
    std::array<std::int64_t, 3> numbers{};
    for (std::size_t k = 0; k < numbers.size(); ++k) {
        const char* const end = line.data() + line.size();
        const auto [next, failure] = std::from_chars(line.data(), end, numbers[k]);
        const bool is_last = k + 1 == numbers.size();
        if (failure != std::errc{} || (is_last ? next != end : next == end || *next != ',')) {
            return {};
        }
        line.remove_prefix(static_cast<std::size_t>(next - line.data()) + (is_last ? 0 : 1));
    }
    return numbers;
}

std::vector<std::string> trial_names(const fs::path& list) {
    std::vector<std::string> names;
    const std::string text = read_file_bytes(list.string(), "a list of recordings");
    for_each_line(text, [&](int, std::string_view line) { names.emplace_back(line); });
    if (names.empty()) refuse(list.string(), "it names no recordings.");
    return names;
}

std::vector<GestureSpan> spans_of(const std::string& recording) {
    const std::string labels = fs::path(recording).replace_extension("").string() + "_labels.csv";
    return parse_gesture_labels(read_file_bytes(labels, "the labels of a recording"), labels);
}

/// The gestures of a recording, each from its beginning.
std::vector<std::vector<float>> read_recording(const Recording& recording) {
    const std::vector<CameraEvent> events =
        parse_aedat(read_file_bytes(recording.path, "a recording in AEDAT 3.1"), gesture_sensor,
                    recording.path);
    std::vector<std::vector<float>> samples;
    for (const GestureSpan& span : spans_of(recording.path)) {
        const auto earlier = [](const CameraEvent& event, std::int64_t time_us) {
            return event.time_us < time_us;
        };
        const auto begin = std::lower_bound(events.begin(), events.end(), span.start_us, earlier);
        const auto end = std::lower_bound(begin, events.end(), span.stop_us, earlier);
        samples.push_back(sample_of(std::span(begin, end), gesture_sensor, span.start_us));
    }
    return samples;
}

std::shared_ptr<const SampleTable> open_recording(const std::string& path) {
    Recording recording{path};
    for (const GestureSpan& span : spans_of(path)) recording.labels.push_back(span.label);
    return std::make_shared<RecordingTable>(std::vector{recording}, path, read_recording);
}

}  // namespace

std::vector<GestureSpan> parse_gesture_labels(std::string_view text, const std::string& path) {
    std::vector<GestureSpan> spans;
    for_each_line(text, [&](int number, std::string_view line) {
        const auto numbers = numbers_of(line);
        if (!numbers && number == 1) return;  // names of the columns
        if (!numbers) {
            refuse(path, fmt::format("line {}: '{}'; expected class,start,end as whole numbers.",
                                     number, line));
        }
        const auto [label, start, stop] = *numbers;
        if (label < 1 || label > n_gestures || start < 0 || stop <= start) {
            refuse(path, fmt::format("line {}: class {} from {} to {} us; expected a class of 1 to "
                                     "{} and a time that ends after it begins.",
                                     number, label, start, stop, n_gestures));
        }
        spans.push_back({static_cast<std::int32_t>(label - 1), start, stop});
    });
    if (spans.empty()) refuse(path, "it has no gestures.");
    return spans;
}

std::optional<SampleFiles> open_gesture_folder(const std::string& path) {
    const fs::path folder(path), train = folder / "trials_to_train.txt",
                                 test = folder / "trials_to_test.txt";
    std::error_code status;
    const bool has_train = fs::exists(train, status), has_test = fs::exists(test, status);
    if (!has_train && !has_test) return {};
    SampleFiles files{.name = path};
    std::vector<std::string> names = trial_names(train);
    const std::string last_user = names.back().substr(0, names.back().find('_'));
    std::int64_t sample = 0;
    const auto add = [&](const std::string& name, std::size_t split) {
        files.tables.push_back(open_recording((folder / name).string()));
        for (std::int64_t k = 0; k < files.tables.back()->count(); ++k) {
            files.splits[split].push_back(sample++);
        }
    };
    for (const std::string& name : names) add(name, name.starts_with(last_user + "_") ? 1 : 0);
    for (const std::string& name : trial_names(test)) add(name, 2);
    return files;
}

}  // namespace elm
