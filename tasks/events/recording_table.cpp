#include "tasks/events/recording_table.h"

#include <filesystem>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/io/fingerprint.h"
#include "tasks/events/event_samples.h"

namespace elm {

RecordingTable::RecordingTable(std::vector<Recording> recordings, std::string path, Read read)
    : recordings_(std::move(recordings)),
      path_(std::move(path)),
      read_(std::move(read)),
      samples_each_(std::ssize(recordings_.front().labels)),
      fields_{event_field(), {.name = "label"}} {
    for (const Recording& recording : recordings_) {
        ELM_ASSERT(std::ssize(recording.labels) == samples_each_ && samples_each_ > 0);
    }
}

std::int64_t RecordingTable::count() const { return std::ssize(recordings_) * samples_each_; }

SetColumns RecordingTable::read(std::int64_t first, std::int64_t count,
                                const std::vector<SetField>& fields) const {
    require_range(*this, first, count);
    SetColumns columns = empty_columns(fields);
    const std::string events = event_field().name;
    for (std::int64_t sample = first; sample < first + count;) {
        const Recording& recording = recordings_[static_cast<std::size_t>(sample / samples_each_)];
        std::vector<std::vector<float>> all;
        for (const SetField& field : fields) {
            if (field.name == events) all = read_(recording);
        }
        do {
            const auto at = static_cast<std::size_t>(sample % samples_each_);
            for (SetColumn& column : columns) {
                if (column.field.name == events) {
                    column.add<float>(all[at]);
                } else {
                    column.add(static_cast<std::uint8_t>(recording.labels[at]));
                }
            }
            ++sample;
        } while (sample < first + count && sample % samples_each_ != 0);
    }
    return columns;
}

std::vector<std::int32_t> RecordingTable::lengths(const std::string& field) const {
    const SetColumns columns = read(0, count(), {event_field()});
    std::vector<std::int32_t> lengths;
    for (std::int64_t k = 0; k < count(); ++k) {
        lengths.push_back(static_cast<std::int32_t>(column_of(columns, field).at<float>(k).size()));
    }
    return lengths;
}

std::string RecordingTable::fingerprint() const {
    Fingerprint fingerprint;
    for (const Recording& recording : recordings_) {
        std::error_code status;
        fingerprint.add(std::filesystem::path(recording.path).filename().string());
        fingerprint.add(
            static_cast<std::int64_t>(std::filesystem::file_size(recording.path, status)));
        for (const std::int32_t label : recording.labels) fingerprint.add(label);
    }
    return fingerprint.text();
}

}  // namespace elm
