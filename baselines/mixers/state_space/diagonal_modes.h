#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/module.h"
#include "kernels/ops/spectral/modes.h"

namespace elm {

/// What a diagonal state space for each feature follows from, N complex modes of which one of each
/// conjugate pair is kept:
///
///   x' = A x + B u    y = 2 Re(C x)    A = -exp(log_decay) + i frequency
///
/// in steps of exp(log_step), by a zero-order hold or the bilinear rule; with `rows` below the
/// width features share A and B in turn. Source: Gu, Gupta, Goel & Ré 2022, arXiv 2206.11893; lin,
/// inv and legs as in its sections 4 and 5.1 (legs: B without the factor 1/2, as in the authors'
/// code).
class DiagonalModes {
public:
    /// Options as declared. The parameters become those of a module by `add(name, shape,
    /// initialiser, is_weight)`, which returns them. `channels` sets of C.
    template <class Add>
    DiagonalModes(const OptionSet& options, std::int64_t width, std::int64_t channels,
                  const Add& add)
        : rule_(options.get<std::string>("discretisation") == "bilinear"
                    ? Discretisation::bilinear
                    : Discretisation::zero_order_hold),
          modes_(modes_of(options)),
          rows_(rows_of(options, width)),
          log_step_(add("log_step", {width},
                        initialise::log_steps(options.get<double>("step_min"),
                                              options.get<double>("step_max")),
                        false)),
          log_decay_(add("log_decay", {rows_, modes_}, initialise::constant(std::log(0.5)), false)),
          frequency_(add("frequency", {rows_, modes_}, first_frequencies(options), false)),
          input_weight_(add("input_weight", {2, rows_, modes_}, first_inputs(options), false)),
          output_weight_(add("output_weight", {2, channels, width, modes_},
                             initialise::normal(0, std::sqrt(0.5)), true)) {}

    /// "states", "initial", "discretisation", "rows" and those of log_steps.
    static void declare(OptionSet& options);

    Modes discretised(Context& context) const;
    /// Modes of a set, N / 2.
    std::int64_t count() const { return modes_; }

private:
    Initialiser first_frequencies(const OptionSet& options) const;
    Initialiser first_inputs(const OptionSet& options) const;

    Discretisation rule_;
    std::int64_t modes_, rows_;
    ModuleParameter& log_step_;
    ModuleParameter& log_decay_;
    ModuleParameter& frequency_;
    ModuleParameter& input_weight_;   // real parts, then imaginary parts
    ModuleParameter& output_weight_;  // the same
};

}  // namespace elm
