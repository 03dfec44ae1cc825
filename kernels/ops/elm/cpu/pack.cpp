#include "kernels/core/check.h"
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

/// What one spike of each input adds to each branch, (n_input, n_branch).
std::vector<double> branch_sums(const ElmScanModel& model) {
    std::vector<double> sums(static_cast<std::size_t>(model.n_input * model.n_branch), 0.0);
    for (std::size_t synapse = 0; synapse < model.input_of_synapse.size(); ++synapse) {
        const std::int64_t input = model.input_of_synapse[synapse];
        if (input < 0) continue;
        const std::int64_t branch = static_cast<std::int64_t>(synapse) / model.n_synapse_per_branch;
        sums[static_cast<std::size_t>(input * model.n_branch + branch)] +=
            model.synapse_weight[synapse] * model.input_sign[static_cast<std::size_t>(input)];
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
    const DenseLayer& first = model.layers.front();
    std::vector<double> drive(static_cast<std::size_t>(model.n_input * first.n_out), 0.0);
    for (std::int64_t input = 0; input < model.n_input; ++input) {
        for (std::int64_t branch = 0; branch < model.n_branch; ++branch) {
            const double weight = sums[static_cast<std::size_t>(input * model.n_branch + branch)];
            if (weight == 0) continue;
            for (std::int64_t unit = 0; unit < first.n_out; ++unit) {
                drive[static_cast<std::size_t>(input * first.n_out + unit)] +=
                    weight * first.weight[static_cast<std::size_t>(unit * first.n_in + branch)];
            }
        }
    }
    return drive;
}

bool decays_alike(const ElmScanModel& model) {
    for (const double decay : model.trace_decay) {
        if (decay != model.trace_decay.front()) return false;
    }
    return !model.trace_per_synapse;
}

/// A spike table pays where few of many channels spike in a step and the table stays in cache.
template <class Real>
bool wants_spike_table(const ElmScanModel& model) {
    constexpr std::int64_t cache_bytes = 512 * 1024;
    const std::int64_t width = padded(model.layers.front().n_out, lanes::native<Real>);
    return decays_alike(model) && model.n_input >= 8 * model.n_branch &&
           model.n_input * width * static_cast<std::int64_t>(sizeof(Real)) <= cache_bytes;
}

template <class Real>
SynapseTargets<Real> synapse_targets(const ElmScanModel& model) {
    SynapseTargets<Real> targets;
    targets.begin.assign(static_cast<std::size_t>(model.n_input) + 1, 0);
    for (const std::int64_t input : model.input_of_synapse) {
        if (input >= 0) ++targets.begin[static_cast<std::size_t>(input) + 1];
    }
    for (std::size_t i = 1; i < targets.begin.size(); ++i) targets.begin[i] += targets.begin[i - 1];
    std::vector<std::int64_t> next(targets.begin.begin(), targets.begin.end() - 1);
    targets.synapse.resize(static_cast<std::size_t>(targets.begin.back()));
    targets.weight.resize(targets.synapse.size());
    for (std::size_t synapse = 0; synapse < model.input_of_synapse.size(); ++synapse) {
        const std::int64_t input = model.input_of_synapse[synapse];
        if (input < 0) continue;
        const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(input)]++);
        targets.synapse[at] = static_cast<std::int32_t>(synapse);
        targets.weight[at] = static_cast<Real>(model.synapse_weight[synapse] *
                                               model.input_sign[static_cast<std::size_t>(input)]);
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
    ElmScanDevice<Real> device;
    device.n_input = static_cast<int>(model.n_input);
    device.n_branch = static_cast<int>(model.n_branch);
    device.n_synapse_per_branch = static_cast<int>(model.n_synapse_per_branch);
    device.n_memory = static_cast<int>(model.n_memory());
    device.n_output = static_cast<int>(model.n_output());
    device.hidden_unit = model.hidden_unit;
    device.trace_per_synapse = model.trace_per_synapse;
    std::vector<double> values;
    const auto add = [&](const DenseLayer& layer) {
        device.layers.push_back({static_cast<std::int64_t>(values.size()),
                                 static_cast<int>(layer.n_in), static_cast<int>(layer.n_out)});
        for (std::int64_t k = 0; k < layer.n_in; ++k) {
            for (std::int64_t unit = 0; unit < layer.n_out; ++unit) {
                values.push_back(layer.weight[static_cast<std::size_t>(unit * layer.n_in + k)]);
            }
        }
        values.insert(values.end(), layer.bias.begin(), layer.bias.end());
    };
    for (const DenseLayer& layer : model.layers) add(layer);
    add(model.readout);
    device.values = device_array<Real>(stream, values);
    device.memory_decay = device_array<Real>(stream, model.memory_decay);
    device.memory_gain = device_array<Real>(stream, model.memory_gain);
    device.trace_decay = device_array<Real>(stream, model.trace_decay);
    device.input_sign = device_array<Real>(stream, model.input_sign);
    device.host_sign.assign(model.input_sign.begin(), model.input_sign.end());
    if (!model.trace_per_synapse) {
        device.branch_table =
            device_array<Real>(stream, branch_sums(model)).reshape({model.n_input, model.n_branch});
        return device;
    }
    std::vector<std::int32_t> input_of;
    std::vector<double> weight;
    for (std::size_t synapse = 0; synapse < model.input_of_synapse.size(); ++synapse) {
        const std::int64_t input = model.input_of_synapse[synapse];
        input_of.push_back(static_cast<std::int32_t>(input));
        const double sign = input < 0 ? 0.0 : model.input_sign[static_cast<std::size_t>(input)];
        weight.push_back(sign * model.synapse_weight[synapse]);
    }
    device.synapse_input = Tensor::from(stream, {static_cast<std::int64_t>(input_of.size())},
                                        std::span<const std::int32_t>(input_of));
    device.synapse_weight = device_array<Real>(stream, weight);
    return device;
}

}  // namespace

