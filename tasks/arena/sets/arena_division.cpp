#include "tasks/arena/sets/arena_division.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/data/keyed_permutation.h"

namespace elm {
namespace {

/// Parts that keep their samples come first.
std::vector<std::pair<std::string, std::int64_t>> in_order(const ArenaSizes& sizes) {
    std::vector<std::pair<std::string, std::int64_t>> all{{part::test, sizes.test},
                                                          {part::source, sizes.source},
                                                          {part::calibration, sizes.calibration},
                                                          {part::committee, sizes.committee},
                                                          {part::opponents, sizes.opponents},
                                                          {part::lessons(0), sizes.target}};
    for (int k = 1; k <= n_lesson_parts; ++k) all.emplace_back(part::lessons(k), sizes.part);
    return all;
}

/// Leaves out what another part has already.
void drop_duplicates(const ArenaPool& pool,
                     const std::vector<std::pair<std::string, std::int64_t>>& order,
                     ArenaParts& parts) {
    std::unordered_map<std::string, std::size_t> owner;
    for (std::size_t k = 0; k < order.size(); ++k) {
        SampleNumbers& own = parts[order[k].first];
        const std::vector<std::string> contents = pool.contents(own);
        SampleNumbers kept;
        for (std::size_t i = 0; i < own.size(); ++i) {
            if (owner.emplace(contents[i], k).first->second == k) kept.push_back(own[i]);
        }
        own = std::move(kept);
    }
}

}  // namespace

std::string part::lessons(int index) { return fmt::format("d{}", index); }

bool is_lesson_part(const std::string& name) {
    for (int k = 1; k <= n_lesson_parts; ++k) {
        if (name == part::lessons(k)) return true;
    }
    return false;
}

std::int64_t ArenaSizes::total() const noexcept {
    return target + n_lesson_parts * part + opponents + committee + calibration + source + test;
}

ArenaSizes ArenaSizes::scaled_to(std::int64_t samples) const {
    const double share = static_cast<double>(samples) / static_cast<double>(total());
    ArenaSizes scaled = *this;
    for (std::int64_t* const size :
         {&scaled.target, &scaled.part, &scaled.opponents, &scaled.committee, &scaled.calibration,
          &scaled.source, &scaled.test}) {
        *size = static_cast<std::int64_t>(static_cast<double>(*size) * share);
        if (*size > 0) continue;
        throw Error(ErrorKind::data,
                    fmt::format("{} samples are too few for the parts of an arena.", samples));
    }
    return scaled;
}

ArenaSizes ArenaSizes::in_groups_of(std::int64_t samples) const {
    ArenaSizes whole = *this;
    for (std::int64_t* const size : {&whole.target, &whole.part, &whole.opponents, &whole.committee,
                                     &whole.calibration, &whole.source, &whole.test}) {
        *size -= *size % samples;
    }
    return whole;
}

ArenaParts divide_pool(const ArenaPool& pool, const ArenaSizes& sizes, std::uint64_t seed) {
    const bool own_test = pool.first_own_test() < pool.count();
    const std::int64_t there = pool.first_own_test();
    const std::int64_t wanted = sizes.total() - (own_test ? sizes.test : 0);
    ELM_CHECK(wanted <= there, "the parts ask for {} samples, and there are {}.", wanted, there);
    const RandomKey key = RandomKey{seed}.for_purpose("parts of an arena");
    const std::int64_t of_group = pool.group_size(), n_groups = there / of_group;
    const auto order = in_order(sizes);
    ArenaParts parts;
    std::int64_t next = 0;
    for (const auto& [name, size] : order) {
        SampleNumbers& own = parts[name];
        if (own_test && name == part::test) {
            own.resize(static_cast<std::size_t>(pool.count() - there));
            std::iota(own.begin(), own.end(), there);
            continue;
        }
        ELM_CHECK(size > 0, "the part {} has {} samples, expected at least 1.", name, size);
        ELM_CHECK(size >= of_group,
                  "the part {} has {} samples, and {} of one group (windows of one simulation) "
                  "stand together: choose larger parts, or give more data.",
                  name, size, of_group);
        for (std::int64_t k = 0; k < size / of_group; ++k, ++next) {
            const auto group = static_cast<std::int64_t>(permuted(
                key, static_cast<std::uint64_t>(n_groups), static_cast<std::uint64_t>(next)));
            for (std::int64_t i = 0; i < of_group; ++i) own.push_back(group * of_group + i);
        }
        std::sort(own.begin(), own.end());
    }
    drop_duplicates(pool, order, parts);
    return parts;
}

void require_filled(const ArenaParts& parts, const std::string& cause) {
    std::vector<std::string> empty;
    for (const auto& [name, samples] : parts) {
        if (samples.empty()) empty.push_back(name);
    }
    if (empty.empty()) return;
    throw Error(
        ErrorKind::invalid,
        fmt::format(
            "no sample is left for the parts {} of an arena: {}. Choose options by which the "
            "task has more different inputs (longer sequences, a larger "
            "vocabulary), or smaller parts (--set arena_parts.part=..., test, "
            "source, opponents).",
            fmt::join(empty, ", "), cause));
}

void require_disjoint(const ArenaParts& parts, std::int64_t group_size) {
    std::unordered_map<std::int64_t, std::string> owner;
    for (const auto& [name, samples] : parts) {
        if (name == part::diverse || name == part::hard || name == part::source) continue;
        for (const std::int64_t sample : samples) {
            const auto [found, is_new] = owner.emplace(sample / group_size, name);
            if (is_new || found->second == name) continue;
            throw Error(ErrorKind::data,
                        fmt::format("{} {} stands in both parts {} and {} of the arena: what "
                                    "is tested would be trained on. Build the arena anew.",
                                    group_size == 1 ? "sample" : "the group of sample", sample,
                                    found->second, name));
        }
    }
}

}  // namespace elm
