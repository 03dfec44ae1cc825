#pragma once

#include <algorithm>
#include <utility>

#include "kernels/ops/elm/cpu/gradient/gradient_traces.h"
#include "kernels/ops/elm/cpu/group_workspace.h"

/// One tile of a group: as many (neuron, sample) pairs as a vector has lanes. Arrays of vectors are
/// (..., lanes); the equations are those of elm_gradient.h.
namespace elm::gradient {

/// out[u] = start[u] + sum over k of w[u][k] x[k]: R units, strides in vectors. Null start: zero.
template <class Real, int R>
__attribute__((noinline)) void lane_block(const Real* w, std::int64_t unit_stride,
                                          std::int64_t k_stride, int n_k, const Real* x,
                                          const Real* start, Real* out) {
    constexpr int N = native<Real>;
    Vec<Real, N> sum[R] = {};
#pragma GCC unroll 12
    for (int u = 0; u < R; ++u) {
        if (start != nullptr) sum[u] = load<Real, N>(start + u * N);
    }
    for (int k = 0; k < n_k; ++k, w += k_stride * N) {
        const Vec<Real, N> value = load<Real, N>(x + k * N);
#pragma GCC unroll 12
        for (int u = 0; u < R; ++u) {
            sum[u] = multiply_add<Real, N>(load<Real, N>(w + u * unit_stride * N), value, sum[u]);
        }
    }
#pragma GCC unroll 12
    for (int u = 0; u < R; ++u) store<Real, N>(out + u * N, sum[u]);
}

/// Calls body.operator()<V>() with V = value, which is 1 to most.
template <int most, class Body>
ELM_INLINE void with_constant(int value, const Body& body) {
    [&]<int... V>(std::integer_sequence<int, V...>) {
        ((value == V + 1 ? (body.template operator()<V + 1>(), 0) : 0), ...);
    }
    (std::make_integer_sequence<int, most>{});
}

/// The same for any number of units: weights stream from cache, one load for each multiply-add, so
/// that blocks of about ten units leave the loads of x aside.
template <class Real>
void lane_product(const Real* w, std::int64_t unit_stride, std::int64_t k_stride, int n_units,
                  int n_k, const Real* x, const Real* start, Real* out) {
    constexpr int N = native<Real>, most = registers == 32 ? 12 : 6;
    const int n_blocks = (n_units + most - 1) / most;
    for (int block = 0, from = 0; block < n_blocks; ++block) {
        const int to = n_units * (block + 1) / n_blocks;
        with_constant<most>(to - from, [&]<int R>() {
            lane_block<Real, R>(w + from * unit_stride * N, unit_stride, k_stride, n_k, x,
                                start == nullptr ? nullptr : start + from * N, out + from * N);
        });
        from = to;
    }
}

/// sums[i][j] += sum over rows of a[row][i] b[row][j], for A x B vectors; rows are `*_stride`
/// vectors apart, rows of `sums` too.
template <class Real, int A, int B>
__attribute__((noinline)) void lane_outer_block(const Real* a, std::int64_t a_stride, const Real* b,
                                                std::int64_t b_stride, std::int64_t n_rows,
                                                Real* sums, std::int64_t sums_stride) {
    constexpr int N = native<Real>;
    Vec<Real, N> sum[A][B] = {};
    for (std::int64_t row = 0; row < n_rows; ++row, a += a_stride * N, b += b_stride * N) {
        Vec<Real, N> right[B];
#pragma GCC unroll 4
        for (int j = 0; j < B; ++j) right[j] = load<Real, N>(b + j * N);
#pragma GCC unroll 4
        for (int i = 0; i < A; ++i) {
            const Vec<Real, N> left = load<Real, N>(a + i * N);
#pragma GCC unroll 4
            for (int j = 0; j < B; ++j) {
                sum[i][j] = multiply_add<Real, N>(left, right[j], sum[i][j]);
            }
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < A; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < B; ++j) {
            Real* const to = sums + (i * sums_stride + j) * N;
            store<Real, N>(to, load<Real, N>(to) + sum[i][j]);
        }
    }
}

template <class Real>
void add_lane_outer(const Real* a, int n_a, const Real* b, int n_b, std::int64_t n_rows,
                    Real* sums) {
    constexpr int N = native<Real>, most = registers == 32 ? 4 : 2;
    for (int i = 0; i < n_a; i += most) {
        for (int j = 0; j < n_b; j += most) {
            with_constant<most>(std::min(most, n_a - i), [&]<int A>() {
                with_constant<most>(std::min(most, n_b - j), [&]<int B>() {
                    lane_outer_block<Real, A, B>(a + i * N, n_a, b + j * N, n_b, n_rows,
                                                 sums + (std::int64_t{i} * n_b + j) * N, n_b);
                });
            });
        }
    }
}

/// sums[i] += sum over rows of a[row][i].
template <class Real>
void add_lane_rows(const Real* a, int n_a, std::int64_t n_rows, Real* sums) {
    constexpr int N = native<Real>;
    for (int i = 0; i < n_a * N; i += N) {
        Vec<Real, N> sum = load<Real, N>(sums + i);
        for (std::int64_t row = 0; row < n_rows; ++row) {
            sum = sum + load<Real, N>(a + row * n_a * N + i);
        }
        store<Real, N>(sums + i, sum);
    }
}

template <class Real, Activation unit>
class LaneTile {
public:
    static constexpr int N = native<Real>;
    static constexpr std::int64_t chunk = 32;
    static constexpr bool keeps_slopes = unit != Activation::relu;  // whose slope its value tells
    using V = Vec<Real, N>;
    using Lanes = LanesOf<Real, N>;

