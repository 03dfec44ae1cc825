#include "kernels/core/simd/lane_blocks.h"
#include "kernels/core/simd/lane_math.h"
#include "kernels/ops/scan/state_space/selective_scan.h"
#include "kernels/ops/scan/state_space/selective_scan_tile.h"

/// A task carries a vector of channels of one sample through all steps, backward a group of such
/// vectors, so that their shares in the gradients of B and C are added up lane by lane before they
/// become one number. The states lie in scratch memory, a vector for each.
namespace elm {
namespace {

template <class Real>
ELM_INLINE Lanes<Real> exponential(const Lanes<Real>& x) {
    return lane_math::exponential<Real, lanes::native<Real>>(x);
}

template <class Real, class Access>
ELM_INLINE void scan(const SelectiveScanArgs<Real>& args, std::int64_t sample, std::int64_t channel,
                     const Access& access) {
    const std::int64_t steps = args.input.extent[1], states = args.rate.extent[0];
    auto memory = lane_scratch<Real>(2 * states);
    const Vectors<Real> state{memory.data()}, rate = state.from(states);
    for (std::int64_t n = 0; n < states; ++n) {
        state.set(n, access.load(&args.initial(sample, n, channel)));
        rate.set(n, access.load(&args.rate(n, channel)));
    }
    const Lanes<Real> skip = access.load(&args.skip(channel));
    for (std::int64_t t = 0; t < steps; ++t) {
        if (t % selective_scan_segment == 0) {
            for (std::int64_t n = 0; n < states; ++n) {
                access.store(&args.segment_starts(sample, t / selective_scan_segment, n, channel),
                             state[n]);
            }
        }
        const Lanes<Real> u = access.load(&args.input(sample, t, channel));
        const Lanes<Real> delta = access.load(&args.delta(sample, t, channel)), drive = delta * u;
        const Real* const b = &args.input_weight(sample, t, 0);
        const Real* const c = &args.output_weight(sample, t, 0);
        Lanes<Real> y = skip * u;
        for (std::int64_t n = 0; n < states; ++n) {
            const auto decay = exponential<Real>(delta * rate[n]);
            const auto next = Access::fused(decay, state[n], drive * b[n]);
            state.set(n, next);
            y = lanes::multiply_add<Real, lanes::native<Real>>(c[n], next, y);
        }
        access.store(&args.output(sample, t, channel), y);
    }
    for (std::int64_t n = 0; n < states; ++n) {
        access.store(&args.final(sample, n, channel), state[n]);
    }
}

/// Backward through one vector of channels. Scratch memory holds, of the segment at hand, the
/// states before and after each step and the decays; `weights` sums the shares in the gradients of
/// B and C.
template <class Real, class Access>
class BackwardScan {
public:
    BackwardScan(const SelectiveScanBackwardArgs<Real>& args, std::int64_t sample,
                 std::int64_t channel, const Access& access)
        : args_(args),
          sample_(sample),
          channel_(channel),
          access_(access),
          states_(args.rate.extent[0]),
          memory_(lane_scratch<Real>((3 + 2 * selective_scan_segment + 1) * states_)),
          rate_{memory_.data()},
          carried_(rate_.from(states_)),
          rate_gradient_(carried_.from(states_)),
          decays_(rate_gradient_.from(states_)),
          trace_(decays_.from(selective_scan_segment * states_)),
          skip_(access.load(&args.skip(channel))) {
        for (std::int64_t n = 0; n < states_; ++n) {
            rate_.set(n, access_.load(&args_.rate(n, channel_)));
            carried_.set(n, access_.load(&args_.final_gradient(sample_, n, channel_)));
        }
    }

    /// Steps first <= t < last, which are one segment.
    ELM_INLINE void segment(std::int64_t first, std::int64_t last, const Vectors<Real>& b_parts,
                            const Vectors<Real>& c_parts) {
        run_again(first, last);
        for (std::int64_t t = last - 1; t >= first; --t) {
            const std::int64_t row = (t - first) * states_;
            step_back(t, row, b_parts.from(row), c_parts.from(row));
        }
    }

    void finish() {
        for (std::int64_t n = 0; n < states_; ++n) {
            access_.store(&args_.initial_gradient(sample_, n, channel_), carried_[n]);
            access_.store(&args_.rate_gradient(sample_, n, channel_), rate_gradient_[n]);
        }
        access_.store(&args_.skip_gradient(sample_, channel_), skip_gradient_);
    }

private:
    ELM_INLINE void run_again(std::int64_t first, std::int64_t last) {
        for (std::int64_t n = 0; n < states_; ++n) {
            trace_.set(n, access_.load(&args_.segment_starts(
                              sample_, first / selective_scan_segment, n, channel_)));
        }
        for (std::int64_t t = first; t < last; ++t) {
            const std::int64_t row = (t - first) * states_;
            const auto delta = access_.load(&args_.delta(sample_, t, channel_));
            const auto drive = delta * access_.load(&args_.input(sample_, t, channel_));
            const Real* const b = &args_.input_weight(sample_, t, 0);
            for (std::int64_t n = 0; n < states_; ++n) {
                const auto decay = exponential<Real>(delta * rate_[n]);
                decays_.set(row + n, decay);
                trace_.set(row + states_ + n, Access::fused(decay, trace_[row + n], drive * b[n]));
            }
        }
    }

