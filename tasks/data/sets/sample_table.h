#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/data/sets/set_generator.h"

namespace elm {

/// Samples that exist, numbered from 0.
class SampleTable {
public:
    virtual ~SampleTable() = default;

    virtual const std::vector<SetField>& fields() const = 0;
    virtual std::int64_t count() const = 0;
    /// Samples that stand together, so that one of them is read as fast as all.
    virtual std::int64_t block_size() const = 0;
    /// Some fields of samples [first, first + count). From several threads at once. Throws
    /// Error{invalid} for samples that are not there and Error{data} for damaged ones.
    virtual SetColumns read(std::int64_t first, std::int64_t count,
                            const std::vector<SetField>& fields) const = 0;
    /// All of them where they are in memory, else null.
    virtual const SetColumns* in_memory() const { return nullptr; }
    /// Values of a ragged field in each sample.
    virtual std::vector<std::int32_t> lengths(const std::string& field) const = 0;
    /// Digits that tell these samples from others.
    virtual std::string fingerprint() const = 0;
    /// Where they stand, for people.
    virtual const std::string& path() const = 0;
};

/// Samples in memory, such as a file that can be read as a whole only.
class MemoryTable final : public SampleTable {
public:
    MemoryTable(SetColumns samples, std::string path, std::string fingerprint);

    const std::vector<SetField>& fields() const override { return fields_; }
    std::int64_t count() const override { return samples_.front().samples(); }
    std::int64_t block_size() const override { return 1; }
    SetColumns read(std::int64_t first, std::int64_t count,
                    const std::vector<SetField>& fields) const override;
    const SetColumns* in_memory() const override { return &samples_; }
    std::vector<std::int32_t> lengths(const std::string& field) const override;
    std::string fingerprint() const override { return fingerprint_; }
    const std::string& path() const override { return path_; }

private:
    SetColumns samples_;
    std::vector<SetField> fields_;
    std::string path_, fingerprint_;
};

/// Draws samples first .. first + count - 1 of a seed, on all threads.
SetColumns draw_samples(const SetGenerator& generator, std::uint64_t seed, std::uint64_t first,
                        std::int64_t count);

/// Throws Error{invalid} unless there are samples [first, first + count).
void require_range(const SampleTable& table, std::int64_t first, std::int64_t count);

}  // namespace elm
