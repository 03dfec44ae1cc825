#include "kernels/ops/elm_gradient.h"

#include <algorithm>
#include <deque>
#include <span>
#include <utility>

#include "kernels/core/check.h"
#include "kernels/core/parallel.h"
#include "kernels/ops/elm_gradient_tile.h"

namespace elm {

using namespace gradient;

namespace {

constexpr std::int64_t most_groups = 8;  // partial gradients; fixed, so that sums keep their order

/// Tiles of 4, 2 and 1 samples: the same cut for any number of threads.
struct Tile {
    std::int64_t first;
    int count;
};

std::vector<Tile> cut(std::int64_t batch) {
    std::vector<Tile> tiles;
    for (std::int64_t first = 0; first < batch;) {
        const std::int64_t left = batch - first;
        const int count = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        tiles.push_back({first, count});
        first += count;
    }
    return tiles;
}

template <class Real, Unit unit>
void run_tile(const ElmGradientArgs<Real>& args, const std::vector<int>& row_widths,
              const Tile& tile, PartialGradient<Real>& sums) {
    if (tile.count == 4) {
        GradientTile<Real, 4, unit>(args, row_widths, tile.first, sums).run();
    } else if (tile.count == 2) {
        GradientTile<Real, 2, unit>(args, row_widths, tile.first, sums).run();
    } else {
        GradientTile<Real, 1, unit>(args, row_widths, tile.first, sums).run();
    }
}

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

/// Calls body(position in `synapses`) for those of entry e.
template <class Real, class Body>
void for_synapses_of(const SynapsePlaces<Real>& places, std::size_t e, const Body& body) {
    for (auto at = static_cast<std::size_t>(places.begin[e]);
         at < static_cast<std::size_t>(places.begin[e + 1]); ++at) {
        body(static_cast<std::size_t>(places.synapses[at]));
    }
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

constexpr std::int64_t widest_spike_row = 64;

/// Spike rows pay where few of many inputs spike in a step and the rows stay in cache in both
/// directions.
template <class Real>
SpikeRows<Real> spike_rows(const ElmScanModel& model) {
    SpikeRows<Real> rows;
    constexpr std::int64_t cache_bytes = 256 * 1024, N = native<Real>;
    const std::int64_t n_out = model.layers.front().n_out;
    const std::int64_t width = std::max<std::int64_t>(8, (n_out + N - 1) / N * N);
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

/// Calls body.operator()<V>() for a layer of V vectors of units, at most the widest spike row.
template <class Real, class Body>
void with_vectors_of(const PackedLayer<Real>& layer, const Body& body) {
    constexpr int most = widest_spike_row / unit_lanes<Real>;
    const int count = layer.padded_units() / unit_lanes<Real>;
    ELM_ASSERT(count <= most);
    [&]<int... V>(std::integer_sequence<int, V...>) {
        ((count == V + 1 ? (body.template operator()<V + 1>(), 0) : 0), ...);
    }
    (std::make_integer_sequence<int, most>{});
}

/// Calls body(input, first entry, entry after the last) for each input that has entries.
template <class Real, class Body>
void for_inputs(const SynapsePlaces<Real>& places, const Body& body) {
    const std::size_t n = places.input.size();
    for (std::size_t begin = 0, end = 0; begin < n; begin = end) {
        while (end < n && places.input[end] == places.input[begin]) ++end;
        body(std::int64_t{places.input[begin]}, begin, end);
    }
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

/// Calls body(i) for 0 <= i < count: on all threads where there are enough numbers for it.
template <class Body>
void for_each_part(std::int64_t count, std::int64_t numbers, const Body& body) {
    constexpr std::int64_t few_numbers = 32 * 1024;  // as long as waking the other threads takes
    if (numbers >= few_numbers) {
        Cpu::for_each_task(count, body);
    } else {
        for (std::int64_t i = 0; i < count; ++i) body(i);
    }
}

template <class Real>
std::int64_t count_numbers(const ElmScanWeights<Real>& w) {
    auto count = std::int64_t{w.n_branch} * w.n_synapse_per_branch;
    for (const PackedLayer<Real>& layer : w.layers) {
        count += std::int64_t{layer.n_in()} * layer.n_out();
    }
    return count;
}

/// Sums of the groups of tiles, in their order.
template <class Real>
class GroupSums {
public:
    using Group = PartialGradient<Real>;
    explicit GroupSums(std::span<const Group> groups) : groups_(groups) {}

    /// to[i] += sum over groups of array[offset + i]; the arrays are padded to whole vectors.
    template <class ArrayOf>
    void add(const ArrayOf& array_of, std::int64_t offset, std::int64_t n, Real* to) const {
        constexpr int N = unit_lanes<Real>;
        for (std::int64_t i = 0; i < n; i += N) {
            Vec<Real, N> sum = load<Real, N>(array_of(groups_[0]).data() + offset + i);
            for (std::size_t g = 1; g < groups_.size(); ++g) {
                sum = sum + load<Real, N>(array_of(groups_[g]).data() + offset + i);
            }
            if (i + N <= n) {
                store<Real, N>(to + i, load<Real, N>(to + i) + sum);
            } else {
                for (std::int64_t k = 0; i + k < n; ++k) to[i + k] += sum[k];
            }
        }
    }

    template <class LayerOf>
    void add_layer(const LayerOf& layer_of, const PackedLayer<Real>& layer, std::int64_t row_width,
                   std::int64_t second_part, const typename ElmScanNumbers<Real>::Layer& to) const {
        const auto weight_of = [&](const Group& group) -> const auto& {
            return layer_of(group).weight;
        };
        for (std::int64_t unit = 0; unit < layer.n_out(); ++unit) {
            Real* const row = to.weight + unit * layer.n_in();
            if (second_part > 0) add(weight_of, unit * row_width, layer.n_first(), row);
            add(weight_of, unit * row_width + second_part, layer.n_rest(), row + layer.n_first());
        }
        add(
            [&](const Group& group) -> const auto& { return layer_of(group).bias; }, 0,
            layer.n_out(), to.bias);
    }

    void add_synapses(const ElmGradientWeights<Real>& weights, Real* to) const {
        const bool by_synapse = weights.forward->trace_per_synapse;
        const SynapsePlaces<Real>& places = weights.places;
        for (std::size_t s = 0; s < places.sum_of_synapse.size(); ++s) {
            if (places.sum_of_synapse[s] < 0) continue;
            const auto at = static_cast<std::size_t>(places.sum_of_synapse[s]);
            Real sum = 0;
            for (std::size_t g = 0; g < groups_.size(); ++g) {
                const Real part = by_synapse ? groups_[g].synapse[at] : groups_[g].events[at];
                sum = g == 0 ? part : sum + part;
            }
            to[s] += by_synapse ? sum : places.sign[s] * sum;
        }
    }

    /// From G, the sums over the events of an input: dW1b = sum G w^T and dw = W1b^T G.
    void add_spike_rows(const ElmGradientWeights<Real>& weights, AlignedVector<Real>& columns,
                        const ElmScanNumbers<Real>& to) const {
        const PackedLayer<Real>& first = weights.forward->layers.front();
        const int width = first.padded_units();
        columns.assign(static_cast<std::size_t>(first.n_first() * width), Real(0));
        with_vectors_of(first, [&]<int V>() { add_spike_rows<V>(weights, columns.data(), to); });
        for (int unit = 0; unit < first.n_out(); ++unit) {
            Real* const row = to.layers[0].weight + std::int64_t{unit} * first.n_in();
            for (int j = 0; j < first.n_first(); ++j) {
                row[j] += columns[static_cast<std::size_t>(j * width + unit)];
            }
        }
    }

private:
    /// `columns`: dW1b transposed, each column V vectors.
    template <int V>
    void add_spike_rows(const ElmGradientWeights<Real>& weights, Real* columns,
                        const ElmScanNumbers<Real>& to) const {
        constexpr int N = unit_lanes<Real>;
        const Real* const w1b = weights.forward->layers.front().by_unit();
        const SynapsePlaces<Real>& places = weights.places;
        for_inputs(places, [&](std::int64_t input, std::size_t begin, std::size_t end) {
            Vec<Real, N> sum[V];
            for (int v = 0; v < V; ++v) {
                const std::int64_t at = input * event_width(weights) + v * N;
                sum[v] = load<Real, N>(groups_[0].events.data() + at);
                for (std::size_t g = 1; g < groups_.size(); ++g) {
                    sum[v] = sum[v] + load<Real, N>(groups_[g].events.data() + at);
                }
            }
            for (std::size_t e = begin; e < end; ++e) {
                const std::int64_t column = std::int64_t{places.branch[e]} * V * N;
                Vec<Real, N> product{};
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v) {
                    Real* const gradient = columns + column + v * N;
                    store<Real, N>(gradient, multiply_add<Real, N>(places.weight[e], sum[v],
                                                                   load<Real, N>(gradient)));
                    product =
                        multiply_add<Real, N>(load<Real, N>(w1b + column + v * N), sum[v], product);
                }
                const Real slope = sum_of_lanes<Real, N>(product);
                for_synapses_of(places, e, [&](std::size_t s) {
                    to.synapse_weight[s] += places.sign[s] * slope;
                });
            }
        });
    }

    std::span<const Group> groups_;
};

/// Takes the padding off and, for synapses, applies the routing.
template <class Real>
void add_gradients(const ElmGradientWeights<Real>& weights, const std::vector<int>& row_widths,
                   std::span<const PartialGradient<Real>> groups, AlignedVector<Real>& columns,
                   const ElmScanNumbers<Real>& to) {
    using Group = PartialGradient<Real>;
    const ElmScanWeights<Real>& w = *weights.forward;
    const GroupSums<Real> sums(groups);
    const auto n_layers = static_cast<std::int64_t>(w.layers.size());
    for_each_part(n_layers + 2, count_numbers(w), [&](std::int64_t part) {
        if (part < n_layers) {
            const auto l = static_cast<std::size_t>(part);
            sums.add_layer(
                [l](const Group& group) -> const auto& { return group.layers[l]; }, w.layers[l],
                row_widths[l], l == 0 ? weights.branch_columns() : 0, to.layers[l]);
        } else if (part == n_layers) {
            if (weights.has_branches()) {
                sums.add_synapses(weights, to.synapse_weight);
            } else {
                sums.add_spike_rows(weights, columns, to);
            }
        } else {
            sums.add_layer(
                [](const Group& group) -> const auto& { return group.readout; }, w.readout,
                wide(w.n_memory), 0, to.readout);
            if (to.memory_decay == nullptr) return;
            sums.add(
                [](const Group& group) -> const auto& { return group.memory_decay; }, 0, w.n_memory,
                to.memory_decay);
            sums.add(
                [](const Group& group) -> const auto& { return group.memory_gain; }, 0, w.n_memory,
                to.memory_gain);
        }
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
    int widest = wide(w.n_branch);
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

template <class Real>
std::shared_ptr<ElmGradientWorkspace<Real>> make_elm_gradient_workspace() {
    return std::make_shared<ElmGradientWorkspace<Real>>();
}

template <class Real>
void run_elm_gradient(const ElmGradientArgs<Real>& args, ElmGradientWorkspace<Real>& workspace,
                      const ElmScanNumbers<Real>& gradients) {
    const ElmScanWeights<Real>& w = *args.weights->forward;
    ELM_ASSERT((args.spikes != nullptr) != (args.input.data != nullptr));
    std::vector<int> row_widths{args.weights->branch_columns() + wide(w.n_memory)};
    for (std::size_t l = 0; l + 1 < w.layers.size(); ++l) {
        row_widths.push_back(wide(w.layers[l].n_out()));
    }
    const std::int64_t batch = args.output.extent[0], n_steps = args.output.extent[1];
    const std::vector<Tile> tiles = n_steps > 0 ? cut(batch) : std::vector<Tile>{};
    const auto n_tiles = static_cast<std::int64_t>(tiles.size());
    if (n_tiles == 0) return;
    const std::int64_t n_groups = std::min(n_tiles, most_groups);
    if (std::ssize(workspace.groups) < n_groups) {
        workspace.groups.resize(static_cast<std::size_t>(n_groups));
    }
    Cpu::for_each_task(n_groups, [&](std::int64_t group) {
        PartialGradient<Real>& sums = workspace.groups[static_cast<std::size_t>(group)];
        sums.prepare(*args.weights, row_widths, gradients.memory_decay != nullptr);
        for (std::int64_t t = n_tiles * group / n_groups; t < n_tiles * (group + 1) / n_groups;
             ++t) {
            const Tile& tile = tiles[static_cast<std::size_t>(t)];
            if (w.hidden_unit == HiddenUnit::relu) {
                run_tile<Real, Unit::relu>(args, row_widths, tile, sums);
            } else {
                run_tile<Real, Unit::silu>(args, row_widths, tile, sums);
            }
        }
    });
    add_gradients<Real>(*args.weights, row_widths,
                        std::span<const PartialGradient<Real>>(workspace.groups)
                            .first(static_cast<std::size_t>(n_groups)),
                        workspace.columns, gradients);
}

#define ELM_INSTANTIATE(Real)                                                                 \
    template std::shared_ptr<ElmGradientWeights<Real>> pack_elm_gradient<Real>(               \
        const ElmScanModel&);                                                                 \
    template void repack_elm_gradient<Real>(ElmGradientWeights<Real>&,                        \
                                            const ElmScanNumbers<const Real>&);               \
    template std::shared_ptr<ElmGradientWorkspace<Real>> make_elm_gradient_workspace<Real>(); \
    template void run_elm_gradient<Real>(                                                     \
        const ElmGradientArgs<Real>&, ElmGradientWorkspace<Real>&, const ElmScanNumbers<Real>&);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
#undef ELM_INSTANTIATE

}  // namespace elm
