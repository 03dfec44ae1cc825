#include "encoders/cochlea/basilar_membrane.h"

#include <algorithm>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"

namespace elm::cochlea {
namespace {

constexpr double alpha = 3;                                 // 1/cm, decay of the stiffness
constexpr double stiffness = 1e9;                           // S0, g s^-2 cm^-2, at the base
constexpr double stiffness_offset = 3500;                   // A, g s^-2 cm^-2
constexpr double mass = 0.05;                               // m, g cm^-2
const double damping = 0.15 * std::sqrt(stiffness * mass);  // R, g s^-1 cm^-2, at the base
constexpr double height = 0.1;                              // h, cm; density rho 1 g cm^-3

Complex stiffness_term(double omega, double place_cm) {
    return {stiffness * std::exp(-alpha * place_cm) - stiffness_offset - mass * omega * omega,
            -omega * damping * std::exp(-alpha * place_cm / 2)};
}

}  // namespace

double place_of(std::int64_t channel, std::int64_t n_channels) {
    return membrane_length_cm * static_cast<double>(channel) / static_cast<double>(n_channels - 1);
}

MembraneTransfer::MembraneTransfer(double omega)
    : omega_(omega), root_(std::sqrt(stiffness_offset + mass * omega * omega)) {
    first_root_ = square_root(stiffness_term(omega, 0));
    first_denominator_ = first_root_ - Complex{-omega * damping / (2 * root_), root_};
    const Complex first_number = Complex{omega / std::sqrt(height), 0} / first_root_;
    first_phase_ = (2 / alpha) * first_number;
    const double zeta = 2 * omega / alpha * std::sqrt(2 / (height * stiffness));
    const Complex ratio = Complex{::j0(zeta), -::y0(zeta)} / Complex{::j1(zeta), -::y1(zeta)};
    impedance_ = std::sqrt(2 * stiffness / height) * ratio.times_i();
    first_amplitude_ = hankel_amplitude(first_phase_);
}

Complex MembraneTransfer::velocity(double place_cm) const {
    const Complex xi = stiffness_term(omega_, place_cm);
    const Complex root = square_root(xi);
    const double growth = std::exp(alpha * place_cm / 2);
    const Complex denominator{growth * root.re + omega_ * damping / (2 * root_),
                              growth * (root.im - root_)};
    const double scale = omega_ / (std::sqrt(height) * root_);
    const Complex further =
        (2 / alpha * -scale) * logarithm(first_denominator_ / denominator).times_i();
    const Complex phase = first_phase_ + further;
    // P(c) / P(0): the factors sqrt(2 / (pi G)) of H0 cancel sqrt(G), and k(0) / k(c) is
    // sqrt(xi(c) / xi(0)). The large phase enters as a difference.
    const Complex pressure = square_root(root / first_root_) * exponential(further.times_i()) *
                             (hankel_amplitude(phase) / first_amplitude_);
    return (Complex{2 * omega_, 0} / xi) * impedance_ * pressure;
}

BasilarMembrane::BasilarMembrane(std::int64_t n_samples, double rate_hz, std::int64_t n_channels,
                                 double cutoff)
    : n_samples_(n_samples),
      n_channels_(n_channels),
      n_steps_(n_samples / 2 + 1),
      output_rate_(std::floor(rate_hz / 2)),
      forward_(n_samples),
      back_(n_steps_) {
    ELM_ASSERT(n_samples >= 2 && n_channels >= 2);
    if (Fourier<float>::smooth_length(n_steps_) != n_steps_) {
        for (const std::int64_t sixteenths : {1, 2, 3, 5}) {
            const std::int64_t most = n_steps_ * sixteenths / 16;
            if (most > 0) bands_.emplace_back(n_steps_, -most, most);
        }
    }
    std::vector<MembraneTransfer> bins;
    bins.reserve(static_cast<std::size_t>(n_steps_));
    for (std::int64_t bin = 0; bin < n_steps_; ++bin) bins.emplace_back(omega(bin));
    pairs_.resize(static_cast<std::size_t>((n_channels + 1) / 2));
    Cpu::for_each_task(std::ssize(pairs_), [&](std::int64_t pair) {
        pairs_[static_cast<std::size_t>(pair)] = make_pair(bins, pair, cutoff);
    });
}

double BasilarMembrane::omega(std::int64_t bin) const {
    return 2 * std::numbers::pi *
           (1 + static_cast<double>(bin) * (output_rate_ - 1) / static_cast<double>(n_steps_ - 1));
}

double BasilarMembrane::kept_share() const {
    double kept = 0;
    for (const PairTransfer& pair : pairs_) kept += static_cast<double>(pair.real[0].size());
    return kept / static_cast<double>(std::ssize(pairs_) * n_steps_);
}

auto BasilarMembrane::make_pair(std::span<const MembraneTransfer> bins, std::int64_t pair,
                                double cutoff) const -> PairTransfer {
    PairTransfer transfer;
    for (std::size_t k = 0; k < 2; ++k) {
        const std::int64_t channel = 2 * pair + static_cast<std::int64_t>(k);
        if (channel == n_channels_) break;
        const double place = place_of(channel, n_channels_);
        double most = 0;
        for (const MembraneTransfer& bin : bins) {
            const Complex v = bin.velocity(place);
            most = std::max(most, v.squared_size());
            // Behind its peak the transfer falls with frequency.
            if (v.squared_size() < cutoff * cutoff * most) break;
            transfer.real[k].push_back(static_cast<float>(v.re));
            transfer.imaginary[k].push_back(static_cast<float>(v.im));
        }
    }
    const std::size_t kept = std::max(transfer.real[0].size(), transfer.real[1].size());
    for (std::size_t k = 0; k < 2; ++k) {
        transfer.real[k].resize(kept);
        transfer.imaginary[k].resize(kept);
    }
    return transfer;
}

auto BasilarMembrane::spectrum(std::span<const double> clip) const -> Spectrum {
    ELM_ASSERT(std::ssize(clip) == n_samples_);
    std::vector<double> real(clip.size()), imaginary(clip.begin(), clip.end());
    Fourier<double>::Workspace workspace;
    // Exchanged parts: the exponent is negative.
    forward_.transform(real.data(), imaginary.data(), real.data(), imaginary.data(), workspace);
    Spectrum spectrum;
    const double share = 1 / static_cast<double>(n_steps_);
    for (std::size_t m = 0; m < static_cast<std::size_t>(n_steps_); ++m) {
        spectrum.real.push_back(static_cast<float>(imaginary[m] * share));
        spectrum.imaginary.push_back(static_cast<float>(real[m] * share));
    }
    return spectrum;
}

/// The narrowest band that has so many bins; none if all are needed.
const ChirpTransform<float>* BasilarMembrane::band_of(std::int64_t kept) const {
    const auto found = std::find_if(bands_.begin(), bands_.end(),
                                    [kept](const auto& band) { return band.first() <= 1 - kept; });
    return found == bands_.end() ? nullptr : &*found;
}

void BasilarMembrane::velocities(const Spectrum& spectrum, std::int64_t pair,
                                 std::span<float> first, std::span<float> second,
                                 Workspace& workspace) const {
    // The real part of a transform is that of the Hermitian part of its input,
    // (Y_m + conj(Y_(M - m))) / 2; two real results travel as real and imaginary part of one.
    const PairTransfer& transfer = pairs_[static_cast<std::size_t>(pair)];
    const auto kept = std::ssize(transfer.real[0]);
    // Bins from -m on in their order, or those below 0 behind all others.
    const ChirpTransform<float>* const band = band_of(kept);
    const std::int64_t inputs = band != nullptr ? band->inputs() : n_steps_;
    const std::int64_t zero = band != nullptr ? -band->first() : 0;
    const std::int64_t behind = band != nullptr ? zero : n_steps_;
    workspace.real.assign(static_cast<std::size_t>(inputs), 0.0F);
    workspace.imaginary.assign(static_cast<std::size_t>(inputs), 0.0F);
    float* const real = workspace.real.data();
    float* const imaginary = workspace.imaginary.data();
    const float* const x_re = spectrum.real.data();
    const float* const x_im = spectrum.imaginary.data();
    /// Y_m / 2 of both channels.
    struct Products {
        float a_re, a_im, b_re, b_im;
    };
    const auto products = [x_re, x_im, a_re = transfer.real[0].data(),
                           a_im = transfer.imaginary[0].data(), b_re = transfer.real[1].data(),
                           b_im = transfer.imaginary[1].data()](std::int64_t m) {
        const float re = 0.5F * x_re[m], im = 0.5F * x_im[m];
        return Products{a_re[m] * re - a_im[m] * im, a_re[m] * im + a_im[m] * re,
                        b_re[m] * re - b_im[m] * im, b_re[m] * im + b_im[m] * re};
    };
#pragma omp simd
    for (std::int64_t m = 0; m < kept; ++m) {
        const Products y = products(m);
        real[zero + m] = y.a_re - y.b_im;
        imaginary[zero + m] = y.a_im + y.b_re;
    }
    const auto add_mirrored = [&](std::int64_t m, std::int64_t at) {
        const Products y = products(m);
        real[at] += y.a_re + y.b_im;
        imaginary[at] += y.b_re - y.a_im;
    };
    add_mirrored(0, zero);
#pragma omp simd
    for (std::int64_t m = 1; m < kept; ++m) add_mirrored(m, behind - m);
    if (band != nullptr) {
        band->transform(real, imaginary, first.data(), second.data(), workspace.transform);
        return;
    }
    back_.transform(real, imaginary, first.data(), second.data(), workspace.transform);
}

}  // namespace elm::cochlea
