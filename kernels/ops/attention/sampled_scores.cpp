#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/attention/sampled_scores_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_sampled_scores, SampledScoresArgs);

Tensor sampled_scores(Stream& stream, const Tensor& query, const Tensor& key, std::int64_t heads,
                      const Tensor& sample, const Tensor& lengths) {
    const auto [batch, queries, width] =
        require_rank<3>(query.shape(), "sampled_scores: query (batch, queries, heads features)");
    const std::int64_t keys =
        require_rank<3>(key.shape(), "sampled_scores: key (batch, keys, heads features)")[1];
    require_shape(key.shape(), {batch, keys, width},
                  "sampled_scores: key (batch, keys, heads features)");
    const std::int64_t count =
        require_rank<2>(sample.shape(), "sampled_scores: sample (queries, count)")[1];
    require_shape(sample.shape(), {queries, count}, "sampled_scores: sample (queries, count)");
    ELM_CHECK(heads > 0 && width % heads == 0,
              "sampled_scores: query has {} features for {} heads, expected a multiple", width,
              heads);
    if (lengths.defined()) {
        require_shape(lengths.shape(), {batch}, "sampled_scores: lengths (batch)");
        for (const std::int32_t length : lengths.host<std::int32_t>()) {
            ELM_CHECK(length >= 0 && length <= keys, "sampled_scores: a length of {} among {} keys",
                      length, keys);
        }
    }
    const Tensor counts = lengths.defined() ? lengths.to(stream) : Tensor{};
    const std::int64_t features = width / heads;
    Tensor measure = Tensor::empty(stream, {batch, heads, queries}, query.dtype());
    visit_real(measure.dtype(), [&]<class Real>(Real) {
        const auto rows = [&](const Tensor& from) {
            return AttentionRows<const Real>{reinterpret_cast<const Real*>(from.data()),
                                             from.shape()[1], heads, features};
        };
        sampled_scores_kernel<Real>(
            stream, {.query = rows(query),
                     .key = rows(key),
                     .lengths = counts.defined() ? view<const std::int32_t, 1>(counts)
                                                 : View<const std::int32_t, 1>{nullptr, {0}},
                     .sample = view<const std::int32_t, 2>(sample),
                     .measure = view<Real, 3>(measure)});
    });
    return measure;
}

}  // namespace elm
