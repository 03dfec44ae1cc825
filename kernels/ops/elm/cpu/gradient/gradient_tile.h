#pragma once

#include <algorithm>
#include <vector>

#include "kernels/ops/elm/cpu/gradient/gradient_stages.h"
#include "kernels/ops/elm/cpu/gradient/gradient_step.h"
#include "kernels/ops/elm/cpu/gradient/gradient_traces.h"
#include "kernels/ops/elm/cpu/outer_product.h"

/// One tile of samples: forward and backward.
namespace elm::gradient {

/// P samples from `first` on, N units as lanes. All that lies between forward and backward stands
/// in `work`.
template <class Real, int N, int P, Activation unit>
class GradientTile {
public:
    GradientTile(const ElmGradientArgs<Real>& args, std::int64_t first, TileWorkspace<Real>& work)
        : args_(args),
          work_(work),
          store_(work.store),
          drive_(work.shape.shares_drive() ? work.store.slope[0] : work.drive),
          z_(work.z),
          carry_(work.carry),
          scratch_(work.scratch),
          adjoint_(work.adjoint),
          state_(work.state),
          g_(*args.weights),
          w_(*g_.forward),
          row_widths_(work.shape.row_widths),
          first_(first),
          time_constants_(work.shape.time_constants),
          n_steps_(args.output.extent[1]),
          segment_steps_(work.shape.segment_steps),
          memory_width_(work.shape.memory_width()),
          trace_width_(work.shape.trace_width),
          drive_width_(work.shape.drive_width),
          output_width_(g_.wide(w_.n_output)) {
        ELM_ASSERT(work.shape.n_samples == P && work.shape.lanes == N &&
                   work.shape.slopes_of_chunk == slopes_of_chunk);
    }

    /// Writes outputs and states.
    void forward() {
        read_state();
        make_room(work_.checkpoints, n_segments() * checkpoint_values());
        for (std::int64_t segment = 0; segment < n_segments(); ++segment) {
            poll();
            for_checkpoint(segment, [](Real& kept, const Real& own) { kept = own; });
            forward(segment);
        }
        work_.filled = true;
        write_state();
    }

    /// Adds gradients to `sums`. Repeats each segment that is not stored before it walks back, of
    /// one whose updates are there the hidden units.
    void backward(PartialGradient<Real>& sums) {
        sums_ = &sums;
        writes_output_ = false;
        std::fill(carry_.begin(), carry_.end(), Real(0));
        std::fill(adjoint_.begin(), adjoint_.end(), Real(0));
        for (std::int64_t segment = n_segments() - 1; segment >= 0; --segment) {
            poll();
            if (segment != n_segments() - 1 || !work_.filled) {
                for_checkpoint(segment, [](const Real& kept, Real& own) { own = kept; });
                work_.filled&& keeps_updates() ? repeat(segment) : forward(segment);
            }
            backward(segment);
        }
    }

private:
    static constexpr bool slopes_of_chunk = unit == Activation::relu;
    using V = Vec<Real, N>;
    using Lanes = LanesOf<Real, N>;
    using State = typename TileWorkspace<Real>::State;

    std::int64_t n_segments() const { return (n_steps_ + segment_steps_ - 1) / segment_steps_; }
    std::int64_t checkpoint_values() const { return P * work_.shape.state_values(); }
    /// Of sample p, memory before traces.
    Real* checkpoint(std::int64_t segment, int p) {
        return work_.checkpoints.data() + segment * checkpoint_values() +
               p * work_.shape.state_values();
    }
    /// Calls body(value of the checkpoint, that of the state).
    template <class Body>
    void for_checkpoint(std::int64_t segment, const Body& body) {
        for (int p = 0; p < P; ++p) {
            Real* kept = checkpoint(segment, p);
            Real* const memory = state_.memory.data() + p * memory_width_;
            Real* const trace = state_.trace.data() + p * trace_width_;
            for (int m = 0; m < work_.shape.n_memory; ++m) body(*kept++, memory[m]);
            for (int i = 0; i < work_.shape.n_trace; ++i) body(*kept++, trace[i]);
        }
    }
    void poll() const {
        if (args_.poll) args_.poll();
    }
    std::int64_t begin_of(std::int64_t segment) const { return segment * segment_steps_; }
    std::int64_t steps_of(std::int64_t segment) const {
        return std::min(segment_steps_, n_steps_ - begin_of(segment));
    }
    std::size_t n_layers() const { return w_.layers.size(); }
    bool keeps_updates() const { return work_.shape.update_steps > segment_steps_; }
    /// Of step t of a segment that starts at step `begin`.
    Real* updates(std::int64_t begin, std::int64_t t) {
        return row(store_.update, keeps_updates() ? begin + t : t, memory_width_);
    }

