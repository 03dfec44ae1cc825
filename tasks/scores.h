#pragma once

#include <cstdint>
#include <vector>

#include "tasks/task.h"

namespace elm {

/// Sums of a loss and its parts over the samples of a split, for their means and how sure they are.
class ScoreSums {
public:
    /// Adds the loss of one sample.
    void add(const LossSums& sample);

    /// The metrics of a task that are named as the loss or as one of its parts. A mean counts all
    /// rows alike, so samples of many rows count more; its standard error is that of a ratio of
    /// sums, over samples that are independent of each other:
    ///     se^2 = n / (n - 1) sum_i (x_i - mean c_i)^2 / (sum_i c_i)^2
    /// with sum x_i and rows c_i of sample i. Source: Cochran 1977, Sampling Techniques, eq. 6.13.
    Scores scores(const TaskSpec& spec) const;

private:
    std::vector<LossSums> samples_;
};

/// Places of `some` of `total` samples, in pieces [first, first + count) of at most `most`, spread
/// over all of them alike: whoever sorts samples by their answer, some of each are among them.
struct Piece {
    std::int64_t first, count;
};
std::vector<Piece> spread_pieces(std::int64_t total, std::int64_t some, std::int64_t most);

/// Samples that a model answers at once.
std::int64_t samples_at_once(const TaskSpec& spec) noexcept;

/// `total` samples as sequences that follow one another, `count` of them side by side, of each of
/// which the first `pieces` samples are read: in all no more than `some`, and as many as fit. Few
/// and long ones, for each begins at rest.
struct SideBySide {
    std::int64_t count, pieces;
};
SideBySide side_by_side(std::int64_t total, std::int64_t some);

/// The output of a model for a batch, on the host. From rest where `state` is null, else from it,
/// and leaves there the state after the last step.
Tensor output_of(Stream& stream, const TaskSpec& spec, SequenceModel& model, const Batch& batch,
                 SequenceState* state = nullptr);

}  // namespace elm