    LaneTile(const std::vector<LanePart<Real>>& parts, std::int64_t n_steps,
             LaneWorkspace<Real>& workspace)
        : parts_(parts), s_(workspace), n_steps_(n_steps) {
        for (const LanePart<Real>& part : parts) {
            const ElmScanWeights<Real>& w = *part.member->args.weights->forward;
            M_ = std::max(M_, w.n_memory);
            H_ = std::max(H_, w.layers.front().n_out());
            O_ = std::max(O_, w.n_output);
            width_ = std::max(width_, part.member->args.weights->input().width);
            tau_ = tau_ || part.member->gradients.memory_decay != nullptr;
        }
    }

    void run() {
        prepare();
        for (std::int64_t from = 0; from < n_steps_; from += chunk) forward(from, count_from(from));
        for (const LanePart<Real>& part : parts_) {
            if (part.member->args.loss) part.member->args.loss(part.first, part.count);
        }
        for (std::int64_t from = (n_steps_ - 1) / chunk * chunk; from >= 0; from -= chunk) {
            backward(from, count_from(from));
        }
        for (const LanePart<Real>& part : parts_) reduce(part);
    }

private:
    std::int64_t count_from(std::int64_t from) const { return std::min(chunk, n_steps_ - from); }
    static const ElmScanWeights<Real>& model(const LanePart<Real>& part) {
        return *part.member->args.weights->forward;
    }

    static void vectors(AlignedVector<Real>& array, std::int64_t n) { make_zeros(array, n * N); }
    static void room(AlignedVector<Real>& array, std::int64_t n) { make_room(array, n * N); }

    void prepare() {
        vectors(s_.w1, H_ * M_), vectors(s_.w2, M_ * H_), vectors(s_.bias2, M_);
        vectors(s_.readout, O_ * M_), vectors(s_.readout_bias, O_);
        vectors(s_.decay, M_), vectors(s_.gain, M_);
        vectors(s_.g1, H_ * M_), vectors(s_.g2, M_ * H_), vectors(s_.gb1, H_), vectors(s_.gb2, M_);
        vectors(s_.gy, O_ * M_), vectors(s_.gyb, O_), vectors(s_.g_decay, M_);
        vectors(s_.g_gain, M_), vectors(s_.carry, M_);
        room(s_.in, (n_steps_ + 1) * M_), room(s_.value, n_steps_ * H_);
        room(s_.gain_slope, n_steps_ * M_), room(s_.memory, n_steps_ * M_);
        if (keeps_slopes) room(s_.slope, n_steps_ * H_);
        if (tau_) room(s_.update, n_steps_ * M_);
        room(s_.drive, chunk * width_), room(s_.dz1, chunk * H_);
        vectors(s_.output, chunk * O_), room(s_.scratch, std::max(M_, H_));
        vectors(s_.rows, chunk * width_), vectors(s_.trace, width_), vectors(s_.adjoint, width_);
        std::fill_n(s_.in.begin(), M_ * N, Real(0));
        s_.events.resize(N);
        for (const LanePart<Real>& part : parts_) set_weights(part);
    }