    void read_state() {
        std::fill(state_.memory.begin(), state_.memory.end(), Real(0));
        std::fill(state_.trace.begin(), state_.trace.end(), Real(0));
        for (int p = 0; p < P; ++p) {
            const auto read = [&](const View<Real, 2>& from, Real* to) {
                if (from.data != nullptr) std::copy_n(&from(first_ + p, 0), from.extent[1], to);
            };
            read(args_.memory_state, state_.memory.data() + p * memory_width_);
            read(args_.trace_state, state_.trace.data() + p * trace_width_);
        }
    }
    void write_state() const {
        for (int p = 0; p < P; ++p) {
            const auto write = [&](const View<Real, 2>& to, const Real* from) {
                if (to.data != nullptr) std::copy_n(from, to.extent[1], &to(first_ + p, 0));
            };
            write(args_.memory_state, state_.memory.data() + p * memory_width_);
            write(args_.trace_state, state_.trace.data() + p * trace_width_);
        }
    }

    Events<Real> events(int p, std::int64_t begin, std::int64_t n) {
        if (args_.spikes != nullptr) {
            const SpikeTrain& spikes = *args_.spikes;
            return {spikes.row_begin.data() + (first_ + p) * spikes.n_steps + begin,
                    spikes.units.data(), nullptr};
        }
        return work_.events[static_cast<std::size_t>(p)].extract(&args_.input(first_ + p, begin, 0),
                                                                 n, w_.n_input, w_.input_sign);
    }

    Real* row(AlignedVector<Real>& array, std::int64_t t, int width) {
        return array.data() + t * P * width;
    }

    // --- forward -------------------------------------------------------------------------------

    /// The input side of a chunk: traces into the first layer's rows, or what they drive it with.
    void fill_input(std::int64_t begin, std::int64_t from, std::int64_t n) {
        const InputSide<Real> input = g_.input();
        const int width = g_.has_branches() ? row_widths_[0] : drive_width_;
        Real* const first_rows = g_.has_branches() ? row(store_.in[0], from, width) : drive_.data();
        const std::int64_t stride = std::int64_t{P} * width;
        for (int p = 0; p < P; ++p) {
            const Events<Real> list = events(p, begin + from, n);
            Real* const rows = first_rows + p * width;
            Real* const trace = state_.trace.data() + p * trace_width_;
            if (w_.trace_per_synapse) {
                synapse_rows(list, n, w_, trace, rows, stride);
            } else {
                filter_rows(list, n, input.table, input.width, input.decay, input.bias, trace, rows,
                            stride);
            }
        }
        if (g_.has_branches()) drive_rows(from, n);
    }

    /// z of one layer for the P samples of step t, from its rows; z has stride `z_stride`.
    template <Activation activation>
    void apply(const PackedLayer<Real>& layer, int first_column, const Real* start,
               std::int64_t start_stride, const Real* x, std::int64_t x_stride, Real* z,
               std::int64_t z_stride) {
        layer_by_unit<Real, N, P, activation>(layer, first_column, layer.n_rest(),
                                              layer.two_chains(), start, start_stride, x, x_stride,
                                              z, z_stride);
    }

    void forward(std::int64_t segment) {
        const std::int64_t begin = begin_of(segment);
        for_each_step(segment, [&](std::int64_t t, std::int64_t chunk) { step(t, chunk, begin); });
    }

    /// The same bits from updates that are there.
    void repeat(std::int64_t segment) {
        const std::int64_t begin = begin_of(segment);
        for_each_step(segment, [&](std::int64_t t, std::int64_t chunk) {
            hidden_layers(t, chunk);
            repeat_units<Real, N, P>(memory_units(), updates(begin, t), decayed_row(t),
                                     row_widths_[0], state_.memory.data());
            store_decayed(t + 1);
        });
    }

    /// Calls body(step, first step of its chunk) for a segment, whose input and first d are there.
    template <class Body>
    void for_each_step(std::int64_t segment, const Body& body) {
        const std::int64_t n = steps_of(segment);
        store_decayed(0);
        for (std::int64_t from = 0; from < n; from += chunk_steps) {
            const std::int64_t count = std::min(chunk_steps, n - from);
            fill_input(begin_of(segment), from, count);
            for (std::int64_t t = from; t < from + count; ++t) body(t, from);
        }
    }

