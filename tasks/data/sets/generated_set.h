#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "tasks/data/sets/sample_table.h"

namespace elm {

/// Where the samples of a set come from: with it, all bits of the set follow.
struct SetOrigin {
    std::string task;
    Values options;  // of the generator
    std::uint64_t seed = 0;
    std::int64_t first = 0, count = 0;  // samples first .. first + count - 1 of the seed

    /// The same as attributes: "task", "seed", "first", "count", and "option.NAME".
    Values facts() const;
};

/// The one layout of generated sets, HDF5:
///
///   attributes  format "elmsim-set", format_version, version of the program; those of
///               SetOrigin::facts(); fields "image label .."
///   NAME        (count, row..) values of a field, uint8, int16 or float32; shuffled where elements
///               have several bytes, and compressed by deflate
///   NAME        of a ragged field: values of all samples, one after the other
///   NAME_offset (count + 1) int64 where each sample of a ragged field begins, and the end
///   config      text: the configuration of the run that made it
inline constexpr const char* set_format = "elmsim-set";
inline constexpr std::int64_t set_format_version = 1;

/// Samples that stand in one chunk of a large field of a set of `count`: what one thread draws, or
/// reads, at once.
std::int64_t set_block_size(const std::vector<SetField>& fields, std::int64_t count);

/// True if the file says that it is one of these sets.
bool is_generated_set(const std::string& path);

/// A set on disk that is read by ranges of samples.
class GeneratedSet final : public SampleTable {
public:
    /// Throws Error{data} for a file that is missing or cut, that is no such set, that a newer
    /// program wrote, or whose fields do not have the shapes that it promises.
    static GeneratedSet open(const std::string& path);

    const SetOrigin& origin() const noexcept { return origin_; }
    const std::vector<SetField>& fields() const override { return fields_; }
    std::int64_t count() const override { return origin_.count; }
    std::int64_t block_size() const override;
    SetColumns read(std::int64_t first, std::int64_t count,
                    const std::vector<SetField>& fields) const override;
    std::vector<std::int32_t> lengths(const std::string& field) const override;
    std::string fingerprint() const override;
    const std::string& path() const override { return file_.path(); }

private:
    explicit GeneratedSet(Hdf5File file) : file_(std::move(file)) {}
    void read_origin();
    void read_fields();
    void read_chunk(SetColumn& column, std::int64_t chunk_rows, std::int64_t first,
                    std::int64_t count) const;

    Hdf5File file_;
    SetOrigin origin_;
    std::vector<SetField> fields_;
    std::map<std::string, std::int64_t> chunk_rows_;  // of fields of bytes in compressed chunks
};

}  // namespace elm
