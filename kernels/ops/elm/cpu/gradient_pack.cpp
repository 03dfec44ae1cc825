#include <algorithm>
#include <deque>
#include <utility>

#include "kernels/ops/elm/cpu/gradient_weights.h"

namespace elm {

using namespace gradient;

namespace {

std::int64_t branch_of(const ElmScanModel& model, std::int64_t synapse) {
    return synapse / model.n_synapse_per_branch;
}

/// Four columns where no unit of the input needs more, as with windows that follow each other;
/// else all of them.
InputBands input_bands(const ElmScanModel& model, int branch_width) {
    constexpr std::int64_t band = 4;
    const auto n_input = static_cast<std::size_t>(model.n_input);
    std::vector<std::int64_t> lowest(n_input, branch_width), highest(n_input, 0);
    for (std::size_t s = 0; s < model.input_of_synapse.size(); ++s) {
        if (model.input_of_synapse[s] < 0) continue;
        const auto input = static_cast<std::size_t>(model.input_of_synapse[s]);
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

/// The table entry of each synapse and where its sum stands.
template <class Real>
SynapsePlaces<Real> synapse_places(const ElmScanModel& model, const InputBands& bands) {
    SynapsePlaces<Real> places;
    const auto n_synapses = static_cast<std::int64_t>(model.input_of_synapse.size());
    const auto input_of = [&](std::int64_t s) {
        return model.input_of_synapse[static_cast<std::size_t>(s)];
    };
    for (std::int64_t s = 0; s < n_synapses; ++s) {
        const std::int64_t input = input_of(s);
        if (input < 0) {
            places.sign.push_back(0);
            places.sum_of_synapse.push_back(-1);
            continue;
        }
        const auto i = static_cast<std::size_t>(input);
        places.synapses.push_back(static_cast<std::int32_t>(s));
        places.sign.push_back(static_cast<Real>(model.input_sign[i]));
        places.sum_of_synapse.push_back(
            model.trace_per_synapse ? s
                                    : input * bands.width + branch_of(model, s) - bands.first[i]);
    }
    const auto entry_of = [&](std::int32_t s) {
        return std::pair(input_of(s), branch_of(model, s));
    };
    std::stable_sort(places.synapses.begin(), places.synapses.end(),
                     [&](std::int32_t a, std::int32_t b) { return entry_of(a) < entry_of(b); });
    for (std::size_t i = 0; i < places.synapses.size(); ++i) {
        const auto [input, branch] = entry_of(places.synapses[i]);
        if (i > 0 && entry_of(places.synapses[i - 1]) == std::pair(input, branch)) continue;
        places.input.push_back(static_cast<std::int32_t>(input));
        places.branch.push_back(static_cast<std::int32_t>(branch));
        places.begin.push_back(static_cast<std::int64_t>(i));
    }
    places.begin.push_back(static_cast<std::int64_t>(places.synapses.size()));
    places.weight.resize(places.input.size());
    return places;
}

template <class Real>
void set_synapses(ElmScanWeights<Real>& w, SynapsePlaces<Real>& places, const Real* weight) {
    if (w.trace_per_synapse) {
        for (std::size_t at = 0; at < w.targets.synapse.size(); ++at) {
            const auto s = static_cast<std::size_t>(w.targets.synapse[at]);
            w.targets.weight[at] = weight[s] * places.sign[s];
        }
        return;
    }
    for (std::size_t e = 0; e < places.weight.size(); ++e) {
        double sum = 0;
        for_synapses_of(places, e, [&](std::size_t s) {
            sum += static_cast<double>(weight[s] * places.sign[s]);
        });
        places.weight[e] = static_cast<Real>(sum);
        w.branch_table[static_cast<std::size_t>(std::int64_t{places.input[e]} * w.branch_width +
                                                places.branch[e])] = places.weight[e];
    }
}

/// Spike rows pay where few of many inputs spike in a step and the rows stay in cache in both
/// directions.
template <class Real>
SpikeRows<Real> spike_rows(const ElmScanModel& model) {
    SpikeRows<Real> rows;
    constexpr std::int64_t cache_bytes = 256 * 1024;
    const std::int64_t n_out = model.layers.front().n_out;
    // Whole vectors, and at least as wide as the sums over events.
    constexpr std::int64_t step = std::max(native<Real>, wide(1));
    const std::int64_t width = (n_out + step - 1) / step * step;
    const bool alike = !model.trace_per_synapse &&
                       std::all_of(model.trace_decay.begin(), model.trace_decay.end(),
                                   [&](double decay) { return decay == model.trace_decay[0]; });
    if (!alike || model.n_input < 8 * model.n_branch || n_out > widest_spike_row ||
        model.n_input * width * static_cast<std::int64_t>(sizeof(Real)) > cache_bytes) {
        return rows;
    }
    rows.width = static_cast<int>(width);
    rows.table.assign(static_cast<std::size_t>(model.n_input * width), Real(0));
    rows.decay.assign(static_cast<std::size_t>(width), static_cast<Real>(model.trace_decay[0]));
    rows.bias.assign(static_cast<std::size_t>(width), Real(0));
    return rows;
}

/// W1b w for each unit of the input.
template <class Real>
void set_spike_rows(ElmGradientWeights<Real>& weights) {
    constexpr int N = unit_lanes<Real>;
    SpikeRows<Real>& rows = weights.spike_rows;
    const PackedLayer<Real>& first = weights.forward->layers.front();
    const SynapsePlaces<Real>& places = weights.places;
    std::copy_n(first.bias_by_unit(), first.n_out(), rows.bias.data());
    with_vectors_of(first, [&]<int V>() {
        for_inputs(places, [&](std::int64_t input, std::size_t begin, std::size_t end) {
            Vec<Real, N> sum[V] = {};
            for (std::size_t e = begin; e < end; ++e) {
                const Real* const column = first.by_unit() + std::int64_t{places.branch[e]} * V * N;
                const Vec<Real, N> weight = broadcast<Real, N>(places.weight[e]);
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

/// The numbers of a model in the type of the packed one.
template <class Real>
struct ConvertedNumbers {
    explicit ConvertedNumbers(const ElmScanModel& model) {
        numbers.synapse_weight = converted(model.synapse_weight);
        numbers.memory_decay = converted(model.memory_decay);
        numbers.memory_gain = converted(model.memory_gain);
        for (const DenseLayer& layer : model.layers) numbers.layers.push_back(converted(layer));
        numbers.readout = converted(model.readout);
    }
    ElmScanNumbers<const Real> numbers;

private:
    const Real* converted(const std::vector<double>& values) {
        return arrays_.emplace_back(values.begin(), values.end()).data();
    }
    typename ElmScanNumbers<const Real>::Layer converted(const DenseLayer& layer) {
        return {converted(layer.weight), converted(layer.bias)};
    }
    std::deque<std::vector<Real>> arrays_;
};

}  // namespace

template <class Real>
std::shared_ptr<ElmGradientWeights<Real>> pack_elm_gradient(const ElmScanModel& model) {
    using Layer = PackedLayer<Real>;
    constexpr auto by_unit = Layer::Kernels::units_as_lanes;
    Stream host{Device{}};
    auto packed = std::make_shared<ElmGradientWeights<Real>>();
    packed->forward = std::make_shared<ElmScanWeights<Real>>(
        *pack_elm_scan<Real>(host, model, SpikeTable::never));
    ElmScanWeights<Real>& w = *packed->forward;
    int widest = w.branch_width;  // of every row that starts from zero
    for (Layer& layer : w.layers) {
        packed->to_input.emplace_back(layer.n_rest(), 0, layer.n_out(), by_unit);
        layer = Layer(layer.n_out(), layer.n_first(), layer.n_rest(), by_unit);
        widest = std::max({widest, wide(layer.n_in()), wide(layer.n_out())});
    }
    w.readout = Layer(w.readout.n_out(), 0, w.readout.n_rest(), by_unit);
    packed->to_branches = Layer(w.n_branch, 0, w.layers.front().n_out(), by_unit);
    packed->readout.assign(static_cast<std::size_t>(w.n_output * wide(w.n_memory)), Real(0));
    packed->zeros.assign(static_cast<std::size_t>(widest), Real(0));
    packed->bands = input_bands(model, w.branch_width);
    packed->places = synapse_places<Real>(model, packed->bands);
    packed->spike_rows = spike_rows<Real>(model);
    repack_elm_gradient(*packed, ConvertedNumbers<Real>(model).numbers);
    return packed;
}

template <class Real>
void repack_elm_gradient(ElmGradientWeights<Real>& weights,
                         const ElmScanNumbers<const Real>& numbers) {
    ElmScanWeights<Real>& w = *weights.forward;
    ELM_ASSERT(numbers.layers.size() == w.layers.size());
    const auto n_layers = static_cast<std::int64_t>(w.layers.size());
    for_each_part(2 * n_layers + 2, 2 * count_numbers(w), [&](std::int64_t part) {
        const auto l = static_cast<std::size_t>(part % n_layers);
        if (part < n_layers) {
            PackedLayer<Real>& layer = w.layers[l];
            layer.set(numbers.layers[l].weight, layer.n_in(), numbers.layers[l].bias);
        } else if (part < 2 * n_layers) {
            const std::int64_t n_first = w.layers[l].n_first(), n_in = w.layers[l].n_in();
            weights.to_input[l].set_transposed(numbers.layers[l].weight + n_first, n_in);
            if (l == 0) weights.to_branches.set_transposed(numbers.layers[l].weight, n_in);
        } else if (part == 2 * n_layers) {
            set_synapses(w, weights.places, numbers.synapse_weight);
        } else {
            w.readout.set(numbers.readout.weight, w.n_memory, numbers.readout.bias);
            for (int out = 0; out < w.n_output; ++out) {
                std::copy_n(numbers.readout.weight + std::int64_t{out} * w.n_memory, w.n_memory,
                            weights.readout.data() + std::int64_t{out} * wide(w.n_memory));
            }
            std::copy_n(numbers.memory_decay, w.n_memory, w.memory_decay.data());
            std::copy_n(numbers.memory_gain, w.n_memory, w.memory_gain.data());
        }
    });
    if (!weights.has_branches()) set_spike_rows(weights);
}

#define ELM_INSTANTIATE(Real)                                                   \
    template std::shared_ptr<ElmGradientWeights<Real>> pack_elm_gradient<Real>( \
        const ElmScanModel&);                                                   \
    template void repack_elm_gradient<Real>(ElmGradientWeights<Real>&,          \
                                            const ElmScanNumbers<const Real>&);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
#undef ELM_INSTANTIATE

}  // namespace elm
