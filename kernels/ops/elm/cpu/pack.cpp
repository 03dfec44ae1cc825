#include <algorithm>
#include <utility>

#include "kernels/core/simd/multiply_add_units.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/elm/cpu/scan_weights.h"

namespace elm {
namespace {

int padded(std::int64_t n, int lanes) { return static_cast<int>((n + lanes - 1) / lanes) * lanes; }

template <class Real>
lanes::AlignedVector<Real> padded_copy(const std::vector<double>& values, int width) {
    lanes::AlignedVector<Real> result(static_cast<std::size_t>(width), Real(0));
    for (std::size_t i = 0; i < values.size(); ++i) result[i] = static_cast<Real>(values[i]);
    return result;
}

/// Sum that one spike of each input adds to each branch, (n_input, n_branch).
std::vector<double> branch_sums(const ElmScanModel& model) {
    const auto& [structure, parameters] = model;
    std::vector<double> sums(static_cast<std::size_t>(structure.n_input * structure.n_branch), 0.0);
    for (std::size_t synapse = 0; synapse < structure.input_of_synapse.size(); ++synapse) {
        const std::int64_t input = structure.input_of_synapse[synapse];
        if (input < 0) continue;
        const std::int64_t branch =
            static_cast<std::int64_t>(synapse) / structure.n_synapse_per_branch;
        sums[static_cast<std::size_t>(input * structure.n_branch + branch)] +=
            parameters.synapse_weight[synapse] *
            structure.input_sign[static_cast<std::size_t>(input)];
    }
    return sums;
}

template <class Real>
lanes::AlignedVector<Real> padded_rows(const std::vector<double>& rows, std::int64_t n_rows,
                                       std::int64_t n_columns, int width) {
    lanes::AlignedVector<Real> result(static_cast<std::size_t>(n_rows * width), Real(0));
    for (std::int64_t row = 0; row < n_rows; ++row) {
        for (std::int64_t column = 0; column < n_columns; ++column) {
            result[static_cast<std::size_t>(row * width + column)] =
                static_cast<Real>(rows[static_cast<std::size_t>(row * n_columns + column)]);
        }
    }
    return result;
}

/// sums (n_input, n_branch) through the first layer's branch columns: (n_input, n_out).
std::vector<double> drive_sums(const std::vector<double>& sums, const ElmScanModel& model) {
    const ElmStructure& structure = model.structure;
    const ElmScanModel::Layer& first = model.parameters.layers.front();
    const std::int64_t n_out = model.n_first(), n_in = ElmScanModel::n_in(first);
    std::vector<double> drive(static_cast<std::size_t>(structure.n_input * n_out), 0.0);
    for (std::int64_t input = 0; input < structure.n_input; ++input) {
        for (std::int64_t branch = 0; branch < structure.n_branch; ++branch) {
            const double weight =
                sums[static_cast<std::size_t>(input * structure.n_branch + branch)];
            if (weight == 0) continue;
            for (std::int64_t unit = 0; unit < n_out; ++unit) {
                drive[static_cast<std::size_t>(input * n_out + unit)] +=
                    weight * first.weight[static_cast<std::size_t>(unit * n_in + branch)];
            }
        }
    }
    return drive;
}

bool decays_alike(const ElmStructure& structure) {
    for (const double decay : structure.trace_decay) {
        if (decay != structure.trace_decay.front()) return false;
    }
    return !structure.trace_per_synapse;
}

/// Entries, with weights still to come.
template <class Real>
BranchEntries<Real> branch_entries(const ElmStructure& structure) {
    BranchEntries<Real> entries;
    const auto entry_of = [&](std::int32_t s) {
        return std::pair(structure.input_of_synapse[static_cast<std::size_t>(s)],
                         s / structure.n_synapse_per_branch);
    };
    for (std::size_t s = 0; s < structure.input_of_synapse.size(); ++s) {
        const std::int64_t input = structure.input_of_synapse[s];
        entries.sign.push_back(
            input < 0 ? Real(0)
                      : static_cast<Real>(structure.input_sign[static_cast<std::size_t>(input)]));
        if (input >= 0) entries.synapses.push_back(static_cast<std::int32_t>(s));
    }
    std::stable_sort(entries.synapses.begin(), entries.synapses.end(),
                     [&](std::int32_t a, std::int32_t b) { return entry_of(a) < entry_of(b); });
    for (std::size_t i = 0; i < entries.synapses.size(); ++i) {
        const auto entry = entry_of(entries.synapses[i]);
        if (i > 0 && entry_of(entries.synapses[i - 1]) == entry) continue;
        entries.input.push_back(static_cast<std::int32_t>(entry.first));
        entries.branch.push_back(static_cast<std::int32_t>(entry.second));
        entries.begin.push_back(static_cast<std::int64_t>(i));
    }
    entries.begin.push_back(static_cast<std::int64_t>(entries.synapses.size()));
    entries.weight.resize(entries.input.size());
    return entries;
}

template <class Real, class Number>
void set_synapses(ElmScanWeights<Real>& w, const Number* weight) {
    BranchEntries<Real>& entries = w.entries;
    for (std::size_t at = 0; at < w.targets.synapse.size(); ++at) {
        const auto s = static_cast<std::size_t>(w.targets.synapse[at]);
        w.targets.weight[at] = static_cast<Real>(weight[s] * Number(entries.sign[s]));
    }
    if (w.trace_per_synapse) return;
    for (std::size_t e = 0; e < entries.weight.size(); ++e) {
        double sum = 0;
        entries.for_synapses_of(e, [&](std::size_t s) {
            sum += static_cast<double>(weight[s] * Number(entries.sign[s]));
        });
        entries.weight[e] = static_cast<Real>(sum);
        w.branch_table[static_cast<std::size_t>(std::int64_t{entries.input[e]} * w.branch_width +
                                                entries.branch[e])] = entries.weight[e];
    }
}

/// A spike table pays where few of many channels spike in a step and the table stays in cache.
template <class Real>
bool wants_spike_table(const ElmScanModel& model) {
    const ElmStructure& structure = model.structure;
    constexpr std::int64_t cache_bytes = 512 * 1024;
    const std::int64_t width = padded(model.n_first(), lanes::native<Real>);
    return decays_alike(structure) && structure.n_input >= 8 * structure.n_branch &&
           structure.n_input * width * static_cast<std::int64_t>(sizeof(Real)) <= cache_bytes;
}

/// Targets, with weights still to come.
template <class Real>
SynapseTargets<Real> synapse_targets(const ElmStructure& structure) {
    SynapseTargets<Real> targets;
    targets.begin.assign(static_cast<std::size_t>(structure.n_input) + 1, 0);
    for (const std::int64_t input : structure.input_of_synapse) {
        if (input >= 0) ++targets.begin[static_cast<std::size_t>(input) + 1];
    }
    for (std::size_t i = 1; i < targets.begin.size(); ++i) targets.begin[i] += targets.begin[i - 1];
    std::vector<std::int64_t> next(targets.begin.begin(), targets.begin.end() - 1);
    targets.synapse.resize(static_cast<std::size_t>(targets.begin.back()));
    targets.weight.resize(targets.synapse.size());
    for (std::size_t synapse = 0; synapse < structure.input_of_synapse.size(); ++synapse) {
        const std::int64_t input = structure.input_of_synapse[synapse];
        if (input < 0) continue;
        const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(input)]++);
        targets.synapse[at] = static_cast<std::int32_t>(synapse);
    }
    return targets;
}

