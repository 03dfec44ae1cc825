#include "encoders/cochlea/fourier.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "encoders/cochlea/chirp_transform.h"
#include "encoders/cochlea/fourier_pair.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

using lanes::load;
using lanes::store;
using lanes::Vec;

/// Transforms of 2 to 5 elements in place.
template <int Radix, class Real, class P>
ELM_INLINE void butterfly(P (&a)[Radix]) {
    if constexpr (Radix == 2) {
        const P sum = a[0] + a[1];
        a[1] = a[0] - a[1];
        a[0] = sum;
    } else if constexpr (Radix == 3) {
        constexpr Real sine = Real(0.86602540378443864676);  // sin(2 pi / 3)
        const P sum = a[1] + a[2], middle = a[0] - Real(0.5) * sum;
        const P turned = (sine * (a[1] - a[2])).times_i();
        a[0] = a[0] + sum;
        a[1] = middle + turned;
        a[2] = middle - turned;
    } else if constexpr (Radix == 4) {
        const P even = a[0] + a[2], even_difference = a[0] - a[2];
        const P odd = a[1] + a[3], odd_difference = (a[1] - a[3]).times_i();
        a[0] = even + odd;
        a[1] = even_difference + odd_difference;
        a[2] = even - odd;
        a[3] = even_difference - odd_difference;
    } else {
        static_assert(Radix == 5);
        constexpr Real cosine_1 = Real(0.30901699437494742410);   // cos(2 pi / 5)
        constexpr Real cosine_2 = Real(-0.80901699437494742410);  // cos(4 pi / 5)
        constexpr Real sine_1 = Real(0.95105651629515357212);
        constexpr Real sine_2 = Real(0.58778525229247312917);
        const P outer = a[1] + a[4], inner = a[2] + a[3];
        const P outer_difference = a[1] - a[4], inner_difference = a[2] - a[3];
        const P first = a[0] + cosine_1 * outer + cosine_2 * inner;
        const P second = a[0] + cosine_2 * outer + cosine_1 * inner;
        const P turn_1 = (sine_1 * outer_difference + sine_2 * inner_difference).times_i();
        const P turn_2 = (sine_2 * outer_difference - sine_1 * inner_difference).times_i();
        a[0] = a[0] + outer + inner;
        a[1] = first + turn_1;
        a[2] = second + turn_2;
        a[3] = second - turn_2;
        a[4] = first - turn_1;
    }
}

/// One stage of Stockham's method over `length` elements, each a vector of real and one of
/// imaginary parts: blocks of `stride` elements, of which so many transforms run side by side.
template <int Radix, class Real>
void run_stage(std::int64_t length, std::int64_t stride, const Real* twiddle_real,
               const Real* twiddle_imaginary, const Real* from, Real* to) {
    constexpr int n = lanes::native<Real>;
    using P = Pair<Real, n>;
    const std::int64_t steps = length / stride / Radix;
    for (std::int64_t p = 0; p < steps; ++p) {
        const Real* const re = twiddle_real + p * Radix;
        const Real* const im = twiddle_imaginary + p * Radix;
        for (std::int64_t q = 0; q < stride; ++q) {
            P a[Radix];
            for (int j = 0; j < Radix; ++j) {
                const Real* const at = from + (q + stride * (p + steps * j)) * 2 * n;
                a[j] = {load<Real, n>(at), load<Real, n>(at + n)};
            }
            butterfly<Radix, Real>(a);
            for (int k = 0; k < Radix; ++k) {
                Real* const at = to + (q + stride * (Radix * p + k)) * 2 * n;
                const P turned = k == 0 ? a[k] : a[k].times(re[k], im[k]);
                store<Real, n>(at, turned.real);
                store<Real, n>(at + n, turned.imaginary);
            }
        }
    }
}

/// Radices whose product is `length`; empty if it has other prime factors.
std::vector<int> radices_of(std::int64_t length) {
    std::vector<int> radices;
    for (const int radix : {5, 4, 3, 2}) {
        for (; length % radix == 0; length /= radix) radices.push_back(radix);
    }
    return length == 1 ? radices : std::vector<int>{};
}

