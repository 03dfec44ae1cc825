#include "baselines/mixers/state_space/legendre_values.h"

#include <algorithm>
#include <cmath>

#include "baselines/mixers/initial_values.h"

namespace elm::initialise {
namespace {

constexpr double least = 1e-4;

using Row = std::vector<std::complex<double>>;

/// Real parts of all rows, `rows` times each, before their imaginary parts.
Initialiser planes_in_rows(const std::vector<Row>& all, std::int64_t rows) {
    std::vector<double> values;
    for (const bool imaginary : {false, true}) {
        for (const Row& row : all) {
            for (std::int64_t i = 0; i < rows; ++i) {
                for (const std::complex<double>& number : row) {
                    values.push_back(imaginary ? number.imag() : number.real());
                }
            }
        }
    }
    return numbers(std::move(values));
}

}  // namespace

Initialiser legendre_frequencies(std::int64_t rows, std::int64_t modes) {
    return hippo_frequencies(hippo_modes("legs", modes), rows);
}

Initialiser legendre_inputs(std::int64_t rows, std::int64_t modes) {
    return hippo_inputs(hippo_modes("legs", modes), rows);
}

Initialiser hippo_log_decays(const HippoModes& modes) {
    return constant(std::log(std::max(modes.decay, least)));
}

Initialiser hippo_frequencies(const HippoModes& modes, std::int64_t rows) {
    std::vector<double> all;
    for (std::int64_t i = 0; i < rows; ++i) {
        for (const double frequency : modes.frequency) all.push_back(std::max(frequency, least));
    }
    return numbers(std::move(all));
}

Initialiser hippo_inputs(const HippoModes& modes, std::int64_t rows) {
    Row clamped = modes.input_weight;
    for (std::complex<double>& b : clamped) b.imag(std::clamp(b.imag(), -2.0, 2.0));
    return planes_in_rows({clamped}, rows);
}

Initialiser hippo_corrections(const HippoModes& modes, std::int64_t rows) {
    return planes_in_rows(modes.corrections, rows);
}

}  // namespace elm::initialise