template <class Real>
Tensor device_array(Stream& stream, const std::vector<double>& values) {
    const std::vector<Real> converted(values.begin(), values.end());
    return Tensor::from(stream, {static_cast<std::int64_t>(values.size())},
                        std::span<const Real>(converted));
}

template <class Real>
ElmScanDevice<Real> device_model(Stream& stream, const ElmScanModel& model) {
    const auto& [structure, parameters] = model;
    ElmScanDevice<Real> device;
    device.n_input = static_cast<int>(structure.n_input);
    device.n_branch = static_cast<int>(structure.n_branch);
    device.n_synapse_per_branch = static_cast<int>(structure.n_synapse_per_branch);
    device.n_memory = static_cast<int>(model.n_memory());
    device.n_output = static_cast<int>(model.n_output());
    device.hidden_unit = structure.hidden_unit;
    device.trace_per_synapse = structure.trace_per_synapse;
    std::vector<double> values;
    const auto add = [&](const ElmScanModel::Layer& layer) {
        const std::int64_t n_in = ElmScanModel::n_in(layer), n_out = ElmScanModel::n_out(layer);
        device.layers.push_back({static_cast<std::int64_t>(values.size()), static_cast<int>(n_in),
                                 static_cast<int>(n_out)});
        for (std::int64_t k = 0; k < n_in; ++k) {
            for (std::int64_t unit = 0; unit < n_out; ++unit) {
                values.push_back(layer.weight[static_cast<std::size_t>(unit * n_in + k)]);
            }
        }
        values.insert(values.end(), layer.bias.begin(), layer.bias.end());
    };
    for (const ElmScanModel::Layer& layer : parameters.layers) add(layer);
    add(parameters.readout);
    device.values = device_array<Real>(stream, values);
    device.memory_decay = device_array<Real>(stream, parameters.memory_decay);
    device.memory_gain = device_array<Real>(stream, parameters.memory_gain);
    device.trace_decay = device_array<Real>(stream, structure.trace_decay);
    device.input_sign = device_array<Real>(stream, structure.input_sign);
    device.host_sign.assign(structure.input_sign.begin(), structure.input_sign.end());
    if (!structure.trace_per_synapse) {
        device.branch_table = device_array<Real>(stream, branch_sums(model))
                                  .reshape({structure.n_input, structure.n_branch});
        return device;
    }
    std::vector<std::int32_t> input_of;
    std::vector<double> weight;
    for (std::size_t synapse = 0; synapse < structure.input_of_synapse.size(); ++synapse) {
        const std::int64_t input = structure.input_of_synapse[synapse];
        input_of.push_back(static_cast<std::int32_t>(input));
        const double sign = input < 0 ? 0.0 : structure.input_sign[static_cast<std::size_t>(input)];
        weight.push_back(sign * parameters.synapse_weight[synapse]);
    }
    device.synapse_input = Tensor::from(stream, {static_cast<std::int64_t>(input_of.size())},
                                        std::span<const std::int32_t>(input_of));
    device.synapse_weight = device_array<Real>(stream, weight);
    return device;
}

}  // namespace

