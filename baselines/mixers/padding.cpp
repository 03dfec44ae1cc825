#include "baselines/mixers/padding.h"

#include <cstdint>
#include <vector>

#include "kernels/ops/basic/elementwise.h"

namespace elm {

Var without_padding(Context& context, const Var& rows, const Tensor& lengths) {
    if (!lengths.defined()) return rows;
    const Shape& shape = rows.value.shape();
    const Tensor mask = Tensor::empty(context.stream, shape, rows.value.dtype());
    visit_real(mask.dtype(), [&]<class Real>(Real) {
        std::vector<Real> values;
        values.reserve(static_cast<std::size_t>(shape.size()));
        for (std::int64_t at = 0; at < shape.size(); ++at) {
            const std::int64_t row = at / shape[2], sample = row / shape[1];
            const std::int64_t length =
                lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)];
            values.push_back(row % shape[1] < length ? Real(1) : Real(0));
        }
        mask.assign<Real>(context.stream, values);
    });
    return multiply(context, rows, {mask});
}

}  // namespace elm
