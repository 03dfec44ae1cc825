#include "kernels/ops/spectral/low_rank/low_rank_lanes.h"

/// A task makes the kernels of one vector of columns, from the sums over modes to the transform.
namespace elm {
namespace {

using namespace low_rank_lanes;

/// The sums and the spectrum of one block.
template <int rank, class Real>
void make_spectrum(const LowRankKernelArgs<Real>& args, const std::vector<double>& nodes,
                   std::int64_t first, const PartLanes<double>& access) {
    const auto modes = modes_of<rank>(args, first, access.count);
    const DoubleLanes dt = steps_of(args, first, access.count);
    for (std::int64_t node = 0; node < args.stages.nodes(); ++node) {
        const double y = nodes[extent_of(node)];
        ComplexLanes sums[low_rank_sums<rank>];
        for (const ModeLanes<rank>& mode : modes) {
            const Poles poles(y, mode.rate);
            const PairedSum paired(poles.own, poles.paired);
            for (int k = 0; k < low_rank_sums<rank>; ++k) paired.add(mode.weights[k], sums[k]);
        }
        for (int k = 0; k < low_rank_sums<rank>; ++k) {
            sums[k] = dt * sums[k];
            store_lanes(access, sums[k], args.sums, k, node, first);
        }
        ComplexLanes spectrum;
        if (is_last_node(args.stages, node)) {
            for (const ModeLanes<rank>& mode : modes) spectrum.real += mode.weights[0].real;
            spectrum.real = dt * spectrum.real;
        } else {
            spectrum = times({1, 0.5 * y}, LowRankNodeSums<rank, ComplexLanes>(sums).value(sums));
        }
        store_lanes(access, spectrum, args.spectrum, node, first);
    }
}

/// All elements of the spectrum of a block, which is that of real numbers.
template <class Real>
ManyLanes whole_spectrum_of(const LowRankKernelArgs<Real>& args, std::int64_t first,
                            const PartLanes<double>& access) {
    const std::int64_t length = args.stages.length;
    ManyLanes all(extent_of(length));
    for (std::int64_t k = 0; k < args.stages.nodes(); ++k) {
        ComplexLanes value = load_lanes(access, args.spectrum, k, first);
        if (k == 0 || 2 * k == length) value.imag = DoubleLanes{};
        all[extent_of(k)] = value;
        if (k > 0 && 2 * k < length) all[extent_of(length - k)] = conjugate(value);
    }
    return all;
}

template <class Real>
void make_kernel(const LowRankKernelArgs<Real>& args, const Roots& by_row, const Roots& by_column,
                 std::int64_t first, const PartLanes<double>& access) {
    const auto& [length, rows, columns] = args.stages;
    const ManyLanes spectrum = whole_spectrum_of(args, first, access);
    ManyLanes partial(extent_of(length));
    for (std::int64_t k2 = 0; k2 < columns; ++k2) {
        for (std::int64_t s1 = 0; s1 < rows; ++s1) {
            ComplexLanes sum;
            by_row.for_each(s1, [&, columns = columns](std::int64_t k1, const Complex& root) {
                add_product_of(root, spectrum[extent_of(k1 * columns + k2)], sum);
            });
            partial[extent_of(s1 * columns + k2)] = times(root_of(args, k2 * s1), sum);
        }
    }
    const double scale = 1 / static_cast<double>(length);
    for (std::int64_t s = 0; s < length; ++s) {
        const ComplexLanes* const own = &partial[extent_of(s % rows * columns)];
        DoubleLanes sum{};
        by_column.for_each(s / rows, [&](std::int64_t k2, const Complex& root) {
            sum += own[k2].real * root.real - own[k2].imag * root.imag;
        });
        for (std::int64_t lane = 0; lane < access.count; ++lane) {
            args.kernel(s, first + lane) = static_cast<Real>(scale * sum[lane]);
        }
    }
}

template <int rank, class Real>
void forward(const LowRankKernelArgs<Real>& args) {
    const std::vector<double> nodes = nodes_of(args.stages);
    const Roots by_row(args, args.stages.rows), by_column(args, args.stages.columns);
    for_each_column_block(args.kernel.extent[1], [&](std::int64_t first, std::int64_t count) {
        const PartLanes<double> access(count);
        make_spectrum<rank>(args, nodes, first, access);
        make_kernel(args, by_row, by_column, first, access);
    });
}

template <class Real>
void forward_of_its_rank(const LowRankKernelArgs<Real>& args) {
    low_rank_of(args) == 1 ? forward<1>(args) : forward<2>(args);
}

}  // namespace

template <>
void run_low_rank_kernel<Cpu, float>(Stream&, const LowRankKernelArgs<float>& args) {
    forward_of_its_rank(args);
}
template <>
void run_low_rank_kernel<Cpu, double>(Stream&, const LowRankKernelArgs<double>& args) {
    forward_of_its_rank(args);
}
}  // namespace elm
