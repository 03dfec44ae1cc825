#include "baselines/backbones/positions.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/core/support/check.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

Tensor sinusoids(Stream& stream, std::int64_t steps, std::int64_t width, DType dtype) {
    Tensor table = Tensor::empty(stream, {steps, width}, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        std::vector<Real> values;
        values.reserve(static_cast<std::size_t>(steps * width));
        for (std::int64_t step = 0; step < steps; ++step) {
            for (std::int64_t k = 0; k < width; ++k) {
                const double rate =
                    std::pow(10000.0, -static_cast<double>(k - k % 2) / static_cast<double>(width));
                const double angle = static_cast<double>(step) * rate;
                values.push_back(static_cast<Real>(k % 2 == 0 ? std::sin(angle) : std::cos(angle)));
            }
        }
        table.assign<Real>(stream, values);
    });
    return table;
}

}  // namespace

Positions::Positions(const std::string& kind, std::int64_t longest, std::int64_t width)
    : kind_(kind), width_(width) {
    if (kind == "learned") {
        learned_ = &table("weight", {longest, width}, initialise::normal(0, 0.02));
    }
}

Var Positions::forward(Context& context, const Var& input, StateCursor* state) {
    if (kind_ == "none") return input;
    const Shape& shape = input.value.shape();
    const Tensor before = state == nullptr ? Tensor{} : state->take_tensor();
    const std::int64_t begin = before.defined() ? before.shape()[1] : 0, end = begin + shape[1];
    if (state != nullptr) {
        // The number of steps so far: an extent of a tensor without elements, which the host knows.
        state->keep(Tensor::empty(context.stream, {shape[0], end, 0}, input.value.dtype()));
    }
    return add(context, input, rows(context, begin, end, input.value.dtype()));
}

Var Positions::rows(Context& context, std::int64_t begin, std::int64_t end, DType dtype) {
    if (learned_ != nullptr) {
        const std::int64_t longest = learned_->shape[0];
        ELM_CHECK(end <= longest,
                  "a sequence of {} steps was given to a model that learned {} positions. Set "
                  "max_positions to the longest sequence, or positions to sinusoidal.",
                  end, longest);
        return slice(context, use(context, *learned_), 0, begin, end);
    }
    const bool fits = table_.defined() && table_.shape()[0] >= end && table_.dtype() == dtype &&
                      table_.device() == context.stream.device();
    if (!fits) {
        const std::int64_t known = table_.defined() ? table_.shape()[0] : 0;
        table_ =
            sinusoids(context.stream, end <= known ? end : std::max(end, 2 * known), width_, dtype);
    }
    return {table_.rows(begin, end)};
}

}  // namespace elm
