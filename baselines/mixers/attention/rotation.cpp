#include "baselines/mixers/attention/rotation.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "kernels/core/support/check.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"

namespace elm {

namespace {

std::vector<double> falling_frequencies(std::int64_t features) {
    ELM_CHECK(features % 2 == 0,
              "rotary positions turn pairs of features, but a head has {}. Choose heads and "
              "attention_width so that it has an even number.",
              features);
    std::vector<double> all;
    for (std::int64_t pair = 0; pair < features / 2; ++pair) {
        all.push_back(
            std::pow(10000.0, -2 * static_cast<double>(pair) / static_cast<double>(features)));
    }
    return all;
}

}  // namespace

Rotation::Rotation(std::int64_t heads, std::int64_t features)
    : Rotation(heads, falling_frequencies(features)) {}

Rotation::Rotation(std::int64_t heads, std::vector<double> frequencies)
    : heads_(heads),
      features_(2 * static_cast<std::int64_t>(frequencies.size())),
      frequencies_(std::move(frequencies)) {}

Rotation::Tables Rotation::tables(Stream& stream, std::int64_t begin, std::int64_t end,
                                  DType dtype) {
    const Tensor& known = tables_.cosine;
    const bool fits = known.defined() && known.shape()[0] >= end && known.dtype() == dtype &&
                      known.device() == stream.device();
    if (!fits) {
        const std::int64_t before = known.defined() ? known.shape()[0] : 0;
        const std::int64_t steps = end <= before ? end : std::max(end, 2 * before);
        const Shape shape{steps, heads_, features_ / 2};
        visit_real(dtype, [&]<class Real>(Real) {
            std::vector<Real> cosine, sine;
            for (std::int64_t at = 0; at < shape.size(); ++at) {
                const auto step = static_cast<double>(at / (heads_ * shape[2]));
                const double angle = step * frequencies_[static_cast<std::size_t>(at % shape[2])];
                cosine.push_back(static_cast<Real>(std::cos(angle)));
                sine.push_back(static_cast<Real>(std::sin(angle)));
            }
            tables_ = {Tensor::from<Real>(stream, shape, cosine),
                       Tensor::from<Real>(stream, shape, sine)};
        });
    }
    return {tables_.cosine.rows(begin, end), tables_.sine.rows(begin, end)};
}

Var Rotation::turn(Context& context, const Var& input, std::int64_t begin) {
    const Shape shape = input.value.shape();
    const Var each = reshape(context, input, {shape[0], shape[1], heads_, features_});
    const Var a = slice(context, each, 3, 0, features_ / 2);
    const Var b = slice(context, each, 3, features_ / 2, features_);
    const Tables known = tables(context.stream, begin, begin + shape[1], input.value.dtype());
    const Var cosine{known.cosine}, sine{known.sine};
    const Var parts[] = {
        subtract(context, multiply(context, a, cosine), multiply(context, b, sine)),
        add(context, multiply(context, a, sine), multiply(context, b, cosine))};
    return reshape(context, concatenate(context, parts, 3), shape);
}

}  // namespace elm
