#pragma once

#include <cmath>

#include "kernels/ops/training/loss.h"

namespace elm {

template <class Real>
ELM_HD Real weight_of(const View<const Real, 1>& weights, std::int64_t row) {
    return weights.data == nullptr ? Real(1) : weights(row);
}

/// Not even a NaN comes through weight 0.
template <class Real>
ELM_HD void write_parts(const View<Real, 2>& parts, std::int64_t row, Real weight, Real loss) {
    parts(row, 0) = weight == 0 ? Real(0) : weight * loss;
    parts(row, 1) = weight;
}

/// d loss / d loss_row.
template <class Real>
ELM_HD Real share_of(Real weight, Real weight_sum, Real loss_gradient) {
    return weight_sum == 0 ? Real(0) : weight / weight_sum * loss_gradient;
}

/// Softmax of one row without its division: exp(logits[k] - largest) and their sum.
template <class Real>
struct RowExponentials {
    const Real* logits;
    Real largest;
    Real sum;

    template <class Row>
    ELM_HD RowExponentials(const Row& along, const Real* row, std::int64_t classes)
        : logits(row),
          largest(along.maximum(classes, [row](std::int64_t k) { return row[k]; })),
          sum(along.sum(classes, [this](std::int64_t k) { return (*this)(k); })) {}

    ELM_HD Real operator()(std::int64_t k) const { return std::exp(logits[k] - largest); }
};

template <class Real>
struct CrossEntropyOfOneRow {
    CrossEntropyArgs<Real> args;

    template <class Row>
    ELM_HD void operator()(const Row& along, std::int64_t row) const {
        const std::int64_t classes = args.logits.extent[1];
        const RowExponentials<Real> exponentials(along, args.logits.data + row * classes, classes);
        if (!along.leads()) return;
        const std::int64_t label = args.labels(row);
        const bool known = label >= 0 && label < classes;
        const Real loss =
            known ? std::log(exponentials.sum) + (exponentials.largest - args.logits(row, label))
                  : Real(NAN);
        write_parts(args.parts, row, weight_of(args.weights, row), loss);
    }
};

template <class Real>
struct CrossEntropyBackwardOfOneRow {
    CrossEntropyBackwardArgs<Real> args;

    template <class Row>
    ELM_HD void operator()(const Row& along, std::int64_t row) const {
        const std::int64_t classes = args.logits.extent[1];
        const RowExponentials<Real> exponentials(along, args.logits.data + row * classes, classes);
        const Real weight = weight_of(args.weights, row);
        const Real share = share_of(weight, args.sums(1), args.loss_gradient(0));
        along.for_each(classes, [&](std::int64_t k) {
            const Real target = args.labels(row) == k ? Real(1) : Real(0);
            args.logit_gradient(row, k) =
                weight == 0 ? Real(0) : share * (exponentials(k) / exponentials.sum - target);
        });
    }
};

struct SquaredError {
    template <class Real>
    ELM_HD static Real value(Real prediction, Real target) {
        return (prediction - target) * (prediction - target);
    }
    template <class Real>
    ELM_HD static Real derivative(Real prediction, Real target) {
        return 2 * (prediction - target);
    }
};

struct BinaryCrossEntropy {
    template <class Real>
    ELM_HD static Real value(Real logit, Real target) {
        // For t = 1 the large terms leave max(-x, 0); written so that they do not cancel.
        const Real positive = logit > 0 ? logit * (1 - target) : -logit * target;
        return positive + std::log1p(std::exp(-std::abs(logit)));
    }
    template <class Real>
    ELM_HD static Real derivative(Real logit, Real target) {
        return 1 / (1 + std::exp(-logit)) - target;
    }
};

template <class Function, class Real>
struct ElementLossOfOneRow {
    ElementLossArgs<Real> args;

    template <class Row>
    ELM_HD void operator()(const Row& along, std::int64_t row) const {
        const std::int64_t columns = args.predictions.extent[1];
        const Real sum = along.sum(columns, [&](std::int64_t k) {
            return Function::value(args.predictions(row, k), args.targets(row, k));
        });
        if (!along.leads()) return;
        write_parts(args.parts, row, weight_of(args.weights, row),
                    columns == 0 ? Real(0) : sum / static_cast<Real>(columns));
    }
};

template <class Function, class Real>
struct ElementLossBackwardOneElement {
    ElementLossBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t row, std::int64_t k) const {
        const Real weight = weight_of(args.weights, row);
        const Real share = share_of(weight, args.sums(1), args.loss_gradient(0)) /
                           static_cast<Real>(args.predictions.extent[1]);
        const Real slope = Function::derivative(args.predictions(row, k), args.targets(row, k));
        args.prediction_gradient(row, k) = weight == 0 ? Real(0) : share * slope;
    }
};

template <class Real>
struct WeightedMeanOfSums {
    WeightedMeanArgs<Real> args;
    ELM_HD void operator()(std::int64_t) const {
        args.loss(0) = args.sums(1) == 0 ? Real(0) : args.sums(0) / args.sums(1);
    }
};

template <class Visitor>
void visit_element_loss(ElementLoss function, const Visitor& visitor) {
    switch (function) {
        case ElementLoss::squared_error:
            return visitor(SquaredError{});
        case ElementLoss::binary_cross_entropy:
            return visitor(BinaryCrossEntropy{});
    }
}

template <class Backend, class Real>
void run_cross_entropy(Stream& stream, const CrossEntropyArgs<Real>& args) {
    Backend::for_each_row(stream, args.logits.extent[0], args.logits.extent[1],
                          CrossEntropyOfOneRow<Real>{args});
}

template <class Backend, class Real>
void run_cross_entropy_backward(Stream& stream, const CrossEntropyBackwardArgs<Real>& args) {
    Backend::for_each_row(stream, args.logits.extent[0], args.logits.extent[1],
                          CrossEntropyBackwardOfOneRow<Real>{args});
}

template <class Backend, class Real>
void run_element_loss(Stream& stream, const ElementLossArgs<Real>& args) {
    visit_element_loss(args.function, [&]<class Function>(Function) {
        Backend::for_each_row(stream, args.predictions.extent[0], args.predictions.extent[1],
                              ElementLossOfOneRow<Function, Real>{args});
    });
}

template <class Backend, class Real>
void run_element_loss_backward(Stream& stream, const ElementLossBackwardArgs<Real>& args) {
    visit_element_loss(args.function, [&]<class Function>(Function) {
        Backend::for_each_element(stream, args.predictions.extent[0], args.predictions.extent[1],
                                  ElementLossBackwardOneElement<Function, Real>{args});
    });
}

template <class Backend, class Real>
void run_weighted_mean(Stream& stream, const WeightedMeanArgs<Real>& args) {
    Backend::for_each_index(stream, 1, WeightedMeanOfSums<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_cross_entropy, CrossEntropyArgs);
ELM_DECLARE_CUDA_INSTANCES(run_cross_entropy_backward, CrossEntropyBackwardArgs);
ELM_DECLARE_CUDA_INSTANCES(run_element_loss, ElementLossArgs);
ELM_DECLARE_CUDA_INSTANCES(run_element_loss_backward, ElementLossBackwardArgs);
ELM_DECLARE_CUDA_INSTANCES(run_weighted_mean, WeightedMeanArgs);

}  // namespace elm