template <class Real>
const ElmScanDevice<Real>& device_part(const ElmScanWeights<Real>& weights) {
    return weights.on_device;
}

template <class Real>
std::shared_ptr<const ElmScanWeights<Real>> pack_elm_scan(Stream& stream, const ElmScanModel& model,
                                                          SpikeTable table) {
    ELM_ASSERT(!model.layers.empty());
    constexpr int native = std::max(4, lanes::native<Real>);  // blocks of units come in fours
    auto packed = std::make_shared<ElmScanWeights<Real>>();
    ElmScanWeights<Real>& w = *packed;
    w.device = stream.device();
    w.n_input = static_cast<int>(model.n_input);
    w.n_branch = static_cast<int>(model.n_branch);
    w.n_synapse_per_branch = static_cast<int>(model.n_synapse_per_branch);
    w.n_memory = static_cast<int>(model.n_memory());
    w.n_output = static_cast<int>(model.n_output());
    w.hidden_unit = model.hidden_unit;
    w.trace_per_synapse = model.trace_per_synapse;
    if (stream.device().kind == DeviceKind::cuda) {
        w.on_device = device_model<Real>(stream, model);
        return packed;
    }
    w.spike_table = table == SpikeTable::where_it_pays && wants_spike_table<Real>(model);
    w.input_sign.assign(model.input_sign.begin(), model.input_sign.end());

    // As wide as the blocks of the gradient's products, which may be wider than a vector.
    w.branch_width = padded(model.n_branch, std::max(native, 8));
    if (model.trace_per_synapse) {
        w.targets = synapse_targets<Real>(model);
        w.synapse_decay =
            padded_copy<Real>(model.trace_decay, static_cast<int>(model.trace_decay.size()));
    } else {
        const std::vector<double> sums = branch_sums(model);
        w.branch_table = padded_rows<Real>(sums, model.n_input, model.n_branch, w.branch_width);
        w.branch_decay = padded_copy<Real>(model.trace_decay, w.branch_width);
        if (w.spike_table) {
            const DenseLayer& first = model.layers.front();
            w.drive_width = padded(first.n_out, native);
            w.drive_table = padded_rows<Real>(drive_sums(sums, model), model.n_input, first.n_out,
                                              w.drive_width);
            w.drive_decay =
                padded_copy<Real>(std::vector<double>(static_cast<std::size_t>(first.n_out),
                                                      model.trace_decay.front()),
                                  w.drive_width);
            w.drive_bias = padded_copy<Real>(first.bias, w.drive_width);
        }
    }
    for (std::size_t index = 0; index < model.layers.size(); ++index) {
        const DenseLayer& layer = model.layers[index];
        const int n_first = index == 0 ? w.n_branch : 0;
        w.layers.emplace_back(static_cast<int>(layer.n_out), n_first,
                              static_cast<int>(layer.n_in) - n_first, layer.weight, layer.bias);
    }
    w.readout = {static_cast<int>(model.readout.n_out), 0, static_cast<int>(model.readout.n_in),
                 model.readout.weight, model.readout.bias};
    const int memory_width = padded(model.n_memory(), 16);  // a multiple of every vector
    w.memory_decay = padded_copy<Real>(model.memory_decay, memory_width);
    w.memory_gain = padded_copy<Real>(model.memory_gain, memory_width);
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

template std::shared_ptr<const ElmScanWeights<float>> pack_elm_scan<float>(Stream&,
                                                                           const ElmScanModel&,
                                                                           SpikeTable);
template std::shared_ptr<const ElmScanWeights<double>> pack_elm_scan<double>(Stream&,
                                                                             const ElmScanModel&,
                                                                             SpikeTable);
template const ElmScanDevice<float>& device_part<float>(const ElmScanWeights<float>&);
template const ElmScanDevice<double>& device_part<double>(const ElmScanWeights<double>&);
template ElmStateShape state_shape<float>(const ElmScanWeights<float>&, bool);
template ElmStateShape state_shape<double>(const ElmScanWeights<double>&, bool);

}  // namespace elm
