// Attention by random features (FAVOR+), see feature_attention.h. With x' = x / d^(1/4), d features
// of a head, and m rows w_r of a matrix that is drawn once,
//   softmax:   f(x)_r = exp(w_r x' - |x'|^2 / 2 - c) + 1e-6
//   relu:      f(x)_r = max(x_r, 0) + 1e-3, no matrix, m = d
// c keeps exponents in range: for queries the largest w_r x' of the row, for keys that of all steps
// of the sequence that count and of the head, which cancel but for the 1e-6. Causally keys have c =
// 0, for theirs would depend on later steps. The mean over matrices of f(q) f(k) / m is exp(q k /
// sqrt(d)): that of softmax. Rows w_r are normal, orthogonal to each other in groups of d. Source:
// Choromanski et al. 2021, arXiv 2009.14794; sizes of Tay et al. 2021, arXiv 2011.04006, whose
// public code takes `relu` in most tasks. Where we differ: the matrix stays as it was drawn. In the
// public code of Zhang et al. 2023, arXiv 2210.07661 (CAB), which `mode` release follows, each head
// has a matrix of its own, and
//   f(x)_r = (exp(w_r x' - |x'|^2 / 2 - c) + 1e-4) / sqrt(m)
// with a divisor of at least 0.1: where products of features are smaller than that, as those of
// long rows are, outputs shrink towards 0.

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "baselines/mixers/features/feature_attention.h"
#include "baselines/mixers/padding.h"
#include "kernels/core/random/random.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

/// Makes rows of each group of `columns` orthogonal (Gram-Schmidt) and as long as they were.
void orthogonalise(std::vector<double>& matrix, std::size_t rows, std::size_t columns) {
    const auto product = [&](std::size_t a, std::size_t b) {
        double sum = 0;
        for (std::size_t c = 0; c < columns; ++c) {
            sum += matrix[a * columns + c] * matrix[b * columns + c];
        }
        return sum;
    };
    for (std::size_t row = 0; row < rows; ++row) {
        const double length = std::sqrt(product(row, row));
        for (std::size_t other = row / columns * columns; other < row; ++other) {
            const double part = product(row, other) / product(other, other);
            for (std::size_t c = 0; c < columns; ++c) {
                matrix[row * columns + c] -= part * matrix[other * columns + c];
            }
        }
        const double factor = length / std::sqrt(product(row, row));
        for (std::size_t c = 0; c < columns; ++c) matrix[row * columns + c] *= factor;
    }
}

Initialiser orthogonal_normal(std::int64_t rows, std::int64_t columns) {
    return [rows, columns](Stream& stream, const Tensor& values, const RandomKey& key) {
        Stream host{Device{}};
        const Tensor drawn = Tensor::empty(host, {rows, columns}, DType::f64);
        fill_normal(host, drawn, key, 0, 1);
        std::vector<double> matrix(drawn.host<double>().begin(), drawn.host<double>().end());
        orthogonalise(matrix, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns));
        visit_real(values.dtype(), [&]<class Real>(Real) {
            const std::vector<Real> converted(matrix.begin(), matrix.end());
            values.assign<Real>(stream, converted);
        });
    };
}

/// One such matrix for each head.
Initialiser orthogonal_normal_by_head(std::int64_t heads, std::int64_t rows, std::int64_t columns) {
    return [=](Stream& stream, const Tensor& values, const RandomKey& key) {
        for (std::int64_t head = 0; head < heads; ++head) {
            orthogonal_normal(rows, columns)(stream, values.rows(head, head + 1),
                                             key.for_purpose(std::to_string(head)));
        }
    };
}

class PerformerMixer : public FeatureAttention {
public:
    PerformerMixer(const OptionSet& options, const MixerPlace& place)
        : FeatureAttention(options, place),
          release_(is_release(options)),
          random_features_(options.get<std::int64_t>("random_features")) {
        if (options.get<std::string>("kernel") == "relu") {
            ELM_CHECK(!release_,
                      "features with kernel relu are the same in mode release. Set mode to paper, "
                      "or kernel to softmax.");
            return;
        }
        projection_ =
            release_ ? &table("projection", {heads(), random_features_, head_width()},
                              orthogonal_normal_by_head(heads(), random_features_, head_width()))
                     : &table("projection", {random_features_, head_width()},
                              orthogonal_normal(random_features_, head_width()));
        projection_->trainable = false;
    }

