#pragma once

#include "kernels/ops/elm/cpu/scan_tile.h"

/// A tile is some samples of one run, advanced by one thread through all steps in chunks of time:
///
///   1. input side    filtered rows of the chunk, sample by sample        (elm_events.h)
///   2. recurrence    step by step, samples or units as lanes             (elm_layer.h)
///   3. readout       of the chunk's memory
///
/// All three see the chunk in cache. Chunks and tiles do not change any result: every sum runs in
/// the order of steps, events and columns.
namespace elm::scan {

/// The input side and the state of one tile's samples.
template <class Real>
class TileInput {
public:
    TileInput(const ElmScanArgs<Real>& args, std::int64_t first, std::int64_t count,
              TileMemory<Real>& memory)
        : args_(args), w_(*args.weights), first_(first), count_(count), memory_(memory) {
        for (std::int64_t s = 0; s < count_; ++s) {
            copy_row(args_.trace_state, first_ + s, trace(s));
            copy_row(args_.drive_state, first_ + s, drive(s));
        }
    }

    /// Fills rows (chunk_steps, width()) of each sample, row_stride() apart, for steps [begin,
    /// begin + n) and, if recorded, writes the branch traces of these steps.
    void advance(std::int64_t begin, std::int64_t n) {
        for (std::int64_t s = 0; s < count_; ++s) {
            const Events<Real> events = events_of(s, begin, n);
            const bool record = args_.branches.data != nullptr;
            Real* rows = memory_.rows.data() + s * row_stride(width());
            if (w_.spike_table) {
                filter_rows(events, n, w_.drive_table.data(), w_.drive_width, w_.drive_decay.data(),
                            w_.drive_bias.data(), drive(s), rows, w_.drive_width);
            }
            if (w_.spike_table && !record) continue;
            Real* branch_rows = w_.spike_table ? memory_.branch_rows.data() : rows;
            if (w_.trace_per_synapse) {
                synapse_rows(events, n, w_, trace(s), branch_rows, w_.branch_width);
            } else {
                filter_rows(events, n, w_.branch_table.data(), w_.branch_width,
                            w_.branch_decay.data(), zeros(), trace(s), branch_rows,
                            w_.branch_width);
            }
            if (!record) continue;
            for (std::int64_t t = 0; t < n; ++t) {
                std::copy_n(branch_rows + t * w_.branch_width, w_.n_branch,
                            &args_.branches(first_ + s, begin + t, 0));
            }
        }
    }

    void finish() {
        for (std::int64_t s = 0; s < count_; ++s) {
            write_row(trace(s), args_.trace_state, first_ + s);
            write_row(drive(s), args_.drive_state, first_ + s);
        }
    }

    std::int64_t width() const { return w_.spike_table ? w_.drive_width : w_.branch_width; }

private:
    Events<Real> events_of(std::int64_t sample, std::int64_t begin, std::int64_t n) {
        if (args_.spikes != nullptr) {
            const SpikeTrain& spikes = *args_.spikes;
            return {spikes.row_begin.data() + (first_ + sample) * spikes.n_steps + begin,
                    spikes.units.data(), nullptr};
        }
        return memory_.dense[static_cast<std::size_t>(sample)].extract(
            &args_.input(first_ + sample, begin, 0), n, w_.n_input, w_.input_sign);
    }

    Real* trace(std::int64_t s) {
        return memory_.trace.data() + s * TileMemory<Real>::trace_width(w_);
    }
    Real* drive(std::int64_t s) { return memory_.drive_state.data() + s * w_.drive_width; }

    const Real* zeros() {
        if (static_cast<int>(zeros_.size()) < w_.branch_width) {
            zeros_.assign(static_cast<std::size_t>(w_.branch_width), Real(0));
        }
        return zeros_.data();
    }

    static void copy_row(const View<Real, 2>& from, std::int64_t row, Real* to) {
        if (from.data != nullptr) std::copy_n(&from(row, 0), from.extent[1], to);
    }
    static void write_row(const Real* from, const View<Real, 2>& to, std::int64_t row) {
        if (to.data != nullptr) std::copy_n(from, to.extent[1], &to(row, 0));
    }

