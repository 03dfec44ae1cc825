#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/module.h"
#include "kernels/ops/spectral/modes/modes.h"

namespace elm {

/// What a diagonal state space for each feature follows from, N complex modes of which one of each
/// conjugate pair is kept:
///
///   x' = A x + B u    y = 2 Re(C x)    A = -exp(log_decay) + i frequency
///
/// in steps of exp(log_step), by a zero-order hold or the bilinear rule; with `rows` below the
/// width features share A and B in turn. `initial` real has N real modes instead, no frequency, and
/// real B and C. Without `tie_steps` each mode of a feature has steps of its own. Modes that turn
/// by `band_limit` half turns or more in a step count for nothing (0: all count). Source: Gu,
/// Gupta, Goel & Ré 2022, arXiv 2206.11893; lin, inv, legs and real as in its sections 4 and 5.1
/// (legs: B without the factor 1/2; real: 2 C x as of pairs, both as in the authors' code); band
/// limit: Nguyen et al. 2022, arXiv 2210.06583.
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
          band_limit_(options.get<double>("band_limit")),
          real_(options.get<std::string>("initial") == "real"),
          modes_(real_ ? options.get<std::int64_t>("states") : modes_of(options)),
          rows_(rows_of(options, width)),
          log_step_(add("log_step",
                        options.get<bool>("tie_steps") ? Shape{width} : Shape{width, modes_},
                        initialise::log_steps(options.get<double>("step_min"),
                                              options.get<double>("step_max")),
                        false)),
          log_decay_(add("log_decay", {rows_, modes_}, first_decays(), false)),
          frequency_(real_ ? nullptr
                           : &add("frequency", {rows_, modes_}, first_frequencies(options), false)),
          input_weight_(add("input_weight", planes({rows_, modes_}), first_inputs(options), false)),
          output_weight_(add("output_weight", planes({channels, width, modes_}),
                             initialise::normal(0, std::sqrt(real_ ? 1 : 0.5)), true)) {}

    /// "states", "initial", "discretisation", "rows", "tie_steps", "band_limit" and those of
    /// log_steps.
    static void declare(OptionSet& options);

    Modes discretised(Context& context) const;
    /// Modes of a set, N / 2, or N real ones.
    std::int64_t count() const { return modes_; }

private:
    /// Real numbers, or real parts and then imaginary parts.
    Shape planes(const Shape& shape) const;
    Initialiser first_decays() const;
    Initialiser first_frequencies(const OptionSet& options) const;
    Initialiser first_inputs(const OptionSet& options) const;

    Discretisation rule_;
    double band_limit_;
    bool real_;
    std::int64_t modes_, rows_;
    ModuleParameter& log_step_;
    ModuleParameter& log_decay_;
    ModuleParameter* frequency_;  // null: 0
    ModuleParameter& input_weight_;
    ModuleParameter& output_weight_;
};

}  // namespace elm
