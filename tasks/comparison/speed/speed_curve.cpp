#include "tasks/comparison/speed/speed_curve.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <new>

#include <fmt/format.h>

#include "kernels/autograd/tape.h"
#include "kernels/core/memory.h"
#include "kernels/core/random/random.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "tasks/comparison/speed/efficiency_length.h"

namespace elm {
namespace {

constexpr double share_of_free = 0.75, giga = 1e9;
constexpr std::int64_t fewest_repeats = 3, most_repeats = 30;
constexpr std::array<double, 3> probe_lengths{64, 128, 256};

class Meter {
public:
    Meter(Stream& stream, FittedModel& fitted, const SpeedOptions& options)
        : stream_(stream), fitted_(fitted), options_(options) {}

    void prepare(std::int64_t length) {
        input_ = {};
        const SequenceShape& shape = fitted_.spec.shape;
        const RandomKey key = RandomKey{options_.seed}.for_purpose("speed");
        input_ =
            Tensor::empty(stream_, {options_.batch, length, shape.n_input}, options_.precision);
        fill_normal(stream_, input_, key, 0, 1);
        gradient_ =
            Tensor::empty(stream_, {options_.batch, length, shape.n_output}, options_.precision);
        fill_normal(stream_, gradient_, key.for_purpose("gradient"), 0, 1);
        stream_.synchronize();
    }

    double forward() {
        const auto start = std::chrono::steady_clock::now();
        Context context{.stream = stream_};
        fitted_.model->forward(context, {.dense = Var{input_}});
        return seconds_since(start);
    }

    double train() {
        const auto start = std::chrono::steady_clock::now();
        Tape tape;
        Context context{
            .stream = stream_, .tape = &tape, .random = RandomKey{options_.seed}, .training = true};
        const Var output = fitted_.model->forward(context, {.dense = Var{input_}});
        const std::array<Var, 1> outputs{output};
        const std::array<Tensor, 1> gradients{gradient_};
        tape.backward(stream_, outputs, gradients);
        const double seconds = seconds_since(start);
        clear_gradients(stream_, fitted_.parameters);
        return seconds;
    }

    /// Of the sequences and of the gradient at the outputs.
    double bytes_of_a_step() const {
        const SequenceShape& shape = fitted_.spec.shape;
        return static_cast<double>(options_.batch * (shape.n_input + shape.n_output)) *
               static_cast<double>(size_of(options_.precision));
    }

    template <class Pass>
    double bytes_of(const Pass& pass) const {
        const PeakBuffers peak(stream_.device().kind);
        pass();
        return peak.bytes();
    }

private:
    double seconds_since(std::chrono::steady_clock::time_point start) {
        stream_.synchronize();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }

    Stream& stream_;
    FittedModel& fitted_;
    const SpeedOptions& options_;
    Tensor input_, gradient_;
};

/// Calls `work`; what a model refuses or has no room for is said by a point that is left out.
template <class Work>
void try_on(SpeedPoint& point, const Work& work) {
    try {
        work();
    } catch (const std::bad_alloc&) {
        point.left_out = "the memory of the machine is full";
        point.lacks_room = true;
    } catch (const Error& error) {
        const ErrorKind kind = error.kind();
        if (kind != ErrorKind::memory && kind != ErrorKind::invalid &&
            kind != ErrorKind::unsupported) {
            throw;
        }
        point.left_out = error.message();
        point.lacks_room = kind == ErrorKind::memory;
    }
}

/// Memory of training at any length, from that of short sequences: at most quadratic in it. Of a
/// model that refuses some of these it grows with the square of the length from the last one on
/// that it reads; where it refuses all, sequences take what they hold themselves. Where a short one
/// does not fit, no long one does.
CostFit probe_memory(Meter& meter) {
    std::vector<double> bytes;
    for (const double length : probe_lengths) {
        SpeedPoint point;
        try_on(point, [&] {
            meter.prepare(static_cast<std::int64_t>(length));
            meter.train();  // what is made once is there
            bytes.push_back(meter.bytes_of([&] { meter.train(); }));
        });
        if (point.lacks_room)
            return {.coefficients = {std::numeric_limits<double>::infinity(), 0, 0}};
        if (!point.measured()) break;
    }
    if (bytes.size() == probe_lengths.size()) return fit_cost(probe_lengths, bytes, 2);
    if (bytes.empty()) return {.coefficients = {0, meter.bytes_of_a_step(), 0}};
    const double length = probe_lengths[bytes.size() - 1];
    return {.coefficients = {0, 0, bytes.back() / (length * length)}};
}

double predicted_bytes(const CostFit& memory, double length) {
    const auto& of = memory.coefficients;
    return of[0] + length * (of[1] + length * of[2]);
}

/// As if the time went on as between the last two lengths; of one, with the square.
double predicted_seconds(const std::vector<SpeedPoint>& before, double length) {
    std::vector<const SpeedPoint*> measured;
    for (const SpeedPoint& point : before) {
        if (point.measured()) measured.push_back(&point);
    }
    if (measured.empty()) return 0;
    const auto seconds = [](const SpeedPoint& point) {
        return interquartile_mean(point.training_seconds);
    };
    const SpeedPoint& last = *measured.back();
    const auto at = static_cast<double>(last.length);
    double power = 2;
    if (measured.size() > 1) {
        const SpeedPoint& other = *measured[measured.size() - 2];
        power = std::log(seconds(last) / seconds(other)) /
                std::log(at / static_cast<double>(other.length));
    }
    return seconds(last) * std::pow(length / at, std::clamp(power, 1.0, 2.0));
}

template <class Pass>
std::vector<double> repeats_of(const Pass& pass, double seconds,
                               const std::function<void()>& poll) {
    std::vector<double> all;
    double total = 0;
    while (std::ssize(all) < fewest_repeats ||
           (total < seconds && std::ssize(all) < most_repeats)) {
        poll();
        all.push_back(pass());
        total += all.back();
    }
    return all;
}

void measure(Meter& meter, const SpeedOptions& options, const std::function<void()>& poll,
             SpeedPoint& point) {
    meter.prepare(point.length);
    meter.forward();  // warms up, and makes what a model keeps for a length
    point.forward_bytes = meter.bytes_of([&] { meter.forward(); });
    point.training_bytes = meter.bytes_of([&] { meter.train(); });
    point.forward_seconds = repeats_of([&] { return meter.forward(); }, options.seconds, poll);
    point.training_seconds = repeats_of([&] { return meter.train(); }, options.seconds, poll);
}

}  // namespace

SpeedCurve measure_speed(Stream& stream, const std::string& name, FittedModel& fitted,
                         const SpeedOptions& options, const std::function<void()>& poll) {
    SpeedCurve curve{.model = name,
                     .parameters = trainable_count(*fitted.model),
                     .causal = fitted.model->traits().causal};
    SpeedPoint refused;  // at any length
    try_on(refused, [&] {
        ELM_CHECK(fitted.model->traits().inputs.dense,
                  "it does not take dense values, on which the speed is measured");
        allocate(stream, fitted, options.precision,
                 RandomKey{options.seed}.for_purpose("first values"));
    });
    Meter meter(stream, fitted, options);
    const CostFit memory = refused.measured() ? probe_memory(meter) : CostFit{};
    for (const std::int64_t length : options.lengths) {
        const auto steps = static_cast<double>(length);
        SpeedPoint point = refused;
        point.length = length;
        if (point.measured()) {
            const double limit = options.memory_limit > 0
                                     ? options.memory_limit
                                     : share_of_free * free_memory_bytes(stream.device());
            const double bytes = predicted_bytes(memory, steps);
            const double seconds = predicted_seconds(curve.points, steps);
            point.lacks_room = bytes > limit || seconds > options.most_seconds;
            if (bytes > limit) {
                point.left_out =
                    fmt::format("needs about {:.3g} GB of {:.3g}", bytes / giga, limit / giga);
            } else if (point.lacks_room) {
                point.left_out = fmt::format("takes about {:.0f} s a pass", seconds);
            } else {
                try_on(point, [&] {
                    point.flops = steps * fitted.model->flops_per_step(length);
                    measure(meter, options, poll, point);
                });
            }
        }
        if (!point.measured()) log::warn("{} at {} steps: {}", name, length, point.left_out);
        curve.points.push_back(std::move(point));
    }
    return curve;
}

}  // namespace elm