    void set_weights(const LanePart<Real>& part) {
        const ElmScanWeights<Real>& w = model(part);
        const ElmParameters<const Real*>& parameters = part.member->parameters;
        const int n_hidden = w.layers.front().n_out(), n_first = w.layers.front().n_first();
        const auto set = [&](AlignedVector<Real>& to, std::int64_t at, Real value) {
            std::fill_n(to.begin() + at * N + part.lane, part.count, value);
        };
        for (int m = 0; m < w.n_memory; ++m) {
            for (int u = 0; u < n_hidden; ++u) {
                set(s_.w1, u * M_ + m,
                    parameters.layers[0].weight[u * (n_first + w.n_memory) + n_first + m]);
                set(s_.w2, m * H_ + u, parameters.layers[1].weight[m * n_hidden + u]);
            }
            for (int o = 0; o < w.n_output; ++o) {
                set(s_.readout, o * M_ + m, parameters.readout.weight[o * w.n_memory + m]);
            }
            set(s_.bias2, m, parameters.layers[1].bias[m]);
            set(s_.decay, m, parameters.memory_decay[m]);
            set(s_.gain, m, parameters.memory_gain[m]);
        }
        for (int o = 0; o < w.n_output; ++o) set(s_.readout_bias, o, parameters.readout.bias[o]);
    }

    Events<Real> events(const LanePart<Real>& part, int i, std::int64_t begin, std::int64_t n) {
        const ElmGradientArgs<Real>& args = part.member->args;
        if (args.spikes != nullptr) {
            return {args.spikes->row_begin.data() + (part.first + i) * n_steps_ + begin,
                    args.spikes->units.data(), nullptr};
        }
        const ElmScanWeights<Real>& w = model(part);
        return s_.events[static_cast<std::size_t>(part.lane + i)].extract(
            &args.input(part.first + i, begin, 0), n, w.n_input, w.input_sign);
    }

    /// Calls body(part, sample of the part) for each lane in use.
    template <class Body>
    void for_lanes(const Body& body) const {
        for (const LanePart<Real>& part : parts_) {
            for (int i = 0; i < part.count; ++i) body(part, i);
        }
    }
    Real* lane_rows(int lane) { return s_.rows.data() + lane * chunk * width_; }

    /// From rows of each lane to vectors of each unit, or the other way round.
    void rows_to_vectors(std::int64_t count) {
        for (std::int64_t t = 0; t < count; ++t) {
            for (int block = 0; block < width_; block += N) {
                V square[N];
#pragma GCC unroll 16
                for (int i = 0; i < N; ++i) {
                    square[i] = load<Real, N>(lane_rows(i) + t * width_ + block);
                }
                transpose<Real, N>(square);
#pragma GCC unroll 16
                for (int i = 0; i < N; ++i) {
                    store<Real, N>(s_.drive.data() + (t * width_ + block + i) * N, square[i]);
                }
            }
        }
    }
    void vectors_to_rows(const Real* vectors, std::int64_t count) {
        for (std::int64_t t = 0; t < count; ++t) {
            for (int block = 0; block < width_; block += N) {
                V square[N];
#pragma GCC unroll 16
                for (int i = 0; i < N; ++i) {
                    square[i] =
                        block + i < H_ ? load<Real, N>(vectors + (t * H_ + block + i) * N) : V{};
                }
                transpose<Real, N>(square);
#pragma GCC unroll 16
                for (int i = 0; i < N; ++i) {
                    store<Real, N>(lane_rows(i) + t * width_ + block, square[i]);
                }
            }
        }
    }

    void forward(std::int64_t from, std::int64_t count) {
        for_lanes([&](const LanePart<Real>& part, int i) {
            const InputSide<Real> input = part.member->args.weights->input();
            filter_rows(events(part, i, from, count), count, input.table, input.width, input.decay,
                        input.bias, s_.trace.data() + (part.lane + i) * width_,
                        lane_rows(part.lane + i), width_);
        });
        rows_to_vectors(count);
        for (std::int64_t t = from; t < from + count; ++t) {
            step(t, s_.drive.data() + (t - from) * width_ * N,
                 s_.output.data() + (t - from) * O_ * N);
        }
        for_lanes([&](const LanePart<Real>& part, int i) {
            for (std::int64_t t = 0; t < count; ++t) {
                for (int o = 0; o < model(part).n_output; ++o) {
                    part.member->args.output(part.first + i, from + t, o) =
                        s_.output[static_cast<std::size_t>((t * O_ + o) * N + part.lane + i)];
                }
            }
        });
    }

