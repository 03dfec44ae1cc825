#pragma once

/// The parameters of an ELM on a CUDA device, from its tensors to the layouts that the kernels
/// read.

#include <algorithm>
#include <numeric>
#include <vector>

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/elm/cuda/scan_device.h"
#include "kernels/ops/elm/cuda/scan_layout.cuh"
#include "kernels/ops/elm/scan_pass.h"

namespace elm {

template <class T, int Rank>
View<const T, Rank> read_only(const Tensor& tensor) {
    return view<const T, Rank>(tensor);
}

template <class Real>
class PackedParameters {
public:
    /// Structure and parameters must live as long.
    PackedParameters(Stream& stream, const ElmStructure& structure,
                     const ElmParameters<Tensor>& parameters)
        : structure_(structure), parameters_(parameters) {
        upload(stream);
    }

    ElmScanDevice<Real> model;
    Tensor values_back;           // W of the last layer, ..., of the second one, W1m
    Tensor target_begin, target;  // i32: synapses of each input, where traces live on synapses

    /// Sum that one unit of each input adds to each branch, (n_input, d_b).
    Tensor branch_table(Stream& stream, bool with_sign) const {
        const Tensor table = empty(stream, {structure_.n_input, structure_.n_branch});
        Cuda::for_each_element(stream, structure_.n_input, structure_.n_branch,
                               BranchTable<Real>{read_only<std::int32_t, 1>(model.synapse_input),
                                                 read_only<Real, 1>(parameters_.synapse_weight),
                                                 read_only<Real, 1>(model.input_sign),
                                                 view<Real, 2>(table), with_sign});
        return table;
    }

    /// W1b, (n_out, d_b).
    Tensor branch_weights(Stream& stream) const {
        const Tensor& first = parameters_.layers.front().weight;
        const Tensor part = empty(stream, {first.shape()[0], structure_.n_branch});
        Cuda::for_each_element(stream, first.shape()[0], structure_.n_branch,
                               FirstColumns<Real>{read_only<Real, 2>(first), view<Real, 2>(part)});
        return part;
    }

private:
    Tensor empty(Stream& stream, const Shape& shape) const {
        return Tensor::empty(stream, shape, dtype_of<Real>);
    }
    std::int64_t n_synapse() const { return structure_.n_branch * structure_.n_synapse_per_branch; }

    void upload(Stream& stream) {
        const auto reals = [&](const std::vector<double>& values) {
            const std::vector<Real> converted(values.begin(), values.end());
            return Tensor::from(stream, {static_cast<std::int64_t>(values.size())},
                                std::span<const Real>(converted));
        };
        const auto integers = [&](const std::vector<std::int32_t>& values) {
            return Tensor::from(stream, {static_cast<std::int64_t>(values.size())},
                                std::span<const std::int32_t>(values));
        };
        model.n_input = static_cast<int>(structure_.n_input);
        model.n_branch = static_cast<int>(structure_.n_branch);
        model.n_synapse_per_branch = static_cast<int>(structure_.n_synapse_per_branch);
        model.n_memory = static_cast<int>(parameters_.memory_decay.shape()[0]);
        model.n_output = static_cast<int>(parameters_.readout.bias.shape()[0]);
        model.hidden_unit = structure_.hidden_unit;
        model.trace_per_synapse = structure_.trace_per_synapse;
        model.memory_decay = parameters_.memory_decay;
        model.memory_gain = parameters_.memory_gain;
        model.trace_decay = reals(structure_.trace_decay);
        model.input_sign = reals(structure_.input_sign);
        model.host_sign.assign(structure_.input_sign.begin(), structure_.input_sign.end());
        const std::vector<std::int32_t> input_of(structure_.input_of_synapse.begin(),
                                                 structure_.input_of_synapse.end());
        model.synapse_input = integers(input_of);
        pack_layers(stream);
        const auto synapse_input = read_only<std::int32_t, 1>(model.synapse_input);
        const auto weight = read_only<Real, 1>(parameters_.synapse_weight);
        const auto sign = read_only<Real, 1>(model.input_sign);
        if (structure_.trace_per_synapse) {
            model.synapse_weight = empty(stream, {n_synapse()});
            Cuda::for_each_index(stream, n_synapse(),
                                 SignedWeights<Real>{synapse_input, weight, sign,
                                                     view<Real, 1>(model.synapse_weight)});
            std::vector<std::int32_t> order(input_of.size());
            std::iota(order.begin(), order.end(), 0);
            std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
                return input_of[static_cast<std::size_t>(a)] <
                       input_of[static_cast<std::size_t>(b)];
            });
            std::vector<std::int32_t> begin(static_cast<std::size_t>(structure_.n_input) + 1);
            for (std::size_t i = 0; i < begin.size(); ++i) {
                begin[i] = static_cast<std::int32_t>(std::count_if(
                    input_of.begin(), input_of.end(),
                    [&](std::int32_t input) { return input < static_cast<std::int32_t>(i); }));
            }
            target_begin = integers(begin);
            target = integers(order);
        } else {
            model.branch_table = branch_table(stream, true);
        }
    }

    void copy_matrix(Stream& stream, const Tensor& from, Real* to, std::int64_t first_column,
                     bool transposed) const {
        Cuda::for_each_element(
            stream, from.shape()[0], from.shape()[1] - first_column,
            CopyMatrix<Real>{read_only<Real, 2>(from), to, first_column, transposed});
    }

    /// Weights column by column, each with its bias behind it; and as the backward pass wants them.
    void pack_layers(Stream& stream) {
        std::int64_t size = 0, size_back = 0;
        const auto place = [&](const ElmParameters<Tensor>::Layer& layer) {
            const Shape& shape = layer.weight.shape();
            model.layers.push_back({size, static_cast<int>(shape[1]), static_cast<int>(shape[0])});
            size += shape[0] * (shape[1] + 1);
        };
        for (const auto& layer : parameters_.layers) {
            place(layer);
            size_back += layer.weight.shape().size();
        }
        place(parameters_.readout);
        model.values = empty(stream, {size});
        const auto to = view<Real, 1>(model.values);
        const auto copy = [&](const ElmParameters<Tensor>::Layer& layer, std::int64_t at) {
            copy_matrix(stream, layer.weight, to.data + at, 0, true);
            copy_matrix(stream, layer.bias.reshape({layer.bias.shape()[0], 1}),
                        to.data + at + layer.weight.shape().size(), 0, true);
        };
        for (std::size_t l = 0; l < parameters_.layers.size(); ++l) {
            copy(parameters_.layers[l], model.layers[l].weight);
        }
        copy(parameters_.readout, model.layers.back().weight);

        const Tensor& first = parameters_.layers.front().weight;
        size_back -= first.shape()[0] * structure_.n_branch;
        values_back = empty(stream, {size_back});
        Real* back = view<Real, 1>(values_back).data;
        for (std::size_t l = parameters_.layers.size(); l-- > 0;) {
            const Tensor& weight = parameters_.layers[l].weight;
            const std::int64_t first_column = l == 0 ? structure_.n_branch : 0;
            copy_matrix(stream, weight, back, first_column, false);
            back += weight.shape()[0] * (weight.shape()[1] - first_column);
        }
    }

    const ElmStructure& structure_;
    const ElmParameters<Tensor>& parameters_;
};

}  // namespace elm
