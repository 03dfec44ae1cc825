#pragma once

namespace elm::cable {

/// A function as polynomials of degree 4 on rows of equal width, coefficient by coefficient, so
/// that one coefficient of 32 rows is two vector registers of 16 lanes.
///
/// Voltage: rows of 5 mV from -260 to 220 mV, of which rows 32 to 63 are -100 to 60 mV. Calcium:
/// four rows an octave from 2^-23 to 2 mM, of which rows 32 to 63 are 2^-15 to 2^-7 mM. Where the
/// interpolation is Chebyshev's, the channels of the layer-5 cell are 6e-6 off at worst and 1e-6 as
/// a rule, in values that go from 0 to 1; outside the rows the function is that of the last one.
namespace table {
inline constexpr int rows = 96;
inline constexpr int first_main_row = 32;
inline constexpr int main_rows = 32;
inline constexpr int terms = 5;
inline constexpr int size = terms * rows;  // floats of one function: [term][row]
inline constexpr float first_mV = -260;
inline constexpr float row_mV = 5;
inline constexpr int calcium_rows_per_octave_log2 = 2;
inline constexpr int calcium_first_exponent = -23;
}  // namespace table

}  // namespace elm::cable
