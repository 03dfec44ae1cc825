#pragma once

#include <vector>

#include "kernels/ops/spectral/complex_lanes.h"
#include "kernels/ops/spectral/low_rank/low_rank_kernel_body.h"

/// What the CPU's two passes of low_rank_kernel.h share: a vector of columns at a time.
namespace elm::low_rank_lanes {

using ManyLanes = std::vector<ComplexLanes, lanes::CacheLineAllocator<ComplexLanes>>;

inline std::size_t extent_of(std::int64_t n) { return static_cast<std::size_t>(n); }

/// Imaginary parts of z at all nodes but the one whose w is -1, where it is 0.
inline std::vector<double> nodes_of(const TransformStages& stages) {
    std::vector<double> nodes;
    for (std::int64_t node = 0; node < stages.nodes(); ++node) {
        nodes.push_back(is_last_node(stages, node) ? 0 : node_of(stages, node).imag);
    }
    return nodes;
}

/// The roots in steps of one of two factors of the length: e^(2 pi i j / count).
class Roots {
public:
    template <class Args>
    Roots(const Args& args, std::int64_t count) : values_(extent_of(count)) {
        for (std::int64_t j = 0; j < count; ++j) {
            values_[extent_of(j)] = complex_at(args.roots, j * (args.stages.length / count));
        }
    }

    /// body(k, root of k times `power`) for all k, in order.
    template <class Body>
    ELM_INLINE void for_each(std::int64_t power, const Body& body) const {
        const auto count = std::ssize(values_);
        power %= count;
        std::int64_t at = 0;
        for (std::int64_t k = 0; k < count; ++k) {
            body(k, values_[extent_of(at)]);
            at += power;
            if (at >= count) at -= count;
        }
    }

private:
    std::vector<Complex> values_;
};

ELM_INLINE void add_product_of(const Complex& factor, const ComplexLanes& x, ComplexLanes& sum) {
    const DoubleLanes real = x.real, imag = x.imag;
    sum.real = fused(
        real, lanes::broadcast<double, WholeLanes<double>::width>(factor.real),
        fused(imag, lanes::broadcast<double, WholeLanes<double>::width>(-factor.imag), sum.real));
    sum.imag = fused(
        real, lanes::broadcast<double, WholeLanes<double>::width>(factor.imag),
        fused(imag, lanes::broadcast<double, WholeLanes<double>::width>(factor.real), sum.imag));
}

ELM_INLINE ComplexLanes times(const Complex& factor, const ComplexLanes& x) {
    ComplexLanes product;
    add_product_of(factor, x, product);
    return product;
}

/// Modes of a block of columns: dt a, C' and P*, B and P, and the weights of the sums.
template <int rank>
struct ModeLanes {
    ComplexLanes rate, left[1 + rank], right[1 + rank], weights[low_rank_sums<rank>];
};
template <int rank>
using ManyModes = std::vector<ModeLanes<rank>, lanes::CacheLineAllocator<ModeLanes<rank>>>;

template <int rank, class Args>
ManyModes<rank> modes_of(const Args& args, std::int64_t first, std::int64_t count) {
    const auto set = [](ComplexLanes& lanes_of, std::int64_t lane, const Complex& value) {
        lanes_of.real[lane] = value.real;
        lanes_of.imag[lane] = value.imag;
    };
    ManyModes<rank> modes(extent_of(args.log_decay.extent[1]));
    for (std::int64_t n = 0; n < std::ssize(modes); ++n) {
        ModeLanes<rank>& all = modes[extent_of(n)];
        for (std::int64_t lane = 0; lane < WholeLanes<double>::width; ++lane) {
            // Lanes past the last column repeat it.
            const LowRankMode one =
                low_rank_mode<rank>(args, n, first + std::min<std::int64_t>(lane, count - 1));
            set(all.rate, lane, one.rate);
            for (int i = 0; i <= rank; ++i) {
                set(all.left[i], lane, one.left[i]);
                set(all.right[i], lane, one.right[i]);
            }
            for (int k = 0; k < low_rank_sums<rank>; ++k) set(all.weights[k], lane, one.weight(k));
        }
    }
    return modes;
}

template <class Args>
DoubleLanes steps_of(const Args& args, std::int64_t first, std::int64_t count) {
    DoubleLanes steps{};
    for (std::int64_t lane = 0; lane < WholeLanes<double>::width; ++lane) {
        steps[lane] = step_of(
            args, (first + std::min<std::int64_t>(lane, count - 1)) % args.log_step.extent[0]);
    }
    return steps;
}

/// 1 / (z - r) and 1 / (z - conj(r)) at z = i y, with one division for both.
struct Poles {
    ComplexLanes own, paired;

    ELM_INLINE Poles(double y, const ComplexLanes& rate) {
        const DoubleLanes square = rate.real * rate.real;
        const DoubleLanes below = y - rate.imag, above = y + rate.imag;
        const DoubleLanes first = fused(below, below, square), second = fused(above, above, square);
        const DoubleLanes inverse = 1 / (first * second);
        own = (inverse * second) * ComplexLanes{-rate.real, -below};
        paired = (inverse * first) * ComplexLanes{-rate.real, -above};
    }
};

/// What numbers v add to sums of v x + conj(v) y: real parts times `of_real`, imaginary parts times
/// `of_imag`.
struct PairedSum {
    ComplexLanes of_real, of_imag;

    ELM_INLINE PairedSum(const ComplexLanes& x, const ComplexLanes& y)
        : of_real(x + y), of_imag{y.imag - x.imag, x.real - y.real} {}
    ELM_INLINE void add(const ComplexLanes& v, ComplexLanes& sum) const {
        sum.real = fused(v.real, of_real.real, fused(v.imag, of_imag.real, sum.real));
        sum.imag = fused(v.real, of_real.imag, fused(v.imag, of_imag.imag, sum.imag));
    }
};

}  // namespace elm::low_rank_lanes
