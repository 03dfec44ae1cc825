// One update of ELM training on a CUDA device: forward and backward through a long run, exact and
// on tensor cores, in neuron-steps per second.
//
// pathfinder: batch 768, 16 384 steps, d_m 150, h 300, 8 grey levels one-hot (one branch each), a
// gradient at every output; not in tf32. neuronio: batch 8, 500 steps, d_m 100, h 200, 45 branches,
// 1278 inputs.
//
// floor_ms: the useful operations at the rate that products alone reach on an H100 in this
// arithmetic, 60 (exact), 400 (tf32) and 800 (bf16) TFLOP/s; share_of_floor: that over the time.
//
//     elm_training_bench [--benchmark_filter=...]   nothing to run where there is no device

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "kernels/ops/elm/scan_node.h"
#include "tests/support/random_tensor.h"

namespace {

using namespace elm;

struct Setting {
    std::int64_t batch, n_steps, n_memory, n_hidden, n_input, n_branch, n_per_branch;
    ElmArithmetic arithmetic;
    Device device;
};

double reached_tflops(ElmArithmetic arithmetic) {
    switch (arithmetic) {
        case ElmArithmetic::exact:
            return 60;
        case ElmArithmetic::tf32:
            return 400;
        case ElmArithmetic::bf16:
            return 800;
    }
    return 0;
}

ElmStructure structure_of(const Setting& setting) {
    ElmStructure structure;
    structure.n_input = setting.n_input;
    structure.n_branch = setting.n_branch;
    structure.n_synapse_per_branch = setting.n_per_branch;
    for (std::int64_t s = 0; s < setting.n_branch * setting.n_per_branch; ++s) {
        structure.input_of_synapse.push_back(s % setting.n_input);
    }
    structure.trace_decay.assign(static_cast<std::size_t>(setting.n_branch), 0.8);
    structure.input_sign.assign(static_cast<std::size_t>(setting.n_input), 1);
    structure.arithmetic = setting.arithmetic;
    return structure;
}

void training(benchmark::State& state, const Setting& setting) {
    Stream stream{setting.device};
    Tape tape;
    const ElmStructure structure = structure_of(setting);
    std::vector<Parameter> parameters;
    const auto add = [&](const Shape& shape, double low, double high) {
        const auto key = RandomKey{1, parameters.size(), 0};
        parameters.push_back({test::tensor_of(stream, shape, DType::f32,
                                              test::random_values(shape.size(), low, high, key)),
                              Tensor::zeros(stream, shape, DType::f32)});
    };
    const std::int64_t n_in = setting.n_branch + setting.n_memory;
    const double in = 1 / std::sqrt(static_cast<double>(n_in));
    const double hidden = 1 / std::sqrt(static_cast<double>(setting.n_hidden));
    add({setting.n_branch * setting.n_per_branch}, 0, 1);
    add({setting.n_memory}, 0.3, 0.999);
    add({setting.n_memory}, 0.01, 0.7);
    add({setting.n_hidden, n_in}, -in, in);
    add({setting.n_hidden}, -in, in);
    add({setting.n_memory, setting.n_hidden}, -hidden, hidden);
    add({setting.n_memory}, -hidden, hidden);
    add({2, setting.n_memory}, -0.1, 0.1);
    add({2}, -0.1, 0.1);
    // One unit of one input in each step.
    std::vector<float> dense(
        static_cast<std::size_t>(setting.batch * setting.n_steps * setting.n_input));
    for (std::size_t row = 0; row < dense.size() / static_cast<std::size_t>(setting.n_input);
         ++row) {
        const auto input = row * 7 / 5 % static_cast<std::size_t>(setting.n_input);
        dense[row * static_cast<std::size_t>(setting.n_input) + input] = 1;
    }
    const Tensor input = Tensor::from(stream, {setting.batch, setting.n_steps, setting.n_input},
                                      std::span<const float>(dense));
    const std::vector<float> ones(static_cast<std::size_t>(setting.batch * setting.n_steps * 2),
                                  1e-6F);
    const Tensor output_gradient =
        Tensor::from(stream, {setting.batch, setting.n_steps, 2}, std::span<const float>(ones));
    std::vector<double> seconds, forward_seconds;
    for (auto _ : state) {
        const auto now = [&] {
            stream.synchronize();
            return std::chrono::duration<double>(
                       std::chrono::steady_clock::now().time_since_epoch())
                .count();
        };
        const double start = now();
        Context context{stream, &tape};
        std::vector<Var> v;
        for (const Parameter& parameter : parameters) v.push_back(tape.leaf(parameter));
        const ElmScanVars vars{v[0], v[1], v[2], {{v[3], v[4]}, {v[5], v[6]}}, {v[7], v[8]}};
        const Var output = elm_scan(context, structure, vars, Var{input});
        const double middle = now();
        tape.backward(stream, std::vector<Var>{output}, std::vector<Tensor>{output_gradient});
        seconds.push_back(now() - start);
        forward_seconds.push_back(middle - start);
        state.SetIterationTime(seconds.back());
    }
    std::sort(seconds.begin(), seconds.end());
    std::sort(forward_seconds.begin(), forward_seconds.end());
    const double median = seconds[seconds.size() / 2];
    const auto steps = static_cast<double>(setting.batch * setting.n_steps);
    const double flop = 6.0 * static_cast<double>((n_in + setting.n_memory) * setting.n_hidden);
    state.counters["forward_ms"] = forward_seconds[forward_seconds.size() / 2] * 1e3;
    state.counters["ns_a_step"] = median / steps * 1e9;
    state.counters["steps_a_second"] = steps / median;
    state.counters["useful_gflops"] = flop * steps / median * 1e-9;
    const double floor_s = flop * steps / (reached_tflops(setting.arithmetic) * 1e12);
    state.counters["floor_ms"] = floor_s * 1e3;
    state.counters["share_of_floor"] = floor_s / median;
}

}  // namespace

int main(int argc, char** argv) {
    for (const Device device : available_devices()) {
        if (device.kind == DeviceKind::cpu) continue;
        for (const ElmArithmetic arithmetic :
             {ElmArithmetic::exact, ElmArithmetic::tf32, ElmArithmetic::bf16}) {
            const auto add = [&](const std::string& name, const Setting& setting) {
                const std::string full =
                    fmt::format("training/cuda/{}/{}", name, name_of(arithmetic));
                benchmark::RegisterBenchmark(full.c_str(), training, setting)
                    ->UseManualTime()
                    ->Unit(benchmark::kMillisecond);
            };
            if (arithmetic != ElmArithmetic::tf32) {  // which has no room for these weights
                add("pathfinder", {768, 16384, 150, 300, 8, 8, 1, arithmetic, device});
            }
            add("neuronio", {8, 500, 100, 200, 1278, 45, 100, arithmetic, device});
        }
    }
    if (available_devices().size() == 1) fmt::print("no CUDA device: {}\n", why_no_cuda());
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
