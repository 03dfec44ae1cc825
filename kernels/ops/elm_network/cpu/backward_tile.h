#pragma once

#include <algorithm>

#include "kernels/ops/elm/step_body.h"
#include "kernels/ops/elm_network/cpu/forward_tile.h"
#include "kernels/ops/elm_network/layer_scan.h"

namespace elm::elm_layer {

template <class Real>
struct BackwardWeights : ForwardWeights<Real> {
    explicit BackwardWeights(const ElmLayerScanBackwardArgs<Real>& args)
        : ForwardWeights<Real>(args),
          from_hidden(args.layer.shape.neurons,
                      args.layer.shape.hidden > 0 ? args.layer.shape.joined() : 0,
                      args.layer.shape.hidden,
                      elements(args.parameters, 0, args.layer.shape.joined(), true)),
          from_update(args.layer.shape.neurons, args.layer.shape.update_inputs(),
                      args.layer.shape.memories,
                      elements(args.parameters, args.layer.shape.update_weight(),
                               args.layer.shape.update_inputs(), true)) {}

    LaneMatrix<Real> from_hidden, from_update;  // transposed
};

/// The sums of one tile, which the kernel adds to those of the others.
template <class Real>
struct TileSums {
    lanes::AlignedVector<Real> parameters;  // [block][row][lane]
    lanes::AlignedVector<Real> synapses;    // [synapse in the order of the wiring][sample]
};

/// Up to four samples through all steps from the end; where not every step was saved, segment by
/// segment, each of which goes forward once more first. Gradients of the weights are made every few
/// steps, when the sums over these stay in registers.
template <class Real>
class BackwardTile {
public:
    /// Tile number `tile` of those that elm_layer_tile() cuts the batch into.
    BackwardTile(const ElmLayerScanBackwardArgs<Real>& args, const BackwardWeights<Real>& weights,
                 std::int64_t tile, TileSums<Real>& sums)
        : args_(args),
          w_(weights),
          is_(args.layer.shape),
          tile_(tile),
          first_(tile * elm_layer_tile(args.activity.extent[0])),
          count_(
              std::min(elm_layer_tile(args.activity.extent[0]), args.activity.extent[0] - first_)),
          steps_(args.activity.extent[1]),
          forward_(weights, args.branch_input, args.activity_gain, first_, count_),
          branch_rows_(is_.branches, is_.neurons),
          sums_(sums) {
        const auto zeros = [](std::int64_t n) {
            return Array(static_cast<std::size_t>(n), Real(0));
        };
        const auto rows = [&](std::int64_t n) { return zeros(n * row_size<Real>); };
        sums.parameters = zeros(w_.blocks * is_.parameter_rows() * N);
        sums.synapses = zeros(w_.wiring.count() * tile_samples);
        branches_ = rows(w_.blocks * is_.branches);
        memory_ = rows(w_.blocks * is_.memories);
        filter_ = rows(w_.blocks);
        activity_ = rows(w_.blocks);
        squares_ = rows(chunk * w_.blocks * is_.hidden);
        hidden_gradient_ = rows(chunk * w_.blocks * is_.hidden);
        update_gradient_ = rows(chunk * w_.blocks * is_.memories);
        joined_gradient_ = rows(is_.joined());
        rows_ = rows(chunk * w_.blocks * is_.branches);
        sources_ = zeros(chunk * w_.wiring.source_elements());
        source_gradient_ = zeros(w_.wiring.source_elements());
    }

