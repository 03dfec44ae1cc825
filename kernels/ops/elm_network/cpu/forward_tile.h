#pragma once

#include <algorithm>

#include "kernels/ops/elm_network/cpu/layer_weights.h"
#include "kernels/ops/elm_network/layer_scan.h"

namespace elm::elm_layer {

template <class Real>
struct ForwardWeights : LayerWeights<Real> {
    template <class Args>
    explicit ForwardWeights(const Args& args)
        : LayerWeights<Real>(args.layer, args.parameters, args.synapses, args.synapse_weight),
          hidden(args.layer.shape.neurons, args.layer.shape.hidden, args.layer.shape.joined(),
                 elements(args.parameters, 0, args.layer.shape.joined(), false)),
          update(args.layer.shape.neurons, args.layer.shape.memories,
                 args.layer.shape.update_inputs(),
                 elements(args.parameters, args.layer.shape.update_weight(),
                          args.layer.shape.update_inputs(), false)),
          hidden_bias(
              in_lanes(args.parameters, args.layer.shape.hidden_bias(), args.layer.shape.hidden)),
          update_bias(
              in_lanes(args.parameters, args.layer.shape.update_bias(), args.layer.shape.memories)),
          offset(in_lanes(args.parameters, args.layer.shape.offset(), 1)) {}

    LaneMatrix<Real> hidden, update;
    lanes::AlignedVector<Real> hidden_bias, update_bias, offset;
};

/// Up to four samples, step by step.
template <class Real>
class ForwardTile {
public:
    using Array = lanes::AlignedVector<Real>;

    /// Samples [first, first + count) of branch_input (batch, time, branches N) and activity_gain
    /// (batch, N).
    ForwardTile(const ForwardWeights<Real>& weights, const View<const Real, 3>& branch_input,
                const View<const Real, 2>& activity_gain, std::int64_t first, std::int64_t count)
        : w_(weights),
          is_(weights.layer.shape),
          branch_input_(branch_input),
          first_(first),
          count_(count),
          branch_rows_(is_.branches, is_.neurons) {
        const auto rows = [&](std::int64_t n) {
            return Array(static_cast<std::size_t>(n * row_size<Real>), Real(0));
        };
        state_ = rows(w_.blocks * w_.layer.carried_rows());
        gain_ = rows(w_.blocks);
        squares_ = rows(is_.hidden);
        if (w_.layer.measures_updates) magnitude_ = rows(w_.blocks);
        sources_ = Array(static_cast<std::size_t>(w_.wiring.source_elements()), Real(0));
        synaptic_ = Array(static_cast<std::size_t>(w_.wiring.row_elements()), Real(0));
        for (std::int64_t s = 0; s < count; ++s) {
            for (std::int64_t q = 0; q < w_.blocks; ++q) {
                store<Real>(gain_.data() + q * row_size<Real> + s * N,
                            load_neurons(&activity_gain(first + s, 0), is_.neurons, q));
            }
        }
    }

    /// Where the values of steps go, step_stride() elements each, that of step t in place t % kept.
    void keep_steps(Real* steps, std::int64_t kept) {
        steps_ = steps;
        kept_ = kept;
    }

    /// From (batch, state rows N).
    void read_state(const View<const Real, 2>& initial) {
        for_state([](const Real& column, Real& own) { own = column; }, initial);
    }
    /// To the same, after step t.
    void write_state(const View<Real, 2>& final_state, std::int64_t t) {
        for_state([](Real& column, const Real& own) { column = own; }, final_state);
        if (w_.layer.keeps_branches()) return;
        for (std::int64_t s = 0; s < count_; ++s) {
            for (std::int64_t i = 0; i < is_.branches * is_.neurons; ++i) {
                const std::int64_t j = i / is_.neurons, n = i % is_.neurons;
                final_state(first_ + s, i) = values(t, n / N)[j * row_size<Real> + s * N + n % N];
            }
        }
    }

    /// All that the next steps need: [block][carried row][sample][lane], memory first.
    const Array& state() const { return state_; }
    void restore(const Real* state) { std::copy_n(state, state_.size(), state_.data()); }

    void step(std::int64_t t) {
        if (!w_.wiring.empty()) hear();
        for (std::int64_t q = 0; q < w_.blocks; ++q) {
            if (!w_.wiring.empty()) {
                std::fill(synaptic_.begin(), synaptic_.end(), Real(0));
                w_.wiring.gather(q, sources_.data(), synaptic_.data());
            }
            with_constant<tile_samples>(count_, [&]<int S>() {
                w_.layer.keeps_branches() ? join<S, true>(t, q) : join<S, false>(t, q);
            });
            for_samples(count_, [&]<int S>(std::int64_t first) { advance<S>(t, q, first); });
        }
    }

