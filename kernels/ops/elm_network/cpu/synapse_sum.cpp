#include "kernels/ops/elm_network/synapse_sum.h"

#include <algorithm>

#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/product/packed_product.h"

/// Neighbouring steps are lanes: sources and rows are turned to [channel][step], where a synapse is
/// the product of its weight and a few vectors, whatever its source.
namespace elm {
namespace {

using lanes::AlignedVector;
using lanes::native;

/// Vectors of steps at once: their sums stay in registers, the turned channels of some hundred in
/// the L2 cache.
constexpr int tile_vectors = 4;
template <class Real>
constexpr std::int64_t tile_steps = std::int64_t{tile_vectors} * native<Real>;
/// Steps of a task, which keeps its buffers for all of them.
constexpr std::int64_t task_tiles = 8;

template <class Real>
using Lanes = lanes::Vec<Real, native<Real>>;

/// Steps of all channels, turned: at(channel, vector) are neighbouring steps of one channel.
template <class Real>
class TurnedSteps {
public:
    explicit TurnedSteps(std::int64_t channels)
        : channels_(channels),
          steps_(static_cast<std::size_t>(channels * tile_steps<Real>), Real(0)),
          turned_(steps_) {}

    /// The channels of a step of the tile, to be written before turn(); 0 behind the last one.
    Real* step(std::int64_t index) { return steps_.data() + index * channels_; }

    void turn(std::int64_t steps) {
        constexpr std::int64_t N = native<Real>;
        std::fill_n(step(steps), (tile_steps<Real> - steps) * channels_, Real(0));
        for (std::int64_t first = 0; first < tile_steps<Real>; first += N) {
            lanes::copy_transposed<Real, static_cast<int>(N)>(
                step(first), channels_, channels_, turned_.data() + first, tile_steps<Real>);
        }
    }

    Lanes<Real> at(std::int64_t channel, int vector) const {
        return lanes::load<Real, native<Real>>(turned_.data() + channel * tile_steps<Real> +
                                               std::int64_t{vector} * native<Real>);
    }

private:
    std::int64_t channels_;
    AlignedVector<Real> steps_, turned_;  // (tile_steps, channels), (channels, tile_steps)
};

/// Results by channel, [channel][step] until they are written.
template <class Real>
class StepsToTurn {
public:
    explicit StepsToTurn(std::int64_t channels)
        : channels_(channels),
          turned_(static_cast<std::size_t>(channels * tile_steps<Real>), Real(0)) {}

    void set(std::int64_t channel, const Lanes<Real> (&sums)[tile_vectors]) {
        Real* const to = turned_.data() + channel * tile_steps<Real>;
        for (int v = 0; v < tile_vectors; ++v) {
            lanes::store<Real, native<Real>>(to + std::int64_t{v} * native<Real>, sums[v]);
        }
    }