    void run() {
        for_state([&](Real& own, std::int64_t s, std::int64_t at) {
            own = args_.final_state_gradient(first_ + s, at);
        });
        if (args_.every_step_is_saved) {
            // Values that are saved are only read.
            if (steps_ > 0)
                forward_.keep_steps(const_cast<Real*>(&args_.saved(tile_, 0, 0)), steps_);
            walk_back(0, steps_);
        } else {
            repeat_segments();
        }
        leave_first_step();
        if (steps_ > 0 && !args_.layer.keeps_branches()) {
            std::fill(branches_.begin(), branches_.end(), Real(0));
        }
        for_state([&](Real& own, std::int64_t s, std::int64_t at) {
            args_.initial_gradient(first_ + s, at) = own;
        });
    }

private:
    void repeat_segments() {
        constexpr std::int64_t segment = elm_layer_segment_steps;
        Array steps(static_cast<std::size_t>(segment * forward_.step_stride()), Real(0));
        forward_.keep_steps(steps.data(), segment);
        for (std::int64_t point = (steps_ + segment - 1) / segment - 1; point >= 0; --point) {
            const std::int64_t begin = point * segment, end = std::min(begin + segment, steps_);
            forward_.restore(&args_.saved(tile_, point, 0));
            for (std::int64_t t = begin; t < end; ++t) forward_.step(t);
            walk_back(begin, end);
        }
    }

    /// Steps [begin, end) from the last to the first.
    void walk_back(std::int64_t begin, std::int64_t end) {
        for (std::int64_t last = end; last > begin;) {
            const std::int64_t from = begin + (last - begin - 1) / chunk * chunk;
            for (std::int64_t t = last - 1; t >= from; --t) step(t, t - from);
            with_constant<tile_samples>(
                count_, [&]<int S>() { add_weight_gradients<S>(from, last - from); });
            last = from;
        }
    }

    static constexpr std::int64_t N = width<Real>;
    /// Steps whose rows of a few vectors each stay in the first-level cache.
    static constexpr int chunk = lanes::native_bytes == 64 ? 4 : 8;
    static_assert(elm_layer_segment_steps % chunk == 0);
    using V = Vector<Real>;
    using Array = lanes::AlignedVector<Real>;

    /// Rows of a block; those of a chunk stand in one block after the other.
    Real* of_block(Array& array, std::int64_t q, std::int64_t rows) const {
        return array.data() + q * rows * row_size<Real>;
    }
    Real* of_chunk(Array& array, std::int64_t q, std::int64_t c, std::int64_t rows) const {
        return of_block(array, q * chunk + c, rows);
    }
    StepsOfRows<Real> steps_of(Array& array, std::int64_t q, std::int64_t rows) const {
        return {of_chunk(array, q, 0, rows), rows * row_size<Real>};
    }
    Real* sums(std::int64_t q, std::int64_t row) const {
        return sums_.parameters.data() + (q * is_.parameter_rows() + row) * N;
    }

    /// Calls body(element of this tile, sample of the tile, column of the state).
    template <class Body>
    void for_state(const Body& body) {
        for (std::int64_t s = 0; s < count_; ++s) {
            for (std::int64_t n = 0; n < is_.neurons; ++n) {
                const auto row = [&](Array& array, std::int64_t rows, std::int64_t i,
                                     std::int64_t column) {
                    body(of_block(array, n / N, rows)[i * row_size<Real> + s * N + n % N], s,
                         column * is_.neurons + n);
                };
                for (std::int64_t j = 0; j < is_.branches; ++j) row(branches_, is_.branches, j, j);
                for (std::int64_t m = 0; m < is_.memories; ++m) {
                    row(memory_, is_.memories, m, is_.state_memory() + m);
                }
                row(filter_, 1, 0, is_.state_filter());
                row(activity_, 1, 0, is_.state_activity());
            }
        }
    }

    void step(std::int64_t t, std::int64_t c) {
        for (std::int64_t q = w_.blocks - 1; q >= 0; --q) {  // see TensorRows
            for_samples(count_, [&]<int S>(std::int64_t first) {
                listen<S>(t, c, q, first);
                retreat<S>(t, c, q, first);
            });
            with_constant<tile_samples>(count_, [&]<int S>() { spread<S>(t, c, q); });
            w_.wiring.gather_back(q, of_chunk(rows_, q, c, is_.branches), source_gradient_.data());
        }
        reach_sources(t, c);
    }