    /// The activity of the last step, t, to (batch, time, N).
    void write_activity(const View<Real, 3>& to, std::int64_t t) {
        for (std::int64_t s = 0; s < count_; ++s) {
            for (std::int64_t q = 0; q < w_.blocks; ++q) {
                store_neurons(&to(first_ + s, t, 0), is_.neurons, q, load(activity(q) + s * N));
            }
        }
    }

    /// How large the updates of all steps were, to (batch, N).
    void write_magnitude(const View<Real, 2>& to) {
        for (std::int64_t s = 0; s < count_; ++s) {
            for (std::int64_t q = 0; q < w_.blocks; ++q) {
                store_neurons(&to(first_ + s, 0), is_.neurons, q,
                              load(magnitude_.data() + q * row_size<Real> + s * N));
            }
        }
    }

    /// Values of a step, in rows of ElmLayer::saved_rows.
    ELM_INLINE Real* values(std::int64_t t, std::int64_t q) {
        return steps_ + (t % kept_ * w_.blocks + q) * w_.layer.saved_rows() * row_size<Real>;
    }
    /// The values that stand before those, which a walk back wants next.
    ELM_INLINE Ahead<Real> values_before(std::int64_t t, std::int64_t q) {
        const std::int64_t elements = w_.layer.saved_rows() * row_size<Real>;
        if (t % kept_ == 0 && q == 0) return {};
        return {values(t, q) - elements, elements};
    }
    /// A part of what step t has in (batch, time, branches N): all blocks together have those of
    /// all samples of the tile. Nothing where there is no such step.
    template <class Element>
    Ahead<Real> part_of_step(const View<Element, 3>& rows, std::int64_t t, std::int64_t q) const {
        const std::int64_t parts = std::max<std::int64_t>(w_.blocks / tile_samples, 1);
        const std::int64_t sample = q / parts, part = branch_rows_.size() / parts;
        if (sample >= count_ || t < 0 || t >= rows.extent[1]) return {};
        return {&rows(first_ + sample, t, 0) + q % parts * part, part};
    }
    /// Elements between those of neighbouring steps.
    std::int64_t step_stride() const { return w_.blocks * w_.layer.saved_rows() * row_size<Real>; }

private:
    static constexpr std::int64_t N = width<Real>;
    using V = Vector<Real>;

    /// Rows of a block's state.
    ELM_INLINE Real* memory(std::int64_t q) {
        return state_.data() + q * w_.layer.carried_rows() * row_size<Real>;
    }
    ELM_INLINE Real* filter(std::int64_t q) { return memory(q) + is_.memories * row_size<Real>; }
    ELM_INLINE Real* activity(std::int64_t q) { return filter(q) + row_size<Real>; }
    ELM_INLINE Real* branches(std::int64_t q) { return activity(q) + row_size<Real>; }

    /// Calls body(column of the tensor, element of this tile) for what goes on from step to step.
    template <class Body, class Element>
    void for_state(const Body& body, const View<Element, 2>& tensor) {
        const auto row = [&](std::int64_t s, std::int64_t carried, std::int64_t column) {
            for (std::int64_t n = 0; n < is_.neurons; ++n) {
                body(tensor(first_ + s, column * is_.neurons + n),
                     memory(n / N)[carried * row_size<Real> + s * N + n % N]);
            }
        };
        for (std::int64_t s = 0; s < count_; ++s) {
            for (std::int64_t m = 0; m < is_.memories; ++m) row(s, m, is_.state_memory() + m);
            row(s, is_.memories, is_.state_filter());
            row(s, is_.memories + 1, is_.state_activity());
            for (std::int64_t j = 0; j < is_.branches && w_.layer.keeps_branches(); ++j) {
                row(s, is_.memories + 2 + j, j);
            }
        }
    }

    /// What the layer's own synapses have for their sources.
    void hear() {
        for (std::int64_t q = 0; q < w_.blocks; ++q) {
            V heard[tile_samples];
            for (int s = 0; s < tile_samples; ++s) {
                heard[s] =
                    load(activity(q) + s * N) * load(gain_.data() + q * row_size<Real> + s * N);
            }
            by_neuron<Real>(heard, sources_.data() + q * row_size<Real>);
        }
    }

    /// What comes from outside and from the synapses of the layer's own neurons.
    template <int S, bool keeps>
    void join(std::int64_t t, std::int64_t q) {
        const V decay = constant(static_cast<Real>(w_.layer.branch_decay));
        Real *joined = values(t, q), *traces = branches(q);
        const Real* synaptic = synaptic_.data();
        const Real* outside[S];
        for (int s = 0; s < S; ++s) outside[s] = &branch_input_(first_ + s, t, 0);
        branch_rows_.for_rows_of(q, [&](std::int64_t, const auto& access) {
            V sums[tile_samples];
            by_sample(synaptic, sums);
#pragma GCC unroll 4
            for (int s = 0; s < S; ++s) {
                V branch = sums[s] + access.get(outside[s]);
                if constexpr (keeps) {
                    branch = multiply_add<Real>(decay, load(traces + s * N), branch);
                    store<Real>(traces + s * N, branch);
                }
                store<Real>(joined + s * N, branch);
            }
            synaptic += row_size<Real>, joined += row_size<Real>, traces += row_size<Real>;
        });
    }

