// The ELM neuron against files made by other programs: tests/golden/elm_small.h5 (see the README
// there) and, where the data folder is, elm_golden.h5 from the authors' PyTorch modules.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "kernels/io/hdf5_file.h"
#include "neuron/elm/elm_model_file.h"
#include "neuron/elm/elm_neuron.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace elm {
namespace {

void check_case(const Hdf5File& file, const std::string& name, Device device, DType precision) {
    SCOPED_TRACE(name + " in " + std::string(name_of(precision)));
    const ElmModel model = read_state_dict(file, name, name + "/parameters");
    const auto shape = file.shape(name + "/input");
    const auto values = file.read<double>(name + "/input");
    Stream host{Device{}}, stream{device};
    const Tensor input =
        Tensor::from(host, {shape[0], shape[1], shape[2]}, std::span<const double>(values))
            .cast(host, precision)
            .to(stream);
    const ElmNeuron neuron(stream, model, precision);
    const ElmRecording recording{.memory = true, .branches = true};
    ElmState state = neuron.initial_state(stream, shape[0], recording);
    const ElmTrace trace = neuron.run(stream, input, state, recording);

    const ElmOptions& options = model.options;
    // Errors of a step decay with the memory: the longest sum of one step counts.
    const std::int64_t terms = options.branches() + options.n_memory + options.hidden();
    EXPECT_CLOSE(trace.output, file.read<double>(name + "/output"), {.terms = terms});
    EXPECT_CLOSE(trace.memory, file.read<double>(name + "/memory"), {.terms = terms});
    std::vector<double> branches;
    const auto stored = file.read<double>(name + "/trace");
    const auto per_branch = options.version == ElmVersion::v1
                                ? static_cast<std::size_t>(options.n_synapse_per_branch)
                                : 1;
    for (std::size_t i = 0; i < stored.size(); i += per_branch) {
        double sum = 0;
        for (std::size_t k = 0; k < per_branch; ++k) sum += stored[i + k];
        branches.push_back(sum);
    }
    EXPECT_CLOSE(trace.branches, branches, {.terms = terms});
}

void check_file(const std::string& path, Device device) {
    const Hdf5File file = Hdf5File::open(path);
    int n_cases = 0;
    for (const std::string& name : file.links("/")) {
        if (!file.is_group(name)) continue;
        check_case(file, name, device, DType::f64);
        check_case(file, name, device, DType::f32);
        ++n_cases;
    }
    EXPECT_GE(n_cases, 6);
}

std::string published_golden() {
    const char* const folder = std::getenv("ELM_DATA_DIR");
    return std::string(folder != nullptr ? folder : ELM_DATA_DIR) + "/elm_golden.h5";
}

TEST(ElmGolden, agrees_with_the_small_golden_file) {
    check_file(ELM_GOLDEN_DIR "/elm_small.h5", {});
}

TEST(ElmGolden, agrees_with_the_small_golden_file_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    check_file(ELM_GOLDEN_DIR "/elm_small.h5", test::cuda_devices().front());
}

TEST(ElmGolden, agrees_with_the_authors_modules) {
    if (!std::filesystem::exists(published_golden())) {
        GTEST_SKIP() << "there is no " << published_golden() << "; set ELM_DATA_DIR";
    }
    check_file(published_golden(), {});
}

TEST(ElmGolden, agrees_with_the_authors_modules_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    if (!std::filesystem::exists(published_golden())) {
        GTEST_SKIP() << "there is no " << published_golden() << "; set ELM_DATA_DIR";
    }
    check_file(published_golden(), test::cuda_devices().front());
}

}  // namespace
}  // namespace elm
