// What an ELM neuron does when it is advanced at its input events, beside its 1 ms grid, on the
// same Poisson trains: one train of each rate on each excitatory input, and of 0.45 times it on
// each inhibitory one.
//
//     elm_events_bench [MODEL] [SECONDS]
//
// Prints a table of, by rate of an input and longest gap without input that is jumped over:
//
//     updates/s          of the neuron, where the grid has 1000; and input events/s
//     voltage RMSE       difference of the soma voltage at whole milliseconds, mV; beside the
//                        standard deviation of the voltage on the grid; and the mean difference
//     rate               expected spikes: the sum of the spike probabilities of the updates, Hz
//     drawn              spikes drawn with them; the share of those of the grid that have one of
//                        the event-driven neuron within 2 ms, where both are drawn by the same
//                        numbers: one a millisecond
//     wall ms/s          of a second of one neuron
//
// `grid` against itself with all spikes half a millisecond later says how much of it is the
// rounding of spike times to the grid.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "network/event_driven/event_elm.h"
#include "neuron/elm/elm_builtin.h"
#include "neuron/elm/elm_neuron.h"
#include "neuron/elm/elm_output.h"

namespace {

using namespace elm;
using network::EventElm;
using Clock = std::chrono::steady_clock;

struct InputSpike {
    double time_ms;
    std::int32_t input;
};

constexpr double inhibitory_share = 0.45;  // of the rate of an excitatory input

/// Independent Poisson trains of all inputs, of which the second half is inhibitory, in order of
/// time.
std::vector<InputSpike> poisson_trains(std::int64_t n_input, double rate_hz, double duration_ms,
                                       unsigned seed) {
    std::mt19937_64 generator(seed);
    const auto half = static_cast<std::int32_t>(n_input / 2);
    std::exponential_distribution<double> gap(rate_hz / 1000 * half * (1 + inhibitory_share));
    std::bernoulli_distribution inhibits(inhibitory_share / (1 + inhibitory_share));
    std::uniform_int_distribution<std::int32_t> input(0, half - 1);
    std::vector<InputSpike> spikes;
    for (double time = gap(generator); time < duration_ms; time += gap(generator)) {
        const std::int32_t first = inhibits(generator) ? half : 0;
        spikes.push_back({time, first + input(generator)});
    }
    return spikes;
}

/// What a neuron did: at the end of each millisecond.
struct Course {
    std::vector<double> voltage, expected_spikes;  // of the millisecond before
    std::int64_t n_updates = 0;
    double wall_seconds = 0;
};

/// `later_ms` is added to all input times.
Course on_grid(const ElmModel& model, const std::vector<InputSpike>& spikes, std::int64_t n_steps,
               double later_ms) {
    Stream stream{Device{}};
    const ElmNeuron neuron(stream, model, DType::f64);
    const std::int64_t n_input = model.options.n_input;
    ElmState state = neuron.initial_state(stream, 1);
    Course course;
    const Clock::time_point start = Clock::now();
    std::size_t next = 0;
    std::vector<double> row(static_cast<std::size_t>(n_input));
    for (std::int64_t step = 0; step < n_steps; ++step) {
        std::fill(row.begin(), row.end(), 0.0);
        for (; next < spikes.size() &&
               spikes[next].time_ms + later_ms <= static_cast<double>(step + 1);
             ++next) {
            const std::int32_t input = spikes[next].input;
            row[static_cast<std::size_t>(input)] += input < n_input / 2 ? 1 : -1;
        }
        const Tensor input = Tensor::from<double>(stream, {1, 1, n_input}, row);
        const ElmTrace trace = neuron.run(stream, input, state);
        const auto output = trace.output.host<double>();
        course.expected_spikes.push_back(spike_probability(output[0]));
        course.voltage.push_back(predicted_voltage_mV(output[1]));
    }
    course.n_updates = n_steps;
    course.wall_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return course;
}

Course at_events(const ElmModel& model, const std::vector<InputSpike>& spikes, std::int64_t n_steps,
                 double longest_gap_ms) {
    const EventElm elm(model, 1);
    const std::int64_t n_input = elm.n_input();
    EventElm::State state = elm.initial(), look;
    EventElm::Scratch scratch;
    std::vector<double> output(static_cast<std::size_t>(elm.n_output()));
    Course course;
    const Clock::time_point start = Clock::now();
    double time = 0, looking = 0;
    std::size_t next = 0;
    for (std::int64_t step = 0; step < n_steps; ++step) {
        const auto end = static_cast<double>(step + 1);
        double expected = 0;
        const auto advance = [&](double to, bool with_input) {
            const double gap = to - time;
            elm.decay(state, gap);
            if (with_input) {
                const std::int32_t input = spikes[next].input;
                elm.receive(state, input, input < n_input / 2 ? 1 : -1);
                ++next;
            }
            elm.drive(state, gap, scratch);
            elm.read_out(state, output);
            expected += -std::expm1(gap * std::log1p(-spike_probability(output[0])));
            time = to;
            ++course.n_updates;
        };
        for (;;) {
            const double event = next < spikes.size() ? spikes[next].time_ms : 1e300;
            if (std::min(event, time + longest_gap_ms) > end) break;
            if (time + longest_gap_ms < event) {
                advance(time + longest_gap_ms, false);
            } else {
                advance(event, true);
            }
        }
        // A look at the voltage, which leaves no trace and is no part of the cost.
        const Clock::time_point before = Clock::now();
        look = state;
        elm.decay(look, end - time);
        elm.drive(look, end - time, scratch);
        elm.read_out(look, output);
        course.voltage.push_back(predicted_voltage_mV(output[1]));
        course.expected_spikes.push_back(expected);
        looking += std::chrono::duration<double>(Clock::now() - before).count();
    }
    course.wall_seconds = std::chrono::duration<double>(Clock::now() - start).count() - looking;
    return course;
}

double sum_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
}

