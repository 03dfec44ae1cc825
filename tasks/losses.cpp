#include "tasks/losses.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

template <class Real>
Real* rows_of(const Tensor& tensor, std::int64_t sample) {
    const std::int64_t size = tensor.shape().size() / tensor.shape()[0];
    return tensor.host<Real>().data() + sample * size;
}

template <class Real>
LossSums squared_error(const Real* output, const Real* targets, std::int64_t n_rows,
                       std::int64_t n_outputs, std::int64_t n_counted, Real* gradient) {
    LossSums sums;
    sums.count = n_rows;
    const Real scale = Real(2) / static_cast<Real>(n_counted * n_outputs);
    for (std::int64_t k = 0; k < n_rows * n_outputs; ++k) {
        const Real error = output[k] - targets[k];
        sums.parts[0] += static_cast<double>(error) * static_cast<double>(error) /
                         static_cast<double>(n_outputs);
        gradient[k] = scale * error;
    }
    return sums;
}

template <class Real>
LossSums cross_entropy(const Real* output, const std::int32_t* labels, std::int64_t n_rows,
                       std::int64_t n_classes, std::int64_t n_counted, double smoothing,
                       Real* gradient) {
    LossSums sums;
    const Real share = Real(1) / static_cast<Real>(n_counted);
    const auto alike = static_cast<Real>(smoothing / static_cast<double>(n_classes));
    for (std::int64_t row = 0; row < n_rows; ++row, output += n_classes, gradient += n_classes) {
        if (labels[row] < 0) {
            std::fill_n(gradient, n_classes, Real(0));
            continue;
        }
        ++sums.count;
        const auto label = static_cast<std::int64_t>(labels[row]);
        if (label >= n_classes) {
            throw Error(ErrorKind::data,
                        fmt::format("a label is {}, expected 0 to {}.", label, n_classes - 1));
        }
        const auto largest = std::max_element(output, output + n_classes);
        Real sum = 0;
        double expected = (1 - smoothing) * static_cast<double>(output[label]);
        for (std::int64_t k = 0; k < n_classes; ++k) {
            gradient[k] = std::exp(output[k] - *largest);
            sum += gradient[k];
            if (smoothing > 0) expected += static_cast<double>(alike * output[k]);
        }
        sums.parts[0] +=
            std::log(static_cast<double>(sum)) + static_cast<double>(*largest) - expected;
        if (largest - output == label) ++sums.parts[1];
        const Real scale = Real(1) / (sum * static_cast<Real>(n_counted));
        for (std::int64_t k = 0; k < n_classes; ++k) {
            gradient[k] = gradient[k] * scale - alike * share;
        }
        gradient[label] -= static_cast<Real>(1 - smoothing) * share;
    }
    return sums;
}

}  // namespace

LossSums squared_error_loss(const Tensor& output, const Tensor& targets, std::int64_t sample,
                            std::int64_t n_counted, const Tensor& gradient) {
    return visit_real(output.dtype(), [&]<class Real>(Real) {
        return squared_error<Real>(rows_of<Real>(output, sample), rows_of<Real>(targets, sample),
                                   output.shape()[1], output.shape()[2], n_counted,
                                   rows_of<Real>(gradient, sample));
    });
}

LossSums class_loss(const Tensor& output, const Tensor& labels, std::int64_t sample,
                    std::int64_t n_counted, const Tensor& gradient, double label_smoothing) {
    return visit_real(output.dtype(), [&]<class Real>(Real) {
        return cross_entropy<Real>(
            rows_of<Real>(output, sample), rows_of<std::int32_t>(labels, sample), output.shape()[1],
            output.shape()[2], n_counted, label_smoothing, rows_of<Real>(gradient, sample));
    });
}

std::vector<LossPart> class_loss_parts() { return {{"cross_entropy", 1}, {"accuracy", 0}}; }

std::vector<Metric> class_metrics(double chance) {
    return {{.name = "cross_entropy", .label = "loss"},
            {.name = "accuracy",
             .label = "accuracy",
             .higher_is_better = true,
             .is_drawn = true,
             .is_proportion = true,
             .chance = chance}};
}

}  // namespace elm