    template <int S>
    void advance(std::int64_t t, std::int64_t q, std::int64_t first) {
        Real* const rows = values(t, q) + first * N;
        Real* const memories = memory(q) + first * N;
        Real* const decayed = rows + is_.branches * row_size<Real>;
        const Real* const decay = w_.decay.data() + q * is_.memories * N;
        for_rows<S, Real>(is_.memories, [=](std::int64_t row, std::int64_t at) {
            store<Real>(decayed + at, load(decay + row * N) * load(memories + at));
        });
        const Real* inputs = rows;
        if (is_.hidden > 0) {
            Real* const hidden = rows + is_.saved_hidden() * row_size<Real>;
            Real* const squares = squares_.data() + first * N;
            w_.hidden.template multiply<S, Intent::read>(
                q, w_.hidden_bias.data() + q * is_.hidden * N, inputs, hidden,
                part_of_step(branch_input_, t + 1, q));
            for_rows<S, Real>(is_.hidden, [=](std::int64_t, std::int64_t at) {
                const V z = load(hidden + at), zero{};
                const V value = z > zero ? z : zero;
                store<Real>(hidden + at, value);
                store<Real>(squares + at, value * value);
            });
            inputs = squares;
        }
        Real* const changes = rows + is_.saved_update() * row_size<Real>;
        w_.update.template multiply<S, Intent::read>(
            q, w_.update_bias.data() + q * is_.memories * N, inputs, changes,
            is_.hidden > 0 ? Ahead<Real>{} : part_of_step(branch_input_, t + 1, q));
        if (w_.layer.measures_updates) measure<S>(changes, q, first);
        const Real* const gain = w_.gain.data() + q * is_.memories * N;
        for_rows<S, Real>(is_.memories, [=](std::int64_t row, std::int64_t at) {
            const V change = lanes::scaled_tanh<Real, N>(load(changes + at));
            store<Real>(changes + at, change);
            store<Real>(memories + at,
                        multiply_add<Real>(load(gain + row * N), change, load(decayed + at)));
        });
        for (int s = 0; s < S; ++s) speak(t, q, first + s);
    }

    template <int S>
    void measure(const Real* changes, std::int64_t q, std::int64_t first) {
        Real* const sums = magnitude_.data() + q * row_size<Real> + first * N;
        for_rows<S, Real>(is_.memories, [=](std::int64_t row, std::int64_t at) {
            Real* const sum = sums + (at - row * row_size<Real>);
            store<Real>(sum, load(sum) + magnitude_of<Real>(load(changes + at)));
        });
    }

    void speak(std::int64_t t, std::int64_t q, std::int64_t s) {
        const Real* const readout = w_.readout.data() + q * is_.memories * N;
        const Real* const memories = memory(q) + s * N;
        V sum{};
        for (std::int64_t i = 0; i < is_.memories; ++i) {
            sum =
                multiply_add<Real>(load(readout + i * N), load(memories + i * row_size<Real>), sum);
        }
        const auto decay = static_cast<Real>(w_.layer.high_pass_decay);
        Real* const slow_part = filter(q) + s * N;
        const V slow =
            multiply_add<Real>(constant(decay), load(slow_part), constant(Real(1) - decay) * sum);
        store<Real>(slow_part, slow);
        const V drive = sum - slow + load(w_.offset.data() + q * N), zero{};
        V activity_now = drive;
        if (w_.layer.output == NeuronOutput::relu) activity_now = drive > zero ? drive : zero;
        if (w_.layer.output == NeuronOutput::spike) {
            activity_now = drive > zero ? constant(Real(1)) : zero;
            store<Real>(values(t, q) + w_.layer.saved_drive() * row_size<Real> + s * N, drive);
        }
        store<Real>(activity(q) + s * N, activity_now);
    }

    const ForwardWeights<Real>& w_;
    const ElmLayerShape is_;
    View<const Real, 3> branch_input_;
    std::int64_t first_, count_, kept_ = 1;
    Real* steps_ = nullptr;  // see keep_steps
    TensorRows<Real> branch_rows_;
    Array state_;               // see state
    Array gain_;                // [block][sample][lane]
    Array magnitude_;           // [block][sample][lane]; empty where nobody asks
    Array squares_;             // [hidden][sample][lane] of one block
    Array sources_, synaptic_;  // as Wiring says
};

}  // namespace elm::elm_layer
