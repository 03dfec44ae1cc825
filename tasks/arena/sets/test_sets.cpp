#include "tasks/arena/sets/test_sets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "tasks/data/keyed_permutation.h"

namespace elm {
namespace {

std::vector<SampleNumbers> members_of(const Clusters& clusters, const SampleNumbers& among) {
    std::vector<SampleNumbers> members;
    for (const std::int64_t place : among) {
        const auto cluster =
            static_cast<std::size_t>(clusters.of_point[static_cast<std::size_t>(place)]);
        if (members.size() <= cluster) members.resize(cluster + 1);
        members[cluster].push_back(place);
    }
    return members;
}

/// Up to `count` of them, drawn without replacement.
SampleNumbers draw(const SampleNumbers& from, std::size_t count, const RandomKey& key) {
    SampleNumbers drawn;
    for (std::size_t k = 0; k < std::min(count, from.size()); ++k) {
        drawn.push_back(from[permuted(key, from.size(), k)]);
    }
    return drawn;
}

constexpr std::size_t n_hashes = 128;
using Signature = std::array<std::uint64_t, n_hashes>;

/// Mixes all bits (the finaliser of SplitMix64, Steele, Lea & Flood 2014,
/// doi:10.1145/2660193.2660195).
std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

Signature signature_of(std::string_view sample, std::int64_t element_bytes) {
    constexpr std::size_t n_symbols = 5;
    const std::size_t step = static_cast<std::size_t>(element_bytes), run = n_symbols * step;
    Signature least;
    least.fill(std::numeric_limits<std::uint64_t>::max());
    for (std::size_t begin = 0; begin == 0 || begin + run <= sample.size(); begin += step) {
        std::uint64_t hash = 0xCBF29CE484222325u;
        for (const char letter : sample.substr(begin, run)) {
            hash = (hash ^ static_cast<unsigned char>(letter)) * 0x00000100000001B3u;
        }
        for (std::size_t k = 0; k < n_hashes; ++k) {
            least[k] = std::min(least[k], mixed(hash + (k + 1) * 0x9E3779B97F4A7C15u));
        }
    }
    return least;
}

std::vector<Signature> signatures_of(const std::vector<std::string>& samples,
                                     std::int64_t element_bytes) {
    std::vector<Signature> all(samples.size());
    Cpu::for_each_task(std::ssize(samples), [&](std::int64_t k) {
        const auto at = static_cast<std::size_t>(k);
        all[at] = signature_of(samples[at], element_bytes);
    });
    return all;
}

SampleNumbers marked(const std::vector<char>& marks) {
    SampleNumbers places;
    for (std::size_t k = 0; k < marks.size(); ++k) {
        if (marks[k] != 0) places.push_back(static_cast<std::int64_t>(k));
    }
    return places;
}

}  // namespace

std::int64_t cluster_count(std::int64_t n_samples) {
    constexpr std::int64_t of_cluster = 20, fewest = 20, most = 500;
    const auto wanted = static_cast<std::int64_t>(
        std::lround(static_cast<double>(n_samples) / static_cast<double>(of_cluster)));
    return std::min(n_samples, std::clamp(wanted, fewest, most));
}

std::pair<SampleNumbers, SampleNumbers> halves_of(const Clusters& clusters, const RandomKey& key) {
    SampleNumbers all;
    for (std::size_t k = 0; k < clusters.of_point.size(); ++k) {
        all.push_back(static_cast<std::int64_t>(k));
    }
    std::pair<SampleNumbers, SampleNumbers> halves;
    std::uint32_t cluster = 0;
    for (const SampleNumbers& members : members_of(clusters, all)) {
        const SampleNumbers order = draw(members, members.size(), key.for_part(cluster));
        for (std::size_t k = 0; k < order.size(); ++k) {
            // A cluster of an odd number gives the one more by turns.
            (((k + cluster) % 2) == 0 ? halves.first : halves.second).push_back(order[k]);
        }
        ++cluster;
    }
    std::sort(halves.first.begin(), halves.first.end());
    std::sort(halves.second.begin(), halves.second.end());
    return halves;
}

std::pair<SampleNumbers, SampleNumbers> halves_of_groups(const SampleNumbers& groups,
                                                         const RandomKey& key) {
    SampleNumbers distinct = groups;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    ELM_CHECK(distinct.size() >= 2,
              "the source of ARENA-DEV and ARENA-TEST has samples of one group alone (of one "
              "simulation): choose a larger source.");
    SampleNumbers first = draw(distinct, (distinct.size() + 1) / 2, key);
    std::sort(first.begin(), first.end());
    std::pair<SampleNumbers, SampleNumbers> halves;
    for (std::size_t place = 0; place < groups.size(); ++place) {
        const bool is_first = std::binary_search(first.begin(), first.end(), groups[place]);
        (is_first ? halves.first : halves.second).push_back(static_cast<std::int64_t>(place));
    }
    return halves;
}

TestSet choose_test_set(const SampleNumbers& half, const Clusters& clusters,
                        const std::vector<double>& difficulty, const RandomKey& key) {
    constexpr std::size_t diverse_of_cluster = 2, candidates_of_cluster = 20;
    TestSet set;
    SampleNumbers candidates;
    std::uint32_t cluster = 0;
    for (const SampleNumbers& members : members_of(clusters, half)) {
        const RandomKey own = key.for_part(cluster++);
        for (const std::int64_t place :
             draw(members, diverse_of_cluster, own.for_purpose("diverse"))) {
            set.diverse.push_back(place);
        }
        for (const std::int64_t place :
             draw(members, candidates_of_cluster, own.for_purpose("hard"))) {
            candidates.push_back(place);
        }
    }
    std::stable_sort(candidates.begin(), candidates.end(), [&](std::int64_t a, std::int64_t b) {
        return difficulty[static_cast<std::size_t>(a)] > difficulty[static_cast<std::size_t>(b)];
    });
    candidates.resize(std::min(candidates.size(), set.diverse.size()));
    set.hard = candidates;
    std::sort(set.diverse.begin(), set.diverse.end());
    std::sort(set.hard.begin(), set.hard.end());
    std::set_union(set.diverse.begin(), set.diverse.end(), set.hard.begin(), set.hard.end(),
                   std::back_inserter(set.mixed));
    return set;
}

SampleNumbers near_copies(const PointSet& tested, const PointSet& others) {
    constexpr std::size_t nearest = 5;
    constexpr double most_similar = 0.95;
    const auto length = [&](const PointSet& points, std::int64_t i) {
        double sum = 0;
        for (std::int64_t k = 0; k < points.dimensions; ++k) {
            sum += points.at(i)[k] * points.at(i)[k];
        }
        return std::sqrt(std::max(sum, std::numeric_limits<double>::min()));
    };
    std::vector<double> lengths;
    for (std::int64_t i = 0; i < others.count(); ++i) lengths.push_back(length(others, i));
    std::vector<SampleNumbers> found(static_cast<std::size_t>(tested.count()));
    Cpu::for_each_task(tested.count(), [&](std::int64_t t) {
        const double own = length(tested, t);
        std::vector<std::pair<double, std::int64_t>> all;
        for (std::int64_t i = 0; i < others.count(); ++i) {
            double product = 0;
            for (std::int64_t k = 0; k < tested.dimensions; ++k) {
                product += tested.at(t)[k] * others.at(i)[k];
            }
            const double similarity = product / (own * lengths[static_cast<std::size_t>(i)]);
            if (similarity > most_similar) all.emplace_back(-similarity, i);
        }
        std::sort(all.begin(), all.end());
        all.resize(std::min(all.size(), nearest));
        for (const auto& one : all) found[static_cast<std::size_t>(t)].push_back(one.second);
    });
    std::vector<char> marks(static_cast<std::size_t>(others.count()), 0);
    for (const SampleNumbers& own : found) {
        for (const std::int64_t place : own) marks[static_cast<std::size_t>(place)] = 1;
    }
    return marked(marks);
}

SampleNumbers near_copies(const std::vector<std::string>& tested,
                          const std::vector<std::string>& others, std::int64_t element_bytes) {
    constexpr double most_shared = 0.7;
    const std::vector<Signature> known = signatures_of(tested, element_bytes),
                                 asked = signatures_of(others, element_bytes);
    std::vector<char> marks(others.size(), 0);
    Cpu::for_each_task(std::ssize(others), [&](std::int64_t k) {
        const auto at = static_cast<std::size_t>(k);
        for (const Signature& one : known) {
            std::size_t shared = 0;
            for (std::size_t h = 0; h < n_hashes; ++h) shared += one[h] == asked[at][h] ? 1 : 0;
            if (static_cast<double>(shared) <= most_shared * static_cast<double>(n_hashes)) {
                continue;
            }
            marks[at] = 1;
            return;
        }
    });
    return marked(marks);
}

}  // namespace elm
