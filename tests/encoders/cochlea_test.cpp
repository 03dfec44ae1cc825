// The cochlea stage by stage against the published program (cochlea_reference.h5) and against
// definitions; each stage has the reference's own input, so that an error shows where it is made.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>

#include "encoders/cochlea/auditory_nerve.h"
#include "encoders/cochlea/bushy_cell.h"
#include "encoders/cochlea/hair_cell.h"
#include "encoders/cochlea/release_sites.h"
#include "encoders/cochlea/sound.h"
#include "kernels/core/random/philox_lanes.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/hdf5_file.h"
#include "tests/encoders/encoder_cases.h"
#include "tests/support/error_message.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm::test {
namespace {

using namespace cochlea;

constexpr const char* inputs[] = {"tone_1khz", "odd_clicks", "digit"};

std::optional<Hdf5File> reference_file() {
    const std::string path = tasks_data_folder() + "/cochlea_reference.h5";
    if (!std::filesystem::exists(path)) return std::nullopt;
    return Hdf5File::open(path);
}

#define ELM_OPEN_REFERENCE(name)                                                      \
    const std::optional<Hdf5File> name##_file = reference_file();                     \
    if (!name##_file) {                                                               \
        GTEST_SKIP() << "there is no cochlea_reference.h5 in " << tasks_data_folder() \
                     << "; set ELM_DATA_DIR";                                         \
    }                                                                                 \
    const Hdf5File& name = *name##_file

/// Largest difference.
template <class A, class B>
double largest_difference(const A& a, const B& b) {
    EXPECT_EQ(a.size(), b.size());
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(double(a[i]) - double(b[i])));
    }
    return largest;
}
template <class A>
double largest(const A& a) {
    double most = 0;
    for (const auto x : a) most = std::max(most, std::abs(double(x)));
    return most;
}

std::vector<float> row_of(const std::vector<float>& values, std::size_t row, std::size_t length) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * length);
    return {begin, begin + static_cast<std::ptrdiff_t>(length)};
}

/// Release probabilities of one channel.
std::vector<float> probabilities_of(std::span<const float> velocity, double step_s) {
    constexpr int n = lanes::native<float>;
    HairCell<float, n> cell(step_s);
    std::vector<float> probabilities;
    for (const float u : velocity) {
        probabilities.push_back(cell.step(lanes::broadcast<float, n>(u))[n - 1]);
    }
    return probabilities;
}

TEST(Cochlea, level_and_window_are_those_of_the_reference) {
    ELM_OPEN_REFERENCE(file);
    for (const std::string name : inputs) {
        const auto sound = file.read<float>(name + "/input");
        const auto expected = file.read<double>(name + "/windowed");
        // The input as float, each sample rounded once.
        EXPECT_LT(largest_difference(level_and_window(sound), expected), 2e-7 * largest(expected))
            << name;
    }
}

TEST(Cochlea, hankel_function_is_that_of_the_reference) {
    ELM_OPEN_REFERENCE(file);
    const auto z = file.read<double>("/hankel0/z"), h = file.read<double>("/hankel0/h");
    for (std::size_t i = 0; i < z.size(); i += 2) {
        const Complex ours = hankel_0({z[i], z[i + 1]});
        const double size = std::hypot(h[i], h[i + 1]);
        // exp(i z) rounds z: |z| epsilon; the reference itself is off by 1.5e-14.
        EXPECT_LT(std::hypot(ours.re - h[i], ours.im - h[i + 1]), 3e-14 * size) << z[i];
    }
}

TEST(Cochlea, transfer_function_is_that_of_the_reference) {
    ELM_OPEN_REFERENCE(file);
    for (const std::string name : inputs) {
        const auto omega = file.read<double>(name + "/tf_omega");
        const auto channels = file.read<std::int32_t>(name + "/channels");
        const auto expected = file.read<double>(name + "/tf");
        const BasilarMembrane membrane(file.shape(name + "/input")[0], 48000, 2);
        const auto bins = file.read<std::int32_t>(name + "/tf_bins");
        for (std::size_t b = 0; b < omega.size(); ++b) {
            EXPECT_NEAR(membrane.omega(bins[b]) / omega[b], 1, 1e-15 * 4);
            const MembraneTransfer transfer(omega[b]);
            for (std::size_t c = 0; c < channels.size(); ++c) {
                const Complex v = transfer.velocity(place_of(channels[c], 700));
                const double* const e = expected.data() + (c * omega.size() + b) * 2;
                EXPECT_LT(std::hypot(v.re - e[0], v.im - e[1]), 2e-13 * std::hypot(e[0], e[1]))
                    << name << " " << channels[c] << " " << bins[b];
            }
        }
    }
}

