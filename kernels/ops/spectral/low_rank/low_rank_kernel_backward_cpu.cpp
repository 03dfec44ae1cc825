#include "kernels/ops/spectral/low_rank/low_rank_lanes.h"

/// A task takes one vector of columns back, from the transform to the modes.
namespace elm {
namespace {

using namespace low_rank_lanes;

/// Of the gradient of the kernel that of the spectrum at each node, whole sums over time.
template <class Real>
ManyLanes spectrum_gradient(const LowRankKernelBackwardArgs<Real>& args, const Roots& by_row,
                            const Roots& by_column, std::int64_t first,
                            const PartLanes<double>& access) {
    const auto& [length, rows, columns] = args.stages;
    constexpr std::int64_t width = WholeLanes<double>::width;
    auto memory = lane_scratch<double>(length);
    for (std::int64_t s = 0; s < length; ++s) {
        double* const value = memory.data() + (s % rows * columns + s / rows) * width;
        for (std::int64_t lane = 0; lane < access.count; ++lane) {
            value[lane] = static_cast<double>(args.kernel_gradient(s, first + lane));
        }
    }
    ManyLanes partial(extent_of(length)), result(extent_of(args.stages.nodes()));
    for (std::int64_t k2 = 0; k2 < columns; ++k2) {
        for (std::int64_t s1 = 0; s1 < rows; ++s1) {
            const Vectors<double> own{memory.data() + s1 * columns * width};
            ComplexLanes sum;
            by_column.for_each(k2, [&](std::int64_t s2, const Complex& root) {
                sum.real += own[s2] * root.real;
                sum.imag -= own[s2] * root.imag;
            });
            partial[extent_of(k2 * rows + s1)] = times(conjugate(root_of(args, k2 * s1)), sum);
        }
    }
    for (std::int64_t node = 0; node < args.stages.nodes(); ++node) {
        const ComplexLanes* const own = &partial[extent_of(node % columns * rows)];
        ComplexLanes& sum = result[extent_of(node)];
        by_row.for_each(node / columns, [&](std::int64_t s1, const Complex& root) {
            add_product_of(conjugate(root), own[s1], sum);
        });
        const bool single = node == 0 || is_last_node(args.stages, node);
        if (single) sum.imag = DoubleLanes{};
        const double factor = (single ? 1.0 : 2.0) / static_cast<double>(length);
        sum = times({factor, 0}, sum);
    }
    return result;
}

/// Gradients of the sums at each node, also left in `along`.
template <int rank, class Real>
void sum_gradients(const LowRankKernelBackwardArgs<Real>& args, const std::vector<double>& nodes,
                   const ManyLanes& spectrum, std::int64_t first, const PartLanes<double>& access) {
    constexpr int n_sums = low_rank_sums<rank>;
    for (std::int64_t node = 0; node < args.stages.nodes(); ++node) {
        ComplexLanes along[n_sums], sums[n_sums];
        along[0] = spectrum[extent_of(node)];
        if (!is_last_node(args.stages, node)) {
            for (int k = 0; k < n_sums; ++k) {
                sums[k] = load_lanes(access, args.sums, k, node, first);
            }
            const ComplexLanes gradient = times({1, -0.5 * nodes[extent_of(node)]}, along[0]);
            LowRankNodeSums<rank, ComplexLanes>(sums).spread(gradient, along);
        }
        for (int k = 0; k < n_sums; ++k) {
            store_lanes(access, along[k], args.along, k, node, first);
        }
    }
}

/// Sums over the nodes for one mode: of the gradients of its weights, and of those along its rate.
template <int rank>
struct NodeSums {
    ComplexLanes weights[low_rank_sums<rank>], rates[low_rank_sums<rank>];