    /// From the gradient of the activity to that of the memory and of what the update's tanh gets.
    /// Step t + 1 has left the gradient of the decayed memory; the last step has that of its memory
    /// from outside.
    template <int S>
    void listen(std::int64_t t, std::int64_t c, std::int64_t q, std::int64_t first) {
        const auto decay = static_cast<Real>(args_.layer.high_pass_decay);
        V readout_gradient[S], offset_sum = load(sums(q, is_.offset()));
        for (int s = 0; s < S; ++s) {
            const std::int64_t sample = first_ + first + s, lanes = (first + s) * N;
            V gradient = load_neurons(&args_.activity_gradient(sample, t, 0), is_.neurons, q) +
                         load(of_block(activity_, q, 1) + lanes);
            if (args_.layer.output == NeuronOutput::relu) {
                const V value = load_neurons(&args_.activity(sample, t, 0), is_.neurons, q);
                const V zero{};
                gradient = value > zero ? gradient : zero;
            }
            if (args_.layer.output == NeuronOutput::spike) {
                const V drive = load(forward_.values(t, q) +
                                     args_.layer.saved_drive() * row_size<Real> + lanes);
                gradient = gradient * spike_slope(magnitude_of<Real>(drive),
                                                  constant(static_cast<Real>(spike_slope_scale)),
                                                  constant(Real(1)));
            }
            Real* const filter = of_block(filter_, q, 1) + lanes;
            const V slow = load(filter) - gradient;
            readout_gradient[s] = multiply_add<Real>(constant(Real(1) - decay), slow, gradient);
            store<Real>(filter, constant(decay) * slow);
            offset_sum = offset_sum + gradient;
        }
        store<Real>(sums(q, is_.offset()), offset_sum);

        const Real* const values = forward_.values(t, q) + first * N;
        const Real* const changes = values + is_.saved_update() * row_size<Real>;
        const Real* const decayed = values + is_.branches * row_size<Real>;
        Real* const memory_gradient = of_block(memory_, q, is_.memories) + first * N;
        Real* const update_gradient = of_chunk(update_gradient_, q, c, is_.memories) + first * N;
        const Real* const gains = w_.gain.data() + q * is_.memories * N;
        const Real* const readouts = w_.readout.data() + q * is_.memories * N;
        const Real* const decays = w_.decay.data() + q * is_.memories * N;
        Real *const readout_sums = sums(q, is_.readout()), *const gain_sums = sums(q, is_.gain());
        Real* const decay_sums = sums(q, is_.decay());
        const bool is_last = t == steps_ - 1;
        for (std::int64_t i = 0, n = is_.memories; i < n; ++i) {
            const V gain = load(gains + i * N), readout = load(readouts + i * N);
            const V memory_decay = load(decays + i * N);
            V readout_sum = load(readout_sums + i * N), gain_sum = load(gain_sums + i * N);
            V decay_sum = load(decay_sums + i * N);
            for (int s = 0; s < S; ++s) {
                const std::int64_t at = i * row_size<Real> + s * N;
                const V change = load(changes + at);
                const V memory = multiply_add<Real>(gain, change, load(decayed + at));
                V later = load(memory_gradient + at);
                if (!is_last) {
                    decay_sum = multiply_add<Real>(later, memory, decay_sum);
                    later = memory_decay * later;
                }
                const V own = multiply_add<Real>(readout, readout_gradient[s], later);
                readout_sum = multiply_add<Real>(readout_gradient[s], memory, readout_sum);
                gain_sum = multiply_add<Real>(own, change, gain_sum);
                const V slope = step::scaled_tanh_slope<lanes::LanesOf<Real, N>>(change);
                store<Real>(update_gradient + at, gain * own * slope);
                store<Real>(memory_gradient + at, own);
            }
            store<Real>(readout_sums + i * N, readout_sum);
            store<Real>(gain_sums + i * N, gain_sum);
            store<Real>(decay_sums + i * N, decay_sum);
        }
        if (args_.layer.measures_updates)
            add_magnitude_gradient<S>(changes, update_gradient, q, first);
    }

