// Linear attention, see feature_attention.h:
//   f(x) = g(x) = x + 1 above 0, exp(x) below; 1e-6 is added to the divisor
// Source: Katharopoulos et al. 2020, arXiv 2006.16236.

#include <memory>

#include "baselines/mixers/features/feature_attention.h"

namespace elm {
namespace {

class LinearAttentionMixer : public FeatureAttention {
public:
    using FeatureAttention::FeatureAttention;

protected:
    Var features(Context& context, const FeatureRows& of) override {
        return activate(context, of.rows, Activation::elu_plus_one);
    }
    std::int64_t feature_count() const override { return head_width(); }
    double epsilon() const override { return 1e-6; }
};

}  // namespace

MixerEntry linear_attention_mixer() {
    return {.name = "linear_attention",
            .summary = "linear attention",
            .source = "Katharopoulos et al. 2020, arXiv 2006.16236",
            .options = head_options,
            .make = make_mixer_of<LinearAttentionMixer>};
}

}  // namespace elm
