#include "tasks/scores.h"

#include <algorithm>
#include <cmath>

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// The parts of a loss that a metric is the mean of, each with its weight.
std::vector<double> weights_of(const TaskSpec& spec, const Metric& metric) {
    std::vector<double> weights(spec.loss_parts.size(), 0);
    const auto part = std::find_if(spec.loss_parts.begin(), spec.loss_parts.end(),
                                   [&](const LossPart& one) { return one.name == metric.name; });
    for (std::size_t k = 0; k < weights.size(); ++k) {
        const bool is_it = part == spec.loss_parts.begin() + static_cast<std::ptrdiff_t>(k);
        weights[k] = part == spec.loss_parts.end() ? spec.loss_parts[k].weight : is_it ? 1 : 0;
    }
    return weights;
}

double weighted(const LossSums& sums, const std::vector<double>& weights) {
    double sum = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        if (weights[k] != 0) sum += weights[k] * sums.parts[k];
    }
    return sum;
}

}  // namespace

void ScoreSums::add(const LossSums& sample) { samples_.push_back(sample); }

Scores ScoreSums::scores(const TaskSpec& spec) const {
    Scores scores{.samples = std::ssize(samples_)};
    LossSums total;
    for (const LossSums& sample : samples_) total.add(sample);
    const auto rows = static_cast<double>(total.count), n = static_cast<double>(scores.samples);
    for (const Metric& metric : spec.metrics) {
        const std::vector<double> weights = weights_of(spec, metric);
        const double mean = value_of(metric, spec, total);
        double squares = 0;
        for (const LossSums& sample : samples_) {
            const double off = weighted(sample, weights) - mean * static_cast<double>(sample.count);
            squares += off * off;
        }
        scores.values.push_back(mean);
        scores.standard_errors.push_back(n > 1 ? std::sqrt(n / (n - 1) * squares) / rows : NAN);
    }
    return scores;
}

std::vector<Piece> spread_pieces(std::int64_t total, std::int64_t some, std::int64_t most) {
    ELM_ASSERT(most > 0);
    constexpr std::int64_t fewest_pieces = 8;
    some = some <= 0 ? total : std::min(some, total);
    if (some < total) {
        most = std::clamp<std::int64_t>((some + fewest_pieces - 1) / fewest_pieces, 1, most);
    }
    std::vector<Piece> pieces;
    const std::int64_t count = (some + most - 1) / most;
    for (std::int64_t k = 0; k < count; ++k) {
        const std::int64_t size = std::min(most, some - k * most);
        pieces.push_back({k * most + k * (total - some) / count, size});
    }
    return pieces;
}

std::int64_t samples_at_once(const TaskSpec& spec) noexcept {
    constexpr std::int64_t rows_at_once = 32768;  // samples x steps
    return std::clamp<std::int64_t>(rows_at_once / spec.n_steps, 1, 256);
}

SideBySide side_by_side(std::int64_t total, std::int64_t some) {
    constexpr std::int64_t most = 8;  // the public code of Spieler et al. 2026 validates on as many
    constexpr std::int64_t fewest_pieces = 64;
    some = some <= 0 ? total : std::min(some, total);
    const std::int64_t count = std::clamp<std::int64_t>(some / fewest_pieces, 1, most);
    return {count, some / count};
}

Tensor output_of(Stream& stream, const TaskSpec& spec, SequenceModel& model, const Batch& batch,
                 SequenceState* state) {
    Stream host{Device{}};
    if (spec.input == InputKind::spikes && model.traits().streams && state == nullptr) {
        const auto runner = model.runner(stream);
        runner->start(stream, batch.spikes.n_samples);
        return runner->advance(stream, batch.spikes).output.to(host);
    }
    Context context{.stream = stream};
    const Tensor output = model.forward(context, input_of(stream, spec, batch), state).value;
    stream.synchronize();
    return output.to(host);
}

}  // namespace elm