    void step(std::int64_t t, const Real* drive, Real* output) {
        const Real* const decayed = s_.in.data() + t * M_ * N;
        Real* const next = s_.in.data() + (t + 1) * M_ * N;
        Real* const value = s_.value.data() + t * H_ * N;
        Real* const memory = s_.memory.data() + t * M_ * N;
        lane_product(s_.w1.data(), M_, 1, H_, M_, decayed, drive, value);
        for (int i = 0; i < H_ * N; i += N) {
            const V z = load<Real, N>(value + i);
            if constexpr (keeps_slopes) {
                const auto hidden = step::hidden_with_slope<unit, Lanes>(z);
                store<Real, N>(value + i, hidden.value);
                store<Real, N>(s_.slope.data() + t * H_ * N + i, hidden.slope);
            } else {
                store<Real, N>(value + i, step::hidden_value<unit, Lanes>(z));
            }
        }
        lane_product(s_.w2.data(), H_, 1, M_, H_, value, s_.bias2.data(), s_.scratch.data());
        for (int i = 0; i < M_ * N; i += N) {
            const V gain = load<Real, N>(s_.gain.data() + i);
            const auto now = step::advance_memory<Lanes>(load<Real, N>(s_.scratch.data() + i),
                                                         load<Real, N>(decayed + i), gain,
                                                         load<Real, N>(s_.decay.data() + i));
            store<Real, N>(memory + i, now.memory);
            store<Real, N>(next + i, now.decayed);
            store<Real, N>(s_.gain_slope.data() + t * M_ * N + i,
                           V(gain * step::scaled_tanh_slope<Lanes>(now.update)));
            if (tau_) store<Real, N>(s_.update.data() + t * M_ * N + i, now.update);
        }
        lane_product(s_.readout.data(), M_, 1, O_, M_, memory, s_.readout_bias.data(), output);
    }

    void backward(std::int64_t from, std::int64_t count) {
        for_lanes([&](const LanePart<Real>& part, int i) {
            for (std::int64_t t = 0; t < count; ++t) {
                for (int o = 0; o < model(part).n_output; ++o) {
                    s_.output[static_cast<std::size_t>((t * O_ + o) * N + part.lane + i)] =
                        part.member->args.output_gradient(part.first + i, from + t, o);
                }
            }
        });
        for (std::int64_t t = from + count - 1; t >= from; --t) {
            step_back(t, s_.output.data() + (t - from) * O_ * N, dz1(from) + (t - from) * H_ * N);
        }
        const Real* const dz2 = s_.gain_slope.data() + from * M_ * N;
        add_lane_outer(dz1(from), H_, s_.in.data() + from * M_ * N, M_, count, s_.g1.data());
        add_lane_outer(dz2, M_, s_.value.data() + from * H_ * N, H_, count, s_.g2.data());
        add_lane_outer(s_.output.data(), O_, s_.memory.data() + from * M_ * N, M_, count,
                       s_.gy.data());
        add_lane_rows(dz1(from), H_, count, s_.gb1.data());
        add_lane_rows(dz2, M_, count, s_.gb2.data());
        add_lane_rows(s_.output.data(), O_, count, s_.gyb.data());
        vectors_to_rows(dz1(from), count);
        for_lanes([&](const LanePart<Real>& part, int i) {
            const ElmGradientArgs<Real>& args = part.member->args;
            Real* const to_input = args.input_gradient.data == nullptr
                                       ? nullptr
                                       : &args.input_gradient(part.first + i, from, 0);
            step_rows_back(events(part, i, from, count), count, *args.weights,
                           lane_rows(part.lane + i), width_,
                           s_.adjoint.data() + (part.lane + i) * width_, part.sums->events.data(),
                           to_input);
        });
    }

    /// dz of the hidden layer for the chunk that starts at `from`.
    Real* dz1(std::int64_t from) {
        return keeps_slopes ? s_.slope.data() + from * H_ * N : s_.dz1.data();
    }

