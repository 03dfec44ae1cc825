#include "baselines/mixers/features/feature_attention.h"

#include <memory>

#include "baselines/mixers/padding.h"
#include "kernels/ops/attention/linear_attention.h"
#include "kernels/ops/attention/outer_scan.h"
#include "kernels/ops/basic/layout.h"

namespace elm {

FeatureAttention::FeatureAttention(const OptionSet& options, const MixerPlace& place)
    : SequenceMixer(place.width),
      projections_(options, place.width, true,
                   [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                       return child(name, std::move(linear));
                   }) {}

/// Of a head: its values and the sum of weights, by its features, summed and read.
double FeatureAttention::flops_per_step(std::int64_t, bool) const {
    return 4.0 * static_cast<double>((projections_.inner + heads()) * feature_count());
}

void FeatureAttention::require_device(const DeviceLimits& device, DType dtype) const {
    require_outer_scan_fits(device, head_width() + 1, feature_count(), dtype);
}

Var FeatureAttention::all_features(Context& context, const Var& rows, const MixerInput& input,
                                   bool of_keys, std::int64_t begin) {
    const Shape shape = rows.value.shape();
    const Var counted = of_keys ? without_padding(context, rows, input.source_lengths()) : rows;
    const Var each =
        reshape(context, counted, {shape[0], shape[1], projections_.heads, head_width()});
    const bool causal = input.causal && !input.is_cross();
    const Var found = features(
        context, {each, of_keys, causal, begin, of_keys ? input.source_lengths() : Tensor{}});
    return reshape(context, found, {shape[0], shape[1], projections_.heads * feature_count()});
}

Var FeatureAttention::run(Context& context, const MixerInput& input, StateCursor* state) {
    const Tensor before = state == nullptr ? Tensor{} : state->take_tensor();
    const Tensor steps = state == nullptr ? Tensor{} : state->take_tensor();
    const std::int64_t begin = steps.defined() ? steps.shape()[1] : 0;
    const HeadProjections::Rows rows = projections_.rows(context, input);
    const Var query = all_features(context, rows.query, input, false, begin);
    const Var key = all_features(context, rows.key, input, true, begin);
    Tensor after;
    const Var read = linear_attention(context, query, key, rows.value,
                                      {.heads = projections_.heads,
                                       .causal = input.causal && !input.is_cross(),
                                       .lengths = input.source_lengths(),
                                       .epsilon = epsilon(),
                                       .start = before,
                                       .end = state == nullptr ? nullptr : &after});
    if (state != nullptr) {
        const Shape& shape = input.sequence.value.shape();
        state->keep(after);
        // The number of steps so far: an extent of a tensor without elements.
        state->keep(Tensor::empty(context.stream, {shape[0], begin + shape[1], 0},
                                  input.sequence.value.dtype()));
    }
    return projections_.output(context, read);
}

}  // namespace elm
