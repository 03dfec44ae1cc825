#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/random/philox.h"
#include "kernels/ops/elm_network/layer_scan.h"
#include "tests/support/random_tensor.h"

/// One layer of a network of ELM neurons with random weights and input: 57 neurons, d_m 9, 30
/// branches of 10 synapses, a quarter of them recurrent, batch 8 x 1000 steps: the layer of
/// Spieler, Martius & Levina 2026, arXiv 2605.12049, for SHD-Adding.
namespace elm::bench {

class NetworkLayerRun {
public:
    static constexpr std::int64_t batch = 8, n_steps = 1000;
    static constexpr double recurrent_share = 0.25;
    static constexpr ElmLayerShape shape{
        .neurons = 57, .branches = 30, .memories = 9, .hidden = 18};

    static ElmLayer layer() { return {.shape = shape, .high_pass_decay = std::exp(-1 / 5.0)}; }

    /// That share of the synapses of all branches which comes from so many sources: the layer's own
    /// neurons, or what is outside of it.
    static Synapses connect(Stream& stream, std::int64_t sources = shape.neurons,
                            double share = recurrent_share) {
        std::vector<std::int32_t> source, row;
        const std::int64_t rows = shape.branches * shape.neurons;
        for (std::int64_t i = 0; i < rows * n_synapses; ++i) {
            if (!draw_bernoulli(random_word({1, 0, 0}, i), share)) continue;
            row.push_back(static_cast<std::int32_t>(i / n_synapses));
            source.push_back(static_cast<std::int32_t>(
                unit_uniform<double>(random_word({2, 0, 0}, i)) * static_cast<double>(sources)));
        }
        return make_synapses(stream, sources, rows, source, row);
    }

    /// Operations that the equations ask for in one step of one sample, forward: a neuron's linear
    /// maps, its readout and those synapses that come from its own layer.
    static double flop_per_step(std::int64_t synapses) {
        return 2 * static_cast<double>(shape.neurons *
                                           (shape.hidden * shape.joined() +
                                            shape.memories * shape.hidden + shape.memories) +
                                       synapses);
    }

    explicit NetworkLayerRun(Stream& stream) : stream_(stream), synapses_(connect(stream)) {
        const auto add = [&](const Shape& extents, const std::vector<double>& values) {
            leaves_.push_back({test::tensor_of(stream, extents, DType::f32, values),
                               Tensor::zeros(stream, extents, DType::f32)});
        };
        const std::int64_t rows = shape.branches * shape.neurons;
        add({batch, n_steps, rows}, test::random_values(batch * n_steps * rows, -2, 2, {4, 0, 0}));
        add({shape.parameter_rows(), shape.neurons}, first_parameters());
        const double bound = 10 / std::sqrt(static_cast<double>(n_synapses));
        add({synapses_.count()}, test::random_values(synapses_.count(), -bound, bound, {5, 0, 0}));
        const std::int64_t state = shape.state_rows() * shape.neurons;
        add({batch, state}, std::vector<double>(static_cast<std::size_t>(batch * state), 0));
        gradient_ =
            test::tensor_of(stream, {batch, n_steps, shape.neurons}, DType::f32,
                            test::random_values(batch * n_steps * shape.neurons, -1, 1, {6, 0, 0}));
    }

    /// Forward, and backward from a gradient at every output.
    void run(bool training) {
        Context context{stream_, training ? &tape_ : nullptr};
        // The branch input is what another op would give.
        std::vector<Var> in{Var{leaves_[0].value}};
        for (std::size_t i = 1; i < leaves_.size(); ++i) {
            in.push_back(training ? tape_.leaf(leaves_[i]) : Var{leaves_[i].value});
        }
        const std::vector<Var> out =
            elm_layer_scan(context, layer_, synapses_, in[0], in[1], in[2], in[3]);
        if (training) tape_.backward(stream_, {out.data(), 1}, {&gradient_, 1});
    }

    /// Operations of all steps and samples, three times as many for training.
    double flop(bool training) const {
        return (training ? 3 : 1) * static_cast<double>(batch * n_steps) *
               flop_per_step(synapses_.count());
    }

    /// Bytes of what a run is given for its samples.
    double given_bytes() const {
        return 4 *
               static_cast<double>(leaves_.front().value.shape().size() + gradient_.shape().size());
    }

private:
    static constexpr std::int64_t n_synapses = 10;

    /// Rows of the layer's parameters as the model draws them at first.
    static std::vector<double> first_parameters() {
        std::vector<double> values(
            static_cast<std::size_t>(shape.parameter_rows() * shape.neurons));
        for (std::int64_t row = 0; row < shape.parameter_rows(); ++row) {
            const bool hidden = row < shape.update_weight();
            const bool readout = row >= shape.readout();
            const double fan_in = hidden    ? static_cast<double>(shape.joined())
                                  : readout ? static_cast<double>(shape.memories)
                                            : static_cast<double>(shape.update_inputs());
            const double bound = 1 / std::sqrt(fan_in);
            const auto drawn = test::random_values(shape.neurons, -bound, bound,
                                                   {3, static_cast<std::uint64_t>(row), 0});
            for (std::int64_t n = 0; n < shape.neurons; ++n) {
                double& value = values[static_cast<std::size_t>(row * shape.neurons + n)];
                value = drawn[static_cast<std::size_t>(n)];
                if (row == shape.offset()) value = 0;
                if (row < shape.decay() || readout) continue;
                const std::int64_t memory = (row - shape.decay()) % shape.memories;
                const double tau = std::pow(500.0, static_cast<double>(memory) / 8);
                value = row < shape.gain() ? std::exp(-1 / tau) : -std::expm1(-5 / tau);
            }
        }
        return values;
    }

    Stream& stream_;
    Tape tape_;
    Synapses synapses_;
    std::vector<Parameter> leaves_;
    Tensor gradient_;
    ElmLayer layer_ = layer();
};

}  // namespace elm::bench
