#pragma once

#include <cstdint>

#include "kernels/modules/initialise.h"

/// First values of state spaces that begin with the modes of the HiPPO matrix LegS (hippo.h), the
/// same in each row. Complex ones (2, rows, modes): real parts, then imaginary parts.
namespace elm::initialise {

/// Frequencies, (rows, modes).
Initialiser legendre_frequencies(std::int64_t rows, std::int64_t modes);

/// B, its imaginary parts clamped to ±2 as in the code of Gu et al. 2022, arXiv 2111.00396.
Initialiser legendre_inputs(std::int64_t rows, std::int64_t modes);

/// P, of which A is the normal matrix of the modes less P P*.
Initialiser legendre_corrections(std::int64_t rows, std::int64_t modes);

}  // namespace elm::initialise