template <class Real, class Number>
void repack_part(ElmScanWeights<Real>& w, const ElmParameters<const Number*>& parameters,
                 std::int64_t part) {
    const auto n_layers = static_cast<std::int64_t>(w.layers.size());
    ELM_ASSERT(std::ssize(parameters.layers) == n_layers);
    if (part < n_layers) {
        const auto l = static_cast<std::size_t>(part);
        w.layers[l].set(parameters.layers[l].weight, w.layers[l].n_in(), parameters.layers[l].bias);
    } else if (part == n_layers) {
        set_synapses(w, parameters.synapse_weight);
    } else {
        w.readout.set(parameters.readout.weight, w.n_memory, parameters.readout.bias);
        std::copy_n(parameters.memory_decay, w.n_memory, w.memory_decay.data());
        std::copy_n(parameters.memory_gain, w.n_memory, w.memory_gain.data());
    }
}

template <class Real>
const ElmScanDevice<Real>& device_part(const ElmScanWeights<Real>& weights) {
    return weights.on_device;
}

template <class Real>
std::shared_ptr<const ElmScanWeights<Real>> pack_elm_scan(Stream& stream, const ElmScanModel& model,
                                                          SpikeTable table) {
    const auto& [structure, parameters] = model;
    ELM_ASSERT(!parameters.layers.empty());
    constexpr int native = std::max(4, lanes::native<Real>);  // blocks of units come in fours
    auto packed = std::make_shared<ElmScanWeights<Real>>();
    ElmScanWeights<Real>& w = *packed;
    w.device = stream.device();
    w.n_input = static_cast<int>(structure.n_input);
    w.n_branch = static_cast<int>(structure.n_branch);
    w.n_synapse_per_branch = static_cast<int>(structure.n_synapse_per_branch);
    w.n_memory = static_cast<int>(model.n_memory());
    w.n_output = static_cast<int>(model.n_output());
    w.hidden_unit = structure.hidden_unit;
    w.trace_per_synapse = structure.trace_per_synapse;
    if (stream.device().kind == DeviceKind::cuda) {
        w.on_device = device_model<Real>(stream, model);
        return packed;
    }
    w.spike_table = table == SpikeTable::where_it_pays && wants_spike_table<Real>(model);
    if (multiply_add_units().count == 2) w.unit_lanes = lanes::native<Real>;
    w.input_sign.assign(structure.input_sign.begin(), structure.input_sign.end());

    // As wide as the blocks of the gradient's products, which may be wider than a vector.
    w.branch_width = padded(structure.n_branch, std::max(native, 8));
    if (structure.trace_per_synapse) {
        w.targets = synapse_targets<Real>(structure);
        w.synapse_decay = padded_copy<Real>(structure.trace_decay,
                                            static_cast<int>(structure.trace_decay.size()));
    } else {
        w.branch_table.assign(static_cast<std::size_t>(structure.n_input * w.branch_width),
                              Real(0));
        w.branch_decay = padded_copy<Real>(structure.trace_decay, w.branch_width);
        if (w.spike_table) {
            const std::int64_t n_out = model.n_first();
            w.drive_width = padded(n_out, native);
            w.drive_table = padded_rows<Real>(drive_sums(branch_sums(model), model),
                                              structure.n_input, n_out, w.drive_width);
            w.drive_decay = padded_copy<Real>(
                std::vector<double>(static_cast<std::size_t>(n_out), structure.trace_decay.front()),
                w.drive_width);
            w.drive_bias = padded_copy<Real>(parameters.layers.front().bias, w.drive_width);
        }
    }
    using Layer = lanes::PackedLayer<Real>;
    for (const ElmScanModel::Layer& layer : parameters.layers) {
        const int n_first = w.layers.empty() ? w.n_branch : 0;
        w.layers.emplace_back(static_cast<int>(ElmScanModel::n_out(layer)), n_first,
                              static_cast<int>(ElmScanModel::n_in(layer)) - n_first,
                              Layer::Kernels::both, w.unit_lanes);
    }
    w.readout = Layer(w.n_output, 0, w.n_memory, Layer::Kernels::both, w.unit_lanes);
    const int memory_width = padded(model.n_memory(), 16);  // a multiple of every vector
    w.memory_decay.assign(static_cast<std::size_t>(memory_width), Real(0));
    w.memory_gain.assign(static_cast<std::size_t>(memory_width), Real(0));
    w.entries = branch_entries<Real>(structure);
    repack_elm_scan(
        w, parameters.map([](const std::vector<double>& values) { return values.data(); }));
    return packed;
}

template <class Real>
ElmStateShape state_shape(const ElmScanWeights<Real>& weights, bool record_branches) {
    ElmStateShape shape;
    shape.memory = weights.n_memory;
    if (weights.trace_per_synapse) {
        shape.trace = std::int64_t{weights.n_branch} * weights.n_synapse_per_branch;
    } else if (!weights.spike_table || record_branches) {
        shape.trace = weights.n_branch;
    }
    if (weights.spike_table) shape.drive = weights.layers.front().n_out();
    return shape;
}

#define ELM_INSTANTIATE(Real)                                                               \
    template std::shared_ptr<const ElmScanWeights<Real>> pack_elm_scan<Real>(               \
        Stream&, const ElmScanModel&, SpikeTable);                                          \
    template void repack_part<Real, Real>(ElmScanWeights<Real>&,                            \
                                          const ElmParameters<const Real*>&, std::int64_t); \
    template const ElmScanDevice<Real>& device_part<Real>(const ElmScanWeights<Real>&);     \
    template ElmStateShape state_shape<Real>(const ElmScanWeights<Real>&, bool);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
#undef ELM_INSTANTIATE

}  // namespace elm
