// Attention through landmarks. With means of m segments of queries and of keys, q' and k', each
// head by itself,
//   F = softmax(Q k'ᵀ / sqrt(d))   A = softmax(q' k'ᵀ / sqrt(d))   G = softmax(q' Kᵀ / sqrt(d))
//   y = W_o (F A⁺ (G V) + convolution of V along time, one kernel for each head)
// A⁺ is the pseudo-inverse by six steps Z <- Z (13 I - A Z (15 I - A Z (7 I - A Z))) / 4 from
// Z = Aᵀ / (largest sum of a column of A). A sequence of no more than m steps has exact attention.
// Every landmark holds a later step, so there is no causal form. Padded steps are zeros that count
// in the means of their segments, and G does not see them.
// Source: Xiong et al. 2021, arXiv 2102.03902. Where its public code differs: it takes the largest
// sum of all samples and heads, so that a result depends on the rest of its batch (`mode` release).

#include <cmath>
#include <memory>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/attention/segments.h"
#include "baselines/mixers/padding.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/attention/divide_by_last.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/softmax.h"
#include "kernels/ops/product/depthwise_convolution.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

class NystromMixer : public SequenceMixer {
public:
    NystromMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          landmarks_(options.get<std::int64_t>("landmarks")),
          taps_(options.get<std::int64_t>("taps")),
          release_(is_release(options)),
          projections_(options, place.width, false,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }) {
        if (taps_ == 0) return;
        ELM_CHECK(taps_ % 2 == 1,
                  "a convolution of {} taps has no step in its middle. Set taps to an odd number, "
                  "or to 0 for none.",
                  taps_);
        convolution_ =
            &table("convolution", {projections_.heads, taps_}, initialise::uniform_fan_in(taps_));
    }

    MixerTraits traits() const override {
        return {.self_causal = false,
                .streams = false,
                .no_causal =
                    "landmarks are means of segments, and their pseudo-inverse mixes all of them",
                .no_cross =
                    "its landmarks are means of as many segments of queries as of keys, over all "
                    "targets"};
    }

    void require_device(const DeviceLimits& device, DType) const override {
        require_attention_fits(device, projections_.inner / projections_.heads);
    }
    double flops_per_step(std::int64_t steps, bool) const override {
        const auto m = static_cast<double>(landmarks_), heads = static_cast<double>(heads_count());
        const auto inner = static_cast<double>(projections_.inner);
        const double taps = 2 * static_cast<double>(taps_) * inner;
        if (steps <= landmarks_) return 4 * static_cast<double>(steps) * inner + taps;
        // F and G; A and its inverse times G V, once a sequence; and the inverse itself.
        const double once = 4 * m * m * inner + 48 * heads * m * m * m;
        return 8 * m * inner + once / static_cast<double>(steps) + taps;
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        HeadProjections::Rows rows = projections_.rows(context, input);
        for (Var* const each : {&rows.query, &rows.key, &rows.value}) {
            *each = without_padding(context, *each, input.lengths);
        }
        const AttentionSettings settings{.heads = heads_count(), .lengths = input.lengths};
        Var read = input.sequence.value.shape()[1] <= landmarks_
                       ? attention(context, rows.query, rows.key, rows.value, settings)
                       : through_landmarks(context, rows, settings);
        if (convolution_ != nullptr) read = add(context, read, convolve(context, rows.value));
        return projections_.output(context, read);
    }

