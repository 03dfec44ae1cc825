#pragma once

#include <string>
#include <vector>

#include "tasks/comparison/speed/efficiency_length.h"
#include "tasks/comparison/speed/speed_curve.h"
#include "tasks/report/plot.h"
#include "tasks/report/table.h"

namespace elm {

/// A cost of which there is an efficiency length.
enum class Cost : std::uint8_t { forward_time, training_time, forward_memory, training_memory };
std::string_view name_of(Cost cost) noexcept;

/// The cost of a model at the lengths that were measured.
CostCurve cost_curve(const SpeedCurve& speed, Cost cost);

/// Microseconds and bytes for each token: a row for each model and length.
Table speed_table(const std::vector<SpeedCurve>& all, std::int64_t batch);

/// Efficiency lengths of all models against those of `attentions` that are among them and read in
/// the same direction: a row for each model, attention and cost.
Table efficiency_table(const std::vector<SpeedCurve>& all,
                       const std::vector<std::string>& attentions, const RandomKey& key);

/// Exponents of the costs in the length, fitted over all measured lengths (the shortest one is left
/// out of times where there are four and more), beside that of the operations which the model
/// counts over the same lengths: a row for each model and cost, without figures below three
/// lengths.
Table exponent_table(const std::vector<SpeedCurve>& all);

/// Time and memory per token against length, on logarithmic scales.
Figure speed_figure(const std::vector<SpeedCurve>& all, std::int64_t batch);

}  // namespace elm