TEST(Cochlea, membrane_velocity_is_that_of_the_reference) {
    ELM_OPEN_REFERENCE(file);
    for (const std::string name : inputs) {
        const auto windowed = file.read<double>(name + "/windowed");
        const auto channels = file.read<std::int32_t>(name + "/channels");
        const auto expected = file.read<float>(name + "/bm");
        const auto all_rms = file.read<double>(name + "/bm_rms_all");
        const auto all_largest = file.read<double>(name + "/bm_absmax_all");
        // Without a cutoff: the response of the apex to a tone of 1 kHz is 1e-9 of its most.
        const BasilarMembrane membrane(std::ssize(windowed), 48000, 700, 0);
        const auto n_steps = static_cast<std::size_t>(membrane.n_steps());
        const auto spectrum = membrane.spectrum(windowed);
        BasilarMembrane::Workspace workspace;
        std::vector<float> u[2];
        for (auto& row : u) row.resize(n_steps);
        const double most = largest(all_largest);
        for (std::int64_t pair = 0; pair < 350; ++pair) {
            membrane.velocities(spectrum, pair, u[0], u[1], workspace);
            for (std::size_t k = 0; k < 2; ++k) {
                const std::size_t channel = static_cast<std::size_t>(2 * pair) + k;
                double square = 0;
                for (const float x : u[k]) square += double{x} * double{x};
                const double rms = std::sqrt(square / static_cast<double>(n_steps));
                EXPECT_NEAR(rms, all_rms[channel], 1e-5 * all_rms[channel] + 1e-6 * most);
                EXPECT_NEAR(largest(u[k]), all_largest[channel],
                            1e-5 * all_largest[channel] + 1e-6 * most);
                for (std::size_t row = 0; row < channels.size(); ++row) {
                    if (channels[row] != static_cast<int>(channel)) continue;
                    const auto e = row_of(expected, row, n_steps);
                    EXPECT_LT(largest_difference(u[k], e), 2e-6 * largest(e))
                        << name << " " << channel;
                }
            }
        }
    }
}

TEST(Cochlea, hair_cell_is_that_of_the_reference) {
    ELM_OPEN_REFERENCE(file);
    const auto step = file.read<float>("/ihc_step/ihc");
    EXPECT_LT(
        largest_difference(probabilities_of(file.read<float>("/ihc_step/bm"), 1.0 / 24000), step),
        3e-5 * largest(step));
    for (const std::string name : inputs) {
        const auto velocity = file.read<float>(name + "/bm"),
                   expected = file.read<float>(name + "/ihc");
        const auto n_steps = static_cast<std::size_t>(file.shape(name + "/bm")[1]);
        for (std::size_t row = 0; row * n_steps < velocity.size(); ++row) {
            EXPECT_LT(
                largest_difference(probabilities_of(row_of(velocity, row, n_steps), 1.0 / 24000),
                                   row_of(expected, row, n_steps)),
                3e-5 * largest(expected))
                << name << " " << row;
        }
    }
}

TEST(Cochlea, hair_cell_rests_in_silence) {
    const auto probabilities = probabilities_of(std::vector<float>(1000, 0.0F), 1.0 / 24000);
    EXPECT_NEAR(probabilities.front(), 2.698654994625775e-3, 1e-9);
    EXPECT_NEAR(probabilities.back(), 2.698654994625775e-3, 1e-8);
}

TEST(Cochlea, bushy_cell_has_potential_and_spikes_of_the_reference) {
    ELM_OPEN_REFERENCE(file);
    for (const std::string name : inputs) {
        const auto counts = file.read<float>(name + "/counts"), vm = file.read<float>(name + "/vm");
        const auto channels = file.read<std::int32_t>(name + "/count_channels");
        const auto drawn = file.read<std::int32_t>(name + "/vm_channels");
        const auto spike_step = file.read<std::int32_t>(name + "/spike_step");
        const auto spike_unit = file.read<std::int32_t>(name + "/spike_unit");
        const auto n_steps = static_cast<std::size_t>(file.shape(name + "/counts")[1]);
        int different = 0;
        for (std::size_t row = 0; row < channels.size(); ++row) {
            std::vector<std::int64_t> expected, spikes;
            for (std::size_t i = 0; i < spike_step.size(); ++i) {
                if (spike_unit[i] == channels[row]) expected.push_back(spike_step[i]);
            }
            constexpr int n = lanes::native<float>;
            BushyCell<float, n> cell(1.0 / 24000);
            const auto found = std::find(drawn.begin(), drawn.end(), channels[row]);
            double off = 0;
            for (std::size_t step = 0; step < n_steps; ++step) {
                const auto fired =
                    cell.step(lanes::broadcast<float, n>(counts[row * n_steps + step]));
                if (fired[0] > 0) spikes.push_back(static_cast<std::int64_t>(step) - 1);
                if (found == drawn.end()) continue;
                const auto at = static_cast<std::size_t>(found - drawn.begin()) * n_steps + step;
                off = std::max(off, std::abs(double{cell.potential()[0]} - double{vm[at]}));
            }
            if (spikes == expected) {
                EXPECT_LT(off, 3e-6) << name << " " << channels[row];
            } else {
                ++different;
            }
        }
        // A potential may pass the threshold within rounding.
        EXPECT_LE(different, 2) << name;
    }
}

