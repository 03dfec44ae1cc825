// One training step of one registered model on dense input, for peers/training_steps_torch.py,
// which runs it in turn with the same model of a peer: forward, dL/dy = y / 1000, backward, a step
// of Adam; float32, on the CPU.
//
//     training_step_bench MODEL [KEY=VALUE...]
//
// Keys batch, steps, inputs, outputs, threads and seconds (of repeats, at least five) are those of
// the bench; all others are options of the model. Prints one JSON line: the median step, the median
// forward pass in it (processor time of one thread, wall time of more), the number of parameters.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "baselines/model_registry.h"
#include "bench/fma_peak.h"
#include "kernels/core/buffer.h"
#include "kernels/core/random/random.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/optimizer.h"

namespace {

using namespace elm;

constexpr std::size_t fewest_repeats = 5;
constexpr int warm_ups = 2;

struct Setting {
    std::string model;
    std::map<std::string, std::int64_t> numbers{{"batch", 4},    {"steps", 2048}, {"inputs", 16},
                                                {"outputs", 16}, {"threads", 1},  {"seconds", 1}};
    std::vector<std::pair<std::string, std::string>> options = {};
};

Setting setting_of(int argc, char** argv) {
    Setting setting{.model = argv[1]};
    for (int i = 2; i < argc; ++i) {
        const std::string pair = argv[i];
        const std::size_t at = pair.find('=');
        const std::string key = pair.substr(0, at);
        const std::string value = at == std::string::npos ? "" : pair.substr(at + 1);
        const auto own = setting.numbers.find(key);
        if (own != setting.numbers.end()) {
            own->second = std::atoll(value.c_str());
        } else {
            setting.options.emplace_back(key, value);
        }
    }
    return setting;
}

/// Processor time of one thread, wall time of more.
double seconds_now() {
    if (thread_count() == 1) return bench::thread_seconds();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double median(std::vector<double>& seconds) {
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
}

/// y / 1000.
Tensor gradient_of(Stream& stream, const Tensor& output) {
    const Tensor gradient = Tensor::empty(stream, output.shape(), DType::f32);
    const auto from = output.host<float>(), to = gradient.host<float>();
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = 1e-3F * from[i];
    return gradient;
}

void measure(Setting& setting) {
    auto& numbers = setting.numbers;
    set_thread_count(static_cast<int>(numbers["threads"]));
    Stream stream{Device{}};
    const ModelEntry& entry = find_model(setting.model);
    OptionSet options = entry.options();
    for (const auto& [name, value] : setting.options) options.set(name, value);
    const auto model = entry.make(options, {numbers["inputs"], numbers["outputs"]}, 1);
    const FlatParameters flat = allocate_parameters(stream, *model, DType::f32, RandomKey{1});
    Optimizer optimizer(stream, *model, flat, {});
    const Tensor input =
        Tensor::empty(stream, {numbers["batch"], numbers["steps"], numbers["inputs"]}, DType::f32);
    fill_normal(stream, input, RandomKey{2}, 0, 1);
    Tape tape;
    std::vector<double> whole, forward;
    const double begin = seconds_now();
    for (int step = 0; whole.size() < fewest_repeats ||
                       seconds_now() - begin < static_cast<double>(numbers["seconds"]);
         ++step) {
        const double start = seconds_now();
        Context context{.stream = stream, .tape = &tape, .training = true};
        const Var output = model->forward(context, {.dense = Var{input}});
        const double middle = seconds_now();
        const Tensor gradient = gradient_of(stream, output.value);
        tape.backward(stream, {&output, 1}, {&gradient, 1});
        optimizer.step(stream, 1e-4);
        if (step < warm_ups) continue;
        whole.push_back(seconds_now() - start);
        forward.push_back(middle - start);
    }
    fmt::print(
        "{{\"model\": \"{}\", \"parameters\": {}, \"median_ms\": {:.4f}, "
        "\"forward_ms\": {:.4f}, \"repeats\": {}}}\n",
        setting.model, trainable_count(*model), 1e3 * median(whole), 1e3 * median(forward),
        whole.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "training_step_bench MODEL [KEY=VALUE...]\n");
        return 2;
    }
    elm::keep_freed_memory();
    try {
        Setting setting = setting_of(argc, argv);
        measure(setting);
    } catch (const elm::Error& error) {
        fmt::print(stderr, "{}\n", error.message());
        return 1;
    }
    return 0;
}
