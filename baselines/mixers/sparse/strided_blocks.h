#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/ops/attention/listed_attention.h"

namespace elm {

/// Blocks as the public code of Tay et al. 2021, arXiv 2011.04006, has them: element j of block i
/// is step j n + i of n blocks, but its padding is that of step i `block` + j. `spare` zeros behind
/// the sequence fill the last ones, and are not padding.
struct StridedBlocks {
    std::int64_t block;  // steps of a block, by which steps + spare can be divided
    std::int64_t steps;  // of the sequence
    std::int64_t spare = 0;

    /// Of steps + spare queries and keys. Queries of a block see its keys that are no padding, and
    /// queries that are padding the others too. A length for each sample, or one for all where none
    /// is short.
    KeyLists lists(const std::vector<std::int64_t>& lengths) const;

    /// Queries (batch, steps, features) with zeros in place of padding, so that it sees all keys
    /// of its block alike.
    Var blanked(Context& context, const Var& queries,
                const std::vector<std::int64_t>& lengths) const;

private:
    std::int64_t count() const { return (steps + spare) / block; }
    /// Elements of a block from the first to before the second that are padding.
    std::pair<std::int64_t, std::int64_t> padding(std::int64_t which, std::int64_t length) const;
};

}  // namespace elm
