// Attention by a weighted sample of linear attentions. Landmarks c are means of segments of queries
// and of keys, m_c = q'_c + k'_c; w_c = m_c, in training plus a normal draw. With
//   log x(k, w) = (w k - |k|^2 / 2) / sqrt(d)
//   r_c  = sum over j of x(k[j], w_c) v[j]      z_c = sum over j of x(k[j], w_c)
//   P[i] = softmax over c of m_c q[i] / sqrt(d) + log x(q[i], w_c) + log z_c - log x(m_c, w_c)
//   y[i] = W_o sum over c of P[i][c] r_c / z_c
// each head by itself. A sequence of fewer steps than landmarks is its own. Landmarks hold later
// steps, so there is no causal form. Padded steps are zeros that count in the means of their
// segments, and are not in the sums.
// Source: Zheng et al. 2022, arXiv 2204.04667, with the landmarks and the scale within x of Zhang
// et al. 2023, arXiv 2210.07661.

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "baselines/mixers/attention/heads.h"
#include "baselines/mixers/attention/segments.h"
#include "baselines/mixers/padding.h"
#include "kernels/core/random/random.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/attention/divide_by_last.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

/// sum of left right over the last axis, which stays with one element.
Var row_products(Context& context, const Var& left, const Var& right) {
    const Shape& shape = left.value.shape();
    const Var sums = sum(context, multiply(context, left, right), 2);
    return reshape(context, sums, {shape[0], shape[1], 1});
}

Var with_column(Context& context, const Var& rows, const Var& column) {
    const Var parts[] = {rows, column};
    return concatenate(context, parts, 2);
}

Var with_ones(Context& context, const Var& rows) {
    const Shape& shape = rows.value.shape();
    Context plain{context.stream};
    const Var zeros{Tensor::zeros(context.stream, {shape[0], shape[1], 1}, rows.value.dtype())};
    return with_column(context, rows, scale(plain, zeros, 0, 1));
}

class LaraMixer : public SequenceMixer {
public:
    LaraMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          landmarks_(options.get<std::int64_t>("landmarks")),
          // One of the keys would move landmarks and draws along: P and r_c / z_c stay as they are.
          projections_(options, place.width, false,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }) {}

    MixerTraits traits() const override {
        return {.self_causal = false,
                .streams = false,
                .no_causal = "landmarks are means of segments, which hold later steps",
                .no_cross = "its landmarks are means of queries and keys of the same steps"};
    }

    /// Values have a column of ones beside them.
    void require_device(const DeviceLimits& device, DType) const override {
        require_attention_fits(device, projections_.inner / projections_.heads + 1);
    }
    double flops_per_step(std::int64_t steps, bool) const override {
        return 8.0 * static_cast<double>(projections_.inner * std::min(landmarks_, steps));
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor*) override {
        const HeadProjections::Rows rows = projections_.rows(context, input);
        const std::int64_t heads = projections_.heads;
        const auto split = [&](const Var& all) {
            return split_heads(context, without_padding(context, all, input.lengths), heads);
        };
        const Var query = split(rows.query), key = split(rows.key), value = split(rows.value);
        const std::int64_t count = std::min(landmarks_, query.value.shape()[1]);
        const double scale_of_head = 1 / std::sqrt(static_cast<double>(query.value.shape()[2]));
        const Var middle =
            add(context, segment_means(context, query, count), segment_means(context, key, count));
        const Var drawn = context.training ? noisy(context, middle) : middle;
        const Sums sums = read_keys(context, drawn, key, value, input);
        // What log z_c was taken relative to, and log x(m_c, w_c), in units of the scale.
        const Var constant =
            subtract(context, scale(context, row_products(context, middle, middle), 0.5),
                     row_products(context, drawn, middle));
        const Var offset = add(context, constant, scale(context, sums.largest, 1 / scale_of_head));
        const Var read = attention(context, with_ones(context, query),
                                   with_column(context, add(context, middle, drawn), offset),
                                   sums.values, {.scale = scale_of_head});
        return projections_.output(context,
                                   join_heads(context, divide_by_last(context, read, 0), heads));
    }

private:
    /// Relative to exp(largest): r_c and behind it z_c, (pairs, landmarks, width + 1).
    struct Sums {
        Var values;
        Var largest;  // of the exponents, (pairs, landmarks, 1)
    };

    static Var noisy(Context& context, const Var& middle) {
        const Tensor noise =
            Tensor::empty(context.stream, middle.value.shape(), middle.value.dtype());
        fill_normal(context.stream, noise, context.next_key(), 0, 1);
        return add(context, middle, {noise});
    }

    Sums read_keys(Context& context, const Var& drawn, const Var& key, const Var& value,
                   const MixerInput& input) const {
        const Shape shape = key.value.shape();
        const std::int64_t count = drawn.value.shape()[1];
        const Shape each{shape[0], count, shape[1]};
        const Var half_squares = scale(context, row_products(context, key, key), -0.5);
        const Var products =
            matmul(context, with_ones(context, drawn),
                   transpose(context, with_column(context, key, half_squares), 1, 2));
        const Var exponents = hide_padding(
            context, scale(context, products, 1 / std::sqrt(static_cast<double>(shape[2]))),
            input.lengths, projections_.heads);
        const Var largest = maximum(context, exponents, 2);
        const Var shift = reshape(context, repeat(context, largest, -1, shape[1]), each);
        const Var shares = activate(context, subtract(context, exponents, shift), Activation::exp);
        return {matmul(context, shares, with_ones(context, value)),
                reshape(context, largest, {shape[0], count, 1})};
    }

    std::int64_t landmarks_;
    HeadProjections projections_;
};

OptionSet options() {
    OptionSet options = head_options();
    // Zhang et al. 2023: 16.
    options.declare({.name = "landmarks",
                     .value = std::int64_t{16},
                     .help = "means of segments of queries and keys",
                     .lowest = 1,
                     .highest = 65536});
    return options;
}

}  // namespace

MixerEntry lara_mixer() {
    return {.name = "lara",
            .summary = "attention by a sample of linear attentions",
            .source = "Zheng et al. 2022, arXiv 2204.04667",
            .options = options,
            .make = make_mixer_of<LaraMixer>};
}

}  // namespace elm
