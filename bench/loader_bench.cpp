// The loader of sets on disk: batches of 768 Pathfinder-X images of 16,384 steps, one-hot in 8 grey
// bins, beside the rate at which one core inflates the same chunks and the rate at which a GPU
// takes them: `of_gpu_step` is the rate of the loader over that one, so from 1 on the GPU does not
// wait.
//
//     ELM_DEVICE_GFLOPS=60000 loader_bench [--benchmark_filter=loader/2]
//
// ELM_DEVICE_GFLOPS is what the GPU reaches in a step of the preset `paper`; unless it is set,
// 60,000, about 90 % of the float32 peak of an H100 or H200 (data sheet: 67 TFLOP/s).

#include <benchmark/benchmark.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "tasks/data/batch_prefetcher.h"
#include "tasks/samples/open_samples.h"
#include "tasks/sets/set_folder.h"

namespace {

using namespace elm;

constexpr std::int64_t n_samples = 9600, n_steps = 16384, batch_size = 768;

/// A set of images that is removed at the end.
class ImageSet {
public:
    ImageSet()
        : folder_(std::filesystem::temp_directory_path() /
                  ("loader_bench_" + std::to_string(getpid()))) {
        std::filesystem::create_directory(folder_);
        const SampleKind& kind = *find_task("pathfinder-x").samples;
        SetPlan plan{.generator = make_generator(kind, all_options(kind, open_options(kind))),
                     .path = folder_.string(),
                     .count = n_samples};
        SetFolderMaker(split_plans(plan, published_split), {}).make([](std::int64_t) {
            return true;
        });
    }
    ~ImageSet() { std::filesystem::remove_all(folder_); }
    ImageSet(const ImageSet&) = delete;
    ImageSet& operator=(const ImageSet&) = delete;

    std::string path() const { return folder_.string(); }

private:
    std::filesystem::path folder_;
};

/// Seconds of a GPU for forward and backward pass of a batch, three times the forward pass, of the
/// ELM neuron of the preset `paper`: 8 inputs, 150 memory units, a hidden layer of 300.
double gpu_step_seconds() {
    constexpr double inputs = 8, memory = 150, hidden = 300;
    constexpr double multiply_adds =
        (inputs + memory) * hidden + hidden * memory;  // of a step of a sample
    constexpr double flop = 3 * 2 * multiply_adds * static_cast<double>(n_steps * batch_size);
    const char* const set = std::getenv("ELM_DEVICE_GFLOPS");
    const double gflops = set != nullptr ? std::strtod(set, nullptr) : 60e3;
    return flop / (gflops * 1e9);
}

void report(benchmark::State& state, std::int64_t samples) {
    state.SetItemsProcessed(samples);
    state.SetBytesProcessed(samples * n_steps);
    const double gpu_seconds = gpu_step_seconds() / static_cast<double>(batch_size);
    state.counters["of_gpu_step"] =
        benchmark::Counter(static_cast<double>(samples) * gpu_seconds, benchmark::Counter::kIsRate);
}

/// What one core inflates: chunks of 16 images, in memory.
void floor_of_one_core(benchmark::State& state, const std::string& path) {
    const GeneratedSet set = GeneratedSet::open(path + "/train.h5");
    const std::int64_t rows = set.block_size();
    std::vector<std::string> chunks;
    for (std::int64_t first = 0; first + rows <= 768; first += rows) {
        const SetColumns columns = set.read(first, rows, {set.fields().front()});
        chunks.push_back(pack_chunk(file_bytes(columns.front()), 1));
    }
    std::string chunk(static_cast<std::size_t>(rows * n_steps), '\0');
    std::int64_t samples = 0;
    for (auto _ : state) {
        for (const std::string& packed : chunks) {
            uLongf size = chunk.size();
            uncompress(reinterpret_cast<Bytef*>(chunk.data()), &size,
                       reinterpret_cast<const Bytef*>(packed.data()), packed.size());
            benchmark::DoNotOptimize(chunk.data());
            samples += rows;
        }
    }
    report(state, samples);
}

/// Batches as the trainer takes them, prepared by `threads` threads.
void loader(benchmark::State& state, const std::string& path, int threads) {
    const TaskEntry& entry = find_task("pathfinder-x");
    OptionSet options = entry.options();
    TaskInput input{.files = {path}};
    input.samples = open_samples(entry, options, {}, input);
    const std::unique_ptr<Task> task = entry.make(options, input);
    BatchPrefetcher ahead(
        [&](std::int64_t index, Batch& batch) {
            task->fill({.index = index, .size = batch_size, .count = batch_size}, batch);
        },
        0, threads + 1, threads);
    std::int64_t samples = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(ahead.next().spikes.units.data());
        samples += batch_size;
    }
    report(state, samples);
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    const ImageSet set;
    benchmark::RegisterBenchmark(
        "inflate_one_core", [&](benchmark::State& state) { floor_of_one_core(state, set.path()); });
    for (const int threads : {1, 2, 4, 8}) {
        benchmark::RegisterBenchmark(
            ("loader/" + std::to_string(threads)).c_str(),
            [&, threads](benchmark::State& state) { loader(state, set.path(), threads); })
            ->Iterations(40)
            ->UseRealTime();
    }
    benchmark::RunSpecifiedBenchmarks();
}
