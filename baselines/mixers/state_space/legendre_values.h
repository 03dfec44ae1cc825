#pragma once

#include <cstdint>

#include "baselines/mixers/state_space/hippo.h"
#include "kernels/modules/initialise.h"

/// First values of state spaces that begin with the modes of a HiPPO matrix (hippo.h), the same in
/// each row. Complex ones have real parts, then imaginary parts.
namespace elm::initialise {

/// Frequencies of the matrix LegS, (rows, modes).
Initialiser legendre_frequencies(std::int64_t rows, std::int64_t modes);

/// B of the matrix LegS, (2, rows, modes).
Initialiser legendre_inputs(std::int64_t rows, std::int64_t modes);

/// Of any of the matrices. As in the code of Gu et al. 2022, arXiv 2111.00396, decays and
/// frequencies are at least 1e-4.
Initialiser hippo_log_decays(const HippoModes& modes);
Initialiser hippo_frequencies(const HippoModes& modes, std::int64_t rows);

/// B, its imaginary parts clamped to ±2 as there, (2, rows, modes).
Initialiser hippo_inputs(const HippoModes& modes, std::int64_t rows);

/// P, (2, rank rows, modes): all rows of the first correction before those of the second.
Initialiser hippo_corrections(const HippoModes& modes, std::int64_t rows);

}  // namespace elm::initialise
