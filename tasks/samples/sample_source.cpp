#include "tasks/samples/sample_source.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/fingerprint.h"

namespace elm {
namespace {

constexpr std::int64_t kept_together = 64;                        // held-out samples
constexpr std::int64_t most_block_bytes = std::int64_t{1} << 29;  // of files, in memory
constexpr std::int64_t most_event_bytes = std::int64_t{1} << 31;  // pairs are drawn from all
constexpr std::int64_t events_of_sample = 8192;                   // about
constexpr std::int64_t group_bytes = std::int64_t{1} << 26;       // samples that are mixed

constexpr int most_threads = 8;  // that read ahead: each holds a batch

/// Index of the first held-out sample of a split among those of seed 0.
std::uint64_t first_held_out(Split split) {
    return std::uint64_t{1} << (split == Split::validation ? 62 : 63);
}

}  // namespace

std::vector<std::int64_t> SampleSource::samples_of(const BatchRequest& request) const {
    if (request.split == Split::train && order_) {
        return order_->batch(request.seed, request.index, request.size);
    }
    std::vector<std::int64_t> samples(static_cast<std::size_t>(request.size));
    std::iota(samples.begin(), samples.end(), request.index * request.size);
    return samples;
}

GeneratedSource::GeneratedSource(SetGenerator generator, const GeneratedSizes& sizes)
    : generator_(std::move(generator)),
      sizes_(sizes),
      held_out_(std::numeric_limits<std::int64_t>::max()) {
    if (sizes.train_samples > 0) {
        order_.emplace(sizes.train_samples, 1, sizes.train_samples);
    }
}

void GeneratedSource::read(Split split, std::uint64_t seed, std::span<const std::int64_t> samples,
                           SetColumns& columns) const {
    if (split == Split::train || !generator_.is_slow) {
        const bool is_new = split == Split::train && sizes_.train_samples == 0;
        const std::uint64_t first = split == Split::train ? 0 : first_held_out(split);
        for (const std::int64_t sample : samples) {
            generator_.draw(is_new ? seed : 0, first + static_cast<std::uint64_t>(sample), columns);
        }
        return;
    }
    for (const std::int64_t sample : samples) {
        const std::int64_t block = sample / kept_together, begin = block * kept_together;
        const BlockCache::Block kept =
            held_out_.get(2 * block + (split == Split::test ? 1 : 0), [&] {
                return draw_samples(generator_, 0,
                                    first_held_out(split) + static_cast<std::uint64_t>(begin),
                                    std::min(kept_together, sizes_.held_out - begin));
            });
        add_samples(columns, *kept, sample - begin, 1);
    }
}

int GeneratedSource::threads() const { return generator_.is_slow ? thread_count() : 1; }

Values GeneratedSource::facts() const {
    Values facts{{"held_out", sizes_.held_out}};
    if (sizes_.train_samples > 0) facts["train_samples"] = sizes_.train_samples;
    return facts;
}

StoredSource::StoredSource(SampleFiles files, const std::array<std::string, 2>& learnt,
                           bool are_events)
    : files_(std::move(files)),
      are_events_(are_events),
      blocks_(are_events ? most_event_bytes : most_block_bytes) {
    take_fields(learnt);
    Fingerprint fingerprint;
    std::int64_t begin = 0, run = 1;
    for (const auto& table : files_.tables) {
        begin_.push_back(begin);
        begin += table->count();
        run = std::max(run, table->block_size());
        fingerprint.add(table->fingerprint());
        if (!fields_.front().ragged || are_events_) continue;
        const std::vector<std::int32_t> lengths = table->lengths(fields_.front().name);
        lengths_.insert(lengths_.end(), lengths.begin(), lengths.end());
    }
    for (const auto& split : files_.splits) {
        fingerprint.add(std::ssize(split));
        for (const std::int64_t number : split) fingerprint.add(number);
    }
    fingerprint_ = fingerprint.text();
    const SetField& input = fields_.front();
    const std::int64_t values =
        are_events_    ? 2 * events_of_sample
        : input.ragged ? std::accumulate(lengths_.begin(), lengths_.end(), std::int64_t{0}) / begin
                       : input.row_size();
    std::vector<std::int32_t> train_lengths;
    if (!lengths_.empty()) {
        for (const std::int64_t number : numbers(Split::train)) {
            train_lengths.push_back(lengths_[static_cast<std::size_t>(number)]);
        }
    }
    order_.emplace(count(Split::train), run,
                   group_bytes / std::max(values * input.element_bytes(), std::int64_t{1}),
                   std::move(train_lengths));
}

void StoredSource::take_fields(const std::array<std::string, 2>& learnt) {
    for (const auto& table : files_.tables) {
        std::vector<SetField> found;
        for (const SetField& field : table->fields()) {
            if (field.name == learnt[0]) found.insert(found.begin(), field);
            if (field.name == learnt[1]) found.push_back(field);
        }
        if (found.size() != learnt.size()) {
            throw Error(ErrorKind::data,
                        fmt::format("{} does not have the fields {} and {}. Make the set anew.",
                                    table->path(), learnt[0], learnt[1]));
        }
        if (fields_.empty()) fields_ = found;
        if (fields_ != found) {
            throw Error(ErrorKind::data,
                        fmt::format("samples of {} have another form than those of {}.",
                                    table->path(), files_.tables.front()->path()));
        }
    }
}

std::size_t StoredSource::table_of(std::int64_t number) const {
    return static_cast<std::size_t>(std::upper_bound(begin_.begin(), begin_.end(), number) -
                                    begin_.begin() - 1);
}

void StoredSource::read(Split split, std::uint64_t /*seed*/, std::span<const std::int64_t> samples,
                        SetColumns& columns) const {
    for (const std::int64_t sample : samples) {
        const std::int64_t number = numbers(split)[static_cast<std::size_t>(sample)];
        const std::size_t at = table_of(number);
        const SampleTable& table = *files_.tables[at];
        const std::int64_t index = number - begin_[at];
        if (const SetColumns* const all = table.in_memory(); all != nullptr) {
            add_samples(columns, *all, index, 1);
            continue;
        }
        const std::int64_t first = index / table.block_size() * table.block_size();
        const BlockCache::Block block = blocks_.get(begin_[at] + first, [&] {
            return table.read(first, std::min(table.block_size(), table.count() - first), fields_);
        });
        add_samples(columns, *block, index - first, 1);
    }
}

int StoredSource::threads() const { return std::min(thread_count(), most_threads); }

std::optional<std::int64_t> StoredSource::longest(Split split,
                                                  std::span<const std::int64_t> samples) const {
    if (lengths_.empty()) return {};
    std::int64_t longest = 0;
    for (const std::int64_t sample : samples) {
        const std::int64_t number = numbers(split)[static_cast<std::size_t>(sample)];
        longest = std::max<std::int64_t>(longest, lengths_[static_cast<std::size_t>(number)]);
    }
    return longest;
}

}  // namespace elm
