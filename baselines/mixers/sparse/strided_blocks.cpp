#include "baselines/mixers/sparse/strided_blocks.h"

#include <algorithm>

#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/tabulate.h"

namespace elm {

std::pair<std::int64_t, std::int64_t> StridedBlocks::padding(std::int64_t which,
                                                             std::int64_t length) const {
    const auto element_of = [&](std::int64_t step) {
        return std::clamp<std::int64_t>(step - which * block, 0, block);
    };
    return {element_of(length), element_of(steps)};
}

KeyLists StridedBlocks::lists(const std::vector<std::int64_t>& lengths) const {
    const std::int64_t all = steps + spare;
    KeyLists lists(all, all, block, std::ssize(lengths));
    for (const std::int64_t length : lengths) {
        std::vector<std::int32_t> order;
        for (std::int64_t which = 0; which < count(); ++which) {
            const auto [first, end] = padding(which, length);
            for (std::int64_t element = 0; element < block; ++element) {
                const std::int64_t key = element * count() + which;
                const bool is_padding = first <= element && element < end;
                lists.see(key, key + 1, is_padding ? first : 0, is_padding ? end : block);
                order.push_back(static_cast<std::int32_t>(key));
            }
            lists.close();
        }
        lists.append_order(order);
    }
    return lists;
}

Var StridedBlocks::blanked(Context& context, const Var& queries,
                           const std::vector<std::int64_t>& lengths) const {
    const bool has_padding = std::any_of(lengths.begin(), lengths.end(),
                                         [this](std::int64_t length) { return length < steps; });
    if (!has_padding) return queries;
    const Shape& shape = queries.value.shape();
    const auto factor = [&](std::int64_t at) {
        const std::int64_t step = at / shape[2] % steps, sample = at / (steps * shape[2]);
        const auto [first, end] =
            padding(step % count(), lengths[static_cast<std::size_t>(sample)]);
        const std::int64_t element = step / count();
        return first <= element && element < end ? 0.0 : 1.0;
    };
    return multiply(context, queries,
                    {tabulate(context.stream, shape, queries.value.dtype(), factor)});
}

}  // namespace elm
