#include "baselines/mixers/sparse/merged_reads.h"

#include <vector>

#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/softmax.h"

namespace elm {

Var merged_reads(Context& context, std::span<const ListedAttentionResult> parts,
                 std::int64_t heads) {
    const Shape shape = parts.front().output.value.shape();
    const Shape log_sums = parts.front().log_sums.value.shape();
    if (parts.size() == 1) return parts.front().output;
    std::vector<Var> columns;
    for (const ListedAttentionResult& part : parts) {
        columns.push_back(reshape(context, part.log_sums, {log_sums.size(), 1}));
    }
    const Var weights = softmax(context, concatenate(context, columns, 1));
    Var total;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto at = static_cast<std::int64_t>(i);
        const Var own = reshape(context, slice(context, weights, 1, at, at + 1), log_sums);
        const Var each = repeat(context, transpose(context, own, 1, 2), -1, shape[2] / heads);
        const Var part = multiply(context, parts[i].output, reshape(context, each, shape));
        total = i == 0 ? part : add(context, total, part);
    }
    return total;
}

}  // namespace elm
