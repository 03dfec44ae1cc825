#include "tasks/samples/sample_order.h"

#include <algorithm>
#include <utility>

#include "tasks/data/keyed_permutation.h"

namespace elm {
namespace {

constexpr std::int64_t batches_sorted = 16;

std::uint64_t number(std::int64_t value) { return static_cast<std::uint64_t>(value); }

}  // namespace

SampleOrder::SampleOrder(std::int64_t count, std::int64_t run, std::int64_t group,
                         std::vector<std::int32_t> lengths)
    : count_(count),
      run_(run),
      group_(std::max(group / run, std::int64_t{1}) * run),
      lengths_(std::move(lengths)) {}

std::int64_t SampleOrder::sample_at(std::uint64_t seed, std::int64_t place) const {
    const RandomKey key =
        RandomKey{seed}.for_purpose("order of samples").at_step(number(place / count_));
    place %= count_;
    if (count_ <= group_) {
        return static_cast<std::int64_t>(permuted(key, number(count_), number(place)));
    }
    const std::int64_t last = count_ / group_ - 1, group = std::min(place / group_, last);
    const std::int64_t begin = group * group_, size = group == last ? count_ - begin : group_;
    const RandomKey within = key.for_part(1 + static_cast<std::uint32_t>(group));
    const std::int64_t mixed =
        begin + static_cast<std::int64_t>(permuted(within, number(size), number(place - begin)));
    const std::int64_t whole_runs = count_ / run_, run = mixed / run_;
    if (run == whole_runs) return mixed;
    return static_cast<std::int64_t>(permuted(key, number(whole_runs), number(run))) * run_ +
           mixed % run_;
}

std::vector<std::int64_t> SampleOrder::batch(std::uint64_t seed, std::int64_t index,
                                             std::int64_t size) const {
    const bool sorts = !lengths_.empty();
    const std::int64_t window = sorts ? index / batches_sorted : index;
    const std::int64_t places = sorts ? size * batches_sorted : size;
    std::vector<std::int64_t> samples(static_cast<std::size_t>(places));
    for (std::int64_t k = 0; k < places; ++k) {
        samples[static_cast<std::size_t>(k)] = sample_at(seed, window * places + k);
    }
    if (!sorts) return samples;
    std::stable_sort(samples.begin(), samples.end(), [&](std::int64_t a, std::int64_t b) {
        return lengths_[static_cast<std::size_t>(a)] < lengths_[static_cast<std::size_t>(b)];
    });
    const RandomKey key =
        RandomKey{seed}.for_purpose("order of batches by length").at_step(number(window));
    const auto first = static_cast<std::ptrdiff_t>(
        permuted(key, batches_sorted, number(index % batches_sorted)) * number(size));
    return {samples.begin() + first, samples.begin() + first + size};
}

}  // namespace elm
