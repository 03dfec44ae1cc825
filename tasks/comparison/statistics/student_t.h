#pragma once

namespace elm {

/// The value below which a t-distributed number of so many degrees of freedom (above 0) stays with
/// this probability, in (0, 1). Source: Student 1908, doi:10.1093/biomet/6.1.1.
double student_t_quantile(double probability, double degrees);

/// Probability of a value at least as far from 0 as `t`.
double two_sided_p(double t, double degrees);

/// Probability that a chi-squared number of so many degrees of freedom is above `value`.
double chi_squared_tail(double value, double degrees);

}  // namespace elm
