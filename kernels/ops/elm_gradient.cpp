#include "kernels/ops/elm_gradient.h"

#include <algorithm>

#include "kernels/core/check.h"
#include "kernels/core/parallel.h"
#include "kernels/ops/elm_gradient_tile.h"

namespace elm {

using namespace gradient;

namespace {

constexpr std::int64_t most_groups = 8;  // partial gradients; fixed, so that sums keep their order

/// Part of a layer's weights, transposed: from unit to columns [begin, begin + n).
template <class Real>
PackedLayer<Real> transposed(const DenseLayer& layer, std::int64_t begin, std::int64_t n) {
    std::vector<double> weight(static_cast<std::size_t>(n * layer.n_out));
    for (std::int64_t k = 0; k < n; ++k) {
        for (std::int64_t unit = 0; unit < layer.n_out; ++unit) {
            weight[static_cast<std::size_t>(k * layer.n_out + unit)] =
                layer.weight[static_cast<std::size_t>(unit * layer.n_in + begin + k)];
        }
    }
    return {static_cast<int>(n), 0, static_cast<int>(layer.n_out), weight,
            std::vector<double>(static_cast<std::size_t>(n), 0.0)};
}

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

/// Takes the padding off and, for synapses, applies the routing.
template <class Real>
ElmScanGradient<Real> unpacked(const ElmGradientArgs<Real>& args, const PartialGradient<Real>& sums,
                               const std::vector<int>& row_widths) {
    const ElmScanModel& model = args.weights->model;
    const ElmScanWeights<Real>& w = *args.weights->forward;
    ElmScanGradient<Real> result;
    const auto copy = [](const typename PartialGradient<Real>::Layer& from, std::int64_t n_out,
                         std::int64_t row_width, auto column_of, std::int64_t n_in) {
        typename ElmScanGradient<Real>::Layer layer;
        for (std::int64_t unit = 0; unit < n_out; ++unit) {
            for (std::int64_t k = 0; k < n_in; ++k) {
                layer.weight.push_back(
                    from.weight[static_cast<std::size_t>(unit * row_width + column_of(k))]);
            }
            layer.bias.push_back(from.bias[static_cast<std::size_t>(unit)]);
        }
        return layer;
    };
    for (std::size_t l = 0; l < model.layers.size(); ++l) {
        const auto column_of = [&](std::int64_t k) {
            return l == 0 && k >= w.n_branch ? k - w.n_branch + w.branch_width : k;
        };
        result.layers.push_back(copy(sums.layers[l], model.layers[l].n_out, row_widths[l],
                                     column_of, model.layers[l].n_in));
    }
    result.readout = copy(
        sums.readout, model.readout.n_out, wide(w.n_memory), [](std::int64_t k) { return k; },
        model.readout.n_in);
    result.synapse_weight.assign(model.input_of_synapse.size(), Real(0));
    for (std::size_t s = 0; s < model.input_of_synapse.size(); ++s) {
        const std::int64_t input = model.input_of_synapse[s];
        if (input < 0) continue;
        if (w.trace_per_synapse) {
            result.synapse_weight[s] = sums.synapse[s];
            continue;
        }
        const std::int64_t branch = static_cast<std::int64_t>(s) / model.n_synapse_per_branch;
        result.synapse_weight[s] =
            w.input_sign[static_cast<std::size_t>(input)] *
            sums.events[static_cast<std::size_t>(input * w.branch_width + branch)];
    }
    if (args.time_constants) {
        result.memory_decay.assign(sums.memory_decay.begin(),
                                   sums.memory_decay.begin() + w.n_memory);
        result.memory_gain.assign(sums.memory_gain.begin(), sums.memory_gain.begin() + w.n_memory);
    }
    return result;
}

}  // namespace

template <class Real>
std::shared_ptr<const ElmGradientWeights<Real>> pack_elm_gradient(const ElmScanModel& model) {
    Stream host{Device{}};
    auto packed = std::make_shared<ElmGradientWeights<Real>>();
    packed->model = model;
    packed->forward = pack_elm_scan<Real>(host, model, SpikeTable::never);
    for (std::size_t l = 0; l < model.layers.size(); ++l) {
        const DenseLayer& layer = model.layers[l];
        const std::int64_t begin = l == 0 ? model.n_branch : 0;
        packed->to_input.push_back(transposed<Real>(layer, begin, layer.n_in - begin));
    }
    packed->to_branches = transposed<Real>(model.layers.front(), 0, model.n_branch);
    const int memory_width = wide(model.n_memory());
    packed->readout.assign(static_cast<std::size_t>(model.n_output() * memory_width), Real(0));
    int widest = wide(model.n_branch);
    for (const DenseLayer& layer : model.layers) {
        widest = std::max({widest, wide(layer.n_in), wide(layer.n_out)});
    }
    packed->zeros.assign(static_cast<std::size_t>(widest), Real(0));
    for (std::int64_t out = 0; out < model.n_output(); ++out) {
        for (std::int64_t m = 0; m < model.n_memory(); ++m) {
            packed->readout[static_cast<std::size_t>(out * memory_width + m)] = static_cast<Real>(
                model.readout.weight[static_cast<std::size_t>(out * model.n_memory() + m)]);
        }
    }
    return packed;
}

template <class Real>
ElmScanGradient<Real> run_elm_gradient(const ElmGradientArgs<Real>& args) {
    const ElmScanWeights<Real>& w = *args.weights->forward;
    ELM_ASSERT((args.spikes != nullptr) != (args.input.data != nullptr));
    std::vector<int> row_widths{w.branch_width + wide(w.n_memory)};
    for (std::size_t l = 0; l + 1 < w.layers.size(); ++l) {
        row_widths.push_back(wide(w.layers[l].n_out()));
    }
    const std::int64_t batch = args.output.extent[0], n_steps = args.output.extent[1];
    const std::vector<Tile> tiles = n_steps > 0 ? cut(batch) : std::vector<Tile>{};
    const auto n_tiles = static_cast<std::int64_t>(tiles.size());
    const std::int64_t n_groups = std::clamp<std::int64_t>(n_tiles, 1, most_groups);
    std::vector<PartialGradient<Real>> partial(static_cast<std::size_t>(n_groups));
    Cpu::for_each_task(n_groups, [&](std::int64_t group) {
        PartialGradient<Real>& sums = partial[static_cast<std::size_t>(group)];
        sums.prepare(w, row_widths);
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
    for (std::size_t group = 1; group < partial.size(); ++group) partial[0].add(partial[group]);
    return unpacked(args, partial[0], row_widths);
}

template std::shared_ptr<const ElmGradientWeights<float>> pack_elm_gradient<float>(
    const ElmScanModel&);
template std::shared_ptr<const ElmGradientWeights<double>> pack_elm_gradient<double>(
    const ElmScanModel&);
template ElmScanGradient<float> run_elm_gradient<float>(const ElmGradientArgs<float>&);
template ElmScanGradient<double> run_elm_gradient<double>(const ElmGradientArgs<double>&);

}  // namespace elm