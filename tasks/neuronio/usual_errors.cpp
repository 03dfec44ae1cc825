#include "tasks/neuronio/usual_errors.h"

#include <algorithm>
#include <cmath>

namespace elm {
namespace {

constexpr double least = 1e-12;

}  // namespace

void UsualErrors::add(bool spikes, double voltage) {
    n_ += 1;
    spikes_ += spikes ? 1 : 0;
    sum_ += voltage;
    squares_ += voltage * voltage;
}

double UsualErrors::cross_entropy() const {
    const double p = std::clamp(spikes_ / n_, least, 1 - least);
    return -p * std::log(p) - (1 - p) * std::log(1 - p);
}

double UsualErrors::variance() const {
    return std::max(least, squares_ / n_ - sum_ / n_ * sum_ / n_);
}

}  // namespace elm
