#include "baselines/mixers/attention/segments.h"

#include <cstdint>

#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"

namespace elm {

Var segment_means(Context& context, const Var& rows, std::int64_t count) {
    const Shape shape = rows.value.shape();
    const std::int64_t steps = shape[1], length = steps / count;
    const std::int64_t longer = steps - count * length, shorter = count - longer;
    const auto means = [&](std::int64_t begin, std::int64_t segments, std::int64_t each) {
        const Var part = slice(context, rows, 1, begin, begin + segments * each);
        return mean(context, reshape(context, part, {shape[0], segments, each, shape[2]}), 2);
    };
    Var first = means(0, shorter, length);
    if (longer == 0) return first;
    const Var parts[] = {first, means(shorter * length, longer, length + 1)};
    return concatenate(context, parts, 1);
}

}  // namespace elm