    template <class Real>
    NodeSums(const LowRankKernelBackwardArgs<Real>& args, const std::vector<double>& nodes,
             const ComplexLanes& rate, std::int64_t first, const PartLanes<double>& access) {
        for (std::int64_t node = 0; node < args.stages.nodes(); ++node) {
            if (is_last_node(args.stages, node)) {
                weights[0] = weights[0] + load_lanes(access, args.along, 0, node, first);
                continue;
            }
            const Poles poles(nodes[extent_of(node)], rate);
            const ComplexLanes own = conjugate(poles.own), paired = poles.paired;
            const PairedSum plain(own, paired), squared(own * own, paired * paired);
            for (int k = 0; k < low_rank_sums<rank>; ++k) {
                const ComplexLanes g = load_lanes(access, args.along, k, node, first);
                plain.add(g, weights[k]);
                squared.add(g, rates[k]);
            }
        }
    }
};

template <int rank, class Real>
void mode_gradients(const LowRankKernelBackwardArgs<Real>& args, const std::vector<double>& nodes,
                    std::int64_t first, const PartLanes<double>& access) {
    const auto modes = modes_of<rank>(args, first, access.count);
    const DoubleLanes dt = steps_of(args, first, access.count);
    const std::int64_t features = args.log_step.extent[0];
    for (std::int64_t n = 0; n < std::ssize(modes); ++n) {
        const ModeLanes<rank>& mode = modes[extent_of(n)];
        NodeSums<rank> sums(args, nodes, mode.rate, first, access);
        ComplexLanes rate;
        for (int k = 0; k < low_rank_sums<rank>; ++k) {
            sums.weights[k] = dt * sums.weights[k];
            rate = rate + conjugate(mode.weights[k]) * sums.rates[k];
        }
        const LowRankFactorGradients<rank, ComplexLanes> factors(mode, sums.weights);
        store_lanes(access, dt * rate, args.shares, 0, n, first);
        store_lanes(access, factors.input, args.shares, 1, n, first);
        for (int m = 0; m < rank; ++m) {
            store_lanes(access, factors.correction[m], args.shares, 2 + m, n, first);
        }
        const ComplexLanes& c = factors.output;
        for (std::int64_t lane = 0; lane < access.count; ++lane) {
            const std::int64_t column = first + lane;
            set_complex(args.output_weight_gradient, Complex{c.real[lane], c.imag[lane]},
                        column / features, column % features, n);
        }
    }
}

/// dt d/d dt of each column: the sums have a factor dt, and dt a within them.
template <int rank, class Real>
DoubleLanes step_gradients(const LowRankKernelBackwardArgs<Real>& args, std::int64_t first,
                           const PartLanes<double>& access) {
    ComplexLanes sum;  // its real part counts
    const auto add = [&](const ComplexLanes& gradient, const ComplexLanes& value) {
        sum = sum + conjugate(gradient) * value;
    };
    for (std::int64_t node = 0; node < args.stages.nodes(); ++node) {
        const bool last = is_last_node(args.stages, node);
        for (int k = 0; k < (last ? 1 : low_rank_sums<rank>); ++k) {
            ComplexLanes value = load_lanes(access, args.sums, k, node, first);
            if (last) value = {load_lanes(access, args.spectrum, node, first).real, DoubleLanes{}};
            add(load_lanes(access, args.along, k, node, first), value);
        }
    }
    const auto modes = modes_of<rank>(args, first, access.count);
    for (std::int64_t n = 0; n < std::ssize(modes); ++n) {
        add(modes[extent_of(n)].rate, load_lanes(access, args.shares, 0, n, first));
    }
    return sum.real;
}

template <int rank, class Real>
void backward(Stream& stream, const LowRankKernelBackwardArgs<Real>& args) {
    const std::vector<double> nodes = nodes_of(args.stages);
    const Roots by_row(args, args.stages.rows), by_column(args, args.stages.columns);
    lanes::AlignedVector<double> steps(extent_of(args.kernel_gradient.extent[1]));
    for_each_column_block(args.kernel_gradient.extent[1], [&](std::int64_t first,
                                                              std::int64_t count) {
        const PartLanes<double> access(count);
        sum_gradients<rank>(args, nodes, spectrum_gradient(args, by_row, by_column, first, access),
                            first, access);
        mode_gradients<rank>(args, nodes, first, access);
        access.store(&steps[extent_of(first)], step_gradients<rank>(args, first, access));
    });
    Cpu::for_each_index(stream, args.log_decay.size(), LowRankRowGradient<Real>{args});
    const std::int64_t features = args.log_step.size();
    for (std::int64_t feature = 0; feature < features; ++feature) {
        double sum = 0;
        for (std::int64_t column = feature; column < std::ssize(steps); column += features) {
            sum += steps[extent_of(column)];
        }
        args.log_step_gradient(feature) = static_cast<Real>(sum);
    }
}

template <class Real>
void backward_of_its_rank(Stream& stream, const LowRankKernelBackwardArgs<Real>& args) {
    low_rank_of(args) == 1 ? backward<1>(stream, args) : backward<2>(stream, args);
}

}  // namespace

template <>
void run_low_rank_kernel_backward<Cpu, float>(Stream& stream,
                                              const LowRankKernelBackwardArgs<float>& args) {
    backward_of_its_rank(stream, args);
}
template <>
void run_low_rank_kernel_backward<Cpu, double>(Stream& stream,
                                               const LowRankKernelBackwardArgs<double>& args) {
    backward_of_its_rank(stream, args);
}

}  // namespace elm
