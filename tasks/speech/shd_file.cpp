#include "tasks/speech/shd_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"
#include "tasks/events/event_samples.h"

namespace elm {
namespace {

constexpr const char* times_name = "spikes/times";
constexpr const char* units_name = "spikes/units";
constexpr std::int64_t samples_of_block = 64;

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
    throw Error(ErrorKind::data, fmt::format("{}: {}", path, what));
}

}  // namespace

const std::vector<std::string>& shd_words() {
    static const std::vector<std::string> words = {
        "zero", "one",  "two",  "three", "four", "five", "six",   "seven",  "eight", "nine",
        "null", "eins", "zwei", "drei",  "vier", "fünf", "sechs", "sieben", "acht",  "neun"};
    return words;
}

bool is_shd_file(const std::string& path) {
    if (!Hdf5File::is_hdf5(path)) return false;
    const Hdf5File file = Hdf5File::open(path);
    return file.is_dataset(times_name) && file.is_dataset(units_name);
}

std::shared_ptr<const ShdFile> ShdFile::open(const std::string& path, std::int64_t n_classes) {
    std::shared_ptr<ShdFile> table(new ShdFile(Hdf5File::open(path)));
    const Hdf5File& file = table->file_;
    table->fields_ = {event_field(), {.name = "label"}};
    table->labels_ = file.read<std::int32_t>("labels");
    const std::int64_t count = table->count();
    if (count == 0) refuse(path, "it holds no samples.");
    file.require_shape(times_name, {count});
    file.require_shape(units_name, {count});
    for (std::int64_t k = 0; k < count; ++k) {
        const std::int32_t label = table->labels_[static_cast<std::size_t>(k)];
        if (label >= 0 && label < n_classes) continue;
        refuse(path, fmt::format("sample {} has the label {}; expected 0 to {}.", k, label,
                                 n_classes - 1));
    }
    if (file.is_dataset("extra/speaker")) {
        file.require_shape("extra/speaker", {count});
        table->speakers_ = file.read<std::int32_t>("extra/speaker");
    }
    return table;
}

std::int64_t ShdFile::block_size() const { return std::min(samples_of_block, count()); }

void ShdFile::add_events(SetColumn& column, std::int64_t first, std::int64_t count) const {
    const auto times = file_.read_ragged<float>(times_name, first, count);
    const auto units = file_.read_ragged<std::int32_t>(units_name, first, count);
    std::vector<float> events;
    for (std::int64_t k = 0; k < count; ++k) {
        const auto time = times.row(k);
        const auto unit = units.row(k);
        if (time.size() != unit.size()) {
            refuse(path(), fmt::format("sample {} has {} times and {} units; expected as many.",
                                       first + k, time.size(), unit.size()));
        }
        events.clear();
        for (std::size_t at = 0; at < time.size(); ++at) {
            if (unit[at] < 0 || unit[at] >= shd_units) {
                refuse(path(), fmt::format("sample {}, spike {}: unit {}; expected 0 to {}.",
                                           first + k, at, unit[at], shd_units - 1));
            }
            if (!(time[at] >= 0) || !std::isfinite(time[at])) {
                refuse(path(), fmt::format("sample {}, spike {}: a time of {} s; expected a finite "
                                           "one from 0 on.",
                                           first + k, at, time[at]));
            }
            events.push_back(time[at]);
            events.push_back(static_cast<float>(unit[at]));
        }
        column.add<float>(events);
    }
}

SetColumns ShdFile::read(std::int64_t first, std::int64_t count,
                         const std::vector<SetField>& fields) const {
    require_range(*this, first, count);
    SetColumns columns = empty_columns(fields);
    for (SetColumn& column : columns) {
        if (column.field.name == event_field().name) {
            add_events(column, first, count);
            continue;
        }
        for (std::int64_t k = first; k < first + count; ++k) {
            column.add(static_cast<std::uint8_t>(labels_[static_cast<std::size_t>(k)]));
        }
    }
    return columns;
}

/// Counting values of all samples would read the file: whoever learns events does not ask.
std::vector<std::int32_t> ShdFile::lengths(const std::string& field) const {
    const SetColumns columns = read(0, count(), {event_field()});
    std::vector<std::int32_t> lengths;
    for (std::int64_t k = 0; k < count(); ++k) {
        lengths.push_back(static_cast<std::int32_t>(column_of(columns, field).at<float>(k).size()));
    }
    return lengths;
}

std::string ShdFile::fingerprint() const { return fingerprint_of_file(path()); }

}  // namespace elm
