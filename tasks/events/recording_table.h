#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tasks/data/sets/sample_table.h"

namespace elm {

/// A file that holds one or several samples, one after the other.
struct Recording {
    std::string path;
    std::vector<std::int32_t> labels = {};  // of its samples
};

/// Samples of recordings of events, read file by file when they are asked for: fields "events"
/// (event_bins.h) and "label".
class RecordingTable final : public SampleTable {
public:
    /// Events of all samples of a recording. Throws Error{data} naming the file.
    using Read = std::function<std::vector<std::vector<float>>(const Recording&)>;

    /// Recordings of equally many samples, or any one.
    RecordingTable(std::vector<Recording> recordings, std::string path, Read read);

    const std::vector<SetField>& fields() const override { return fields_; }
    std::int64_t count() const override;
    std::int64_t block_size() const override { return samples_each_; }
    SetColumns read(std::int64_t first, std::int64_t count,
                    const std::vector<SetField>& fields) const override;
    std::vector<std::int32_t> lengths(const std::string& field) const override;
    /// Of names, sizes and labels.
    std::string fingerprint() const override;
    const std::string& path() const override { return path_; }

private:
    std::vector<Recording> recordings_;
    std::string path_;
    Read read_;
    std::int64_t samples_each_;
    std::vector<SetField> fields_;
};

}  // namespace elm