private:
    std::int64_t heads_count() const { return projections_.heads; }

    Var through_landmarks(Context& context, const HeadProjections::Rows& rows,
                          const AttentionSettings& settings) const {
        const Var query = segment_means(context, rows.query, landmarks_);
        const Var key = segment_means(context, rows.key, landmarks_);
        const double root = std::sqrt(static_cast<double>(projections_.inner / heads_count()));
        const Var scores =
            matmul(context, split_heads(context, query, heads_count()),
                   transpose(context, split_heads(context, key, heads_count()), 1, 2));
        const Var inverse =
            pseudo_inverse(context, softmax(context, scale(context, scores, 1 / root)));
        const Var value = attention(context, query, rows.key, rows.value, settings);
        const Var mixed = matmul(context, inverse, split_heads(context, value, heads_count()));
        return attention(context, rows.query, key, join_heads(context, mixed, heads_count()),
                         {.heads = heads_count()});
    }

    /// Of matrices (pairs of sample and head, m, m) whose rows have the sum 1.
    Var pseudo_inverse(Context& context, const Var& matrix) const {
        const auto from = [&](double diagonal, const Var& product) {
            return add(context, scale(context, product, -1), identity(context, matrix, diagonal));
        };
        Var inverse = first_inverse(context, matrix);
        for (int step = 0; step < 6; ++step) {
            const Var product = matmul(context, matrix, inverse);
            const Var inner = matmul(context, product, from(7, product));
            const Var outer = matmul(context, product, from(15, inner));
            inverse = scale(context, matmul(context, inverse, from(13, outer)), 0.25);
        }
        return inverse;
    }

    Var first_inverse(Context& context, const Var& matrix) const {
        const Shape shape = matrix.value.shape();
        const Var sums = sum(context, matrix, 1);
        Var largest = reshape(context, maximum(context, sums, 1), {shape[0], 1});
        if (release_ && shape[0] > 0) {
            const Var one = reshape(context, maximum(context, sums), {1});
            largest = repeat(context, one, 0, shape[0]);
        }
        const Var turned =
            reshape(context, transpose(context, matrix, 1, 2), {shape[0], shape[1] * shape[2]});
        const Var parts[] = {turned, largest};
        const Var quotients = divide_by_last(context, concatenate(context, parts, 1), 0);
        return reshape(context, quotients, shape);
    }

    /// `diagonal` times the unit matrix, (m, m).
    static Var identity(Context& context, const Var& like, double diagonal) {
        const std::int64_t m = like.value.shape()[1];
        return {visit_real(like.value.dtype(), [&]<class Real>(Real) {
            std::vector<Real> values(static_cast<std::size_t>(m * m), Real(0));
            for (std::int64_t i = 0; i < m; ++i) {
                values[static_cast<std::size_t>(i * (m + 1))] = static_cast<Real>(diagonal);
            }
            return Tensor::from<Real>(context.stream, {m, m}, values);
        })};
    }

    /// y[t] = sum over j of w[j] v[t + j - taps / 2], zeros outside.
    Var convolve(Context& context, const Var& value) const {
        const Shape shape = value.value.shape();
        const std::int64_t width = shape[2] / heads_count();
        const Var of_features =
            transpose(context, repeat(context, use(context, *convolution_), 0, width), 0, 1);
        const Var weight = reshape(context, of_features, {shape[2], taps_});
        const Var no_bias{Tensor::zeros(context.stream, {shape[2]}, value.value.dtype())};
        const Var longer = pad(context, value, 1, 0, taps_ / 2);
        return slice(context, depthwise_convolution(context, longer, weight, no_bias), 1, taps_ / 2,
                     shape[1] + taps_ / 2);
    }

    std::int64_t landmarks_, taps_;
    bool release_;
    HeadProjections projections_;
    ModuleParameter* convolution_ = nullptr;  // null without one
};

OptionSet options() {
    OptionSet options = head_options();
    options.declare({.name = "landmarks",
                     .value = std::int64_t{64},
                     .help = "means of segments of queries and keys",
                     .lowest = 1,
                     .highest = 65536});
    // Xiong et al. 2021, in the public configurations for Long Range Arena: 35.
    options.declare({.name = "taps",
                     .value = std::int64_t{35},
                     .help = "of the convolution of values that is added; 0: none",
                     .unit = "steps",
                     .lowest = 0,
                     .highest = 65536});
    declare_mode(options, "one scale of the first inverse for a whole batch");
    return options;
}

}  // namespace

MixerEntry nystrom_mixer() {
    return {.name = "nystrom",
            .summary = "attention through landmarks",
            .source = "Xiong et al. 2021, arXiv 2102.03902",
            .options = options,
            .make = make_mixer_of<NystromMixer>};
}

}  // namespace elm