    void step_back(std::int64_t t, const Real* output_gradient, Real* dz_hidden) {
        lane_product(s_.readout.data(), 1, M_, M_, O_, output_gradient, s_.carry.data(),
                     s_.carry.data());
        Real* const dz = s_.gain_slope.data() + t * M_ * N;
        for (int i = 0; i < M_ * N; i += N) {
            const V g = load<Real, N>(s_.carry.data() + i);
            if (tau_) {
                Real* const sum = s_.g_gain.data() + i;
                const V update = load<Real, N>(s_.update.data() + t * M_ * N + i);
                store<Real, N>(sum, multiply_add<Real, N>(g, update, load<Real, N>(sum)));
            }
            store<Real, N>(dz + i, V(g * load<Real, N>(dz + i)));
        }
        lane_product<Real>(s_.w2.data(), 1, H_, H_, M_, dz, nullptr, s_.scratch.data());
        for (int i = 0; i < H_ * N; i += N) {
            const V gradient = load<Real, N>(s_.scratch.data() + i);
            if constexpr (keeps_slopes) {
                store<Real, N>(dz_hidden + i, V(gradient * load<Real, N>(dz_hidden + i)));
            } else {
                const V value = load<Real, N>(s_.value.data() + t * H_ * N + i);
                store<Real, N>(dz_hidden + i, Lanes::positive(value, gradient, V{}));
            }
        }
        lane_product(s_.w1.data(), 1, M_, M_, H_, dz_hidden, s_.carry.data(), s_.carry.data());
        for (int i = 0; i < M_ * N; i += N) {
            const V gradient = load<Real, N>(s_.carry.data() + i);
            if (tau_ && t > 0) {
                Real* const sum = s_.g_decay.data() + i;
                const V before = load<Real, N>(s_.memory.data() + (t - 1) * M_ * N + i);
                store<Real, N>(sum, multiply_add<Real, N>(before, gradient, load<Real, N>(sum)));
            }
            store<Real, N>(s_.carry.data() + i, V(load<Real, N>(s_.decay.data() + i) * gradient));
        }
    }

    /// The sums over a part's lanes, in rising order.
    void reduce(const LanePart<Real>& part) {
        const ElmScanWeights<Real>& w = model(part);
        PartialGradient<Real>& to = *part.sums;
        const int n_hidden = w.layers.front().n_out(), n_memory = w.n_memory;
        const ElmGradientWeights<Real>& weights = *part.member->args.weights;
        const int memory_width = weights.wide(n_memory), hidden_width = weights.wide(n_hidden);
        const auto sum = [&](const AlignedVector<Real>& from, std::int64_t at) {
            const Real* const first = from.data() + at * N + part.lane;
            Real total = first[0];
            for (int lane = 1; lane < part.count; ++lane) total += first[lane];
            return total;
        };
        const auto put = [](AlignedVector<Real>& array, std::int64_t at, Real value) {
            array[static_cast<std::size_t>(at)] = value;
        };
        for (int m = 0; m < n_memory; ++m) {
            for (int u = 0; u < n_hidden; ++u) {
                put(to.layers[0].weight, u * memory_width + m, sum(s_.g1, u * M_ + m));
                put(to.layers[1].weight, m * hidden_width + u, sum(s_.g2, m * H_ + u));
            }
            for (int o = 0; o < w.n_output; ++o) {
                put(to.readout.weight, o * memory_width + m, sum(s_.gy, o * M_ + m));
            }
            put(to.layers[1].bias, m, sum(s_.gb2, m));
            if (to.memory_decay.empty()) continue;
            put(to.memory_decay, m, sum(s_.g_decay, m));
            put(to.memory_gain, m, sum(s_.g_gain, m));
        }
        for (int u = 0; u < n_hidden; ++u) put(to.layers[0].bias, u, sum(s_.gb1, u));
        for (int o = 0; o < w.n_output; ++o) put(to.readout.bias, o, sum(s_.gyb, o));
    }

    const std::vector<LanePart<Real>>& parts_;
    LaneWorkspace<Real>& s_;
    std::int64_t n_steps_;
    int M_ = 0, H_ = 0, O_ = 0;  // units of memory, hidden units, outputs: of the largest member
    int width_ = 0;              // of a lane's rows, whole vectors
    bool tau_ = false;
};

template <class Real>
void run_lane_tile(const std::vector<LanePart<Real>>& parts, std::int64_t n_steps,
                   LaneWorkspace<Real>& workspace) {
    with_hidden_unit(
        parts.front().member->args.weights->forward->hidden_unit,
        [&]<HiddenUnit unit>() { LaneTile<Real, unit>(parts, n_steps, workspace).run(); });
}

}  // namespace elm::gradient
