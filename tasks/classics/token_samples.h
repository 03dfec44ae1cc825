#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "tasks/samples/sample_options.h"
#include "tasks/samples/sample_task.h"

/// What tasks on tokens share: fields tokens (steps) and targets (steps), ignored_target where a
/// step does not count; tokens enter one-hot, a spike a step.
namespace elm {

/// Ids stand in 16 bits.
inline constexpr double most_tokens = 32768;

/// Writes sample `index` of `seed`: tokens and targets (n_steps). Returns its steps.
using FillTokens =
    std::function<std::int64_t(std::uint64_t seed, std::uint64_t index,
                               std::span<std::int32_t> tokens, std::span<std::int32_t> targets)>;
/// Samples of `n_steps` steps; `ragged`: of at most so many.
SetGenerator token_generator(std::int64_t n_steps, FillTokens fill, bool ragged = false);

/// One-hot tokens of `n_kinds` kinds, and answers among as many, of which `n_likely` occur, equally
/// often.
SampleForm token_form(std::int64_t n_kinds, std::int64_t n_likely, std::int64_t n_steps,
                      Pooling pooling);

/// Steps that count in a sample and the mean of their targets, beside what they should be.
SetStatistics target_statistics(const SetColumns& samples, double count, double mean);

/// The first samples of a task with keys, the lower half of the ids, and values, the upper half.
TileFigure recall_picture(const std::string& title, const Values& options,
                          const SetColumns& samples);

}  // namespace elm
