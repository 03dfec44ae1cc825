#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/random/random_key.h"
#include "kernels/io/hdf5_file.h"

namespace elm::test {

/// Ground truth of random content: what NeuronIO files hold, small.
struct RandomNeuronIo {
    std::int64_t n_simulations = 3, n_segments = 4, n_steps = 60;
    std::uint64_t seed = 1;
    double input_probability = 0.2;  // of a channel in a step
    double lowest_voltage_mV = -80;  // the highest is -40: above the clip

    std::vector<std::int32_t> input_channel(std::int64_t simulation) const {
        std::vector<std::int32_t> channels;
        for_each_spike(simulation, [&](std::int64_t, std::int64_t channel) {
            channels.push_back(static_cast<std::int32_t>(channel));
        });
        return channels;
    }
    std::vector<std::int32_t> input_time(std::int64_t simulation) const {
        std::vector<std::int32_t> times;
        for_each_spike(simulation, [&](std::int64_t step, std::int64_t) {
            times.push_back(static_cast<std::int32_t>(step));
        });
        return times;
    }
    /// Every seventh step or so, at a quarter of a ms.
    std::vector<double> output_times(std::int64_t simulation) const {
        std::vector<double> times;
        for (std::int64_t step = 0; step < n_steps; ++step) {
            if (uniform(simulation, "output", step) < 1.0 / 7) {
                times.push_back(static_cast<double>(step) + 0.25);
            }
        }
        return times;
    }
    std::vector<float> voltage(std::int64_t simulation) const {
        std::vector<float> values;
        for (std::int64_t step = 0; step < n_steps; ++step) {
            values.push_back(static_cast<float>(-40 + (lowest_voltage_mV + 40) *
                                                          uniform(simulation, "voltage", step)));
        }
        return values;
    }

    std::string write(const std::string& path) const {
        Hdf5File file = Hdf5File::create(path);
        file.set_attribute("/", "num_segments", n_segments);
        file.set_attribute("/", "sim_duration_ms", n_steps);
        for (std::int64_t k = 0; k < n_simulations; ++k) {
            const std::string group = fmt::format("/sim_{:05}", k);
            const auto put = [&]<class T>(const char* name, const std::vector<T>& values,
                                          FileType type) {
                file.write<T>(group + name, {static_cast<std::int64_t>(values.size())}, values,
                              type);
            };
            put("/input_synapse", input_channel(k), FileType::i32);
            put("/input_time_ms", input_time(k), FileType::i32);
            put("/output_spike_time_ms", output_times(k), FileType::f32);
            put("/soma_voltage_mV", voltage(k), FileType::f32);
        }
        file.close();
        return path;
    }

private:
    double uniform(std::int64_t simulation, std::string_view purpose, std::int64_t element) const {
        const RandomKey key =
            RandomKey{.seed = seed, .step = static_cast<std::uint64_t>(simulation)}.for_purpose(
                purpose);
        return unit_uniform<double>(random_word(key, element));
    }
    template <class Use>
    void for_each_spike(std::int64_t simulation, const Use& use) const {
        for (std::int64_t step = 0; step < n_steps; ++step) {
            for (std::int64_t channel = 0; channel < 2 * n_segments; ++channel) {
                const std::int64_t element = step * 2 * n_segments + channel;
                if (uniform(simulation, "input", element) < input_probability) use(step, channel);
            }
        }
    }
};

}  // namespace elm::test
