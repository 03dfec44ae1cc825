#include "tasks/encoding/signal_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/counted.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/hdf5_file.h"
#include "tasks/data/file_bytes.h"
#include "tasks/data/png_image.h"
#include "tasks/data/spikes/ordered_spikes.h"
#include "tasks/data/spikes/spike_columns.h"
#include "tasks/data/spikes/spike_file.h"
#include "tasks/encoding/pgm_image.h"
#include "tasks/encoding/sound_file.h"

namespace elm {
namespace {

constexpr double shown_ms = 100;  // an image

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
    throw Error(ErrorKind::data, path + ": " + what);
}

Signal signal_of_bytes(const std::string& path) {
    const std::string bytes = read_file_bytes(path, "a text");
    if (bytes.empty()) refuse(path, "the text is empty");
    Signal signal{.n_steps = std::ssize(bytes), .n_channels = 1};
    for (const char letter : bytes) signal.values.push_back(static_cast<unsigned char>(letter));
    return signal;
}

Signal signal_of_image(const GreyPicture& picture, bool along_time) {
    const auto pixels = std::ssize(picture.values);
    Signal signal{.n_steps = along_time ? pixels : 1,
                  .n_channels = along_time ? 1 : pixels,
                  .step_ms = along_time ? 1 : shown_ms};
    for (const std::uint8_t level : picture.values) {
        signal.values.push_back(static_cast<float>(level) / 255.0F);
    }
    return signal;
}

Signal signal_of_table(const std::string& path) {
    TableLines lines(text_file(path));
    Signal signal;
    char separator = ' ';
    std::vector<TextField> fields;
    for (bool is_first = true; lines.next(); is_first = false) {
        if (is_first) {
            const auto found = lines.text().find_first_of(",;\t");
            if (found != std::string_view::npos) separator = lines.text()[found];
        }
        split_fields(lines.text(), separator, fields);
        const auto is_name = [](const TextField& field) { return !read_number(field.text); };
        if (is_first && std::all_of(fields.begin(), fields.end(), is_name)) continue;
        if (signal.n_steps == 0) signal.n_channels = std::ssize(fields);
        if (std::ssize(fields) != signal.n_channels) {
            refuse(path, fmt::format("line {} has {}, those before it have {}", lines.number(),
                                     counted(fields.size(), "value", "values"), signal.n_channels));
        }
        for (const TextField& field : fields) {
            const auto number = read_number(field.text);
            constexpr double most = std::numeric_limits<float>::max();
            if (!number || !(std::abs(*number) <= most)) {
                refuse(path, fmt::format("line {}, column {}: '{}' is no finite number",
                                         lines.number(), field.column, field.text));
            }
            signal.values.push_back(static_cast<float>(*number));
        }
        ++signal.n_steps;
    }
    if (signal.n_steps == 0) refuse(path, "the table has no values");
    return signal;
}

Signal signal_of_dataset(const std::string& path, std::string dataset) {
    const Hdf5File file = Hdf5File::open(path);
    if (dataset.empty()) {
        std::vector<std::string> found;
        for (const std::string& name : file.links("/")) {
            if (file.is_dataset(name)) found.push_back(name);
        }
        if (found.size() != 1) {
            refuse(path, found.empty() ? std::string("it has no dataset at its root: name one")
                                       : fmt::format("it has several datasets ({}): name one",
                                                     fmt::join(found, ", ")));
        }
        dataset = found.front();
    }
    const auto shape = file.shape(dataset);
    if (shape.empty() || shape.size() > 2) {
        refuse(path, fmt::format("/{} has {} axes, expected (steps) or (steps, channels)", dataset,
                                 shape.size()));
    }
    return {.n_steps = shape[0],
            .n_channels = shape.size() == 2 ? shape[1] : 1,
            .values = file.read<float>(dataset)};
}

Signal signal_of_events(const std::string& path) {
    std::vector<SpikeSample> samples = find_spikes(path);
    if (samples.size() != 1) {
        refuse(path, fmt::format("expected one stream of events, it has {}", samples.size()));
    }
    constexpr std::int64_t most_units = std::int64_t{1} << 31;
    const SpikeSummary summary =
        check_spikes(*samples.front().spikes, most_units, samples.front().duration_ms);
    if (summary.count == 0) refuse(path, "it has no events");
    if (!summary.in_order) refuse(path, "its events are not in order of time: sort them");
    OrderedSpikes spikes(std::move(samples.front().spikes), true);
    Signal signal;
    for (; const ListedSpike* spike = spikes.peek(); spikes.drop()) {
        signal.events.push_back({spike->time_ms, spike->unit});
        signal.n_channels = std::max<std::int64_t>(signal.n_channels, spike->unit + 1);
    }
    return signal;
}

void scale_to_one(const std::string& path, std::vector<float>& values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (values.empty()) return;
    const float lowest = *low, range = *high - *low;
    if (!(range > 0)) {
        refuse(path, fmt::format("all values are {}: there is no range to scale", lowest));
    }
    for (float& value : values) value = std::clamp((value - lowest) / range, 0.0F, 1.0F);
}

Signal read_unscaled(const std::string& path, const EncoderEntry& encoder,
                     const SignalFileOptions& options) {
    if (encoder.reads == SignalKind::events) return signal_of_events(path);
    if (encoder.reads == SignalKind::bytes) return signal_of_bytes(path);
    const std::string begin = read_file_bytes(path, "a signal").substr(0, 8);
    if (begin.starts_with("\x89PNG")) {
        return signal_of_image(read_grey_png_file(path), encoder.along_time);
    }
    if (begin.starts_with("P5") || begin.starts_with("P2")) {
        return signal_of_image(read_pgm_file(path), encoder.along_time);
    }
    if (is_sound_file(path)) return read_sound_file(path);
    if (Hdf5File::is_hdf5(path)) return signal_of_dataset(path, options.dataset);
    if (!begins_as_text(path)) {
        refuse(path,
               "neither a sound (WAV, FLAC, Ogg), a grey image (PNG, PGM), HDF5 nor a table "
               "of text. " +
                   foreign_hint(path));
    }
    return signal_of_table(path);
}

}  // namespace

Signal read_signal(const std::string& path, const EncoderEntry& encoder,
                   const SignalFileOptions& options) {
    require_plain_file(path);
    Signal signal = read_unscaled(path, encoder, options);
    if (options.step_ms > 0) signal.step_ms = options.step_ms;
    if (options.scale) scale_to_one(path, signal.values);
    return signal;
}

}  // namespace elm
