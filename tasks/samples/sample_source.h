#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tasks/data/sets/block_cache.h"
#include "tasks/data/sets/set_generator.h"
#include "tasks/samples/sample_files.h"
#include "tasks/samples/sample_order.h"
#include "tasks/task.h"

namespace elm {

/// Where the samples of a task come from: a generator, or files.
class SampleSource {
public:
    virtual ~SampleSource() = default;

    virtual const std::vector<SetField>& fields() const = 0;
    /// Samples of a split; 0 of Split::train: new ones for every batch.
    virtual std::int64_t count(Split split) const = 0;
    /// Which samples of its split the whole batch of a request holds.
    std::vector<std::int64_t> samples_of(const BatchRequest& request) const;
    /// Adds these samples of a split to columns of fields(). Those of Split::train that are new for
    /// every batch follow from the seed. From several threads at once. Throws Error{data} for
    /// damaged files.
    virtual void read(Split split, std::uint64_t seed, std::span<const std::int64_t> samples,
                      SetColumns& columns) const = 0;
    /// Length of the longest of these samples, of the ragged field that a model is given; none
    /// where that is not known before they are drawn, or where all are alike.
    virtual std::optional<std::int64_t> longest(Split /*split*/,
                                                std::span<const std::int64_t> /*samples*/) const {
        return {};
    }
    /// Threads that prepare batches ahead.
    virtual int threads() const = 0;

    /// Facts that tell these samples from others.
    virtual Values facts() const = 0;
    virtual std::string name() const = 0;  // "generated", or of the files

protected:
    std::optional<SampleOrder> order_;  // of the training samples; none: as they are counted
};

/// How many samples there are of a task that draws them.
struct GeneratedSizes {
    std::int64_t held_out = 1000;    // of the validation set, and of the test set
    std::int64_t train_samples = 0;  // to train on again and again; 0: new ones for every update
};

/// Samples that are drawn: new ones of the seed for every batch, or a fixed set of those of seed 0;
/// held out are others of seed 0, that no training comes to. Where drawing is slow they are kept.
class GeneratedSource final : public SampleSource {
public:
    GeneratedSource(SetGenerator generator, const GeneratedSizes& sizes);

    const std::vector<SetField>& fields() const override { return generator_.fields; }
    std::int64_t count(Split split) const override {
        return split == Split::train ? sizes_.train_samples : sizes_.held_out;
    }
    void read(Split split, std::uint64_t seed, std::span<const std::int64_t> samples,
              SetColumns& columns) const override;
    int threads() const override;
    Values facts() const override;
    std::string name() const override { return "generated"; }

private:
    SetGenerator generator_;
    GeneratedSizes sizes_;
    mutable BlockCache held_out_;
};

/// Samples of files, read in blocks of which those used last are kept.
class StoredSource final : public SampleSource {
public:
    /// `learnt`: the fields that are read, the first of which may be ragged. Throws Error{data} for
    /// files without them, and for tables that do not have the same ones. `are_events`: values of
    /// the first one are no steps, so samples have no lengths.
    StoredSource(SampleFiles files, const std::array<std::string, 2>& learnt,
                 bool are_events = false);

    const std::vector<SetField>& fields() const override { return fields_; }
    std::int64_t count(Split split) const override { return std::ssize(numbers(split)); }
    void read(Split split, std::uint64_t seed, std::span<const std::int64_t> samples,
              SetColumns& columns) const override;
    std::optional<std::int64_t> longest(Split split,
                                        std::span<const std::int64_t> samples) const override;
    int threads() const override;
    Values facts() const override { return {{"data", fingerprint_}}; }
    std::string name() const override { return files_.name; }

private:
    const std::vector<std::int64_t>& numbers(Split split) const {
        return files_.splits[static_cast<std::size_t>(split)];
    }
    void take_fields(const std::array<std::string, 2>& learnt);
    /// Table of a sample that is counted through all of them.
    std::size_t table_of(std::int64_t number) const;

    SampleFiles files_;
    bool are_events_;
    std::vector<SetField> fields_;
    std::vector<std::int64_t> begin_;    // number of the first sample of each table
    std::vector<std::int32_t> lengths_;  // of all samples; empty: all alike
    std::string fingerprint_;
    mutable BlockCache blocks_;
};

}  // namespace elm