    ELM_INLINE void step_back(std::int64_t t, std::int64_t row, const Vectors<Real>& b_parts,
                              const Vectors<Real>& c_parts) {
        const auto u = access_.load(&args_.input(sample_, t, channel_));
        const auto delta = access_.load(&args_.delta(sample_, t, channel_));
        const auto gradient = access_.load(&args_.output_gradient(sample_, t, channel_));
        const auto drive = delta * u;
        const Real* const b = &args_.input_weight(sample_, t, 0);
        const Real* const c = &args_.output_weight(sample_, t, 0);
        Lanes<Real> along_b{}, along_rate{};
        for (std::int64_t n = 0; n < states_; ++n) {
            const auto p = lanes::multiply_add<Real, width>(c[n], gradient, carried_[n]);
            const auto decay = decays_[row + n], kept = decay * trace_[row + n];
            const auto through = p * kept;
            c_parts.set(n, Access::fused(gradient, trace_[row + states_ + n], c_parts[n]));
            b_parts.set(n, Access::fused(p, drive, b_parts[n]));
            along_b = lanes::multiply_add<Real, width>(b[n], p, along_b);
            along_rate = Access::fused(rate_[n], through, along_rate);
            rate_gradient_.set(n, Access::fused(delta, through, rate_gradient_[n]));
            carried_.set(n, decay * p);
        }
        access_.store(&args_.input_gradient(sample_, t, channel_),
                      Access::fused(delta, along_b, skip_ * gradient));
        access_.store(&args_.delta_gradient(sample_, t, channel_),
                      Access::fused(u, along_b, along_rate));
        skip_gradient_ = Access::fused(gradient, u, skip_gradient_);
    }

    static constexpr int width = lanes::native<Real>;
    const SelectiveScanBackwardArgs<Real>& args_;
    std::int64_t sample_, channel_;
    Access access_;
    std::int64_t states_;
    lanes::AlignedVector<Real> memory_;
    Vectors<Real> rate_, carried_, rate_gradient_, decays_, trace_;
    Lanes<Real> skip_, skip_gradient_{};
};

/// A group of channels of one sample, segments from the last to the first.
template <class Real>
void scan_backward_group(const SelectiveScanBackwardArgs<Real>& args, std::int64_t sample,
                         std::int64_t group) {
    constexpr std::int64_t width = lanes::native<Real>;
    const std::int64_t steps = args.input.extent[1], channels = args.input.extent[2];
    const std::int64_t states = args.rate.extent[0];
    const std::int64_t begin = group * selective_scan_vectors * width;
    const std::int64_t end = std::min(channels, begin + selective_scan_vectors * width);
    const std::int64_t whole = (end - begin) / width, rest = (end - begin) % width;

    std::vector<BackwardScan<Real, WholeLanes<Real>>> vectors;
    std::vector<BackwardScan<Real, PartLanes<Real>>> last_vector;
    vectors.reserve(static_cast<std::size_t>(whole));
    for (std::int64_t k = 0; k < whole; ++k) {
        vectors.emplace_back(args, sample, begin + k * width, WholeLanes<Real>{});
    }
    if (rest > 0) last_vector.emplace_back(args, sample, end - rest, PartLanes<Real>(rest));

    const std::int64_t rows = selective_scan_segment * states;
    for (std::int64_t segment = args.segment_starts.extent[1] - 1; segment >= 0; --segment) {
        const std::int64_t first = segment * selective_scan_segment;
        const std::int64_t last = std::min(steps, first + selective_scan_segment);
        auto memory = lane_scratch<Real>(2 * rows);
        const Vectors<Real> b_parts{memory.data()}, c_parts = b_parts.from(rows);
        for (auto& vector : vectors) vector.segment(first, last, b_parts, c_parts);
        for (auto& vector : last_vector) vector.segment(first, last, b_parts, c_parts);
        for (std::int64_t t = first; t < last; ++t) {
            for (std::int64_t n = 0; n < states; ++n) {
                const std::int64_t at = (t - first) * states + n;
                args.input_weight_gradient(sample, group, t, n) =
                    lanes::sum_of_lanes<Real, static_cast<int>(width)>(b_parts[at]);
                args.output_weight_gradient(sample, group, t, n) =
                    lanes::sum_of_lanes<Real, static_cast<int>(width)>(c_parts[at]);
            }
        }
    }
    for (auto& vector : vectors) vector.finish();
    for (auto& vector : last_vector) vector.finish();
}

template <class Real>
void run_forward(const SelectiveScanArgs<Real>& args) {
    for_each_lane_block<Real, 1>(
        args.input.extent[0], args.input.extent[2],
        [&]<int>(std::int64_t sample, std::int64_t channel, const auto& access) {
            scan(args, sample, channel, access);
        });
}

template <class Real>
void run_backward(const SelectiveScanBackwardArgs<Real>& args) {
    const std::int64_t samples = args.input.extent[0];
    const std::int64_t groups = args.input_weight_gradient.extent[1];
    Cpu::for_each_task(samples * groups, [&](std::int64_t task) {
        scan_backward_group(args, task / groups, task % groups);
    });
}

}  // namespace

template <>
void run_selective_scan<Cpu, float>(Stream&, const SelectiveScanArgs<float>& args) {
    run_forward(args);
}
template <>
void run_selective_scan<Cpu, double>(Stream&, const SelectiveScanArgs<double>& args) {
    run_forward(args);
}
template <>
void run_selective_scan_backward<Cpu, float>(Stream&,
                                             const SelectiveScanBackwardArgs<float>& args) {
    run_backward(args);
}
template <>
void run_selective_scan_backward<Cpu, double>(Stream&,
                                              const SelectiveScanBackwardArgs<double>& args) {
    run_backward(args);
}

}  // namespace elm