    /// Queries and keys are multiplied by the matrix of random features.
    double flops_per_step(std::int64_t steps, bool causal) const override {
        const std::int64_t products =
            projection_ == nullptr ? 0 : 2 * heads() * random_features_ * head_width();
        return FeatureAttention::flops_per_step(steps, causal) + 2 * static_cast<double>(products);
    }

protected:
    std::int64_t feature_count() const override {
        return projection_ == nullptr ? head_width() : random_features_;
    }
    /// In mode paper it bites only where there is no key at all: with one, the divisor is 1e-12 or
    /// more.
    double epsilon() const override { return release_ ? -0.1 : -1e-15; }

    Var features(Context& context, const FeatureRows& of) override {
        if (projection_ == nullptr) {
            return scale(context, activate(context, of.rows, Activation::relu), 1, 1e-3);
        }
        const Shape shape = of.rows.value.shape();  // (batch, time, heads, width)
        const double root = std::pow(static_cast<double>(head_width()), -0.25);
        const Var rows = scale(context, of.rows, root);
        const Var products = products_of(context, rows);
        Var offset = scale(context, sum(context, multiply(context, rows, rows), 3), 0.5);
        if (!of.of_keys) {
            offset = add(context, offset, maximum(context, products, 3));
        } else if (!of.causal && shape.size() > 0) {
            offset = add(context, offset, largest_of_sequence(context, products, of.lengths));
        }
        const Var shift = reshape(context, repeat(context, offset, -1, random_features_),
                                  {shape[0], shape[1], shape[2], random_features_});
        const Var exponents = subtract(context, products, shift);
        const Var exponentials = activate(context, exponents, Activation::exp);
        if (!release_) return scale(context, exponentials, 1, 1e-6);
        const double share = 1 / std::sqrt(static_cast<double>(random_features_));
        return scale(context, exponentials, share, 1e-4 * share);
    }

private:
    /// w_r x of rows (batch, time, heads, width): (batch, time, heads, features).
    Var products_of(Context& context, const Var& rows) const {
        const Var matrix = use(context, *projection_);
        if (!release_) return linear(context, rows, matrix);
        const Shape shape = rows.value.shape();
        const Var by_head = transpose(
            context, reshape(context, rows, {shape[0] * shape[1], shape[2], shape[3]}), 0, 1);
        const Var products = matmul(context, by_head, transpose(context, matrix, 1, 2));
        return reshape(context, transpose(context, products, 0, 1),
                       {shape[0], shape[1], shape[2], random_features_});
    }

    /// The largest product of each sample and head, at each step: (batch, time, heads). Those of
    /// padding are no candidates.
    static Var largest_of_sequence(Context& context, const Var& products, const Tensor& lengths) {
        const Shape shape = products.value.shape();
        const std::int64_t pairs = shape[0] * shape[2], of_step = shape[2] * shape[3];
        const Var rows = reshape(context, products, {shape[0], shape[1], of_step});
        const Var counted = reshape(context, lowered_padding(context, rows, lengths), shape);
        const Var by_head =
            reshape(context, transpose(context, counted, 1, 2), {pairs, shape[1] * shape[3]});
        const Var largest = repeat(context, maximum(context, by_head, 1), -1, shape[1]);
        return transpose(context, reshape(context, largest, {shape[0], shape[2], shape[1]}), 1, 2);
    }

    bool release_;
    std::int64_t random_features_;
    ModuleParameter* projection_ = nullptr;  // null with relu
};

OptionSet options() {
    OptionSet options = head_options();
    options.declare({.name = "kernel",
                     .value = std::string("softmax"),
                     .help = "features: random ones of the softmax, or rectified rows",
                     .choices = {"softmax", "relu"}});
    options.declare({.name = "random_features",
                     .value = std::int64_t{64},
                     .help = "rows of the matrix that features of the softmax are drawn with",
                     .lowest = 1,
                     .highest = 65536});
    declare_mode(options, "a matrix for each head, and a divisor of 0.1 or more");
    return options;
}

}  // namespace

MixerEntry performer_mixer() {
    return {.name = "performer",
            .summary = "attention by random features",
            .source = "Choromanski et al. 2021, arXiv 2009.14794",
            .options = options,
            .make = make_mixer_of<PerformerMixer>};
}

}  // namespace elm
