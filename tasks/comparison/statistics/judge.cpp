#include "tasks/comparison/statistics/judge.h"

#include <algorithm>
#include <cmath>

namespace elm {
namespace {

double from_difference(double difference, double margin) {
    return difference > margin ? 1 : difference < -margin ? 0 : 0.5;
}

}  // namespace

std::string_view name_of(Judge judge) noexcept {
    switch (judge) {
        case Judge::label:
            return "L";
        case Judge::label_confidence:
            return "LC";
        case Judge::calibrated:
            return "PC";
        case Judge::uncalibrated:
            break;
    }
    return "PU";
}

std::vector<Judge> judges_of(const Answers& answers) {
    // Without classes there is nothing to calibrate: both scores are one.
    if (answers.right.empty()) return {Judge::calibrated};
    return {Judge::label, Judge::label_confidence, Judge::calibrated, Judge::uncalibrated};
}

std::vector<double> scores_of(const std::vector<double>& losses, std::optional<double> usual) {
    std::vector<double> scores;
    scores.reserve(losses.size());
    for (const double loss : losses) {
        scores.push_back(1 + 9 * std::exp(-std::max(0.0, loss) / usual.value_or(1)));
    }
    return scores;
}

double outcome(Judge judge, const Answers& first, const Answers& second, std::int64_t sample,
               double margin) {
    const auto k = static_cast<std::size_t>(sample);
    if (judge == Judge::calibrated)
        return from_difference(first.score[k] - second.score[k], margin);
    if (judge == Judge::uncalibrated) {
        return from_difference(first.raw_score[k] - second.raw_score[k], margin);
    }
    const double by_label = from_difference(first.right[k] - second.right[k], 0);
    const bool both_right = first.right[k] == 1 && second.right[k] == 1;
    if (judge == Judge::label || !both_right) return by_label;
    return from_difference(first.score[k] - second.score[k], margin);
}

}  // namespace elm