    /// d |z| / d z is the sign of z, and so that of phi(z).
    template <int S>
    void add_magnitude_gradient(const Real* changes, Real* update_gradient, std::int64_t q,
                                std::int64_t first) {
        V own[S];
        for (int s = 0; s < S; ++s) {
            own[s] = load_neurons(&args_.update_magnitude_gradient(first_ + first + s, 0),
                                  is_.neurons, q);
        }
        for (std::int64_t i = 0; i < is_.memories; ++i) {
            for (int s = 0; s < S; ++s) {
                const std::int64_t at = i * row_size<Real> + s * N;
                const V change = load(changes + at), zero{};
                const V slope = change > zero ? own[s] : change < zero ? zero - own[s] : zero;
                store<Real>(update_gradient + at, load(update_gradient + at) + slope);
            }
        }
    }

    /// From what decayed of the memory before the first step to the gradient of that memory.
    void leave_first_step() {
        if (steps_ == 0) return;
        forward_.read_state(args_.initial);
        for (std::int64_t q = 0; q < w_.blocks; ++q) {
            const Real* const start =
                forward_.state().data() + q * w_.layer.carried_rows() * row_size<Real>;
            Real* const gradients = of_block(memory_, q, is_.memories);
            const Real* const decays = w_.decay.data() + q * is_.memories * N;
            Real* const decay_sums = sums(q, is_.decay());
            for (std::int64_t i = 0; i < is_.memories; ++i) {
                V sum = load(decay_sums + i * N);
                for (std::int64_t s = 0; s < count_; ++s) {
                    const std::int64_t at = i * row_size<Real> + s * N;
                    const V gradient = load(gradients + at);
                    sum = multiply_add<Real>(gradient, load(start + at), sum);
                    store<Real>(gradients + at, load(decays + i * N) * gradient);
                }
                store<Real>(decay_sums + i * N, sum);
            }
        }
    }

    /// Through the linear maps to the branches and to the memory of the step before.
    template <int S>
    void retreat(std::int64_t t, std::int64_t c, std::int64_t q, std::int64_t first) {
        const Real* const updates = of_chunk(update_gradient_, q, c, is_.memories) + first * N;
        Real* const joined = joined_gradient_.data() + first * N;
        if (is_.hidden > 0) {
            const Real* const hidden =
                forward_.values(t, q) + is_.saved_hidden() * row_size<Real> + first * N;
            Real* const gradients = of_chunk(hidden_gradient_, q, c, is_.hidden) + first * N;
            Real* const squares = of_chunk(squares_, q, c, is_.hidden) + first * N;
            w_.from_update.template multiply<S, Intent::write>(
                q, nullptr, updates, gradients,
                forward_.part_of_step(args_.branch_input_gradient, t - 1, q));
            for_rows<S, Real>(is_.hidden, [=](std::int64_t, std::int64_t at) {
                const V value = load(hidden + at);
                store<Real>(gradients + at, load(gradients + at) * (value + value));
                store<Real>(squares + at, value * value);
            });
            w_.from_hidden.template multiply<S, Intent::read>(q, nullptr, gradients, joined,
                                                              forward_.values_before(t, q));
        } else {
            w_.from_update.template multiply<S, Intent::read>(q, nullptr, updates, joined,
                                                              forward_.values_before(t, q));
        }
        const Real* const decayed = joined + is_.branches * row_size<Real>;
        Real* const memory = of_block(memory_, q, is_.memories) + first * N;
        for_rows<S, Real>(is_.memories, [=](std::int64_t, std::int64_t at) {
            store<Real>(memory + at, load(memory + at) + load(decayed + at));
        });
    }

    /// The gradients of a block's branches: to what came from outside, and four samples side by
    /// side to the synapses.
    template <int S>
    void spread(std::int64_t t, std::int64_t c, std::int64_t q) {
        const bool carries = args_.layer.keeps_branches() || t == steps_ - 1;
        const V branch_decay = constant(static_cast<Real>(args_.layer.branch_decay));
        const Real* joined = joined_gradient_.data();
        Real* carried = of_block(branches_, q, is_.branches);
        Real* rows = of_chunk(rows_, q, c, is_.branches);
        Real* outside[S];
        for (int s = 0; s < S; ++s) outside[s] = &args_.branch_input_gradient(first_ + s, t, 0);
        branch_rows_.for_rows_of(q, [&](std::int64_t, const auto& access) {
            V gradients[tile_samples];
#pragma GCC unroll 4
            for (int s = 0; s < tile_samples; ++s) {
                V gradient{};
                if (s < S) {
                    gradient = load(joined + s * N);
                    if (carries) {
                        gradient = gradient + load(carried + s * N);
                        store<Real>(carried + s * N, branch_decay * gradient);
                    }
                    access.put(outside[s < S ? s : 0], gradient);
                }
                gradients[s] = gradient;
            }
            by_neuron<Real>(gradients, rows);
            joined += row_size<Real>, carried += row_size<Real>, rows += row_size<Real>;
        });
    }

