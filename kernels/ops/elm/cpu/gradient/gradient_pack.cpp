#include <algorithm>
#include <utility>

#include "kernels/ops/elm/cpu/gradient/gradient_weights.h"

namespace elm {

using namespace gradient;

namespace {

std::int64_t branch_of(const ElmScanModel& model, std::int64_t synapse) {
    return synapse / model.structure.n_synapse_per_branch;
}

/// Four columns where no unit of the input needs more, as with windows that follow each other;
/// else all of them.
InputBands input_bands(const ElmScanModel& model, int branch_width) {
    constexpr std::int64_t band = 4;
    const auto n_input = static_cast<std::size_t>(model.structure.n_input);
    std::vector<std::int64_t> lowest(n_input, branch_width), highest(n_input, 0);
    for (std::size_t s = 0; s < model.structure.input_of_synapse.size(); ++s) {
        if (model.structure.input_of_synapse[s] < 0) continue;
        const auto input = static_cast<std::size_t>(model.structure.input_of_synapse[s]);
        const std::int64_t branch = branch_of(model, static_cast<std::int64_t>(s));
        lowest[input] = std::min(lowest[input], branch);
        highest[input] = std::max(highest[input], branch);
    }
    InputBands bands{static_cast<int>(band), {}};
    for (std::size_t input = 0; input < n_input; ++input) {
        const std::int64_t first = std::min(lowest[input], branch_width - band);
        if (highest[input] >= first + band) {
            return {branch_width, std::vector<std::int32_t>(n_input, 0)};
        }
        bands.first.push_back(static_cast<std::int32_t>(first));
    }
    return bands;
}

/// Where the sum over the events of each synapse stands.
std::vector<std::int64_t> sums_of_synapses(const ElmScanModel& model, const InputBands& bands) {
    std::vector<std::int64_t> places;
    for (std::int64_t s = 0; s < std::ssize(model.structure.input_of_synapse); ++s) {
        const std::int64_t input = model.structure.input_of_synapse[static_cast<std::size_t>(s)];
        if (input < 0 || model.structure.trace_per_synapse) {
            places.push_back(input < 0 ? -1 : s);
            continue;
        }
        places.push_back(input * bands.width + branch_of(model, s) -
                         bands.first[static_cast<std::size_t>(input)]);
    }
    return places;
}

/// Spike rows pay where few of many inputs spike in a step and the rows stay in cache in both
/// directions.
template <class Real>
SpikeRows<Real> spike_rows(const ElmScanModel& model) {
    SpikeRows<Real> rows;
    constexpr std::int64_t cache_bytes = 256 * 1024;
    const std::int64_t n_out = model.n_first();
    // Whole vectors, and at least as wide as the sums over events.
    constexpr std::int64_t step = std::max(native<Real>, 8);
    const std::int64_t width = (n_out + step - 1) / step * step;
    const bool alike =
        !model.structure.trace_per_synapse &&
        std::all_of(model.structure.trace_decay.begin(), model.structure.trace_decay.end(),
                    [&](double decay) { return decay == model.structure.trace_decay[0]; });
    if (!alike || model.structure.n_input < 8 * model.structure.n_branch ||
        n_out > widest_spike_row ||
        model.structure.n_input * width * static_cast<std::int64_t>(sizeof(Real)) > cache_bytes) {
        return rows;
    }
    rows.width = static_cast<int>(width);
    rows.table.assign(static_cast<std::size_t>(model.structure.n_input * width), Real(0));
    rows.decay.assign(static_cast<std::size_t>(width),
                      static_cast<Real>(model.structure.trace_decay[0]));
    rows.bias.assign(static_cast<std::size_t>(width), Real(0));
    return rows;
}

/// W1b w for each unit of the input.
template <class Real>
void set_spike_rows(ElmGradientWeights<Real>& weights) {
    constexpr int N = unit_lanes<Real>;
    SpikeRows<Real>& rows = weights.spike_rows;
    const PackedLayer<Real>& first = weights.forward->layers.front();
    const BranchEntries<Real>& entries = weights.forward->entries;
    std::copy_n(first.bias_by_unit(), first.n_out(), rows.bias.data());
    with_vectors_of(first, [&]<int V>() {
        entries.for_inputs([&](std::int64_t input, std::size_t begin, std::size_t end) {
            Vec<Real, N> sum[V] = {};
            for (std::size_t e = begin; e < end; ++e) {
                const Real* const column =
                    first.by_unit() + std::int64_t{entries.branch[e]} * V * N;
                const Vec<Real, N> weight = broadcast<Real, N>(entries.weight[e]);
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v) {
                    sum[v] = multiply_add<Real, N>(weight, load<Real, N>(column + v * N), sum[v]);
                }
            }
            Real* const to = rows.table.data() + input * rows.width;
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) store<Real, N>(to + v * N, sum[v]);
        });
    });
}

}  // namespace

