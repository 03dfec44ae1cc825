// Encodings of published programs: tasks_golden.h5 names the programs and their versions.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "kernels/io/toml_config.h"
#include "tests/encoders/encoder_cases.h"
#include "tests/support/error_message.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm::test {
namespace {

/// x of the file, shown for `steps` steps of 1 ms.
Signal golden_values(const Hdf5File& file, std::int64_t steps,
                     const std::string& dataset = "/encoders/x") {
    auto values = file.read<float>(dataset);
    const auto count = std::ssize(values);
    return signal_of(std::move(values), count, static_cast<double>(steps));
}

TEST(GoldenEncodings, latency_linear_and_log_have_the_steps_of_spikingjelly) {
    ELM_OPEN_GOLDEN_TASKS(file);
    for (const char* const curve : {"linear", "log"}) {
        for (const int steps : {2, 5, 10, 20}) {
            const Encoding encoding = encode_with("latency", {{"curve", curve}, {"threshold", "0"}},
                                                  golden_values(file, steps));
            EXPECT_EQ(
                counts_of(encoding),
                (file.read<std::int32_t>("/encoders/spikingjelly/latency_" + std::string(curve) +
                                         "_T" + std::to_string(steps) + "/spikes")))
                << curve << " " << steps;
        }
    }
}

TEST(GoldenEncodings, latency_has_the_spikes_of_snntorch) {
    ELM_OPEN_GOLDEN_TASKS(file);
    const std::map<int, std::pair<int, Settings>> cases{
        {1, {10, {{"curve", "rc"}}}},
        {2, {10, {}}},
        {3, {10, {{"tau_ms", "1"}}}},
        {4, {10, {{"tau_ms", "5"}}}},
        {7, {10, {{"curve", "rc"}, {"silent_below", "true"}}}},
        {8, {10, {{"threshold", "0.3"}, {"silent_below", "true"}}}},
        {9, {12, {{"curve", "rc"}, {"onset_ms", "2"}}}},
        {10, {12, {{"onset_ms", "2"}}}},
        {12, {24, {{"curve", "rc"}, {"tau_ms", "2"}}}},
        {13, {8, {{"curve", "rc"}}}},
        {14, {10, {{"curve", "rc"}}}},
        {15, {100, {{"curve", "rc"}}}},
        {16, {100, {}}}};
    for (const auto& [number, expected] : cases) {
        const auto& [steps, settings] = expected;
        const std::string group = "/encoders/snntorch/latency/case_" +
                                  std::string(number < 10 ? "0" : "") + std::to_string(number);
        const Encoding encoding = encode_with("latency", settings, golden_values(file, steps));
        // Of other targets (13) and of a ramp up to the spike (14), the largest value of a unit.
        const auto theirs = file.read<float>(group + "/spikes");
        const float spike = *std::max_element(theirs.begin(), theirs.end());
        std::vector<int> fired;
        for (const float target : theirs) fired.push_back(target == spike ? 1 : 0);
        EXPECT_EQ(counts_of(encoding), fired) << group;
    }
}

TEST(GoldenEncodings, latency_beyond_the_last_step_is_an_error_as_in_snntorch) {
    ELM_OPEN_GOLDEN_TASKS(file);
    // 11: theirs can be told to go on, and puts what is late into the last step; ours cannot.
    const std::map<int, std::pair<int, Settings>> cases{
        {0, {6, {{"tau_ms", "1"}}}},
        {5, {20, {{"tau_ms", "5"}, {"threshold", "0.1"}}}},
        {6, {20, {{"tau_ms", "5"}, {"threshold", "0.1"}, {"silent_below", "true"}}}},
        {11, {4, {{"tau_ms", "3"}}}}};
    for (const auto& [number, expected] : cases) {
        const int steps = expected.first;
        Settings settings = expected.second;
        settings.emplace_back("curve", "rc");
        const std::string group = fmt::format("/encoders/snntorch/latency/case_{:02}", number);
        EXPECT_EQ(file.attributes(group).contains("error"), number != 11) << group;
        EXPECT_EQ(file.number_attribute(group, "num_steps"), steps) << group;
        EXPECT_NE(message_of([&] {
                      encode_with("latency", settings, golden_values(file, steps));
                  }).find("choose a shorter tau_ms"),
                  std::string::npos)
            << group;
    }
}

TEST(GoldenEncodings, delta_has_the_spikes_of_snntorch) {
    ELM_OPEN_GOLDEN_TASKS(file);
    for (int number = 0; number < 8; ++number) {
        const std::string group = "/encoders/snntorch/delta/case_0" + std::to_string(number);
        const Values attributes = file.attributes(group);
        const Encoding encoding = encode_with(
            "delta",
            {{"threshold", to_text(attributes.at("threshold"))},
             {"from_first", std::get<bool>(attributes.at("padding")) ? "true" : "false"}},
            signal_of(file.read<float>("/encoders/signal_3ch"), 3, 1));
        std::vector<int> signs = signs_of(encoding);
        if (!std::get<bool>(attributes.at("off_spike"))) {
            for (int& sign : signs) sign = std::max(sign, 0);
        }
        EXPECT_EQ(signs, file.read<std::int32_t>(group + "/spikes")) << group;
    }
}

TEST(GoldenEncodings, weighted_phase_has_the_spikes_and_values_of_spikingjelly) {
    ELM_OPEN_GOLDEN_TASKS(file);
    for (const int bits : {3, 4, 8}) {
        const std::string group =
            "/encoders/spikingjelly/weighted_phase_K" + std::to_string(bits) + "/";
        const EncoderEntry& encoder = find_encoder("weighted-phase");
        const OptionSet options = options_of(encoder, {{"bits", std::to_string(bits)}});
        const Signal signal = golden_values(file, bits, group + "input");
        const Encoding encoding = encode(encoder, options, signal, {});
        EXPECT_EQ(counts_of(encoding), file.read<std::int32_t>(group + "spikes"));
        EXPECT_EQ(encoder.decode(options, encoding, bits).values,
                  file.read<float>(group + "decoded"));
    }
}

TEST(GoldenEncodings, population_has_activity_and_spikes_of_spikingjelly) {
    ELM_OPEN_GOLDEN_TASKS(file);
    const auto observations = file.read<float>("/encoders/spikingjelly/population/observation");
    for (const auto& [units, width] : {std::pair{"5", "0.15"}, std::pair{"10", "0.05"}}) {
        const std::string name = "P" + std::string(units) + "_std" + width;
        const std::string group = "/encoders/spikingjelly/population/";
        const auto activity = file.read<float>(group + "activity_" + name);
        const auto spikes = file.read<std::int32_t>(group + "deterministic_spikes_" + name + "_T8");
        const Settings settings{{"units", units}, {"width", width}};
        Settings as_activity = settings;
        as_activity.emplace_back("output", "activity");
        for (std::size_t sample = 0; sample < 3; ++sample) {
            const std::vector<float> pair(observations.begin() + static_cast<long>(2 * sample),
                                          observations.begin() + static_cast<long>(2 * sample + 2));
            const Encoding real = encode_with("population", as_activity, signal_of(pair, 2, 1));
            const Encoding fired = encode_with("population", settings, signal_of(pair, 2, 8));
            const auto n_units = static_cast<std::size_t>(real.n_units);
            const std::vector<int> counts = counts_of(fired);
            for (std::size_t unit = 0; unit < n_units; ++unit) {
                // exp of a float exponent of up to 100: epsilon times the exponent.
                EXPECT_NEAR(real.values[unit], activity[sample * n_units + unit], 1e-6);
                for (std::size_t step = 0; step < 8; ++step) {
                    EXPECT_EQ(counts[step * n_units + unit],
                              spikes[(step * 3 + sample) * n_units + unit]);
                }
            }
        }
    }
}

TEST(GoldenEncodings, population_has_the_activity_of_norse) {
    ELM_OPEN_GOLDEN_TASKS(file);
    for (const int units : {3, 5, 9}) {
        for (const bool is_2 : {false, true}) {
            const double scale = is_2 ? 2 : 1;  // the largest value is 1
            const Encoding encoding = encode_with("population",
                                                  {{"units", std::to_string(units)},
                                                   {"highest", std::to_string(scale)},
                                                   {"width", std::to_string(1 / std::sqrt(scale))},
                                                   {"output", "activity"}},
                                                  golden_values(file, 1));
            const auto expected =
                file.read<float>("/encoders/norse/population_P" + std::to_string(units) +
                                 "_scale_" + (is_2 ? "2" : "max"));
            for (std::size_t i = 0; i < expected.size(); ++i) {
                EXPECT_NEAR(encoding.values[i], expected[i], 1e-6);
            }
        }
    }
}

TEST(GoldenEncodings, integrate_and_fire_has_the_spikes_of_norse) {
    ELM_OPEN_GOLDEN_TASKS(file);
    const Signal signal = golden_values(file, 50, "/encoders/norse/current");
    EXPECT_EQ(counts_of(encode_with("integrate-and-fire", {{"gain", "1"}}, signal)),
              file.read<std::int32_t>("/encoders/norse/constant_current_lif_T50"));
    EXPECT_EQ(counts_of(encode_with("integrate-and-fire", {{"gain", "1"}, {"first_only", "true"}},
                                    signal)),
              file.read<std::int32_t>("/encoders/norse/spike_latency_lif_T50"));
}

TEST(GoldenEncodings, threshold_bank_has_the_events_of_tonic) {
    ELM_OPEN_GOLDEN_TASKS(file);
    auto pixels = file.read<float>("/encoders/tonic/smnist_image");
    for (float& pixel : pixels) pixel /= 255.0F;
    const Signal signal = signal_of(pixels, 1, 1);
    for (const auto& [name, units, repeat] : {std::tuple{"smnist_N99_duplicate_True", 99, 2},
                                              std::tuple{"smnist_N99_duplicate_False", 99, 1},
                                              std::tuple{"smnist_N9_duplicate_False", 9, 1}}) {
        const std::string group = "/encoders/tonic/" + std::string(name);
        const Encoding encoding = encode_with(
            "threshold-bank",
            {{"units", std::to_string(units)}, {"repeat", std::to_string(repeat)}}, signal);
        const auto times = file.read<std::int64_t>(group + "/t_us");
        const auto x = file.read<std::int32_t>(group + "/x");
        std::vector<int> expected(static_cast<std::size_t>(encoding.n_steps * encoding.n_units));
        for (std::size_t i = 0; i < times.size(); ++i) {
            ++expected[static_cast<std::size_t>(times[i] / 1000 * encoding.n_units + x[i])];
        }
        EXPECT_EQ(counts_of(encoding), expected) << name;
    }
}

TEST(GoldenEncodings, events_have_the_frames_of_tonic) {
    ELM_OPEN_GOLDEN_TASKS(file);
    const auto times = file.read<std::int64_t>("/encoders/tonic/events_t_us");
    const auto channels = file.read<std::int32_t>("/encoders/tonic/events_x");
    Signal signal{.n_channels = 700};
    for (std::size_t i = 0; i < times.size(); ++i) {
        signal.events.push_back({static_cast<double>(times[i]) / 1000, channels[i]});
    }
    const std::int64_t width_us = (times.back() - times.front()) / 20;
    const std::map<std::string, Settings> cases{
        {"time_window_10000", {{"from_first", "true"}, {"keep_last", "false"}}},
        {"time_window_10000_include_incomplete", {{"from_first", "true"}}},
        {"time_window_10000_start0_end1000000", {{"end_ms", "1000"}}},
        // A whole number of microseconds each, from the first event on.
        {"n_time_bins_20",
         {{"from_first", "true"},
          {"bin_ms", fmt::format("{:.3f}", static_cast<double>(width_us) / 1000)},
          {"end_ms",
           fmt::format("{:.3f}", static_cast<double>(times.front() + 20 * width_us) / 1000)}}}};
    // Not ours: frames of equal numbers of events, and windows that overlap.
    for (const auto& [name, settings] : cases) {
        const std::string group = "/encoders/tonic/" + name;
        Settings all{{"bin_ms", "10"}};
        all.insert(all.end(), settings.begin(), settings.end());
        const Encoding encoding = encode_with("events", all, signal);
        const auto frame = file.read<std::int64_t>(group + "/frame");
        const auto unit = file.read<std::int64_t>(group + "/channel");
        const auto count = file.read<std::int32_t>(group + "/count");
        std::vector<int> expected(static_cast<std::size_t>(encoding.n_steps * 700));
        for (std::size_t i = 0; i < frame.size(); ++i) {
            expected.at(static_cast<std::size_t>(frame[i] * 700 + unit[i])) = count[i];
        }
        EXPECT_EQ(counts_of(encoding), expected) << name;
    }
}

TEST(GoldenEncodings, burst_and_first_spikes_and_step_forward_are_those_of_spikify) {
    ELM_OPEN_GOLDEN_TASKS(file);
    const std::string root = "/encoders_spikify/";
    for (int number = 0; number < 4; ++number) {
        const std::string group = root + "burst/case_" + std::to_string(number);
        const auto steps = static_cast<int>(file.number_attribute(group, "interval_length"));
        const Values rule = file.attributes(group);
        const Encoding encoding = encode_with("burst",
                                              {{"most_spikes", to_text(rule.at("n_max"))},
                                               {"shortest_gap_ms", to_text(rule.at("t_min"))},
                                               {"longest_gap_ms", to_text(rule.at("t_max"))}},
                                              golden_values(file, steps, root + "x"));
        const auto theirs = file.read<std::int32_t>(group + "/spikes");  // (values, steps)
        const std::vector<int> counts = counts_of(encoding);
        for (int value = 0; value < 16; ++value) {
            for (int step = 0; step < steps; ++step) {
                EXPECT_EQ(counts[static_cast<std::size_t>(step * 16 + value)],
                          theirs[static_cast<std::size_t>(value * steps + step)])
                    << group << " " << value << " " << step;
            }
        }
    }
    for (const int steps : {10, 16, 50}) {
        const auto late = file.read<std::int64_t>(root + "ttfs/interval_" + std::to_string(steps));
        const Encoding encoding =
            encode_with("time-to-first-spike", {}, golden_values(file, steps, root + "x"));
        for (const SpikeEvent& spike : encoding.spikes) {
            EXPECT_EQ(spike.step, late[static_cast<std::size_t>(spike.unit)]);
        }
    }
    for (const char* const threshold : {"0.1", "0.25"}) {
        const Encoding encoding =
            encode_with("step-forward", {{"threshold", threshold}},
                        signal_of(file.read<float>(root + "contrast/signal"), 3, 1));
        EXPECT_EQ(signs_of(encoding),
                  file.read<std::int32_t>(root + "contrast/step_forward_" + threshold));
    }
}

TEST(GoldenEncodings, phases_and_windows_and_unusual_changes_are_those_of_spikify) {
    ELM_OPEN_GOLDEN_TASKS(file);
    const std::string root = "/encoders_spikify/";
    for (const int bits : {2, 4, 8}) {
        const auto theirs = file.read<std::int32_t>(fmt::format("{}phase/bits_{}", root, bits));
        const std::vector<int> counts = counts_of(encode_with(
            "phase", {{"bits", std::to_string(bits)}}, golden_values(file, bits, root + "x")));
        for (int value = 0; value < 16; ++value) {
            for (int phase = 0; phase < bits; ++phase) {
                EXPECT_EQ(counts[static_cast<std::size_t>(phase * 16 + value)],
                          theirs[static_cast<std::size_t>(value * bits + phase)])
                    << bits << " " << value << " " << phase;
            }
        }
    }
    const Signal signal = signal_of(file.read<float>(root + "contrast/signal"), 3, 1);
    for (const char* const threshold : {"0.1", "0.25"}) {
        EXPECT_EQ(
            signs_of(
                encode_with("moving-window", {{"threshold", threshold}, {"window", "3"}}, signal)),
            file.read<std::int32_t>(fmt::format("{}contrast/moving_window3_{}", root, threshold)));
    }
    for (const char* const factor : {"0.5", "1"}) {
        EXPECT_EQ(signs_of(encode_with("threshold-based", {{"factor", factor}}, signal)),
                  file.read<std::int32_t>(
                      fmt::format("{}contrast/threshold_based_factor_{}", root, factor)));
    }
}

TEST(GoldenEncodings, rates_have_the_probabilities_of_snntorch_and_norse) {
    ELM_OPEN_GOLDEN_TASKS(file);
    constexpr int steps = 4000;
    const auto expect_rates = [&](const std::string& name, const Settings& settings,
                                  const Signal& signal, const std::vector<double>& probabilities) {
        const std::vector<int> counts =
            signal.n_channels * 2 == encode_with(name, settings, signal).n_units
                ? signs_of(encode_with(name, settings, signal))
                : counts_of(encode_with(name, settings, signal));
        for (std::size_t unit = 0; unit < probabilities.size(); ++unit) {
            double sum = 0;
            for (std::size_t step = 0; step < steps; ++step) {
                sum += counts[step * probabilities.size() + unit];
            }
            const double p = std::abs(probabilities[unit]);
            EXPECT_NEAR(std::abs(sum), p * steps, 3 * std::sqrt(p * (1 - p) * steps))
                << name << " " << unit;
            EXPECT_GE(sum * probabilities[unit], 0);
        }
    };
    const std::map<int, Settings> cases{{0, {{"rate_hz", "1000"}}},
                                        {1, {{"rate_hz", "500"}}},
                                        {3, {{"rate_hz", "1000"}, {"spontaneous_hz", "10"}}},
                                        {4, {{"rate_hz", "1000"}, {"onset_ms", "5"}}}};
    for (const auto& [number, settings] : cases) {
        const std::string group = "/encoders/snntorch/rate/case_0" + std::to_string(number);
        auto probability = file.read<double>(group + "/probability");
        // Of all steps, of which the first five of case 4 are silent.
        if (number == 4) {
            for (double& p : probability) p *= 1 - 5.0 / steps;
        }
        expect_rates("poisson", settings, golden_values(file, steps), probability);
    }
    // Case 2, a gain of 2: a rate of two spikes a step is refused, not cut.
    EXPECT_NE(message_of([&] {
                  encode_with("poisson", {{"rate_hz", "2000"}, {"spontaneous_hz", "-200"}},
                              golden_values(file, steps));
              }).find("more than one spike in a step"),
              std::string::npos);
    expect_rates("poisson", {}, golden_values(file, steps),
                 file.read<double>("/encoders/norse/poisson/probability"));
    const std::string signed_group = "/encoders/norse/signed_poisson/";
    auto probabilities = file.read<double>(signed_group + "probability");
    const auto x = file.read<double>(signed_group + "x");
    for (std::size_t i = 0; i < x.size(); ++i) {
        probabilities[i] = std::copysign(probabilities[i], x[i]);
    }
    expect_rates("signed-poisson", {}, golden_values(file, steps, signed_group + "x"),
                 probabilities);
}

}  // namespace
}  // namespace elm::test
