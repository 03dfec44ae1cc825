#include "encoders/cochlea/fourier.h"
#include "encoders/cochlea/fourier_pair.h"

namespace elm {

using lanes::load;
using lanes::store;
using lanes::Vec;

/// Columns [first, first + fourier_block) of workspace.between: transformed, multiplied, and
/// transformed back with real and imaginary parts exchanged.
template <class Real>
void Fourier<Real>::filter_columns(std::int64_t first, const Real* kernel_real,
                                   const Real* kernel_imaginary, Workspace& workspace) const {
    constexpr int n = lanes::native<Real>;
    using P = Pair<Real, n>;
    const std::int64_t rows = rows_.length, columns = columns_.length;
    const std::int64_t row_length = turned_length();
    Real* const real = workspace.between.data() + first;
    Real* const imaginary = real + row_length * columns;
    const Block there = transform_block(columns_, real, imaginary, columns, row_length, workspace);
    for (int part = 0; part < fourier_block / n; ++part) {
        const std::int64_t own = first + part * n;
        for (std::int64_t column = 0; column < columns; ++column) {
            Real* const at = there.part[part] + column * 2 * n;
            const std::int64_t kernel = column * rows + own;
            const P product = P{load<Real, n>(at), load<Real, n>(at + n)}.times(
                load<Real, n>(kernel_real + kernel), load<Real, n>(kernel_imaginary + kernel));
            store<Real, n>(at, product.imaginary);  // exchanged: back
            store<Real, n>(at + n, product.real);
        }
        const Real* const back = transform_columns(columns_, there.part[part], there.room[part]);
        for (std::int64_t column = 0; column < columns; ++column) {
            const Real* const at = back + column * 2 * n;
            const std::int64_t to = column * row_length + part * n;
            store<Real, n>(real + to, load<Real, n>(at));
            store<Real, n>(imaginary + to, load<Real, n>(at + n));
        }
    }
}

template <class Real>
void Fourier<Real>::convolve(std::int64_t n_rows, std::int64_t n_wanted, const Real* kernel_real,
                             const Real* kernel_imaginary, Workspace& workspace) const {
    constexpr int n = lanes::native<Real>;
    using V = Vec<Real, n>;
    using P = Pair<Real, n>;
    const std::int64_t rows = rows_.length, columns = columns_.length;
    const std::int64_t row_length = turned_length();
    transform_first_half(workspace.real.data(), workspace.imaginary.data(), n_rows, workspace);
    for (std::int64_t first = 0; first < rows; first += fourier_block) {
        filter_columns(first, kernel_real, kernel_imaginary, workspace);
    }
    // Columns of the result, of which rows of workspace.between are the transforms: real and
    // imaginary parts there are exchanged.
    const Real* const between_real = workspace.between.data();
    const Real* const between_imaginary = between_real + row_length * columns;
    const std::int64_t size = 2 * n * rows;
    lanes::make_room(workspace.columns, 2 * size);
    Real* const own = workspace.columns.data();
    for (std::int64_t first = 0; first < columns; first += n) {
        for (std::int64_t row = 0; row < rows; row += n) {
            V re[n], im[n];
            for (int k = 0; k < n; ++k) {
                re[k] = load<Real, n>(between_real + (first + k) * row_length + row);
                im[k] = load<Real, n>(between_imaginary + (first + k) * row_length + row);
            }
            lanes::transpose<Real, n>(re);
            lanes::transpose<Real, n>(im);
            for (int k = 0; k < n; ++k) {
                const std::int64_t twiddle = (row + k) * columns + first;
                const P turned =
                    P{re[k], im[k]}.times(load<Real, n>(twiddle_real_.data() + twiddle),
                                          load<Real, n>(twiddle_imaginary_.data() + twiddle));
                store<Real, n>(own + (row + k) * 2 * n, turned.real);
                store<Real, n>(own + (row + k) * 2 * n + n, turned.imaginary);
            }
        }
        const Real* const done = transform_columns(rows_, own, own + size);
        for (std::int64_t row = 0; row < n_wanted; ++row) {
            const std::int64_t to = row * columns + first;
            store<Real, n>(workspace.imaginary.data() + to, load<Real, n>(done + row * 2 * n));
            store<Real, n>(workspace.real.data() + to, load<Real, n>(done + row * 2 * n + n));
        }
    }
}

template void Fourier<float>::convolve(std::int64_t, std::int64_t, const float*, const float*,
                                       Workspace&) const;
template void Fourier<double>::convolve(std::int64_t, std::int64_t, const double*, const double*,
                                        Workspace&) const;

}  // namespace elm