    /// From the branches to the activity of the step before.
    void reach_sources(std::int64_t t, std::int64_t c) {
        Real* const sources = sources_.data() + c * w_.wiring.source_elements();
        for (std::int64_t q = 0; q < w_.blocks; ++q) {
            V gradients[tile_samples], heard[tile_samples] = {};
            by_sample(source_gradient_.data() + q * row_size<Real>, gradients);
            for (std::int64_t s = 0; s < count_; ++s) {
                const std::int64_t sample = first_ + s;
                const V gain = load_neurons(&args_.activity_gain(sample, 0), is_.neurons, q);
                const Real* const before =
                    t > 0 ? &args_.activity(sample, t - 1, 0)
                          : &args_.initial(sample, is_.state_activity() * is_.neurons);
                heard[s] = load_neurons(before, is_.neurons, q) * gain;
                store<Real>(of_block(activity_, q, 1) + s * N, gradients[s] * gain);
            }
            by_neuron<Real>(heard, sources + q * row_size<Real>);
        }
        std::fill(source_gradient_.begin(), source_gradient_.end(), Real(0));
    }

    template <int S>
    void add_weight_gradients(std::int64_t begin, std::int64_t n_steps) {
        for (std::int64_t q = 0; q < w_.blocks; ++q) {
            const StepsOfRows<Real> joined{forward_.values(begin, q), forward_.step_stride()};
            const StepsOfRows<Real> hidden = steps_of(hidden_gradient_, q, is_.hidden);
            const StepsOfRows<Real> updates = steps_of(update_gradient_, q, is_.memories);
            add_outer<S>(hidden, is_.hidden, joined, is_.joined(), n_steps,
                         sums(q, is_.hidden_weight()));
            add_outer<S>(updates, is_.memories,
                         is_.hidden > 0 ? steps_of(squares_, q, is_.hidden) : joined,
                         is_.update_inputs(), n_steps, sums(q, is_.update_weight()));
            add_rows<S>(hidden, is_.hidden, n_steps, sums(q, is_.hidden_bias()));
            add_rows<S>(updates, is_.memories, n_steps, sums(q, is_.update_bias()));
            w_.wiring.template add_weight_gradients<chunk>(q, of_chunk(rows_, q, 0, is_.branches),
                                                           sources_.data(), n_steps,
                                                           sums_.synapses.data());
        }
    }

    template <int S>
    static void add_rows(const StepsOfRows<Real>& rows, std::int64_t n, std::int64_t n_steps,
                         Real* to) {
        for (std::int64_t i = 0; i < n; ++i, to += N) {
            V sum = load(to);
            for (std::int64_t step = 0; step < n_steps; ++step) {
                for (int s = 0; s < S; ++s) sum = sum + load(rows.at(step, i) + s * N);
            }
            store<Real>(to, sum);
        }
    }

    const ElmLayerScanBackwardArgs<Real>& args_;
    const BackwardWeights<Real>& w_;
    const ElmLayerShape is_;
    std::int64_t tile_, first_, count_, steps_;
    ForwardTile<Real> forward_;
    TensorRows<Real> branch_rows_;
    TileSums<Real>& sums_;
    Array branches_, memory_, filter_, activity_;  // gradients on their way to the step before
    Array squares_, hidden_gradient_, update_gradient_;  // see of_chunk
    Array joined_gradient_;                              // of one block and step
    Array rows_;                                         // see of_chunk, each as Wiring says
    Array sources_, source_gradient_;  // as Wiring says; the first of each step of the chunk
};

}  // namespace elm::elm_layer
