#include "baselines/mixers/padding.h"

#include <cstdint>
#include <vector>

#include "kernels/ops/basic/elementwise.h"

namespace elm {

namespace {

/// (batch, time, width) of values that depend on whether a step counts.
template <class Value>
Tensor by_step(Stream& stream, const Tensor& rows, const Tensor& lengths, const Value& value) {
    const Shape& shape = rows.shape();
    Tensor all = Tensor::empty(stream, shape, rows.dtype());
    const auto counts = lengths.host<std::int32_t>();
    visit_real(all.dtype(), [&]<class Real>(Real) {
        std::vector<Real> values;
        values.reserve(static_cast<std::size_t>(shape.size()));
        for (std::int64_t at = 0; at < shape.size(); ++at) {
            const std::int64_t row = at / shape[2], sample = row / shape[1];
            const std::int64_t length = counts[static_cast<std::size_t>(sample)];
            values.push_back(static_cast<Real>(value(row % shape[1], length)));
        }
        all.assign<Real>(stream, values);
    });
    return all;
}

}  // namespace

Var without_padding(Context& context, const Var& rows, const Tensor& lengths) {
    if (!lengths.defined()) return rows;
    return multiply(
        context, rows,
        {by_step(context.stream, rows.value, lengths, [](std::int64_t step, std::int64_t length) {
            return step < length ? 1.0 : 0.0;
        })});
}

Var lowered_padding(Context& context, const Var& rows, const Tensor& lengths) {
    if (!lengths.defined()) return rows;
    constexpr double far_down = -1e30;
    return add(
        context, rows,
        {by_step(context.stream, rows.value, lengths, [](std::int64_t step, std::int64_t length) {
            return step < length || length == 0 ? 0.0 : far_down;
        })});
}

Var hide_padding(Context& context, const Var& scores, const Tensor& lengths, std::int64_t heads) {
    if (!lengths.defined()) return scores;
    const Shape& shape = scores.value.shape();
    return visit_real(scores.value.dtype(), [&]<class Real>(Real) {
        std::vector<Real> added;
        added.reserve(static_cast<std::size_t>(shape.size()));
        for (const std::int32_t length : lengths.host<std::int32_t>()) {
            for (std::int64_t at = 0; at < heads * shape[1] * shape[2]; ++at) {
                added.push_back(at % shape[2] < length ? Real(0) : Real(-1e30));
            }
        }
        return add(context, scores, {Tensor::from<Real>(context.stream, shape, added)});
    });
}

std::vector<std::int64_t> lengths_of(const Tensor& lengths, std::int64_t steps) {
    if (!lengths.defined()) return {steps};
    const auto all = lengths.host<std::int32_t>();
    return {all.begin(), all.end()};
}

}  // namespace elm
