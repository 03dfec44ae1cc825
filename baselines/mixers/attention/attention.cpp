// Exact attention of all steps, see softmax_attention.h; with `rotary` queries and keys are turned
// by their positions, see rotation.h. The matrix of weights is never in memory, see
// kernels/ops/attention/attention.h. From chunk to chunk keys and values of all steps so far are
// kept: memory and time of a step grow with them.
// Source: Vaswani et al. 2017, arXiv 1706.03762.

#include "baselines/mixers/attention/softmax_attention.h"

namespace elm {
namespace {

OptionSet options() {
    OptionSet options = head_options();
    options.declare(
        {.name = "rotary", .value = false, .help = "turn queries and keys by their positions"});
    return options;
}

}  // namespace

MixerEntry attention_mixer() {
    return {.name = "attention",
            .summary = "exact attention",
            .source = "Vaswani et al. 2017, arXiv 1706.03762",
            .options = options,
            .make = [](const OptionSet& chosen,
                       const MixerPlace& place) -> std::unique_ptr<SequenceMixer> {
                return std::make_unique<SoftmaxAttention>(chosen, place, 0,
                                                          chosen.get<bool>("rotary"));
            }};
}

}  // namespace elm
