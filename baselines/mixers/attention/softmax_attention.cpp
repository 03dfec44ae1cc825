#include "baselines/mixers/attention/softmax_attention.h"

#include <algorithm>
#include <vector>

#include "baselines/mixers/seen_steps.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

Var behind(Context& context, const Tensor& past, const Var& rows) {
    const Var parts[] = {Var{past}, rows};
    return concatenate(context, parts, 1);
}

/// Of the keys, of which `before` are those of steps that came before.
Tensor lengths_behind(const MixerInput& input, std::int64_t before) {
    const Tensor& own = input.source_lengths();
    if (!own.defined() || before == 0) return own;
    std::vector<std::int32_t> all(own.host<std::int32_t>().begin(), own.host<std::int32_t>().end());
    for (std::int32_t& length : all) length += static_cast<std::int32_t>(before);
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, own.shape(), all);
}

}  // namespace

SoftmaxAttention::SoftmaxAttention(const OptionSet& options, const MixerPlace& place,
                                   std::int64_t window, bool rotary)
    : SequenceMixer(place.width),
      window_(window),
      projections_(options, place.width, false,
                   [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                       return child(name, std::move(linear));
                   }) {
    if (!rotary) return;
    rotation_ =
        std::make_unique<Rotation>(projections_.heads, projections_.inner / projections_.heads);
}

MixerTraits SoftmaxAttention::traits() const {
    const bool all = window_ == 0;
    return {.cross_noncausal = all,
            .cross_causal = all,
            .state_tensors = 2,
            .no_cross = "a window is around a query's own step"};
}

double SoftmaxAttention::flops_per_step(std::int64_t steps, bool causal) const {
    const std::int64_t reach = window_ > 0 ? window_ : steps;
    const double seen = causal ? seen_steps(steps, window_ > 0 ? window_ - 1 : steps, 0)
                               : seen_steps(steps, reach, reach);
    return 4 * static_cast<double>(projections_.inner) * seen;
}

void SoftmaxAttention::require_device(const DeviceLimits& device, DType) const {
    require_attention_fits(device, projections_.inner / projections_.heads);
}

Tensor SoftmaxAttention::kept(Context& context, const Tensor& rows) const {
    if (window_ == 0) return rows;
    Context plain{context.stream};
    const std::int64_t steps = rows.shape()[1];
    return slice(plain, Var{rows}, 1, std::max<std::int64_t>(0, steps - window_ + 1), steps).value;
}

Var SoftmaxAttention::run(Context& context, const MixerInput& input, StateCursor* state) {
    const Tensor keys = state == nullptr ? Tensor{} : state->take_tensor();
    const Tensor values = state == nullptr ? Tensor{} : state->take_tensor();
    const std::int64_t begin = keys.defined() ? keys.shape()[1] : 0;
    HeadProjections::Rows rows = projections_.rows(context, input);
    if (rotation_ != nullptr) {
        rows.query = rotation_->turn(context, rows.query, begin);
        rows.key = rotation_->turn(context, rows.key, input.is_cross() ? 0 : begin);
    }
    if (begin > 0) {
        rows.key = behind(context, keys, rows.key);
        rows.value = behind(context, values, rows.value);
    }
    if (state != nullptr) {
        state->keep(kept(context, rows.key.value));
        state->keep(kept(context, rows.value.value));
    }
    const bool causal = input.causal && !input.is_cross();
    const std::int64_t reach = causal ? window_ - 1 : window_;
    const AttentionSettings settings{.heads = projections_.heads,
                                     .causal = causal,
                                     .before = window_ == 0 ? all_keys : reach,
                                     .after = window_ == 0 ? all_keys : reach,
                                     .lengths = lengths_behind(input, begin)};
    const Var added = bias(context, begin, begin + input.sequence.value.shape()[1]);
    const Var read = added.value.defined()
                         ? attention(context, rows.query, rows.key, rows.value, added, settings)
                         : attention(context, rows.query, rows.key, rows.value, settings);
    return projections_.output(context, read);
}

}  // namespace elm
