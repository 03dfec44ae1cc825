// Attention by rectified features, weighted by a cosine of the distance, see feature_attention.h:
//   f(x) = g(x) = [max(x, 0) sin(a t), max(x, 0) cos(a t)]      a = pi / (2 longest)
// for the step at position t = 1, 2, ..., so that f(q[i]) g(k[j]) = max(q, 0) max(k, 0)
// cos(a (i - j)); the divisor is at least 1e-6.
// Source: Qin et al. 2022, arXiv 2202.08791. Where we differ: `longest` is an option and not the
// length of each sequence, so that a step does not depend on how many follow it.

#include <cmath>
#include <memory>
#include <vector>

#include "baselines/mixers/features/feature_attention.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

class CosformerMixer : public FeatureAttention {
public:
    CosformerMixer(const OptionSet& options, const MixerPlace& place)
        : FeatureAttention(options, place), longest_(options.get<std::int64_t>("longest")) {}

protected:
    std::int64_t feature_count() const override { return 2 * head_width(); }
    double epsilon() const override { return -1e-6; }

    Var features(Context& context, const FeatureRows& of) override {
        const std::int64_t steps = of.rows.value.shape()[1];
        ELM_CHECK(of.begin + steps <= longest_,
                  "a sequence of {} steps was given to a cosformer for at most {}. Set longest to "
                  "the longest sequence.",
                  of.begin + steps, longest_);
        const Var rows = activate(context, of.rows, Activation::relu);
        const Var parts[] = {multiply(context, rows, {table(context.stream, of, steps, true)}),
                             multiply(context, rows, {table(context.stream, of, steps, false)})};
        return concatenate(context, parts, 3);
    }

private:
    /// (time, heads, width)
    Tensor table(Stream& stream, const FeatureRows& of, std::int64_t steps, bool sine) const {
        const Shape shape{steps, heads(), head_width()};
        const Tensor result = Tensor::empty(stream, shape, of.rows.value.dtype());
        visit_real(result.dtype(), [&]<class Real>(Real) {
            std::vector<Real> values;
            for (std::int64_t step = 0; step < steps; ++step) {
                const double angle = std::acos(-1.0) / 2 *
                                     static_cast<double>(of.begin + step + 1) /
                                     static_cast<double>(longest_);
                values.insert(values.end(), static_cast<std::size_t>(shape[1] * shape[2]),
                              static_cast<Real>(sine ? std::sin(angle) : std::cos(angle)));
            }
            result.assign<Real>(stream, values);
        });
        return result;
    }

    std::int64_t longest_;
};

OptionSet options() {
    OptionSet options = head_options();
    options.declare({.name = "longest",
                     .value = std::int64_t{4096},
                     .help = "longest sequence: weights fall to 0 at this distance",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 1 << 24});
    return options;
}

}  // namespace

MixerEntry cosformer_mixer() {
    return {.name = "cosformer",
            .summary = "attention by rectified features and a cosine of the distance",
            .source = "Qin et al. 2022, arXiv 2202.08791",
            .options = options,
            .make = make_mixer_of<CosformerMixer>};
}

}  // namespace elm
