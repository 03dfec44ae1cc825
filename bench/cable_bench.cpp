// Cost of a cable cell: the layer-5 pyramidal cell with random input at the rates of the NeuronIO
// data, in processor time of one core and wall time of two.
//
// Floor: arithmetic operations of a trial-step (multiply, add or multiply-add) over the measured
// multiply-add peak of the cores in use. They are counted from the plan, not from the program (see
// work_of): looking up rows, loads, stores and events count as nothing. Coefficients of rate
// polynomials come out of registers by permutes of two vectors, which other ports of the processor
// may do; their own bound is printed too. The floor is that of the float32 batches: `of_floor` of
// the float64 engine, which evaluates every rate as written, says how far apart the two are.
//
//     cable_bench [--benchmark_filter=...]
//
// The cell is that of l5pc_geometry.h5 in ELM_DATA_DIR, or the built-in one where there is none.

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "bench/fma_peak.h"
#include "kernels/core/support/parallel.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/solver/cable_plan.h"
#include "neuron/cable/solver/cable_run.h"
#include "neuron/cable/solver/rate_rows.h"
#include "tasks/validation/l5pc_reference.h"

namespace {

using namespace elm;
using namespace elm::cable;

constexpr double duration_ms = 100;
constexpr double excitation_hz = 12.4, inhibition_hz = 9.7;  // a synapse, mean of the NeuronIO data

double peak_of_one_core = 0;

Cell layer5_cell() {
    const char* const folder = std::getenv("ELM_DATA_DIR");
    const std::string path =
        fmt::format("{}/l5pc_geometry.h5", folder != nullptr ? folder : ELM_DATA_DIR);
    return std::filesystem::exists(path) ? cell_from_geometry(path)
                                         : load_cell("l5pc", std::nullopt);
}

/// Events of every synapse at random times.
Trial random_trial(const Cell& cell, unsigned seed) {
    std::mt19937_64 generator(seed);
    Trial trial;
    const auto sites = static_cast<int>(cell.site_segments.size());
    for (int channel = 0; channel < 2 * sites; ++channel) {
        std::exponential_distribution<double> gap_ms(
            1e-3 * (channel < sites ? excitation_hz : inhibition_hz));
        for (double t = gap_ms(generator); t < duration_ms; t += gap_ms(generator)) {
            trial.events.push_back({t, channel});
        }
    }
    return trial;
}

/// Operations that one step of one trial cannot do without.
struct Work {
    double polynomials = 0;
    double permutes = 0;
    double polynomial_operations = 0;  // multiply-adds
    double gate_operations = 0;        // gates, conductances, currents, calcium
    double synapse_operations = 0;
    double solve_operations = 0;

