#include "network/time_stepped/cuda/synapse_segments.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"

namespace elm::network {
namespace {

/// Segments of one slice, by source.
template <class Real>
struct SliceSegments {
    std::vector<SynapseSegment<Real>> segments;
    std::vector<std::uint32_t> counts, degrees;  // by source: segments and synapses
    std::int64_t longest_delay = 0;
    double largest_sum = 0;
};

/// Appends the segments of a group whose first entry stands at `at`, in bytes.
template <class Real>
void cut(const SynapseGroup<Real>& group, std::int64_t at, std::int64_t first_slot,
         std::vector<SynapseSegment<Real>>& to) {
    using Form = typename SynapseGroup<Real>::Form;
    constexpr auto entry = static_cast<std::int64_t>(sizeof(Synapse<Real>));
    SynapseSegment<Real> segment{};
    segment.delay = static_cast<std::uint16_t>(group.delay());
    std::int64_t slot = first_slot, stride = entry;
    if (group.form() != Form::each) {
        const Synapse<Real>& all = group.head()[1];
        slot += all.slot;
        segment.weight = all.weight;
        segment.slot_bytes = group.form() == Form::near ? 2 : 4;
        at += entry;
        stride = segment.slot_bytes;
    }
    segment.slot = static_cast<std::uint32_t>(slot);
    const std::int64_t count = group.count();
    for (std::int64_t first = 0; first < count; first += segment.most) {
        segment.at = at + first * stride;
        segment.count = static_cast<std::uint16_t>(std::min(segment.most, count - first));
        to.push_back(segment);
    }
}

template <class Real>
SliceSegments<Real> segments_of(const SynapseRows<Real>& rows, std::int64_t first_byte,
                                std::int64_t first_slot, std::int64_t n_slots) {
    SliceSegments<Real> result;
    result.counts.resize(static_cast<std::size_t>(rows.n_sources()));
    result.degrees.resize(result.counts.size());
    std::vector<double> sums(static_cast<std::size_t>(n_slots));
    for (std::int64_t source = 0; source < rows.n_sources(); ++source) {
        if (rows.row(source) == nullptr) continue;
        const auto s = static_cast<std::size_t>(source);
        const std::size_t before = result.segments.size();
        for (SynapseGroup<Real> group(rows.row(source)); !group.is_end();
             group = SynapseGroup<Real>(group.next_head())) {
            const std::int64_t entry = group.head() + 1 - rows.entries().data();
            cut(group, first_byte + entry * static_cast<std::int64_t>(sizeof(Synapse<Real>)),
                first_slot, result.segments);
            group.for_each([&](std::size_t slot, Real weight) {
                sums[slot] += std::abs(static_cast<double>(weight));
            });
            result.degrees[s] += group.count();
            result.longest_delay = std::max(result.longest_delay, group.delay());
        }
        result.counts[s] = static_cast<std::uint32_t>(result.segments.size() - before);
    }
    if (!sums.empty()) result.largest_sum = *std::max_element(sums.begin(), sums.end());
    return result;
}

}  // namespace

template <class Real>
SegmentedRows<Real> segment_rows(std::span<const SynapseRows<Real>> slices,
                                 std::span<const std::int64_t> first_slots) {
    ELM_CHECK(first_slots.back() < std::int64_t{1} << 32,
              "{} state variables, at most 2^32 have numbers on a device: take fewer neurons.",
              first_slots.back());
    std::vector<std::int64_t> first_bytes(1);
    for (const SynapseRows<Real>& rows : slices) {
        first_bytes.push_back(first_bytes.back() +
                              static_cast<std::int64_t>(rows.entries().size_bytes()));
    }
    std::vector<SliceSegments<Real>> parts(slices.size());
    Cpu::for_each_task(std::ssize(parts), [&](std::int64_t i) {
        const auto s = static_cast<std::size_t>(i);
        parts[s] = segments_of(slices[s], first_bytes[s], first_slots[s],
                               first_slots[s + 1] - first_slots[s]);
    });
    SegmentedRows<Real> all;
    std::size_t n_segments = 0;
    for (const SliceSegments<Real>& part : parts) {
        n_segments += part.segments.size();
        all.longest_delay = std::max(all.longest_delay, part.longest_delay);
        all.largest_sum = std::max(all.largest_sum, part.largest_sum);
    }
    all.segments.reserve(n_segments);
    all.degrees.resize(parts.front().degrees.size());
    all.delays.resize(all.degrees.size());
    std::vector<std::size_t> next(parts.size());
    for (std::size_t source = 0; source < all.degrees.size(); ++source) {
        all.begins.push_back(std::ssize(all.segments));
        for (std::size_t s = 0; s < parts.size(); ++s) {
            const auto first = parts[s].segments.begin() + static_cast<std::ptrdiff_t>(next[s]);
            next[s] += parts[s].counts[source];
            all.segments.insert(all.segments.end(), first, first + parts[s].counts[source]);
            all.degrees[source] += parts[s].degrees[source];
        }
        for (auto s = all.begins.back(); s < std::ssize(all.segments); ++s) {
            all.delays[source] =
                std::max(all.delays[source], all.segments[static_cast<std::size_t>(s)].delay);
        }
        all.most_segments =
            std::max(all.most_segments, std::ssize(all.segments) - all.begins.back());
    }
    all.begins.push_back(std::ssize(all.segments));
    return all;
}

template SegmentedRows<float> segment_rows(std::span<const SynapseRows<float>>,
                                           std::span<const std::int64_t>);
template SegmentedRows<double> segment_rows(std::span<const SynapseRows<double>>,
                                            std::span<const std::int64_t>);

}  // namespace elm::network
