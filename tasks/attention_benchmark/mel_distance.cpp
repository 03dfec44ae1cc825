#include "tasks/attention_benchmark/mel_distance.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

double distance(std::span<const double> a, std::span<const double> b) {
    double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return std::sqrt(sum / static_cast<double>(a.size()));
}

}  // namespace

Frames cepstra(const Frames& log_mels, std::int64_t kept) {
    const std::int64_t n = log_mels.width;
    ELM_CHECK(kept >= 1 && kept <= n, "{} cepstral coefficients of {} mels: expected 1 to {}.",
              kept, n, n);
    std::vector<double> basis;
    for (std::int64_t row = 0; row < kept; ++row) {
        const double scale = std::sqrt((row == 0 ? 1.0 : 2.0) / static_cast<double>(n));
        for (std::int64_t k = 0; k < n; ++k) {
            basis.push_back(scale *
                            std::cos(std::numbers::pi * static_cast<double>(row) *
                                     (static_cast<double>(k) + 0.5) / static_cast<double>(n)));
        }
    }
    Frames result{.width = kept};
    for (std::int64_t frame = 0; frame < log_mels.count(); ++frame) {
        const auto mels = log_mels.at(frame);
        for (std::int64_t row = 0; row < kept; ++row) {
            double sum = 0;
            for (std::size_t k = 0; k < mels.size(); ++k) {
                sum += basis[static_cast<std::size_t>(row * n) + k] * mels[k];
            }
            result.values.push_back(sum);
        }
    }
    return result;
}

double warped_distance(const Frames& recorded, const Frames& synthesised) {
    ELM_CHECK(
        recorded.count() > 0 && synthesised.count() > 0 && recorded.width == synthesised.width,
        "a warped distance of {} and {} frames of {} and {} values: expected frames of one "
        "width.",
        recorded.count(), synthesised.count(), recorded.width, synthesised.width);
    const auto n = static_cast<std::size_t>(synthesised.count());
    std::vector<double> before(n), now(n);
    for (std::int64_t row = 0; row < recorded.count(); ++row) {
        for (std::size_t column = 0; column < n; ++column) {
            const double cost =
                distance(recorded.at(row), synthesised.at(static_cast<std::int64_t>(column)));
            double best = 0;
            if (row == 0) {
                best = column == 0 ? 0 : now[column - 1];
            } else if (column == 0) {
                best = before[0];
            } else {
                best = std::min({now[column - 1], before[column - 1], before[column]});
            }
            now[column] = best + cost;
        }
        std::swap(before, now);
    }
    return before.back();
}

}  // namespace elm