    const ElmScanArgs<Real>& args_;
    const ElmScanWeights<Real>& w_;
    std::int64_t first_, count_;
    TileMemory<Real>& memory_;
    AlignedVector<Real> zeros_;
};

/// to[k][lane] = from[lane][k] for n columns (a multiple of the lanes) of `count` rows; other lanes
/// are zero. Rows of both are `*_stride` apart.
template <class Real, int N>
void rows_to_lanes(const Real* from, std::int64_t from_stride, std::int64_t n, std::int64_t count,
                   Real* to, std::int64_t to_stride) {
    for (std::int64_t k = 0; k < n; k += N) {
        Vec<Real, N> block[N];
        for (int lane = 0; lane < N; ++lane) {
            block[lane] =
                lane < count ? load<Real, N>(from + lane * from_stride + k) : Vec<Real, N>{};
        }
        transpose<Real, N>(block);
        for (int i = 0; i < N; ++i) store<Real, N>(to + (k + i) * to_stride, block[i]);
    }
}

/// to[lane][k] = from[k][lane] for any n.
template <class Real, int N>
void lanes_to_rows(const Real* from, std::int64_t from_stride, std::int64_t n, std::int64_t count,
                   Real* to, std::int64_t to_stride) {
    std::int64_t k = 0;
    for (; k + N <= n; k += N) {
        Vec<Real, N> block[N];
        for (int i = 0; i < N; ++i) block[i] = load<Real, N>(from + (k + i) * from_stride);
        transpose<Real, N>(block);
        for (int lane = 0; lane < N && lane < count; ++lane) {
            store<Real, N>(to + lane * to_stride + k, block[lane]);
        }
    }
    for (; k < n; ++k) {
        for (std::int64_t lane = 0; lane < N && lane < count; ++lane) {
            to[lane * to_stride + k] = from[k * from_stride + lane];
        }
    }
}

/// Runs `step(layer, start, x1, x2, z, hidden)` through the network's layers: the first with what
/// the input side gives, the others with what the one before gave. Returns the last z.
template <class Real, class First, class Next>
const Real* run_layers(const ElmScanWeights<Real>& w, TileMemory<Real>& memory, const First& first,
                       const Next& next) {
    Real* from = memory.hidden_a.data();
    Real* to = memory.hidden_b.data();
    const std::size_t last = w.layers.size() - 1;
    first(w.layers[0], from, last > 0);
    for (std::size_t layer = 1; layer <= last; ++layer) {
        next(w.layers[layer], from, to, layer < last);
        std::swap(from, to);
    }
    return from;
}

/// Up to S N samples as the lanes of S vectors.
template <class Real, int N, int S, Activation unit>
void run_tile_by_sample(const ElmScanArgs<Real>& args, std::int64_t first, std::int64_t count,
                        std::int64_t n_steps, TileMemory<Real>& memory) {
    constexpr int L = S * N;
    const ElmScanWeights<Real>& w = *args.weights;
    const int n_memory = w.n_memory, n_output = w.n_output;
    TileInput<Real> input(args, first, count, memory);
    const std::int64_t width = input.width();
    Real* const x = memory.x.data();  // d_t: decayed memory, (d_m, L)
    Real* const history = memory.history.data();
    for (int m = 0; m < n_memory; ++m) {
        for (int lane = 0; lane < L; ++lane) {
            x[m * L + lane] = lane < count ? w.memory_decay[static_cast<std::size_t>(m)] *
                                                 args.memory_state(first + lane, m)
                                           : Real(0);
        }
    }
    for (std::int64_t begin = 0; begin < n_steps; begin += chunk_steps) {
        const std::int64_t n = std::min(chunk_steps, n_steps - begin);
        input.advance(begin, n);
        for (std::int64_t t = 0; t < n; ++t) {
            for (int s = 0; s < S; ++s) {
                rows_to_lanes<Real, N>(memory.rows.data() + s * N * row_stride(width) + t * width,
                                       row_stride(width), width, count - s * N,
                                       memory.lanes_in.data() + s * N, L);
            }
            const Real* const in = memory.lanes_in.data();
            const Real* const z = run_layers(
                w, memory,
                [&](const PackedLayer<Real>& layer, Real* to, bool hidden) {
                    const Real* start = w.spike_table ? in : nullptr;
                    if (hidden) {
                        layer_by_sample<Real, N, S, unit>(layer, start, in, x, to);
                    } else {
                        layer_by_sample<Real, N, S, Activation::linear>(layer, start, in, x, to);
                    }
                },
                [&](const PackedLayer<Real>& layer, const Real* from, Real* to, bool hidden) {
                    if (hidden) {
                        layer_by_sample<Real, N, S, unit>(layer, nullptr, nullptr, from, to);
                    } else {
                        layer_by_sample<Real, N, S, Activation::linear>(layer, nullptr, nullptr,
                                                                        from, to);
                    }
                });
            Real* const m_t = history + t * n_memory * L;
            for (int m = 0; m < n_memory; ++m) {
                for (int i = m * L; i < (m + 1) * L; i += N) {
                    const auto next = step::advance_memory<LanesOf<Real, N>>(
                        load<Real, N>(z + i), load<Real, N>(x + i), w.memory_gain.data()[m],
                        w.memory_decay.data()[m]);
                    store<Real, N>(m_t + i, next.memory);
                    store<Real, N>(x + i, next.decayed);
                }
            }
        }
        Real* const out = memory.out.data();
        for (std::int64_t t = 0; t < n; ++t) {
            // Writes the readout's padded units too: the next step overwrites them.
            layer_by_sample<Real, N, S, Activation::linear>(
                w.readout, nullptr, nullptr, history + t * n_memory * L, out + t * n_output * L);
        }
        for (int s = 0; s < S; ++s) {
            const std::int64_t from = first + s * N, n_lanes = count - s * N;
            if (n_lanes <= 0) break;
            lanes_to_rows<Real, N>(out + s * N, L, n * n_output, n_lanes,
                                   &args.output(from, begin, 0), n_steps * n_output);
            if (args.memory.data != nullptr) {
                lanes_to_rows<Real, N>(history + s * N, L, n * n_memory, n_lanes,
                                       &args.memory(from, begin, 0), n_steps * n_memory);
            }
            if (begin + n == n_steps) {
                lanes_to_rows<Real, N>(history + (n - 1) * n_memory * L + s * N, L, n_memory,
                                       n_lanes, &args.memory_state(from, 0), n_memory);
            }
        }
    }
    input.finish();
}

/// P samples side by side, the units of each layer as lanes.
template <class Real, int N, int P, Activation unit>
void run_tile_by_unit(const ElmScanArgs<Real>& args, std::int64_t first, std::int64_t n_steps,
                      TileMemory<Real>& memory) {
    const ElmScanWeights<Real>& w = *args.weights;
    const int n_memory = w.n_memory;
    const std::int64_t memory_width = w.layers.back().padded_units();
    const std::int64_t widest = widest_layer(w);
    const PackedLayer<Real>& layer0 = w.layers.front();
    TileInput<Real> input(args, first, P, memory);
    Real* const x = memory.x.data();              // d_t, (P, widest)
    Real* const history = memory.history.data();  // (P, chunk_steps, memory_width)
    std::fill_n(x, P * widest, Real(0));
    for (int p = 0; p < P; ++p) {
        for (int m = 0; m < n_memory; ++m) {
            x[p * widest + m] =
                w.memory_decay[static_cast<std::size_t>(m)] * args.memory_state(first + p, m);
        }
    }
    for (std::int64_t begin = 0; begin < n_steps; begin += chunk_steps) {
        const std::int64_t n = std::min(chunk_steps, n_steps - begin);
        input.advance(begin, n);
        const Real* drive = memory.rows.data();
        std::int64_t drive_width = w.drive_width, drive_stride = row_stride(drive_width);
        if (!w.spike_table) {
            // The first layer's share of the input, for all steps of the chunk: rows are (p, t).
            drive_width = layer0.padded_units();
            drive_stride = row_stride(drive_width);
            for (int p = 0; p < P; ++p) {
                const Real* rows = memory.rows.data() + p * row_stride(w.branch_width);
                Real* to = memory.drive.data() + p * drive_stride;
                std::int64_t t = 0;
                for (; t + 4 <= n; t += 4) {
                    layer_by_unit<Real, N, 4, Activation::linear>(
                        layer0, 0, w.n_branch, false, layer0.bias_by_unit(), 0,
                        rows + t * w.branch_width, w.branch_width, to + t * drive_width,
                        drive_width);
                }
                for (; t < n; ++t) {
                    layer_by_unit<Real, N, 1, Activation::linear>(
                        layer0, 0, w.n_branch, false, layer0.bias_by_unit(), 0,
                        rows + t * w.branch_width, w.branch_width, to + t * drive_width,
                        drive_width);
                }
            }
            drive = memory.drive.data();
        }
        for (std::int64_t t = 0; t < n; ++t) {
            const auto run = [&](const PackedLayer<Real>& layer, int first_column,
                                 const Real* start, std::int64_t start_stride, const Real* from,
                                 Real* to, bool hidden) {
                const int n_in = layer.n_rest();
                if (hidden) {
                    layer_by_unit<Real, N, P, unit>(layer, first_column, n_in, layer.two_chains(),
                                                    start, start_stride, from, widest, to, widest);
                } else {
                    layer_by_unit<Real, N, P, Activation::linear>(
                        layer, first_column, n_in, layer.two_chains(), start, start_stride, from,
                        widest, to, widest);
                }
            };
            const Real* const z = run_layers(
                w, memory,
                [&](const PackedLayer<Real>& layer, Real* to, bool hidden) {
                    run(layer, layer.n_first(), drive + t * drive_width, drive_stride, x, to,
                        hidden);
                },
                [&](const PackedLayer<Real>& layer, const Real* from, Real* to, bool hidden) {
                    run(layer, 0, layer.bias_by_unit(), 0, from, to, hidden);
                });
            for (int p = 0; p < P; ++p) {
                Real* const m_t = history + (p * chunk_steps + t) * memory_width;
                for (int m = 0; m < memory_width; m += N) {
                    const auto next = step::advance_memory<LanesOf<Real, N>>(
                        load<Real, N>(z + p * widest + m), load<Real, N>(x + p * widest + m),
                        load<Real, N>(w.memory_gain.data() + m),
                        load<Real, N>(w.memory_decay.data() + m));
                    store<Real, N>(m_t + m, next.memory);
                    store<Real, N>(x + p * widest + m, next.decayed);
                }
            }
        }
        const std::int64_t out_width = w.readout.padded_units();
        for (int p = 0; p < P; ++p) {
            for (std::int64_t t = 0; t < n; ++t) {
                const Real* const m_t = history + (p * chunk_steps + t) * memory_width;
                layer_by_unit<Real, N, 1, Activation::linear>(
                    w.readout, 0, n_memory, w.readout.two_chains(), w.readout.bias_by_unit(), 0,
                    m_t, 0, memory.out.data(), out_width);
                std::copy_n(memory.out.data(), w.n_output, &args.output(first + p, begin + t, 0));
                if (args.memory.data != nullptr) {
                    std::copy_n(m_t, n_memory, &args.memory(first + p, begin + t, 0));
                }
            }
            if (begin + n == n_steps) {
                std::copy_n(history + (p * chunk_steps + n - 1) * memory_width, n_memory,
                            &args.memory_state(first + p, 0));
            }
        }
    }
    input.finish();
}

template <class Real, int N, Activation unit>
void run_tile_by_unit(const ElmScanArgs<Real>& args, const Tile& tile, std::int64_t n_steps,
                      TileMemory<Real>& memory) {
    const auto run = [&]<int P>() {
        run_tile_by_unit<Real, N, P, unit>(args, tile.first, n_steps, memory);
    };
    switch (tile.form.width) {
        case 8:
            if constexpr (N == native<Real> && unit_lanes<Real> != N) run.template operator()<8>();
            break;
        case 4:
            run.template operator()<4>();
            break;
        case 2:
            run.template operator()<2>();
            break;
        default:
            run.template operator()<1>();
    }
}

template <class Real, Activation unit>
void run_tile_of(const ElmScanArgs<Real>& args, const Tile& tile, std::int64_t n_steps,
                 TileMemory<Real>& memory) {
    constexpr int N = native<Real>, half = unit_lanes<Real>;
    const auto by_sample = [&]<int lanes, int S>() {
        run_tile_by_sample<Real, lanes, S, unit>(args, tile.first, tile.count, n_steps, memory);
    };
    if (tile.form.by_unit && args.weights->unit_lanes == half) {
        run_tile_by_unit<Real, half, unit>(args, tile, n_steps, memory);
    } else if (tile.form.by_unit) {
        run_tile_by_unit<Real, N, unit>(args, tile, n_steps, memory);
    } else if (tile.form.width == N) {
        by_sample.template operator()<N, 1>();
    } else if (tile.form.width == N / 2) {
        by_sample.template operator()<N / 2, 1>();
    } else if constexpr (half != N) {
        by_sample.template operator()<N, 2>();
    }
}

template <class Real>
void run_tile(const ElmScanArgs<Real>& args, const Tile& tile, TileMemory<Real>& memory) {
    const std::int64_t n_steps = args.output.extent[1];
    memory.prepare(*args.weights, tile.form.width);
    with_hidden_unit(args.weights->hidden_unit, [&]<HiddenUnit unit>() {
        run_tile_of<Real, unit>(args, tile, n_steps, memory);
    });
}

}  // namespace elm::scan
