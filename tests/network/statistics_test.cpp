// Statistics of spikes against closed forms, and of standard networks against other simulators.

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/core/random/random_key.h"
#include "network/benchmarks/benchmark.h"
#include "network/recording/rate_spectrum.h"
#include "network/recording/spike_statistics.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/support/error_message.h"

namespace elm::test {
namespace {

using network::SpikeStatistics;
using network::SpikeTrainOf;

TEST(SpikeStatistics, of_regular_spikes_are_exact) {
    // Neuron 0 every 10 ms, neuron 1 every 20 ms, in order of time; neuron 2 never.
    SpikeTrainOf spikes;
    for (int k = 1; k <= 100; ++k) {
        spikes.add(10.0 * k, 0);
        if (k % 2 == 0) spikes.add(10.0 * k, 1);
    }
    const SpikeStatistics s = network::spike_statistics(spikes, 3, 100, 1000);
    EXPECT_EQ(s.n_spikes, 90 + 45);
    EXPECT_DOUBLE_EQ(s.rate_hz, (100.0 + 50.0) / 3);
    EXPECT_DOUBLE_EQ(s.rate_sd_hz, std::sqrt((100.0 * 100 + 50 * 50) / 3 - 50.0 * 50));
    EXPECT_EQ(s.n_cv, 2);
    EXPECT_NEAR(s.cv_isi, 0, 1e-12);
    // Bins of 5 ms hold 0, 1, 0, 2 spikes: mean 3/4, variance 11/16.
    EXPECT_NEAR(s.fano_5ms, 11.0 / 12, 1e-12);
    EXPECT_TRUE(std::isnan(network::spike_statistics(spikes, 3, 0, 30).cv_isi));
}

TEST(SpikeStatistics, of_poisson_spikes_are_one) {
    constexpr std::int64_t n = 200, steps = 100000;
    SpikeTrainOf spikes;
    for (std::int64_t t = 0; t < steps; ++t) {
        for (std::int64_t block = 0; block < n / 4; ++block) {
            const PhiloxCounter words = random_block({1, static_cast<std::uint64_t>(t), 0}, block);
            for (std::size_t w = 0; w < 4; ++w) {
                if (draw_bernoulli(words.word[w], 0.002)) {
                    spikes.add(
                        0.1 * static_cast<double>(t + 1),
                        static_cast<std::uint32_t>(4 * block) + static_cast<std::uint32_t>(w));
                }
            }
        }
    }
    const SpikeStatistics s = network::spike_statistics(spikes, n, 0, 10000);
    const double count = 0.002 * steps * n;
    EXPECT_NEAR(s.rate_hz, 20, 4 * 20 / std::sqrt(count));
    EXPECT_NEAR(s.rate_sd_hz, std::sqrt(20 / 10.0), 4 * std::sqrt(2 / 2.0 / n));
    EXPECT_NEAR(s.cv_isi, 1, 0.01 + 1.0 / 200);  // and its bias for 200 intervals
    EXPECT_NEAR(s.fano_5ms, 1, 4 * std::sqrt(2.0 / 2000));
    EXPECT_NEAR(s.synchrony, 1, 4 * std::sqrt(2.0 / 3333));
    // A pair scatters by 1 / sqrt(bins), the mean over pairs by that over the root of their number.
    EXPECT_NEAR(s.correlation, 0, 4 / std::sqrt(5000.0 * n * (n - 1) / 2));
    const network::RateSpectrum spectrum = network::rate_spectrum(spikes, 0, 10000);
    ASSERT_EQ(spectrum.power.size(), 251u);
    double mean = 0;
    for (std::size_t f = 2; f < 250; ++f) mean += spectrum.power[f] / 248;
    EXPECT_NEAR(mean, 1, 4 * std::sqrt(1 / (20.0 * 248 / 2)));  // 39 windows that overlap by half
}

/// Half of the neurons share their spikes, the others have none in common: a plain loop over pairs.
TEST(SpikeStatistics, correlation_is_the_mean_over_pairs) {
    SpikeTrainOf spikes;
    constexpr std::size_t n = 12, n_bins = 500;
    std::vector<std::vector<double>> counts(n, std::vector<double>(n_bins));
    for (std::size_t bin = 0; bin < n_bins; ++bin) {
        for (std::size_t neuron = 0; neuron < n; ++neuron) {
            const auto at = static_cast<std::int64_t>(neuron < n / 2 ? bin % 8 : neuron);
            const std::uint32_t word = random_word({2, bin, 0}, at);
            if (neuron == n - 1 || word > 0x50000000U) continue;  // the last one never spikes
            spikes.add(2.0 * static_cast<double>(bin) + 1, static_cast<std::uint32_t>(neuron));
            counts[neuron][bin] = 1;
        }
    }
    double sum = 0;
    for (std::size_t a = 0; a + 1 < n; ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
            for (std::size_t bin = 0; bin < n_bins; ++bin) {
                x += counts[a][bin] / n_bins;
                y += counts[b][bin] / n_bins;
            }
            for (std::size_t bin = 0; bin < n_bins; ++bin) {
                xx += (counts[a][bin] - x) * (counts[a][bin] - x);
                yy += (counts[b][bin] - y) * (counts[b][bin] - y);
                xy += (counts[a][bin] - x) * (counts[b][bin] - y);
            }
            sum += xy / std::sqrt(xx * yy);
        }
    }
    const double expected = sum / 55;
    EXPECT_GT(expected, 0.1);
    EXPECT_NEAR(network::spike_statistics(spikes, n, 0, 1000).correlation, expected, 1e-12);
}

/// A population that spikes every 25 ms, beside the transform as a plain sum.
TEST(RateSpectrum, has_its_peak_at_the_frequency_of_volleys) {
    SpikeTrainOf spikes;
    for (int k = 0; k < 80; ++k) {
        for (std::uint32_t neuron = 0; neuron < 10; ++neuron) {
            spikes.add(25.0 * k + 3 + (static_cast<int>(neuron) + k) % 4, neuron);
        }
    }
    const network::RateSpectrum spectrum = network::rate_spectrum(spikes, 0, 2000);
    EXPECT_DOUBLE_EQ(spectrum.resolution_hz, 2);
    EXPECT_DOUBLE_EQ(spectrum.peak_hz(), 40);
    EXPECT_GT(spectrum.peak(), 10);
    std::vector<double> counts(2000);
    for (const double time : spikes.times_ms) {
        counts[static_cast<std::size_t>(std::ceil(time)) - 1] += 1;
    }
    constexpr double turn = 2 * 3.14159265358979323846;
    for (const std::size_t f : {1UL, 20UL, 33UL, 250UL}) {
        double power = 0, white = 0;
        for (std::size_t begin = 0; begin + 500 <= 2000; begin += 250) {
            double real = 0, imaginary = 0;
            white = 0;
            for (std::size_t k = 0; k < 500; ++k) {
                const double part = static_cast<double>(k) / 500;
                const double weight = std::pow(std::sin(turn / 2 * part), 2);
                const double value = weight * (counts[begin + k] - 0.4);
                real += value * std::cos(turn * part * static_cast<double>(f));
                imaginary += value * std::sin(turn * part * static_cast<double>(f));
                white += weight * weight * 0.4;
            }
            power += (real * real + imaginary * imaginary) / white / 7;
        }
        EXPECT_NEAR(spectrum.power[f], power, 1e-9 * (1 + power)) << f;
    }
    EXPECT_TRUE(network::rate_spectrum(spikes, 0, 499).power.empty());
    EXPECT_TRUE(std::isnan(network::RateSpectrum{}.peak_hz()));
}

TEST(SpikeStatistics, rates_fill_bins_that_hold_their_end) {
    SpikeTrainOf spikes;
    spikes.add(5, 0);
    spikes.add(5.1, 0);
    EXPECT_EQ(network::population_rate(spikes, 2, 10, 5), (std::vector<double>{100, 100}));
}

TEST(Benchmarks, have_the_synapses_of_their_papers) {
    const auto microcircuit = network::find_benchmark("microcircuit").make(1);
    EXPECT_EQ(microcircuit.n_neurons(), 77169);
    std::int64_t synapses = 0;
    for (const auto& connection : microcircuit.connections) synapses += connection.degree;
    EXPECT_EQ(synapses, 298880970);
    EXPECT_NEAR(microcircuit.connections[0].weight.first, 0.0878085, 1e-6);
    const auto brunel = network::find_benchmark("brunel").make(1);
    EXPECT_EQ(brunel.connections[0].degree, 1000);
    EXPECT_DOUBLE_EQ(brunel.poisson[0].rate_hz, 20000);
    for (const auto& benchmark : network::all_benchmarks()) {
        EXPECT_NO_THROW(network::check(benchmark.make(0.05))) << benchmark.name;
        EXPECT_FALSE(benchmark.source.empty());
    }
    for (const double scale : {0.25, 1.0, 2.0}) {
        const auto hpc = network::find_benchmark("hpc").make(scale);
        EXPECT_EQ(hpc.connections[0].degree, scale < 1 ? 2250 : 9000) << scale;
        EXPECT_EQ(hpc.populations[0].parameters.count("constant_current"), scale < 1 ? 1u : 0u);
        const double weight = hpc.connections[0].weight.first;
        EXPECT_NEAR(weight, scale < 1 ? 0.0912192 : 0.0456096, 1e-12);
        EXPECT_NEAR(weight * weight * hpc.poisson[0].rate_hz, 0.0456096 * 0.0456096 * 20856.04,
                    1e-9);
    }
    // Neurons of a smaller network keep their synapses.
    for (const char* const name : {"cuba", "cuba-exact"}) {
        for (const double scale : {0.05, 1.0, 2.0}) {
            const auto network = network::find_benchmark(name).make(scale);
            EXPECT_NEAR(
                network.connections[0].probability * static_cast<double>(network.n_neurons()), 80,
                1e-9)
                << name << " " << scale;
        }
        EXPECT_NE(message_of([&] {
                      network::find_benchmark(name).make(0.01);
                  }).find("expected at least 0.02"),
                  std::string::npos);
    }
}

/// Synapses and trains in place of those that are missing bring the events of 64 and 16 synapses.
TEST(Benchmarks, with_conductances_are_parts_of_the_whole) {
    for (const auto& [name, rate] : {std::pair{"coba", 19.0}, {"cobahh", 36.0}}) {
        for (const double scale : {0.01, 0.25, 1.0, 2.0}) {
            const auto network = network::find_benchmark(name).make(scale);
            for (const auto& connection : network.connections) {
                const double synapses =
                    connection.probability *
                    static_cast<double>(network.populations[connection.from].size);
                double events = synapses * rate;
                for (const auto& input : network.poisson) {
                    const bool alike = input.weight == connection.weight.first;
                    if (input.to == connection.to && alike) events += input.rate_hz;
                }
                EXPECT_NEAR(events, (connection.from == 0 ? 64 : 16) * rate, 1e-9 * events);
            }
            EXPECT_EQ(network.poisson.size(), scale < 1 ? 4u : 0u);
        }
    }
}

/// A tenth of the network neither falls silent nor fires without end.
TEST(Benchmarks, coba_stays_alive_in_part) {
    const auto network = network::find_benchmark("coba").make(0.1);
    const auto engine = make_time_stepped_engine(network, DType::f32);
    engine->advance(10000);
    const SpikeStatistics s =
        network::spike_statistics(engine->spikes()[0], network.populations[0].size, 500, 1000);
    EXPECT_GT(s.rate_hz, 5);
    EXPECT_LT(s.rate_hz, 40);
}

/// One seed within three standard errors of what seven runs of Brian2 have, over the same window:
/// the spread between seeds is that of the wiring.
TEST(Benchmarks, cuba_has_the_rate_and_cv_of_brian2) {
    const network::Benchmark& benchmark = network::find_benchmark("cuba");
    const auto network = benchmark.make(1);
    const auto engine = make_time_stepped_engine(network, DType::f32);
    engine->advance(50000);
    for (std::size_t p = 0; p < 2; ++p) {
        const SpikeStatistics s =
            network::spike_statistics(engine->spikes()[p], network.populations[p].size, 500, 5000);
        for (const auto& value : benchmark.values) {
            if (value.population != network.populations[p].name) continue;
            const double here = value.statistic == "rate_hz" ? s.rate_hz : s.cv_isi;
            EXPECT_NEAR(here, value.mean, 3 * value.deviation * std::sqrt(1 + 1.0 / value.runs))
                << value.population << " " << value.statistic;
        }
    }
}

}  // namespace
}  // namespace elm::test