template <class Real>
std::shared_ptr<ElmGradientWeights<Real>> pack_elm_gradient(const ElmScanModel& model,
                                                            SpikeTable rows) {
    using Layer = PackedLayer<Real>;
    constexpr auto by_unit = Layer::Kernels::units_as_lanes;
    Stream host{Device{}};
    auto packed = std::make_shared<ElmGradientWeights<Real>>();
    packed->forward = std::make_shared<ElmScanWeights<Real>>(
        *pack_elm_scan<Real>(host, model, SpikeTable::never));
    ElmScanWeights<Real>& w = *packed->forward;
    int widest = w.branch_width;  // of every row that starts from zero
    for (Layer& layer : w.layers) {
        packed->to_input.emplace_back(layer.n_rest(), 0, layer.n_out(), by_unit, w.unit_lanes);
        layer = Layer(layer.n_out(), layer.n_first(), layer.n_rest(), by_unit, w.unit_lanes);
        widest = std::max({widest, packed->wide(layer.n_in()), packed->wide(layer.n_out())});
    }
    w.readout = Layer(w.readout.n_out(), 0, w.readout.n_rest(), by_unit, w.unit_lanes);
    packed->to_branches = Layer(w.n_branch, 0, w.layers.front().n_out(), by_unit, w.unit_lanes);
    packed->readout.assign(static_cast<std::size_t>(w.n_output * packed->wide(w.n_memory)),
                           Real(0));
    packed->zeros.assign(static_cast<std::size_t>(widest), Real(0));
    packed->bands = input_bands(model, w.branch_width);
    packed->sum_of_synapse = sums_of_synapses(model, packed->bands);
    if (rows == SpikeTable::where_it_pays) packed->spike_rows = spike_rows<Real>(model);
    const auto parameters = model.parameters.map([](const std::vector<double>& values) {
        return std::vector<Real>(values.begin(), values.end());
    });
    repack_elm_gradient<Real>(
        *packed, parameters.map([](const std::vector<Real>& values) { return values.data(); }));
    return packed;
}

template <class Real>
void repack_elm_gradient(ElmGradientWeights<Real>& weights,
                         const ElmParameters<const Real*>& parameters) {
    ElmScanWeights<Real>& w = *weights.forward;
    ELM_ASSERT(parameters.layers.size() == w.layers.size());
    const auto n_layers = static_cast<std::int64_t>(w.layers.size());
    const std::int64_t forward_parts = repack_parts(w);
    for_each_part(forward_parts + n_layers + 1, 2 * count_weights(w), [&](std::int64_t part) {
        if (part < forward_parts) return repack_part(w, parameters, part);
        if (part < forward_parts + n_layers) {
            const auto l = static_cast<std::size_t>(part - forward_parts);
            const std::int64_t n_first = w.layers[l].n_first(), n_in = w.layers[l].n_in();
            weights.to_input[l].set_transposed(parameters.layers[l].weight + n_first, n_in);
            if (l == 0) weights.to_branches.set_transposed(parameters.layers[l].weight, n_in);
            return;
        }
        for (int out = 0; out < w.n_output; ++out) {
            std::copy_n(parameters.readout.weight + std::int64_t{out} * w.n_memory, w.n_memory,
                        weights.readout.data() + std::int64_t{out} * weights.wide(w.n_memory));
        }
    });
    if (!weights.has_branches()) set_spike_rows(weights);
}

#define ELM_INSTANTIATE(Real)                                                   \
    template std::shared_ptr<ElmGradientWeights<Real>> pack_elm_gradient<Real>( \
        const ElmScanModel&, SpikeTable);                                       \
    template void repack_elm_gradient<Real>(ElmGradientWeights<Real>&,          \
                                            const ElmParameters<const Real*>&);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
#undef ELM_INSTANTIATE

}  // namespace elm
