#include "tasks/comparison/statistics/student_t.h"

#include <algorithm>
#include <cmath>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace elm {

double student_t_quantile(double probability, double degrees) {
    return boost::math::quantile(boost::math::students_t(degrees), probability);
}

double two_sided_p(double t, double degrees) {
    if (std::isinf(t)) return 0;
    return 2 *
           boost::math::cdf(boost::math::complement(boost::math::students_t(degrees), std::abs(t)));
}

double chi_squared_tail(double value, double degrees) {
    return boost::math::cdf(
        boost::math::complement(boost::math::chi_squared(degrees), std::max(0.0, value)));
}

}  // namespace elm
