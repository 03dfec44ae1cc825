#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "tasks/arena/sets/arena_pool.h"
#include "tasks/arena/sets/k_means.h"

/// Which samples an arena is fought on, after the offline test sets of Luo et al. 2024, arXiv
/// 2407.10627: a diverse one and a hard one.
namespace elm {

/// Clusters for so many samples: one for about 20 of them, 20 to 500.
std::int64_t cluster_count(std::int64_t n_samples);

/// Samples in both halves of every cluster, by place in the source; drawn by key.
std::pair<SampleNumbers, SampleNumbers> halves_of(const Clusters& clusters, const RandomKey& key);

/// Half of the groups each, drawn by key, by place in the source; `groups` by place. Throws
/// Error{invalid} for fewer than two groups.
std::pair<SampleNumbers, SampleNumbers> halves_of_groups(const SampleNumbers& groups,
                                                         const RandomKey& key);

/// A test set, by place in the source.
struct TestSet {
    SampleNumbers diverse;  // 2 of each cluster
    SampleNumbers hard;     // as many, the most difficult of up to 20 of each cluster
    SampleNumbers mixed;    // both, each once, in rising order
};

/// Chosen among `half`. `difficulty` by place in the source.
TestSet choose_test_set(const SampleNumbers& half, const Clusters& clusters,
                        const std::vector<double>& difficulty, const RandomKey& key);

/// Places in `others` of those that are near a test sample: among its 5 nearest by the cosine of
/// their embeddings, and nearer than 0.95.
SampleNumbers near_copies(const PointSet& tested, const PointSet& others);

/// The same for symbols, of `element_bytes` bytes each: those that share more than 0.7 of all runs
/// of 5 symbols with a test sample, as 128 hashes tell (MinHash, Broder 1997,
/// doi:10.1109/SEQUEN.1997.666900).
SampleNumbers near_copies(const std::vector<std::string>& tested,
                          const std::vector<std::string>& others, std::int64_t element_bytes);

}  // namespace elm
