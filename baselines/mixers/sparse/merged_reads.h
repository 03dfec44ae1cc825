#pragma once

#include <cstdint>
#include <span>

#include "kernels/ops/attention/listed_attention.h"

namespace elm {

/// One softmax over the keys of all parts, each of which has read its own with the same queries:
/// the sum of their outputs by exp(log_sum), divided by the sum of those. (batch, queries, heads
/// value features). A key that is in two parts counts twice.
Var merged_reads(Context& context, std::span<const ListedAttentionResult> parts,
                 std::int64_t heads);

}  // namespace elm
