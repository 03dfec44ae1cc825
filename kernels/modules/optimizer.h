#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/io/option_set.h"
#include "kernels/modules/module.h"
#include "kernels/ops/training/optimizer_step.h"

namespace elm {

/// Parameters whose name ends in `ending` have `factor` times the usual weight decay.
struct DecayGroup {
    std::string ending;
    double factor = 0;
};

struct OptimizerSettings {
    OptimizerRule rule = OptimizerRule::adam;
    double momentum = 0;    // of sgd
    bool nesterov = false;  // of sgd
    double beta1 = 0.9;     // of the others
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double weight_decay = 0;
    bool decay_offsets = true;                  // of biases, gains of norms and time constants, too
    std::vector<DecayGroup> decay_groups = {};  // the first that fits counts
    double clip_norm = 0;                       // of all gradients together; 0: no clipping
    double average_decay = 0;                   // of the average of the weights; 0: no average

    /// Throws Error{invalid} naming the setting that is out of range.
    void check() const;
};

/// A row of state, laid out as the flat values of the module.
struct OptimizerRow {
    std::string_view name;  // "first_moment", "second_moment", "average"
    Tensor values;
};

/// Moves the parameters of a module along their gradients. Owns moments and, if wanted, an
/// exponential moving average of the weights. All memory is taken at construction.
class Optimizer {
public:
    /// The module must have been allocated as `parameters` and must outlive this object.
    Optimizer(Stream& stream, Module& module, const FlatParameters& parameters,
              OptimizerSettings settings);

    /// One step for the mean gradient of `passes` backward passes, whose sum stands in the flat
    /// gradients; these are zero afterwards. Parameters that are not trainable stay. Reads the norm
    /// of the gradient back from the device.
    /// Throws Error{numeric} naming the step and the first parameter whose gradient is not finite;
    /// then nothing has moved.
    void step(Stream& stream, double learning_rate, std::int64_t passes = 1);

    /// Euclidean norm of the mean gradient of the last step, before clipping.
    double gradient_norm() const noexcept { return gradient_norm_; }

    /// Exchanges the weights and their average: once for a validation, once more to go on. Throws
    /// Error{invalid} if no average is kept.
    void exchange_average(Stream& stream);

    std::int64_t step_count() const noexcept { return step_count_; }
    const OptimizerSettings& settings() const noexcept { return settings_; }

    /// For checkpoints: the state, and the number of steps that led to it.
    std::vector<OptimizerRow> rows() const;
    void resume_at(std::int64_t step_count);

private:
    double weight_decay_of(const NamedParameter& parameter) const;
    double norm_of_gradients(Stream& stream) const;
    [[noreturn]] void throw_not_finite(double norm) const;
    void move(Stream& stream, double learning_rate, double gradient_scale);

    Module& module_;
    FlatParameters parameters_;
    OptimizerSettings settings_;
    Tensor weight_decay_, first_moment_, second_moment_, average_, sums_;
    double gradient_norm_ = 0;
    std::int64_t step_count_ = 0;
};

/// "sgd", "adam", ...
std::string_view name_of(OptimizerRule rule) noexcept;

/// The options "optimizer", "momentum", "nesterov", "beta1", "beta2", "epsilon", "weight_decay",
/// "decay_offsets", "no_decay" (endings of names, separated by commas), "clip_norm" and
/// "average_decay".
void declare_optimizer(OptionSet& options);

/// Settings that they were set to, checked.
OptimizerSettings optimizer_settings_of(const OptionSet& options);

}  // namespace elm
