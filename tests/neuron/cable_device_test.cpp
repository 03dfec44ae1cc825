// Trials of a cell on a CUDA device against the double-precision cell.

#include "neuron/cable/solver/cable_device.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tests/neuron/small_cell.h"
#include "tests/support/devices.h"

namespace elm::cable {
namespace {

RunOptions options_of(DType precision, Device device) {
    RunOptions options;
    options.duration_ms = 35;  // more than two launches
    options.precision = precision;
    options.device = device;
    options.probes = {{Quantity::voltage, 0, "", 1},
                      {Quantity::voltage, 3, "", 7},
                      {Quantity::calcium, 4, "", 40}};
    return options;
}

TEST(CableDevice, agrees_with_double_precision_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    const Cell cell = small_cell();
    const std::vector<Trial> trials = some_trials(cell);
    const auto exact = simulate(cell, trials, options_of(DType::f64, {}));
    const auto host = simulate(cell, trials, options_of(DType::f32, {}));
    for (const Device device : test::cuda_devices()) {
        const auto result = simulate(cell, trials, options_of(DType::f32, device));
        ASSERT_EQ(result.size(), trials.size());
        for (std::size_t trial = 0; trial < trials.size(); ++trial) {
            for (std::size_t p = 0; p < 3; ++p) {
                const auto& reference = exact[trial].recordings[p];
                const auto& values = result[trial].recordings[p];
                ASSERT_EQ(values.size(), reference.size());
                double worst = 0, worst_of_host = 0, most = 0;
                for (std::size_t i = 0; i < values.size(); ++i) {
                    const auto off = [&](float value) {
                        return std::abs(static_cast<double>(value) -
                                        static_cast<double>(reference[i]));
                    };
                    worst = std::max(worst, off(values[i]));
                    worst_of_host = std::max(worst_of_host, off(host[trial].recordings[p][i]));
                    most = std::max(most, std::abs(static_cast<double>(reference[i])));
                }
                // The same tables and the same order: what differs is the rounding of sums.
                EXPECT_LE(worst, 4 * worst_of_host + 1e-5 * most)
                    << to_string(device) << ", trial " << trial << ", probe " << p;
                EXPECT_LT(worst_of_host, 1e-3 * most) << "trial " << trial << ", probe " << p;
            }
        }
    }
}

TEST(CableDevice, tells_of_a_divergence_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    const Cell cell = small_cell();
    std::vector<Trial> trials(2);
    trials[1].clamps.push_back({0, 1e5, 3, 10, 0, 0});
    for (const Device device : test::cuda_devices()) {
        try {
            simulate(cell, trials, options_of(DType::f32, device));
            FAIL() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::numeric);
            EXPECT_NE(error.message().find("trial 1"), std::string::npos) << error.message();
            EXPECT_NE(error.message().find("ms in "), std::string::npos) << error.message();
        }
    }
}

TEST(CableDevice, refuses_what_only_the_cpu_does_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    const Cell cell = small_cell();
    for (const Device device : test::cuda_devices()) {
        RunOptions options = options_of(DType::f64, device);
        const auto expect_unsupported = [&](const std::string& part) {
            try {
                simulate(cell, std::vector<Trial>(1), options);
                FAIL() << "no error, expected: " << part;
            } catch (const Error& error) {
                EXPECT_EQ(error.kind(), ErrorKind::unsupported);
                EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
            }
        };
        expect_unsupported("float32 on CUDA");
        options.precision = DType::f32;
        options.probes = {{Quantity::channel_current, 0, "Ih", 1}};
        expect_unsupported("the device cpu");
    }
}

}  // namespace
}  // namespace elm::cable