    void step(std::int64_t t, std::int64_t chunk_begin, std::int64_t segment_begin) {
        const LayerInput from = hidden_layers(t, chunk_begin);
        apply<Activation::linear>(w_.layers.back(), n_layers() > 1 ? 0 : w_.layers[0].n_first(),
                                  from.start, from.start_stride, from.x, from.x_stride, z_.data(),
                                  memory_width_);
        advance_memory(t, segment_begin);
    }

    /// Rows that enter a layer, and where its chains start.
    struct LayerInput {
        const Real* x;
        std::int64_t x_stride;
        const Real* start;
        std::int64_t start_stride;
    };

    /// All layers but the last one; what that one gets.
    LayerInput hidden_layers(std::int64_t t, std::int64_t chunk_begin) {
        const PackedLayer<Real>& first = w_.layers.front();
        const Real* x = decayed_row(t);
        std::int64_t x_stride = row_widths_[0];
        const Real* start = row(drive_, t - chunk_begin, drive_width_);
        std::int64_t start_stride = drive_width_;
        for (std::size_t l = 0; l + 1 < n_layers(); ++l) {
            const int width = row_widths_[l + 1];
            Real* const values = row(store_.in[l + 1], t, width);
            const int column = l == 0 ? first.n_first() : 0;
            if constexpr (unit == Activation::relu) {
                apply<unit>(w_.layers[l], column, start, start_stride, x, x_stride, values, width);
            } else {
                Real* const slopes = row(store_.slope[l], t, width);
                apply<Activation::linear>(w_.layers[l], column, start, start_stride, x, x_stride,
                                          slopes, width);
                hidden_units<Real, N, P, unit>(width, w_.layers[l].padded_units(), values, slopes);
            }
            x = values;
            x_stride = width;
            start = w_.layers[l + 1].bias_by_unit();
            start_stride = 0;
        }
        return {x, x_stride, start, start_stride};
    }

    /// d_t = kappa_m m_{t-1}, which is the state.
    void store_decayed(std::int64_t t) {
        const MemoryUnits<Real> units = memory_units();
        for (int p = 0; p < P; ++p) {
            const Real* const memory = state_.memory.data() + p * memory_width_;
            Real* const to = decayed_row(t) + p * row_widths_[0];
            for (int m = 0; m < memory_width_; m += N) {
                store<Real, N>(to + m,
                               V(load<Real, N>(units.decay + m) * load<Real, N>(memory + m)));
            }
        }
    }

    /// bias + W1b b for all rows of a chunk: the start of the first layer's chains.
    void drive_rows(std::int64_t from, std::int64_t n) {
        const std::int64_t rows = n * P;
        std::int64_t r = 0;
        for (; r + 4 <= rows; r += 4) drive_block<4>(from, r);
        for (; r < rows; ++r) drive_block<1>(from, r);
    }
    template <int Rows>
    void drive_block(std::int64_t from, std::int64_t r) {
        const PackedLayer<Real>& first = w_.layers.front();
        const int width = row_widths_[0];
        layer_by_unit<Real, N, Rows, Activation::linear>(
            first, 0, w_.n_branch, false, first.bias_by_unit(), 0,
            row(store_.in[0], from, width) + r * width, width, drive_.data() + r * drive_width_,
            drive_width_);
    }

    /// m_t from z_, the next step's d_t, what the backward pass needs, and the output.
    void advance_memory(std::int64_t t, std::int64_t begin) {
        const int in_width = row_widths_[0];
        advance_units<Real, N, P>(memory_units(), z_.data(), decayed_row(t), decayed_row(t + 1),
                                  in_width, state_.memory.data(), updates(begin, t));
        if (writes_output_) write_output(state_.memory.data(), begin + t);
    }
    Real* decayed_row(std::int64_t t) {
        return row(store_.in[0], t, row_widths_[0]) + g_.branch_columns();
    }
    MemoryUnits<Real> memory_units() const {
        return {memory_width_, w_.memory_decay.data(), w_.memory_gain.data()};
    }

    void write_output(const Real* memory, std::int64_t step) {
        const int width = output_width_;
        layer_by_unit<Real, N, P, Activation::linear>(
            w_.readout, 0, w_.n_memory, w_.readout.two_chains(), w_.readout.bias_by_unit(), 0,
            memory, memory_width_, scratch_.data(), width);
        for (int p = 0; p < P; ++p) {
            std::copy_n(scratch_.data() + p * width, w_.n_output,
                        &args_.output(first_ + p, step, 0));
        }
    }

    // --- backward ------------------------------------------------------------------------------