TEST(Cochlea, release_sites_have_the_law_of_single_sites) {
    // A site that releases with probability p and then waits 23 steps does so p / (1 + 23 p) times
    // a step.
    constexpr int n = lanes::native<float>, steps = 200000;
    for (const float p : {0.0027F, 0.02F, 0.4F}) {
        ReleaseSites<n> sites(1.0 / 24000);
        double sum = 0, square = 0;
        for (std::int64_t step = 0; step < steps; ++step) {
            lanes::Words words[1][4];
            lanes::random_blocks<1>({.seed = 9}, step * n, words);
            const auto releases =
                sites.step(lanes::broadcast<float, n>(p), lanes::unit_uniform_lanes(words[0][0]));
            for (int lane = 0; lane < n; ++lane) {
                sum += releases[lane];
                square += releases[lane] * releases[lane];
            }
        }
        const double count = double{steps} * n, mean = sum / count;
        const double expected = 40.0 * double{p} / (1 + 23 * double{p});
        const double variance = square / count - mean * mean;
        EXPECT_NEAR(mean, expected, 4 * std::sqrt(variance / count)) << p;
    }
}

TEST(Cochlea, release_sites_never_release_more_than_is_free) {
    // The largest number below 1, where the sum of all probabilities may end below it.
    constexpr int n = lanes::native<float>;
    for (const float p : {1e-9F, 0.001F, 0.0027F, 0.03F, 0.4F}) {
        ReleaseSites<n> sites(1.0 / 24000);
        double sum = 0;
        for (int step = 0; step < 23; ++step) {
            const auto releases =
                sites.step(lanes::broadcast<float, n>(p), lanes::broadcast<float, n>(1 - 0x1p-24F));
            EXPECT_GE(releases[0], 0);
            sum += double{releases[0]};
        }
        EXPECT_LE(sum, 40) << p;
        EXPECT_LE(sum, 23 * (6 + 80 * double{p})) << p;
    }
}

/// Spikes of 700 channels by key.
std::vector<SpikeEvent> hear_key(const BasilarMembrane& membrane, std::span<const double> clip,
                                 std::uint64_t seed) {
    return hear(membrane, clip, membrane.n_steps(), {.seed = seed});
}

TEST(Cochlea, spikes_have_the_statistics_of_the_reference) {
    ELM_OPEN_REFERENCE(file);
    // Means and standard deviations of a run of an independent program that draws the exact law.
    struct Expected {
        const char* name;
        double mean, deviation;
        int runs, ours;
    };
    for (const auto& [name, mean, deviation, runs, ours] :
         {Expected{"odd_clicks", 153.7, 12.0, 400, 30}, Expected{"tone_1khz", 541.2, 22.3, 200, 8},
          Expected{"digit", 7137.5, 62, 32, 2}}) {
        const auto windowed = file.read<double>(std::string(name) + "/windowed");
        const BasilarMembrane membrane(std::ssize(windowed), 48000, 700);
        double total = 0;
        for (int run = 0; run < ours; ++run) {
            const auto spikes = hear_key(membrane, windowed, static_cast<std::uint64_t>(run));
            total += static_cast<double>(spikes.size());
            std::vector<std::int64_t> last(700, -1000);
            for (const SpikeEvent& spike : spikes) {
                auto& before = last[static_cast<std::size_t>(spike.unit)];
                EXPECT_GE(spike.step - before, 25);
                EXPECT_LT(spike.step, membrane.n_steps() - 1);
                before = spike.step;
            }
        }
        EXPECT_NEAR(total / ours, mean, 4 * deviation * std::sqrt(1.0 / ours + 1.0 / runs)) << name;
    }
}

TEST(Cochlea, spikes_do_not_depend_on_threads) {
    std::vector<float> sound;
    for (int k = 0; k < 2400; ++k) sound.push_back(std::sin(0.3F * static_cast<float>(k)));
    const auto clip = level_and_window(sound);
    const BasilarMembrane membrane(std::ssize(clip), 48000, 75);
    set_thread_count(1);
    const auto one = hear_key(membrane, clip, 1);
    set_thread_count(4);
    const auto four = hear_key(membrane, clip, 1);
    set_thread_count(0);
    ASSERT_EQ(one.size(), four.size());
    EXPECT_GT(one.size(), 5U);
    for (std::size_t i = 0; i < one.size(); ++i) {
        EXPECT_EQ(one[i].step, four[i].step);
        EXPECT_EQ(one[i].unit, four[i].unit);
    }
}

