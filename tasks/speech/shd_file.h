#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "tasks/data/sets/sample_table.h"

/// Files in the layout of the Spiking Heidelberg Digits and Spiking Speech Commands, HDF5:
///
///   spikes/times            of each sample a list of times (s), float16
///   spikes/units            of each sample as many units
///   labels                  a class each
///   extra/speaker           optional: a number each
///   extra/keys              optional: names of the classes
///   extra/meta_info/...     optional: gender, age, body_height by number of the speaker
///
/// Source: Cramer, Stradmann, Schemmel & Zenke 2020, doi:10.1109/TNNLS.2020.3044364.
namespace elm {

inline constexpr std::int64_t shd_units = 700;
inline constexpr std::int64_t shd_classes = 20;
inline constexpr std::int64_t ssc_classes = 35;

/// "zero" .. "nine", "null" .. "neun": the classes of the digits in their order.
const std::vector<std::string>& shd_words();

/// True for an HDF5 file with spikes/times and spikes/units.
bool is_shd_file(const std::string& path);

/// A file of that layout, read by ranges of samples: fields "events" (event_bins.h) and "label".
class ShdFile final : public SampleTable {
public:
    /// Throws Error{data} for a file that is damaged, where lists and labels do not have equal
    /// lengths, and for a label outside [0, n_classes).
    static std::shared_ptr<const ShdFile> open(const std::string& path, std::int64_t n_classes);

    const std::vector<SetField>& fields() const override { return fields_; }
    std::int64_t count() const override { return std::ssize(labels_); }
    std::int64_t block_size() const override;
    /// Throws Error{data} naming a sample whose times and units are not equally many, a unit
    /// outside the 700 and a time that is negative or not finite.
    SetColumns read(std::int64_t first, std::int64_t count,
                    const std::vector<SetField>& fields) const override;
    std::vector<std::int32_t> lengths(const std::string& field) const override;
    std::string fingerprint() const override;
    const std::string& path() const override { return file_.path(); }

    const std::vector<std::int32_t>& labels() const noexcept { return labels_; }
    /// Of each sample; empty where the file has none.
    const std::vector<std::int32_t>& speakers() const noexcept { return speakers_; }

private:
    explicit ShdFile(Hdf5File file) : file_(std::move(file)) {}
    void add_events(SetColumn& column, std::int64_t first, std::int64_t count) const;

    Hdf5File file_;
    std::vector<SetField> fields_;
    std::vector<std::int32_t> labels_, speakers_;
};

}  // namespace elm