    void backward(std::int64_t segment) {
        const std::int64_t begin = begin_of(segment), n = steps_of(segment);
        const std::int64_t n_chunks = (n + chunk_steps - 1) / chunk_steps;
        for (std::int64_t chunk = n_chunks - 1; chunk >= 0; --chunk) {
            const std::int64_t from = chunk * chunk_steps, count = std::min(chunk_steps, n - from);
            read_output_gradient(begin + from, count);
            repeat_memory(segment, from, count);
            for (std::int64_t t = from + count - 1; t >= from; --t) step_back(t, from, begin);
            add_weight_gradients(begin, from, count);
            step_traces_back(begin, from, count);
        }
    }

    void read_output_gradient(std::int64_t begin, std::int64_t count) {
        const int width = output_width_;
        for (std::int64_t t = 0; t < count; ++t) {
            for (int p = 0; p < P; ++p) {
                std::copy_n(&args_.output_gradient(first_ + p, begin + t, 0), w_.n_output,
                            work_.output_gradient.data() + (t * P + p) * width);
            }
        }
    }

    /// m of the step before the chunk and of its own steps, as the forward pass had them.
    void repeat_memory(std::int64_t segment, std::int64_t from, std::int64_t count) {
        for (int p = 0; from == 0 && p < P; ++p) {
            std::copy_n(checkpoint(segment, p), work_.shape.n_memory,
                        memory_rows(-1) + p * memory_width_);
        }
        for (std::int64_t t = from == 0 ? 0 : -1; t < count; ++t) {
            repeat_units<Real, N, P>(memory_units(), updates(begin_of(segment), from + t),
                                     decayed_row(from + t), row_widths_[0], memory_rows(t));
        }
    }
    /// Of step t of the chunk; -1: of the step before it.
    Real* memory_rows(std::int64_t t) { return row(work_.memory_rows, t + 1, memory_width_); }

    /// carry_ holds dL/dm_t from later steps; leaves that of m_{t-1}. dz replaces the updates.
    void step_back(std::int64_t t, std::int64_t chunk_begin, std::int64_t segment_begin) {
        if (t > 0) fetch_step(t - 1);
        Real* const last = updates(segment_begin, t);
        leave_output<Real, N, P>(
            memory_units(), g_.readout.data(), w_.n_output,
            work_.output_gradient.data() + (t - chunk_begin) * P * output_width_, output_width_,
            carry_.data(), last, time_constants_ ? sums_->memory_gain.data() : nullptr);
        const Real* dz = last;
        std::int64_t dz_stride = memory_width_;
        for (std::size_t l = n_layers() - 1; l > 0; --l) {
            const int width = row_widths_[l];
            apply<Activation::linear>(g_.to_input[l], 0, g_.zeros.data(), 0, dz, dz_stride,
                                      scratch_.data(), width);
            Real* const slopes =
                row(store_.slope[l - 1], slopes_of_chunk ? t - chunk_begin : t, width);
            leave_units<Real, N, P, unit>(scratch_.data(), row(store_.in[l], t, width), width,
                                          w_.layers[l - 1].padded_units(), slopes);
            dz = slopes;
            dz_stride = width;
        }
        apply<Activation::linear>(g_.to_input[0], 0, carry_.data(), memory_width_, dz, dz_stride,
                                  scratch_.data(), memory_width_);
        leave_memory<Real, N, P>(memory_units(), scratch_.data(), memory_rows(t - chunk_begin - 1),
                                 carry_.data(),
                                 time_constants_ ? sums_->memory_decay.data() : nullptr);
    }

    /// Asks for the units' values of a step, which come from afar where all steps are kept.
    void fetch_step(std::int64_t t) {
        for (std::size_t l = 1; l < n_layers(); ++l) {
            const int width = row_widths_[l];
            fetch_row(row(store_.in[l], t, width), P * width);
            if (!slopes_of_chunk) fetch_row(row(store_.slope[l - 1], t, width), P * width);
        }
    }

    /// dz of layer l for the chunk that starts at step `from`.
    Real* dz_rows(std::size_t l, std::int64_t begin, std::int64_t from, int& width) {
        const bool last = l + 1 == n_layers();
        width = last ? memory_width_ : row_widths_[l + 1];
        if (last) return updates(begin, from);
        return row(store_.slope[l], slopes_of_chunk ? 0 : from, width);
    }