double deviation(const std::vector<double>& values) {
    const double mean = sum_of(values) / static_cast<double>(values.size());
    double sum = 0;
    for (const double value : values) sum += (value - mean) * (value - mean);
    return std::sqrt(sum / static_cast<double>(values.size()));
}

/// Milliseconds with a spike; one random number each, the same for all courses.
std::vector<std::int64_t> drawn(const Course& course) {
    std::mt19937_64 generator(77);
    std::uniform_real_distribution<double> uniform;
    std::vector<std::int64_t> steps;
    for (std::size_t step = 0; step < course.expected_spikes.size(); ++step) {
        if (uniform(generator) < course.expected_spikes[step]) {
            steps.push_back(static_cast<std::int64_t>(step));
        }
    }
    return steps;
}

double share_found(const std::vector<std::int64_t>& of, const std::vector<std::int64_t>& in) {
    std::int64_t found = 0;
    for (const std::int64_t step : of) {
        const auto near = std::lower_bound(in.begin(), in.end(), step - 2);
        found += near != in.end() && *near <= step + 2 ? 1 : 0;
    }
    return of.empty() ? 1 : static_cast<double>(found) / static_cast<double>(of.size());
}

void print_row(const std::string& how, double rate_hz, const std::vector<InputSpike>& spikes,
               const Course& grid, const Course& course) {
    const auto n = static_cast<double>(grid.voltage.size());
    double squares = 0, shift = 0;
    for (std::size_t i = 0; i < grid.voltage.size(); ++i) {
        const double difference = course.voltage[i] - grid.voltage[i];
        squares += difference * difference;
        shift += difference;
    }
    const auto of_grid = drawn(grid), own = drawn(course);
    fmt::print(
        "| {:g} | {} | {:.0f} | {:.0f} | {:.3f} | {:.3f} | {:+.3f} | {:.2f} | {} | {:.1f} % "
        "| {:.2f} |\n",
        rate_hz, how, static_cast<double>(spikes.size()) / n * 1000,
        static_cast<double>(course.n_updates) / n * 1000, std::sqrt(squares / n),
        deviation(grid.voltage), shift / n, sum_of(course.expected_spikes) / n * 1000, own.size(),
        100 * share_found(of_grid, own), course.wall_seconds / n * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string name = argc > 1 ? argv[1] : "l5pc-elm-20";
    const double seconds = argc > 2 ? std::atof(argv[2]) : 20;
    const BuiltinModel* const builtin = find_builtin(name);
    if (builtin == nullptr || !(seconds > 0)) {
        fmt::print(stderr, "error: expected a built-in model and a time in seconds\n");
        return 2;
    }
    const ElmModel model = builtin->make(1);
    const auto n_steps = static_cast<std::int64_t>(seconds * 1000);
    fmt::print("{}, {} inputs, {:g} s\n\n", name, model.options.n_input, seconds);
    fmt::print(
        "| rate of an input (Hz) | advanced | input events/s | updates/s | voltage RMSE (mV) "
        "| its SD (mV) | mean difference (mV) | expected rate (Hz) | drawn | found | "
        "wall ms/s |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (const double rate : {0.1, 1.0, 2.0, 5.0, 10.0, 20.0}) {
        const auto spikes =
            poisson_trains(model.options.n_input, rate, static_cast<double>(n_steps), 5);
        const Course grid = on_grid(model, spikes, n_steps, 0);
        print_row("grid", rate, spikes, grid, grid);
        print_row("grid, 0.5 ms later", rate, spikes, grid, on_grid(model, spikes, n_steps, 0.5));
        print_row("events, gaps to 1 ms", rate, spikes, grid, at_events(model, spikes, n_steps, 1));
        print_row("events alone", rate, spikes, grid, at_events(model, spikes, n_steps, 1e300));
    }
    return 0;
}