constexpr std::int64_t block = fourier_block;

/// The rows of a matrix of n = 256 * 2^a 3^b 5^c elements; 0 for another n.
std::int64_t rows_of(std::int64_t n) {
    if (n % (block * block) != 0) return 0;
    const std::int64_t rest = n / (block * block);
    if (rest > 1 && radices_of(rest).empty()) return 0;
    auto divisor = static_cast<std::int64_t>(std::sqrt(static_cast<double>(rest)));
    while (rest % divisor != 0) --divisor;
    return block * divisor;
}

}  // namespace

template <class Real>
std::int64_t Fourier<Real>::smooth_length(std::int64_t length) {
    constexpr std::int64_t unit = block * block;
    std::int64_t smooth = (std::max<std::int64_t>(length, 1) + unit - 1) / unit * unit;
    while (rows_of(smooth) == 0) smooth += unit;
    return smooth;
}

template <class Real>
auto Fourier<Real>::make_columns(std::int64_t length) -> Columns {
    Columns columns{.length = length, .stages = {}};
    std::int64_t left = length;
    for (const int radix : radices_of(length)) {
        Stage stage{.radix = radix, .real = {}, .imaginary = {}};
        for (std::int64_t p = 0; p < left / radix; ++p) {
            for (int k = 0; k < radix; ++k) {
                const double angle =
                    2 * std::numbers::pi * static_cast<double>(p * k) / static_cast<double>(left);
                stage.real.push_back(static_cast<Real>(std::cos(angle)));
                stage.imaginary.push_back(static_cast<Real>(std::sin(angle)));
            }
        }
        columns.stages.push_back(std::move(stage));
        left /= radix;
    }
    return columns;
}

template <class Real>
Fourier<Real>::Fourier(std::int64_t length) : length_(length) {
    ELM_ASSERT(length > 0);
    const std::int64_t rows = rows_of(length);
    if (rows > 0) {
        const std::int64_t columns = length / rows;
        rows_ = make_columns(rows);
        columns_ = make_columns(columns);
        for (std::int64_t k = 0; k < rows; ++k) {
            for (std::int64_t m = 0; m < columns; ++m) {
                const double angle =
                    2 * std::numbers::pi * static_cast<double>(k * m) / static_cast<double>(length);
                twiddle_real_.push_back(static_cast<Real>(std::cos(angle)));
                twiddle_imaginary_.push_back(static_cast<Real>(std::sin(angle)));
            }
        }
        return;
    }
    chirp_ = std::make_shared<const ChirpTransform<Real>>(length, 0, length - 1);
}

template <class Real>
Real* Fourier<Real>::transform_columns(const Columns& columns, Real* from, Real* to) {
    std::int64_t stride = 1;
    for (const Stage& stage : columns.stages) {
        const auto run = [&]<int Radix>() {
            run_stage<Radix, Real>(columns.length, stride, stage.real.data(),
                                   stage.imaginary.data(), from, to);
        };
        switch (stage.radix) {
            case 5:
                run.template operator()<5>();
                break;
            case 4:
                run.template operator()<4>();
                break;
            case 3:
                run.template operator()<3>();
                break;
            default:
                run.template operator()<2>();
        }
        stride *= stage.radix;
        std::swap(from, to);
    }
    return from;
}