    void write(std::int64_t steps, Real* to) const {
        constexpr std::int64_t N = native<Real>;
        std::int64_t channel = 0;
        for (; channel + N <= channels_; channel += N) {
            lanes::copy_transposed<Real, static_cast<int>(N)>(
                turned_.data() + channel * tile_steps<Real>, tile_steps<Real>, steps, to + channel,
                channels_);
        }
        for (; channel < channels_; ++channel) {
            for (std::int64_t step = 0; step < steps; ++step) {
                to[step * channels_ + channel] =
                    turned_[static_cast<std::size_t>(channel * tile_steps<Real> + step)];
            }
        }
    }

private:
    std::int64_t channels_;
    AlignedVector<Real> turned_;
};

/// Calls body(first, steps) for all tiles of one task.
template <class Real, class Body>
void for_each_tile(std::int64_t task, std::int64_t all_steps, const Body& body) {
    const std::int64_t begin = task * task_tiles * tile_steps<Real>;
    const std::int64_t end = std::min(all_steps, begin + task_tiles * tile_steps<Real>);
    for (std::int64_t first = begin; first < end; first += tile_steps<Real>) {
        body(first, std::min(tile_steps<Real>, end - first));
    }
}
template <class Real>
std::int64_t tasks_of(std::int64_t all_steps) {
    const std::int64_t piece = task_tiles * tile_steps<Real>;
    return (all_steps + piece - 1) / piece;
}

template <class Real>
struct Term {
    std::int64_t channel;
    Real weight;
};

/// to[c] = sum of weight from[channel] over the terms term_of(k) with begin[c] <= k < begin[c + 1].
template <class Real, class TermOf>
void add_lists(const View<const std::int32_t, 1>& begin, const TurnedSteps<Real>& from,
               StepsToTurn<Real>& to, const TermOf& term_of) {
    for (std::int64_t c = 0; c + 1 < begin.extent[0]; ++c) {
        Lanes<Real> sums[tile_vectors] = {};
        for (std::int32_t k = begin(c); k < begin(c + 1); ++k) {
            const Term<Real> term = term_of(k);
            const auto weight = lanes::broadcast<Real, native<Real>>(term.weight);
#pragma GCC unroll 4
            for (int v = 0; v < tile_vectors; ++v) {
                sums[v] = lanes::multiply_add<Real, native<Real>>(weight, from.at(term.channel, v),
                                                                  sums[v]);
            }
        }
        to.set(c, sums);
    }
}

template <class Real>
void sum_synapses(const SynapseSumArgs<Real>& args) {
    const SynapsesView& synapses = args.synapses;
    const std::int64_t sources = synapses.sources(), rows = synapses.rows();
    const std::int64_t steps_of_sample = args.input.extent[1];
    const std::int64_t all_steps = args.input.extent[0] * steps_of_sample;
    Cpu::for_each_task(tasks_of<Real>(all_steps), [&](std::int64_t task) {
        TurnedSteps<Real> input(sources);
        StepsToTurn<Real> output(rows);
        for_each_tile<Real>(task, all_steps, [&](std::int64_t first, std::int64_t steps) {
            for (std::int64_t step = 0; step < steps; ++step) {
                const Real* const from = args.input.data + (first + step) * sources;
                const Real* const gain =
                    args.gain.data + (first + step) / steps_of_sample * sources;
                Real* const to = input.step(step);
                for (std::int64_t p = 0; p < sources; ++p) to[p] = gain[p] * from[p];
            }
            input.turn(steps);
            add_lists(synapses.row_begin, input, output, [&](std::int32_t i) {
                return Term<Real>{synapses.source(i), args.weight(i)};
            });
            output.write(steps, args.output.data + first * rows);
        });
    });
}

template <class Real>
void sum_input_gradients(const SynapseInputGradientArgs<Real>& args) {
    const SynapsesView& synapses = args.synapses;
    const std::int64_t sources = synapses.sources(), rows = synapses.rows();
    const std::int64_t steps_of_sample = args.input_gradient.extent[1];
    const std::int64_t all_steps = args.input_gradient.extent[0] * steps_of_sample;
    Cpu::for_each_task(tasks_of<Real>(all_steps), [&](std::int64_t task) {
        TurnedSteps<Real> gradient(rows);
        StepsToTurn<Real> result(sources);
        for_each_tile<Real>(task, all_steps, [&](std::int64_t first, std::int64_t steps) {
            std::copy_n(args.output_gradient.data + first * rows, steps * rows, gradient.step(0));
            gradient.turn(steps);
            add_lists(synapses.source_begin, gradient, result, [&](std::int32_t k) {
                const std::int32_t i = synapses.by_source(k);
                return Term<Real>{synapses.row(i), args.weight(i)};
            });
            Real* const to = args.input_gradient.data + first * sources;
            result.write(steps, to);
            for (std::int64_t step = 0; step < steps; ++step) {
                const Real* const gain =
                    args.gain.data + (first + step) / steps_of_sample * sources;
                for (std::int64_t p = 0; p < sources; ++p) to[step * sources + p] *= gain[p];
            }
        });
    });
}

/// Steps of a lane are summed first, then the lanes, then tiles: bits depend on the vectors' width.
template <class Real>
void sum_weight_gradients(const SynapseWeightGradientArgs<Real>& args) {
    const SynapsesView& synapses = args.synapses;
    const std::int64_t sources = synapses.sources(), rows = synapses.rows();
    const std::int64_t all_steps = args.input.extent[1];
    Cpu::for_each_task(args.input.extent[0], [&](std::int64_t sample) {
        Real* const sums = args.weight_gradient.data + sample * synapses.count();
        std::fill_n(sums, synapses.count(), Real(0));
        TurnedSteps<Real> input(sources), gradient(rows);
        for (std::int64_t first = 0; first < all_steps; first += tile_steps<Real>) {
            const std::int64_t steps = std::min(tile_steps<Real>, all_steps - first);
            const std::int64_t at = sample * all_steps + first;
            std::copy_n(args.input.data + at * sources, steps * sources, input.step(0));
            std::copy_n(args.output_gradient.data + at * rows, steps * rows, gradient.step(0));
            input.turn(steps);
            gradient.turn(steps);
            const int vectors = static_cast<int>((steps + native<Real> - 1) / native<Real>);
            for (std::int64_t row = 0; row < rows; ++row) {
                Lanes<Real> of_row[tile_vectors];
                for (int v = 0; v < tile_vectors; ++v) of_row[v] = gradient.at(row, v);
                const std::int32_t end = synapses.row_begin(row + 1);
                for (std::int32_t i = synapses.row_begin(row); i < end; ++i) {
                    const std::int64_t source = synapses.source(i);
                    Lanes<Real> products = of_row[0] * input.at(source, 0);
                    for (int v = 1; v < vectors; ++v) {
                        products = lanes::multiply_add<Real, native<Real>>(
                            of_row[v], input.at(source, v), products);
                    }
                    sums[i] += lanes::sum_of_lanes<Real, native<Real>>(products);
                }
            }
        }
        for (std::int64_t i = 0; i < synapses.count(); ++i) {
            sums[i] *= args.gain(sample, synapses.source(i));
        }
    });
}

}  // namespace

template <>
void run_synapse_sum<Cpu, float>(Stream&, const SynapseSumArgs<float>& args) {
    sum_synapses(args);
}
template <>
void run_synapse_sum<Cpu, double>(Stream&, const SynapseSumArgs<double>& args) {
    sum_synapses(args);
}
template <>
void run_synapse_input_gradient<Cpu, float>(Stream&, const SynapseInputGradientArgs<float>& args) {
    sum_input_gradients(args);
}
template <>
void run_synapse_input_gradient<Cpu, double>(Stream&,
                                             const SynapseInputGradientArgs<double>& args) {
    sum_input_gradients(args);
}
template <>
void run_synapse_weight_gradient<Cpu, float>(Stream&,
                                             const SynapseWeightGradientArgs<float>& args) {
    sum_weight_gradients(args);
}
template <>
void run_synapse_weight_gradient<Cpu, double>(Stream&,
                                              const SynapseWeightGradientArgs<double>& args) {
    sum_weight_gradients(args);
}

}  // namespace elm
