// Exact attention with scores that are learned for each pair of positions, see softmax_attention.h:
//   P = softmax over j of q[i] k[j] / sqrt(d) + R[i][j], each head by itself
// with R (heads, longest, longest), of which a sequence of n steps takes the first n rows and
// columns: a random synthesizer mixed with products, as the public code of Tay et al. 2021, arXiv
// 2011.04006, takes it. R begins uniform within sqrt(6 / (2 heads longest)).
// Source: Tay et al. 2021, arXiv 2005.00743.

#include <cmath>
#include <memory>

#include "baselines/mixers/attention/softmax_attention.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

class SynthesizerMixer : public SoftmaxAttention {
public:
    SynthesizerMixer(const OptionSet& options, const MixerPlace& place)
        : SoftmaxAttention(options, place, 0, false),
          longest_(options.get<std::int64_t>("longest")) {
        const double limit = std::sqrt(3 / static_cast<double>(heads() * longest_));
        random_ =
            &parameter("random", {heads(), longest_, longest_}, initialise::uniform(-limit, limit));
    }

    MixerTraits traits() const override { return {.state_tensors = 2}; }

protected:
    Var bias(Context& context, std::int64_t begin, std::int64_t end) override {
        ELM_CHECK(
            end <= longest_,
            "a sequence of {} steps was given to a synthesizer for at most {}. Set longest to "
            "the longest sequence.",
            end, longest_);
        const Var rows = slice(context, use(context, *random_), 1, begin, end);
        return slice(context, rows, 2, 0, end);
    }

private:
    std::int64_t longest_;
    ModuleParameter* random_;
};

OptionSet options() {
    OptionSet options = head_options();
    options.declare({.name = "longest",
                     .value = std::int64_t{512},
                     .help = "longest sequence that scores are learned for",
                     .unit = "steps",
                     .lowest = 1,
                     .highest = 65536});
    return options;
}

}  // namespace

MixerEntry synthesizer_mixer() {
    return {.name = "synthesizer",
            .summary = "attention with learned scores of positions",
            .source = "Tay et al. 2021, arXiv 2005.00743",
            .options = options,
            .make = make_mixer_of<SynthesizerMixer>};
}

}  // namespace elm
