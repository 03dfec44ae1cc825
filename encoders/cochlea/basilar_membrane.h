#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "encoders/cochlea/chirp_transform.h"
#include "encoders/cochlea/fourier.h"
#include "encoders/cochlea/hankel.h"

/// The basilar membrane: sound as the velocity of each place along the cochlea.
///
/// Linear shallow-water model in the approximation of Wentzel, Kramers & Brillouin, in CGS units;
/// w = 2 pi frequency, c = place in cm from the base:
///   xi(c) = S0 e^(-alpha c) - A - m w^2 - i w R e^(-alpha c / 2)     i w times the impedance
///   k(c)  = w sqrt(rho / (h xi)),   B = sqrt(A + m w^2)
///   d(c)  = e^(alpha c / 2) (sqrt(xi(c)) - i B) + w R / (2 B)
///   G(c)  = 2 / alpha (k(0) - i w / (sqrt(h) B) ln(d(0) / d(c)))     phase, dG/dc = k
///   P(c)  = sqrt(G / k) H0(G)                                        pressure
///   Z     = i sqrt(2 S0 / h) conj(H0(zeta) / H1(zeta)),   zeta = 2 w / alpha sqrt(2 / (h S0))
///   V(c)  = 2 w / xi(c) Z P(c) / P(0)                                velocity per input
/// A clip of N samples at rate fs has M = floor(N / 2) + 1 values at the nominal rate
/// F = floor(fs / 2), by an inverse transform of length M of one side of the spectrum X alone:
///   u_k = Re 1/M sum_(m < M) V(w_m) X_m e^(2 pi i m k / M),   w_m = 2 pi (1 + m (F - 1) / (M - 1))
/// which folds what is above F / 2, as the published data have it.
/// Sources: Sieroka, Dosch & Rupp 2006, doi:10.1121/1.2204438; Cramer, Stradmann, Schemmel & Zenke
/// 2020, doi:10.1109/TNNLS.2020.3044364, whose public program gives the constants.
namespace elm::cochlea {

/// The transfer function V at one frequency (rad/s) for any place (cm).
class MembraneTransfer {
public:
    explicit MembraneTransfer(double omega);
    Complex velocity(double place_cm) const;

private:
    double omega_, root_;  // B
    Complex first_root_;   // sqrt(xi(0))
    Complex first_denominator_, first_phase_, impedance_, first_amplitude_;
};

inline constexpr double membrane_length_cm = 3.5;

/// Place of a channel, (0 .. channels - 1), evenly spaced from base to apex.
double place_of(std::int64_t channel, std::int64_t n_channels);

/// The filters of all channels for clips of one length.
class BasilarMembrane {
public:
    /// Memory for one pair of channels at a time.
    struct Workspace {
        Fourier<float>::Workspace transform;
        std::vector<float> real, imaginary;
    };

    /// `n_samples` from 2 on, `n_channels` from 2 on. Where a channel passes less than `cutoff`
    /// times its most at all frequencies from one on, these count as 0.
    BasilarMembrane(std::int64_t n_samples, double rate_hz, std::int64_t n_channels,
                    double cutoff = 1e-7);

    std::int64_t n_samples() const noexcept { return n_samples_; }
    std::int64_t n_channels() const noexcept { return n_channels_; }
    std::int64_t n_steps() const noexcept { return n_steps_; }       // M
    double output_rate_hz() const noexcept { return output_rate_; }  // F
    double omega(std::int64_t bin) const;
    /// Share of all bins that are kept.
    double kept_share() const;

    /// X_m / M, m = 0 .. M - 1, of a clip of n_samples().
    struct Spectrum {
        std::vector<float> real, imaginary;
    };
    Spectrum spectrum(std::span<const double> clip) const;

    /// Velocities of channels 2 pair and 2 pair + 1, n_steps() each. An odd last channel is alone,
    /// and `second` then 0.
    void velocities(const Spectrum& spectrum, std::int64_t pair, std::span<float> first,
                    std::span<float> second, Workspace& workspace) const;

private:
    /// V of two channels at bins 0, 1, ...
    struct PairTransfer {
        std::array<std::vector<float>, 2> real, imaginary;
    };
    PairTransfer make_pair(std::span<const MembraneTransfer> bins, std::int64_t pair,
                           double cutoff) const;

    const ChirpTransform<float>* band_of(std::int64_t kept) const;

    std::int64_t n_samples_, n_channels_, n_steps_;
    double output_rate_;
    Fourier<double> forward_;
    Fourier<float> back_;
    std::vector<ChirpTransform<float>> bands_;  // of bins -m to m, for lengths that need a chirp
    std::vector<PairTransfer> pairs_;
};

}  // namespace elm::cochlea
