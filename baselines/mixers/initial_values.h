#pragma once

#include <functional>
#include <vector>

#include "kernels/modules/initialise.h"

namespace elm {
class OptionSet;
}

/// Initial values of state spaces that are more than a draw from one distribution.
namespace elm::initialise {

/// The numbers themselves, as many as the parameter has.
Initialiser numbers(std::vector<double> values);

/// function(u) of numbers u that are uniform in [low, high).
Initialiser of_uniform(double low, double high, std::function<double(double)> function);

/// function(draws) of as many numbers as `draws` says, normal with deviation 1.
Initialiser of_normals(std::int64_t draws,
                       std::function<std::vector<double>(const std::vector<double>&)> function);

/// Logarithms of time steps that are uniform between those of the two: Gu et al. 2022, arXiv
/// 2206.11893, section 4.
Initialiser log_steps(double shortest, double longest);
/// What softplus makes such time steps of, none of them below 0.0001: Gu & Dao 2023, arXiv
/// 2312.00752, section 3.6, as in the authors' code.
Initialiser softplus_steps(double shortest, double longest);
/// The options step_min and step_max that they are between.
void declare_log_steps(OptionSet& options);

}  // namespace elm::initialise
