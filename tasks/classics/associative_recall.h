#pragma once

#include <cstdint>
#include <span>

namespace elm {

/// Associative recall: pairs of a key and a value, then one of the keys, whose value is asked for.
///
///   tokens   k_1 v_1 .. k_D v_D q: distinct keys of 1 .. vocabulary / 2 - 1, values of vocabulary
///   / 2
///            .. vocabulary - 1 which may repeat, q one of the keys with equal chance
///   target   the value of q, at the last step
///
/// Source: Ba et al. 2016, arXiv 1610.06258, section 4.1; Fu et al. 2023, arXiv 2212.14052, table
/// 1, where pairs may repeat. Keys and values do not share ids here.
struct AssociativeRecallOptions {
    int pairs = 10;       // D
    int vocabulary = 64;  // even
};

int associative_recall_length(const AssociativeRecallOptions& options);

/// Writes sample `index` of `seed`: tokens and targets (length), ignored_target but at the last
/// step. Throws Error{invalid} for options or spans that do not fit.
void fill_associative_recall(const AssociativeRecallOptions& options, std::uint64_t seed,
                             std::uint64_t index, std::span<std::int32_t> tokens,
                             std::span<std::int32_t> targets);

}  // namespace elm