TEST(Cochlea, what_the_cutoff_leaves_out_changes_release_by_less_than_rounding) {
    std::vector<float> sound;
    for (std::int64_t k = 0; k < 4800; ++k) {
        sound.push_back(unit_uniform<float>(random_word({.seed = 2}, k)) - 0.5F);
    }
    const auto clip = level_and_window(sound);
    const BasilarMembrane all(4800, 48000, 8, 0), cut(4800, 48000, 8);
    EXPECT_LT(cut.kept_share(), 0.7);
    EXPECT_EQ(all.kept_share(), 1);
    BasilarMembrane::Workspace workspace;
    const auto n_steps = static_cast<std::size_t>(all.n_steps());
    std::vector<float> a(n_steps), b(n_steps), c(n_steps), d(n_steps);
    for (std::int64_t pair = 0; pair < 4; ++pair) {
        all.velocities(all.spectrum(clip), pair, a, b, workspace);
        cut.velocities(cut.spectrum(clip), pair, c, d, workspace);
        for (const auto& [full, kept] : {std::pair{&a, &c}, std::pair{&b, &d}}) {
            const auto p = probabilities_of(*full, 1.0 / 24000);
            EXPECT_LT(largest_difference(p, probabilities_of(*kept, 1.0 / 24000)),
                      3e-5 * largest(p));
        }
    }
}

TEST(Cochlea, a_sine_resampled_is_the_sine_at_the_other_rate) {
    for (const std::int64_t from : {22050, 44100, 96000}) {
        std::vector<float> sound;
        for (std::int64_t k = 0; k < from / 10; ++k) {
            sound.push_back(static_cast<float>(std::sin(
                2 * std::numbers::pi * 1000 * static_cast<double>(k) / static_cast<double>(from))));
        }
        const auto resampled = resample(sound, from, 48000);
        EXPECT_NEAR(static_cast<double>(resampled.size()), 4800, 2);
        for (std::size_t k = 200; k < 4500; ++k) {
            // A Kaiser window of beta 9 has ripples of -90 dB.
            EXPECT_NEAR(resampled[k],
                        std::sin(2 * std::numbers::pi * 1000 * static_cast<double>(k) / 48000),
                        5e-5);
        }
    }
    const std::vector<float> same{1, 2, 3, 4};
    EXPECT_EQ(resample(same, 48000, 48000), same);
}

TEST(Cochlea, encoder_hears_a_tone_at_its_place_whatever_the_rate) {
    for (const int rate : {48000, 22050, 8000}) {
        std::vector<float> sound;
        for (int k = 0; k < rate / 4; ++k) {
            sound.push_back(static_cast<float>(
                std::sin(2 * std::numbers::pi * 1000 * k / static_cast<double>(rate))));
        }
        const Encoding encoding =
            encode_with("cochlea", {}, signal_of(std::move(sound), 1, 1000.0 / rate));
        std::vector<int> counts(700);
        for (const SpikeEvent& spike : encoding.spikes) {
            ++counts[static_cast<std::size_t>(spike.unit)];
        }
        const auto most = std::max_element(counts.begin(), counts.end()) - counts.begin();
        EXPECT_NEAR(static_cast<double>(most), 385, 25) << rate;
        EXPECT_NEAR(static_cast<double>(encoding.n_steps) * encoding.step_ms, 250, 0.1);
    }
}

TEST(CochleaErrors, what_cannot_be_heard_is_refused) {
    const auto message = [](const Signal& signal, const Settings& settings = {}) {
        return message_of([&] { encode_with("cochlea", settings, signal); });
    };
    const std::vector<float> silence(1000, 0.0F);
    EXPECT_EQ(message(signal_of(silence, 1, 1.0 / 48)),
              "the sound is silent: it has no level to set");
    EXPECT_NE(message(signal_of({1, 0}, 1, 1.0 / 48)).find("too short"), std::string::npos);
    EXPECT_NE(message(signal_of({1, 0, 1, 0}, 2, 1.0 / 48)).find("a sound of one channel"),
              std::string::npos);
    EXPECT_NE(message(signal_of({1, 0, 1, 0}, 1, 100)).find("a sample rate of 10 Hz"),
              std::string::npos);
    EXPECT_NE(
        message(signal_of(std::vector<float>(1000, 1.0F), 1, 1.0 / 16), {{"resample", "false"}})
            .find("at least 18200 Hz: set resample"),
        std::string::npos);
}

}  // namespace
}  // namespace elm::test
