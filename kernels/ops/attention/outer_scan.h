#pragma once

#include <cstdint>

#include "kernels/ops/attention/attention.h"

/// A matrix that sums outer products over time, and is read by a vector in each step: the core of
/// linear attention. For each sample and head, with rows of length m and columns of length n:
///
///     M[t]      = M[start] + sum over s <= t of u[s] w[s]ᵀ       (m, n)
///     output[t] = M[t] x[t]                                      (m)
///
/// backwards in time with s >= t, and not causally with all s. All gradients are of the same form:
/// with g the gradient of the output, dx = scan(w, u, g), and du = scan(g, x, w), dw = scan(x, g,
/// u) in the other direction of time.
///
/// Source: Katharopoulos et al. 2020, arXiv 2006.16236; in chunks, within which sums are products
/// of rows: Hua et al. 2022, arXiv 2202.10447, section 3.
namespace elm {

enum class ScanOrder : std::uint8_t { forwards, backwards, all };

struct OuterScanShape {
    std::int64_t batch, heads, source_steps, read_steps, rows, columns;
    ScanOrder order;
};

/// Steps of a sample beyond `source_lengths` are left out of sums, beyond `read_lengths` (batch)
/// the output is 0; without data all count. States are (batch, heads, rows, columns), or without
/// data zeros and not wanted.
template <class Real>
struct OuterScanArgs {
    OuterScanShape shape;
    AttentionRows<const Real> left, right;  // u (source steps, rows), w (source steps, columns)
    AttentionRows<const Real> read;         // x (read steps, columns)
    View<const std::int32_t, 1> source_lengths, read_lengths;
    View<const Real, 4> start;
    View<Real, 4> end;
    AttentionRows<Real> output;  // (read steps, rows)

    ELM_HD std::int64_t sources_of(std::int64_t sample) const {
        return source_lengths.data == nullptr ? shape.source_steps : source_lengths(sample);
    }
    ELM_HD std::int64_t reads_of(std::int64_t sample) const {
        return read_lengths.data == nullptr ? shape.read_steps : read_lengths(sample);
    }
};

/// Shared memory of a CUDA device that a block takes: the matrix, and a vector as long as a row.
constexpr std::int64_t outer_scan_shared_bytes(std::int64_t rows, std::int64_t columns,
                                               std::int64_t element_bytes) {
    return (rows + 1) * columns * element_bytes;
}

/// Throws Error{unsupported} for matrices that have no room on a device, forward or backward.
void require_outer_scan_fits(const DeviceLimits& device, std::int64_t rows, std::int64_t columns,
                             DType dtype);

template <class Backend, class Real>
void run_outer_scan(Stream& stream, const OuterScanArgs<Real>& args);

template <class Real>
inline constexpr Kernel<OuterScanArgs<Real>> outer_scan_kernel{
    "outer_scan", &run_outer_scan<Cpu, Real>, ELM_IF_CUDA((&run_outer_scan<Cuda, Real>))};

struct OuterScanSettings {
    std::int64_t heads = 1;
    bool causal = false;  // forwards; else all
    /// Source steps of each sample that count, (batch) as int32 on the host. Undefined: all.
    Tensor lengths = {};
    /// The matrices to begin with, and where to leave the last ones, without a past on the tape.
    Tensor start = {};
    Tensor* end = nullptr;
};

/// Differentiable form. Shapes: left (batch, source steps, heads rows), right (batch, source steps,
/// heads columns), read (batch, read steps, heads columns), result (batch, read steps, heads rows).
/// Throws Error{invalid} naming the argument whose shape does not fit, for lengths that cannot be,
/// and for a causal scan with other reads than sources; Error{unsupported} for matrices that have
/// no room on a CUDA device.
Var outer_scan(Context& context, const Var& left, const Var& right, const Var& read,
               const OuterScanSettings& settings);

}  // namespace elm
