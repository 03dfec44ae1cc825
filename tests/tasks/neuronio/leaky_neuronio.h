#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/random/random_key.h"
#include "kernels/io/hdf5_file.h"

namespace elm::test {

/// Ground truth of a cell that can be learnt in seconds: the first half of the channels excites a
/// leaky integrator with a time constant of 20 ms, the second half inhibits it; it spikes where it
/// rises above a threshold.
struct LeakyNeuronIo {
    std::int64_t n_simulations = 6, n_segments = 10, n_steps = 900;
    std::uint64_t seed = 1;

    std::string write(const std::string& path) const {
        Hdf5File file = Hdf5File::create(path);
        file.set_attribute("/", "num_segments", n_segments);
        file.set_attribute("/", "sim_duration_ms", n_steps);
        for (std::int64_t k = 0; k < n_simulations; ++k) write_simulation(file, k);
        file.close();
        return path;
    }

private:
    void write_simulation(Hdf5File& file, std::int64_t simulation) const {
        const RandomKey key =
            RandomKey{.seed = seed, .step = static_cast<std::uint64_t>(simulation)};
        std::vector<std::int32_t> times, channels;
        std::vector<double> spikes;
        std::vector<float> voltage;
        double current = 0, potential = 0;
        for (std::int64_t step = 0; step < n_steps; ++step) {
            voltage.push_back(static_cast<float>(-70 + potential));
            current *= std::exp(-1.0 / 5);
            for (std::int64_t channel = 0; channel < 2 * n_segments; ++channel) {
                const std::uint32_t word = random_word(key, step * 2 * n_segments + channel);
                if (!draw_bernoulli(word, 0.03)) continue;
                times.push_back(static_cast<std::int32_t>(step));
                channels.push_back(static_cast<std::int32_t>(channel));
                current += channel < n_segments ? 0.9 : -0.6;
            }
            const double before = potential;
            potential += current - potential / 20;
            if (before < 16 && potential >= 16) spikes.push_back(static_cast<double>(step) + 0.75);
        }
        const std::string group = fmt::format("/sim_{:05}/", simulation);
        const auto put = [&]<class T>(const char* name, const std::vector<T>& values,
                                      FileType type) {
            file.write<T>(group + name, {std::ssize(values)}, values, type);
        };
        put("input_synapse", channels, FileType::i32);
        put("input_time_ms", times, FileType::i32);
        put("output_spike_time_ms", spikes, FileType::f32);
        put("soma_voltage_mV", voltage, FileType::f32);
    }
};

}  // namespace elm::test
