#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who answered a sample better. After the simulated arena of Luo et al. 2024, arXiv 2407.10627,
/// where a language model is the judge; here it is the label.
namespace elm {

/// Answers of one run to the samples of a split.
struct Answers {
    std::vector<double> right;  // share that is right, 0 to 1; empty: the answers are no classes
    std::vector<double> score;  // 1 (worst) to 10, from a calibrated loss
    std::vector<double> raw_score;  // the same from the loss as it is

    std::int64_t size() const noexcept { return static_cast<std::int64_t>(score.size()); }
};

enum class Judge : std::uint8_t {
    label,             // right beats wrong, all else is a tie
    label_confidence,  // and of two that are right the surer one wins, by `margin`
    calibrated,        // the higher score wins, by `margin`
    uncalibrated,      // the same of the raw score: what being too sure brings
};

/// "L", "LC", "PC", "PU".
std::string_view name_of(Judge judge) noexcept;
/// Those that answers of this kind can be judged by.
std::vector<Judge> judges_of(const Answers& answers);

/// Scores from losses per sample, 0 or above: classes 1 + 9 exp(-loss), which is 1 + 9 p of the
/// right class; else 1 + 9 exp(-loss / usual), where `usual` is the same for all runs.
std::vector<double> scores_of(const std::vector<double>& losses, std::optional<double> usual);

/// 1 if the first answered `sample` better, 0 if the second, 0.5 for a tie.
double outcome(Judge judge, const Answers& first, const Answers& second, std::int64_t sample,
               double margin);

}  // namespace elm