    double operations() const {
        return polynomial_operations + gate_operations + synapse_operations + solve_operations;
    }
};

void add_polynomial(Work& work, bool with_derivative = false) {
    work.polynomials += 1;
    work.permutes += table::terms;
    work.polynomial_operations += table::terms - 1;
    if (with_derivative) work.polynomial_operations += table::terms - 1;  // and its scale
}

/// Multiplications of x^power.
int products(int power) { return power <= 2 ? power - 1 : 2; }

Work work_of(const CablePlan& plan) {
    Work work;
    for (const PlanNode& node : plan.nodes) {
        // Across the link 2, to the parent's equation 4, reciprocal 2, weight and change 2, the
        // change from the parent and the new voltage 2.
        work.solve_operations += node.parent < 0 ? 4 : 12;
        if (node.kind < 0) continue;
        work.solve_operations += 2;  // slope and current into the equation
        work.gate_operations += 4;   // leak; place in the voltage rows
        const SegmentKind& kind = plan.kinds[static_cast<std::size_t>(node.kind)];
        for (const int index : kind.channels) {
            work.gate_operations += 2;  // slope and current
            for (const Gate& gate : all_channels()[static_cast<std::size_t>(index)].gates) {
                add_polynomial(work);  // steady state
                add_polynomial(work);  // relaxation
                work.gate_operations += 2 + products(gate.power) + 1;
            }
        }
        if (kind.calcium) {
            add_polynomial(work);       // reversal
            work.gate_operations += 8;  // current of before 3, pool 3, place in the rows 2
        }
        if (kind.synapses) {
            add_polynomial(work, true);  // magnesium
            // Decays 6, open 3, magnesium 1, slope with its derivative 4, current 4, per area 2.
            work.synapse_operations += 20;
        }
    }
    return work;
}

/// Float32 lanes permuted out of two vectors a second on one core, best of some; 0 where the
/// processor has no such instruction.
double measure_permute_peak() {
    double best = 0;
#if defined(__AVX512F__)
    constexpr int chains = 14, loops = 2'000'000, width = 16;
    for (int repeat = 0; repeat < 15; ++repeat) {
        __m512i low = _mm512_set1_epi32(3), high = _mm512_set1_epi32(17), chain[chains];
        asm volatile("" : "+m"(low), "+m"(high));
        for (int c = 0; c < chains; ++c) chain[c] = _mm512_set1_epi32(c);
        const double start = bench::thread_seconds();
        for (int loop = 0; loop < loops; ++loop) {
#    pragma GCC unroll 16
            for (int c = 0; c < chains; ++c) {
                chain[c] = _mm512_permutex2var_epi32(low, chain[c], high);
            }
        }
        const double seconds = bench::thread_seconds() - start;
        __m512i sum = chain[0];
        for (int c = 1; c < chains; ++c) sum = _mm512_add_epi32(sum, chain[c]);
        asm volatile("" : : "m"(sum));
        best = std::max(best, static_cast<double>(width) * chains * loops / seconds);
    }
#endif
    return best;
}

void print_floor(const Cell& cell, const CablePlan& plan) {
    const Work work = work_of(plan);
    fmt::print("{}: {} segments, {} nodes, {} states\n", cell.name, plan.segment_nodes.size(),
               plan.nodes.size(), plan.state_count);
    // States; voltage, its change, diagonal and residual of every node.
    const std::size_t bytes =
        sizeof(float) * (static_cast<std::size_t>(plan.state_count) + 4 * plan.nodes.size());
    fmt::print("state of a trial: {:.1f} KB in float32 (at most 100: {})\n",
               static_cast<double>(bytes) * 1e-3, bytes <= 100'000 ? "yes" : "NO");
    fmt::print(
        "a trial-step: {:.0f} rate polynomials = {:.0f} permutes and {:.0f} multiply-adds; "
        "gates and currents {:.0f}, synapses {:.0f}, tree {:.0f}; {:.0f} operations in all\n",
        work.polynomials, work.permutes, work.polynomial_operations, work.gate_operations,
        work.synapse_operations, work.solve_operations, work.operations());
    fmt::print("multiply-add peak of one core: {:.1f} GFLOP/s; floor {:.3f} us a trial-step\n",
               peak_of_one_core * 1e-9, 2 * work.operations() / peak_of_one_core * 1e6);
    if (const double permutes = measure_permute_peak(); permutes > 0) {
        fmt::print("permutes of one core: {:.1f} G lanes/s; {:.3f} us a trial-step\n",
                   permutes * 1e-9, work.permutes / permutes * 1e6);
    }
}

struct Setting {
    DType precision;
    int batch, threads;
};

/// Processor time of this thread, or wall time where others work too.
double now(bool this_thread_alone) {
    if (this_thread_alone) return bench::thread_seconds();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void run_cell(benchmark::State& state, const Cell& cell, const Setting& setting) {
    set_thread_count(setting.threads);
    std::vector<Trial> trials;
    for (int i = 0; i < setting.batch; ++i) {
        trials.push_back(random_trial(cell, static_cast<unsigned>(i)));
    }
    RunOptions options;
    options.duration_ms = duration_ms;
    options.precision = setting.precision;
    options.probes.push_back({Quantity::voltage, 0, "", 1});
    options.probes.push_back({Quantity::voltage, std::max(cell.nexus_segment, 0), "", 1});
    std::vector<double> seconds;
    for (auto _ : state) {
        const double start = now(setting.threads == 1);
        benchmark::DoNotOptimize(simulate(cell, trials, options));
        seconds.push_back(now(setting.threads == 1) - start);
        state.SetIterationTime(seconds.back());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2], best = seconds.front();
    const double floor =
        2 * work_of(make_plan(cell, options)).operations() / (peak_of_one_core * setting.threads);
    const double trial_steps = setting.batch * duration_ms / options.dt_ms;
    state.counters["us_a_trial_step"] = median / trial_steps * 1e6;
    state.counters["s_a_simulated_s"] = median / (setting.batch * duration_ms * 1e-3);
    state.counters["floor_us"] = floor * 1e6;
    state.counters["of_floor"] = floor * trial_steps / median;
    state.counters["of_floor_best"] = floor * trial_steps / best;
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    const Cell cell = layer5_cell();
    peak_of_one_core = elm::bench::measure_fma_peak();
    print_floor(cell, make_plan(cell, {}));
    std::vector<Setting> settings;
    for (const int threads : {1, 2}) {
        for (const int batch : {1, 16, 32, 64, 128}) {
            if (batch >= threads) settings.push_back({DType::f32, batch, threads});
        }
        settings.push_back({DType::f64, threads, threads});
    }
    for (const Setting& setting : settings) {
        const auto name = fmt::format("cable/{}/batch:{}/threads:{}",
                                      setting.precision == DType::f64 ? "f64" : "f32",
                                      setting.batch, setting.threads);
        benchmark::RegisterBenchmark(
            name.c_str(),
            [&cell, setting](benchmark::State& state) { run_cell(state, cell, setting); })
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
