#include "baselines/mixers/state_space/legendre_values.h"

#include <algorithm>
#include <cmath>

#include "baselines/mixers/initial_values.h"
#include "baselines/mixers/state_space/hippo.h"

namespace elm::initialise {
namespace {

/// value(number) of each mode in each row, real parts before imaginary parts.
template <class Value>
Initialiser planes_in_rows(std::int64_t rows, std::int64_t modes, const Value& value) {
    const std::vector<std::complex<double>> row = legendre_modes(modes).input_weight;
    std::vector<double> all;
    for (std::int64_t i = 0; i < 2 * rows * modes; ++i) {
        const std::complex<double> number = value(row[static_cast<std::size_t>(i % modes)]);
        all.push_back(i < rows * modes ? number.real() : number.imag());
    }
    return numbers(std::move(all));
}

}  // namespace

Initialiser legendre_frequencies(std::int64_t rows, std::int64_t modes) {
    const std::vector<double> row = legendre_modes(modes).frequency;
    std::vector<double> all;
    for (std::int64_t i = 0; i < rows; ++i) all.insert(all.end(), row.begin(), row.end());
    return numbers(std::move(all));
}

Initialiser legendre_inputs(std::int64_t rows, std::int64_t modes) {
    return planes_in_rows(rows, modes, [](const std::complex<double>& b) {
        return std::complex<double>(b.real(), std::clamp(b.imag(), -2.0, 2.0));
    });
}

Initialiser legendre_corrections(std::int64_t rows, std::int64_t modes) {
    return planes_in_rows(rows, modes,
                          [](const std::complex<double>& b) { return b / std::sqrt(2.0); });
}

}  // namespace elm::initialise