    void add_weight_gradients(std::int64_t begin, std::int64_t from, std::int64_t count) {
        const std::int64_t rows = count * P;
        for (std::size_t l = 0; l < n_layers(); ++l) {
            int dz_width = 0;
            const Real* dz = dz_rows(l, begin, from, dz_width);
            const int in_width = row_widths_[l];
            add_outer_product<Real>(dz, dz_width, padded_outputs(l),
                                    row(store_.in[l], from, in_width), in_width, in_width, rows,
                                    sums_->layers[l].weight.data(), in_width);
            add_column_sums<Real>(dz, dz_width, dz_width, rows, sums_->layers[l].bias.data());
        }
        const int out_width = output_width_;
        add_outer_product<Real>(work_.output_gradient.data(), out_width,
                                (w_.n_output + outer_block - 1) / outer_block * outer_block,
                                memory_rows(0), memory_width_, memory_width_, rows,
                                sums_->readout.weight.data(), memory_width_);
        add_column_sums<Real>(work_.output_gradient.data(), out_width, out_width, rows,
                              sums_->readout.bias.data());
    }

    std::int64_t padded_outputs(std::size_t l) const {
        return (w_.layers[l].n_out() + outer_block - 1) / outer_block * outer_block;
    }

    /// Adjoint of the trace filter over the chunk, onto events, synapses and the input; last, for
    /// it may take dz of the first layer for its rows.
    void step_traces_back(std::int64_t begin, std::int64_t from, std::int64_t count) {
        int width = 0;
        Real* rows = dz_rows(0, begin, from, width);
        if (g_.has_branches()) {
            std::int64_t r = 0;
            for (; r + 4 <= count * P; r += 4) branch_rows<4>(rows, width, r);
            for (; r < count * P; ++r) branch_rows<1>(rows, width, r);
            rows = work_.branch_gradient.data();
            width = w_.branch_width;
        }
        const std::int64_t stride = std::int64_t{P} * width;
        for (int p = 0; p < P; ++p) {
            const Events<Real> list = events(p, begin + from, count);
            Real* const adjoint = adjoint_.data() + p * trace_width_;
            Real* const gradient = rows + p * width;
            Real* to_input = nullptr;
            if (args_.input_gradient.data != nullptr) {
                to_input = &args_.input_gradient(first_ + p, begin + from, 0);
            }
            if (w_.trace_per_synapse) {
                step_synapses_back(list, count, w_, gradient, stride, adjoint,
                                   sums_->synapse.data(), to_input);
            } else {
                step_rows_back(list, count, g_, gradient, stride, adjoint, sums_->events.data(),
                               to_input);
            }
        }
    }

    template <int Rows>
    void branch_rows(const Real* dz, int dz_width, std::int64_t r) {
        const PackedLayer<Real>& layer = g_.to_branches;
        layer_by_unit<Real, N, Rows, Activation::linear>(
            layer, 0, layer.n_rest(), layer.two_chains(), g_.zeros.data(), 0, dz + r * dz_width,
            dz_width, work_.branch_gradient.data() + r * w_.branch_width, w_.branch_width);
    }

    const ElmGradientArgs<Real>& args_;
    TileWorkspace<Real>& work_;
    SegmentStore<Real>& store_;
    AlignedVector<Real>& drive_;
    AlignedVector<Real>&z_, &carry_, &scratch_, &adjoint_;
    State& state_;
    const ElmGradientWeights<Real>& g_;
    const ElmScanWeights<Real>& w_;
    const std::vector<int>& row_widths_;  // of the rows that enter each layer
    std::int64_t first_;
    PartialGradient<Real>* sums_ = nullptr;
    bool writes_output_ = true;  // a segment that is repeated has written it
    bool time_constants_;
    std::int64_t n_steps_, segment_steps_;
    int memory_width_, trace_width_, drive_width_, output_width_;
};

/// Calls body with the tile of these samples.
template <class Real, int N, Activation unit, class Body>
void with_tile(const ElmGradientArgs<Real>& args, const SampleRange& samples,
               TileWorkspace<Real>& work, const Body& body) {
    const auto call = [&]<int P>() {
        body(GradientTile<Real, N, P, unit>(args, samples.first, work));
    };
    if (samples.count == 4) {
        call.template operator()<4>();
    } else if (samples.count == 2) {
        call.template operator()<2>();
    } else {
        call.template operator()<1>();
    }
}

template <class Real, int N, Activation unit>
void GradientStages<Real, N, unit>::forward(const ElmGradientArgs<Real>& args,
                                            const SampleRange& samples, TileWorkspace<Real>& work) {
    with_tile<Real, N, unit>(args, samples, work, [](auto&& tile) { tile.forward(); });
}

template <class Real, int N, Activation unit>
void GradientStages<Real, N, unit>::backward(const ElmGradientArgs<Real>& args,
                                             const SampleRange& samples, TileWorkspace<Real>& work,
                                             PartialGradient<Real>& sums) {
    with_tile<Real, N, unit>(args, samples, work, [&](auto&& tile) { tile.backward(sums); });
}

}  // namespace elm::gradient