template <class Real>
auto Fourier<Real>::transform_block(const Columns& columns, const Real* real, const Real* imaginary,
                                    std::int64_t n_rows, std::int64_t row_length,
                                    Workspace& workspace) -> Block {
    constexpr int n = lanes::native<Real>;
    constexpr int parts = block / n;
    const std::int64_t size = 2 * n * columns.length;
    lanes::make_room(workspace.columns, 2 * parts * size);
    for (std::int64_t row = 0; row < n_rows; ++row) {
        for (int part = 0; part < parts; ++part) {
            Real* const at = workspace.columns.data() + part * size + row * 2 * n;
            const std::int64_t from = row * row_length + part * n;
            store<Real, n>(at, load<Real, n>(real + from));
            store<Real, n>(at + n, load<Real, n>(imaginary + from));
        }
    }
    Block done;
    for (int part = 0; part < parts; ++part) {
        Real* const own = workspace.columns.data() + part * size;
        Real* const other = own + parts * size;
        std::fill(own + n_rows * 2 * n, own + size, Real(0));
        done.part[part] = transform_columns(columns, own, other);
        done.room[part] = done.part[part] == own ? other : own;
    }
    return done;
}

template <class Real>
void Fourier<Real>::transform_first_half(const Real* real, const Real* imaginary,
                                         std::int64_t n_rows, Workspace& workspace) const {
    constexpr int n = lanes::native<Real>;
    using V = Vec<Real, n>;
    const std::int64_t rows = rows_.length, columns = columns_.length;
    const std::int64_t row_length = turned_length();
    lanes::make_room(workspace.between, 2 * row_length * columns);
    Real* const between_real = workspace.between.data();  // (columns, rows)
    Real* const between_imaginary = between_real + row_length * columns;
    for (std::int64_t first = 0; first < columns; first += block) {
        const Block done =
            transform_block(rows_, real + first, imaginary + first, n_rows, columns, workspace);
        for (std::int64_t row = 0; row < rows; row += n) {
            for (int part = 0; part < block / n; ++part) {
                const std::int64_t column = first + part * n;
                V re[n], im[n];
                for (int k = 0; k < n; ++k) {
                    const Real* const at = done.part[part] + (row + k) * 2 * n;
                    const std::int64_t twiddle = (row + k) * columns + column;
                    const Pair<Real, n> turned =
                        Pair<Real, n>{load<Real, n>(at), load<Real, n>(at + n)}.times(
                            load<Real, n>(twiddle_real_.data() + twiddle),
                            load<Real, n>(twiddle_imaginary_.data() + twiddle));
                    re[k] = turned.real;
                    im[k] = turned.imaginary;
                }
                lanes::transpose<Real, n>(re);
                lanes::transpose<Real, n>(im);
                for (int k = 0; k < n; ++k) {
                    store<Real, n>(between_real + (column + k) * row_length + row, re[k]);
                    store<Real, n>(between_imaginary + (column + k) * row_length + row, im[k]);
                }
            }
        }
    }
}

template <class Real>
void Fourier<Real>::transform_smooth(const Real* real, const Real* imaginary, Real* out_real,
                                     Real* out_imaginary, Workspace& workspace) const {
    constexpr int n = lanes::native<Real>;
    const std::int64_t rows = rows_.length, columns = columns_.length;
    const std::int64_t row_length = turned_length();
    transform_first_half(real, imaginary, rows, workspace);
    const Real* const between_real = workspace.between.data();
    const Real* const between_imaginary = between_real + row_length * columns;
    for (std::int64_t first = 0; first < rows; first += block) {
        const Block done =
            transform_block(columns_, between_real + first, between_imaginary + first, columns,
                            row_length, workspace);
        for (std::int64_t column = 0; column < columns; ++column) {
            for (int part = 0; part < block / n; ++part) {
                const Real* const at = done.part[part] + column * 2 * n;
                const std::int64_t to = column * rows + first + part * n;
                store<Real, n>(out_real + to, load<Real, n>(at));
                store<Real, n>(out_imaginary + to, load<Real, n>(at + n));
            }
        }
    }
}

template <class Real>
void Fourier<Real>::transform(const Real* real, const Real* imaginary, Real* out_real,
                              Real* out_imaginary, Workspace& workspace) const {
    if (chirp_) {
        chirp_->transform(real, imaginary, out_real, out_imaginary, workspace);
    } else {
        transform_smooth(real, imaginary, out_real, out_imaginary, workspace);
    }
}

template class Fourier<float>;
template class Fourier<double>;

}  // namespace elm
