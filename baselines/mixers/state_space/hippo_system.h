#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// The systems m' = A m + B u of HiPPO (Gu et al. 2020, arXiv 2008.07669), whose states are
/// coefficients of the input so far in a family of polynomials, in the scale of the authors' code.
namespace elm {

/// By name, n and k from 0, b_n = sqrt(2 n + 1):
///   legs   A[n][k] = -b_n b_k below the diagonal, -(n + 1) on it, 0 above; B_n = b_n: all of the
///          past alike, as m' = (A m + B u) / t
///   legt   A[n][k] = -b_n b_k / 2 for k <= n, -(-1)^(n-k) b_n b_k / 2 above; B_n = b_n / 2: a
///   window
///          of 2 units of time
///   lmu    A[n][k] = (2 n + 1) (-1 if n < k, else (-1)^(n-k+1)); B_n = (2 n + 1) (-1)^n: a window
///   of
///          1, other coefficients (Voelker et al. 2019)
///   lagt   A[n][k] = -1 below the diagonal, -1/2 on it, 0 above; B_n = 1: a past that fades
///          exponentially
///   fout   A = S - B Bᵀ, with S[2i][2i+1] = -pi i = -S[2i+1][2i]; B_0 = 1, B_2i = sqrt 2, else 0:
///   a
///          window of 1 in waves (Gu et al. 2023, arXiv 2206.12037); states are even
struct LinearSystem {
    std::int64_t states;
    std::vector<double> matrix;  // (states, states) row by row
    std::vector<double> vector;  // (states)
};

/// Throws Error{invalid} for another name, for no states, and for an odd number of them in waves.
LinearSystem hippo_system(const std::string& measure, std::int64_t states);

/// A step of length `step` of a time-invariant system: m[t] = matrix m[t-1] + vector u[t]. Rules
/// "zoh", exact for an input that is constant through the step, "forward", "bilinear" and
/// "backward". Throws Error{invalid} for another.
LinearSystem discretised(const LinearSystem& system, const std::string& rule, double step);

}  // namespace elm
