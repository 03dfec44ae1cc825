#include "tasks/neuronio/window_sampler.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/data/batch_prefetcher.h"
#include "tasks/neuronio/neuronio_dataset.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/neuronio_files.h"

namespace elm {
namespace {

using test::RandomNeuronIo;

const RandomNeuronIo content{.n_simulations = 5, .n_steps = 90};
constexpr WindowOptions options{.batch = 4, .window_steps = 20, .first_step = 30};

class WindowSampler : public testing::Test {
protected:
    test::TemporaryDirectory folder_;
    const std::string path_ = content.write(folder_ / "data.h5");
    const NeuronIoDataset data_{{path_}};
    const NeuronIoDataset on_disk_{{path_}, {.memory_budget_bytes = 3000}};
};

/// Bit for bit.
void expect_equal(const Batch& a, const Batch& b) {
    EXPECT_EQ(a.spikes.n_samples, b.spikes.n_samples);
    EXPECT_EQ(a.spikes.n_steps, b.spikes.n_steps);
    EXPECT_EQ(a.spikes.n_units, b.spikes.n_units);
    EXPECT_EQ(a.spikes.row_begin, b.spikes.row_begin);
    EXPECT_EQ(a.spikes.units, b.spikes.units);
    const auto same = [](const Tensor& left, const Tensor& right) {
        return left.shape() == right.shape() && left.dtype() == right.dtype() &&
               std::equal(left.data(), left.data() + left.bytes(), right.data());
    };
    ASSERT_EQ(a.targets.size(), b.targets.size());
    for (std::size_t k = 0; k < a.targets.size(); ++k)
        EXPECT_TRUE(same(a.targets[k], b.targets[k]));
}

std::vector<NeuronIoWindow> windows_of(const NeuronIoDataset& data, std::uint64_t seed,
                                       std::int64_t update) {
    std::vector<NeuronIoWindow> windows;
    for (std::int64_t sample = 0; sample < options.batch; ++sample) {
        windows.push_back(draw_window(data, options, seed, update, sample));
    }
    return windows;
}

/// Content of the file, sorted out by hand.
template <class Real>
void expect_naive_slices(const Batch& batch, const std::vector<NeuronIoWindow>& windows) {
    batch.spikes.check();
    const auto spike = batch.targets[spike_target].host<Real>();
    const auto voltage = batch.targets[voltage_target].host<Real>();
    for (std::int64_t sample = 0; sample < 4; ++sample) {
        const auto [simulation, begin] = windows[static_cast<std::size_t>(sample)];
        const auto times = content.input_time(simulation);
        const auto channels = content.input_channel(simulation);
        const auto output = content.output_times(simulation);
        const auto mV = content.voltage(simulation);
        for (std::int64_t step = 0; step < 20; ++step) {
            std::vector<std::int32_t> expected;
            for (std::size_t k = 0; k < times.size(); ++k) {
                if (times[k] == begin + step) expected.push_back(channels[k]);
            }
            const auto row = batch.spikes.row(sample, step);
            EXPECT_EQ(std::vector<std::int32_t>(row.begin(), row.end()), expected);
            double spikes = 0;
            for (const double time : output) {
                if (std::floor(time - 0.5) == static_cast<double>(begin + step)) spikes = 1;
            }
            const auto at = static_cast<std::size_t>(sample * 20 + step);
            EXPECT_EQ(spike[at], Real(spikes));
            const double target =
                (std::min(double{mV[static_cast<std::size_t>(begin + step)]}, -55.0) + 67.7) * 0.1;
            const double epsilon = std::numeric_limits<Real>::epsilon();
            EXPECT_NEAR(double(voltage[at]), target, 2 * epsilon * std::abs(target));
        }
    }
}

TEST_F(WindowSampler, cuts_the_windows_that_a_naive_slice_cuts) {
    Batch batch;
    for (std::int64_t update = 0; update < 25; ++update) {
        sample_windows(data_, options, 7, update, batch);
        expect_naive_slices<float>(batch, windows_of(data_, 7, update));
    }
}

TEST_F(WindowSampler, gives_targets_in_float64_too) {
    WindowOptions wide = options;
    wide.dtype = DType::f64;
    Batch batch;
    sample_windows(data_, options, 7, 3, batch);
    sample_windows(data_, wide, 7, 3, batch);
    expect_naive_slices<double>(batch, windows_of(data_, 7, 3));
}

/// Chi-square with d degrees of freedom lies between d - 2 sqrt(d x) and d + 2 sqrt(d x) + 2 x but
/// for a chance of exp(-x) on each side: Laurent & Massart 2000, doi:10.1214/aos/1015957395,
/// lemma 1.
void expect_uniform(const std::vector<std::int64_t>& counts) {
    const double degrees = static_cast<double>(counts.size()) - 1;
    const double expected =
        static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0})) /
        static_cast<double>(counts.size());
    double chi_square = 0;
    for (const std::int64_t count : counts) {
        const double excess = static_cast<double>(count) - expected;
        chi_square += excess * excess / expected;
    }
    const double x = std::log(1e4);  // one chance in 10,000
    EXPECT_LT(chi_square, degrees + 2 * std::sqrt(degrees * x) + 2 * x);
    EXPECT_GT(chi_square, degrees - 2 * std::sqrt(degrees * x));  // too even is wrong too
}

TEST_F(WindowSampler, draws_simulations_and_starts_alike_up_to_both_ends) {
    constexpr std::int64_t n_starts = 90 - 20 - 30 + 1, n_updates = 20000;
    std::vector<std::int64_t> by_pair(5 * n_starts, 0);
    for (std::int64_t update = 0; update < n_updates; ++update) {
        for (const auto [simulation, begin] : windows_of(data_, 11, update)) {
            ASSERT_TRUE(begin >= 30 && begin <= 70 && simulation >= 0 && simulation < 5);
            ++by_pair[static_cast<std::size_t>(simulation * n_starts + begin - 30)];
        }
    }
    expect_uniform(by_pair);
}

TEST_F(WindowSampler, draws_neighbouring_samples_updates_and_seeds_apart) {
    // Pairs of simulations: of one batch, of two updates, of two seeds.
    std::vector<std::int64_t> in_batch(25, 0), in_time(25, 0), in_seed(25, 0);
    const auto pair = [](const NeuronIoWindow& a, const NeuronIoWindow& b) {
        return static_cast<std::size_t>(a.simulation * 5 + b.simulation);
    };
    for (std::int64_t update = 0; update < 10000; ++update) {
        const auto now = windows_of(data_, 3, 2 * update);
        const auto next = windows_of(data_, 3, 2 * update + 1);
        const auto other = windows_of(data_, 4, 2 * update);
        ++in_batch[pair(now[0], now[1])];
        ++in_time[pair(now[0], next[0])];
        ++in_seed[pair(now[0], other[0])];
    }
    expect_uniform(in_batch);
    expect_uniform(in_time);
    expect_uniform(in_seed);
}

TEST_F(WindowSampler, gives_a_batch_that_follows_from_seed_and_update_alone) {
    Batch used, fresh;
    for (std::int64_t update = 0; update < 10; ++update) {
        sample_windows(data_, options, 5, update, used);
    }
    sample_windows(data_, options, 5, 9, fresh);
    expect_equal(used, fresh);
}

TEST_F(WindowSampler, keeps_its_memory) {
    Batch batch;
    batch.spikes.units.reserve(std::size_t{4} * 20 * 8);
    sample_windows(data_, options, 5, 0, batch);
    const auto addresses = [&] {
        return std::vector<const void*>{batch.spikes.units.data(), batch.spikes.row_begin.data(),
                                        batch.targets[0].data(), batch.targets[1].data()};
    };
    const auto before = addresses();
    for (std::int64_t update = 1; update < 50; ++update) {
        sample_windows(data_, options, 5, update, batch);
    }
    EXPECT_EQ(addresses(), before);
}

TEST_F(WindowSampler, gives_the_same_from_disk) {
    ASSERT_FALSE(on_disk_.in_memory());
    Batch from_memory, from_disk;
    for (std::int64_t update = 0; update < 20; ++update) {
        sample_windows(data_, options, 5, update, from_memory);
        sample_windows(on_disk_, options, 5, update, from_disk);
        expect_equal(from_memory, from_disk);
    }
}

TEST_F(WindowSampler, takes_the_one_window_of_a_simulation_that_is_just_long_enough) {
    WindowOptions longest = options;
    longest.window_steps = 60;
    Batch batch;
    sample_windows(data_, longest, 1, 0, batch);
    EXPECT_EQ(draw_window(data_, longest, 1, 0, 0).begin, 30);
    EXPECT_EQ(draw_window(data_, longest, 1, 0, 3).begin, 30);
}

TEST_F(WindowSampler, refuses_windows_that_do_not_fit) {
    const auto error_of = [&](const WindowOptions& wrong, ErrorKind kind) {
        Batch batch;
        try {
            sample_windows(data_, wrong, 1, 0, batch);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), kind);
            return error.message();
        }
        return std::string("no error");
    };
    EXPECT_EQ(error_of({.batch = 1, .window_steps = 61, .first_step = 30}, ErrorKind::data),
              "windows of 61 ms after the first 30 ms do not fit into simulations of 90 ms. Choose "
              "shorter windows or an earlier start.");
    for (const WindowOptions& wrong :
         {WindowOptions{.batch = 0, .window_steps = 20}, WindowOptions{.window_steps = 0},
          WindowOptions{.window_steps = 20, .first_step = -1}}) {
        EXPECT_NE(error_of(wrong, ErrorKind::invalid).find("expected at least one window"),
                  std::string::npos);
    }
}

BatchPrefetcher::Fill filler(const NeuronIoDataset& data) {
    return [&data](std::int64_t update, Batch& batch) {
        sample_windows(data, options, 5, update, batch);
    };
}

TEST_F(WindowSampler, prefetches_the_same_batches_at_any_depth_from_any_update) {
    for (const NeuronIoDataset* data : {&data_, &on_disk_}) {
        for (const std::int64_t depth : {std::int64_t{0}, std::int64_t{1}, std::int64_t{7}}) {
            for (const std::int64_t first : {0, 1234}) {
                BatchPrefetcher prefetcher(filler(*data), first, depth);
                Batch expected;
                for (std::int64_t update = first; update < first + 20; ++update) {
                    sample_windows(data_, options, 5, update, expected);
                    expect_equal(prefetcher.next(), expected);
                }
            }
        }
    }
}

TEST_F(WindowSampler, stops_a_prefetcher_that_nobody_waits_for) {
    for (int k = 0; k < 20; ++k) {
        BatchPrefetcher unused(filler(on_disk_), 0, 3);
        if (k % 2 == 1) unused.next();
    }
}

TEST_F(WindowSampler, throws_in_next_what_reading_ahead_threw) {
    for (const std::int64_t depth : {0, 3}) {
        const std::string broken = folder_ / fmt::format("broken{}.h5", depth);
        RandomNeuronIo bad = content;
        bad.n_simulations = 1;
        bad.lowest_voltage_mV = -500;
        const NeuronIoDataset source({bad.write(broken)}, {.memory_budget_bytes = 0});
        BatchPrefetcher prefetcher(filler(source), 0, depth);
        for (int attempt = 0; attempt < 2; ++attempt) {
            try {
                prefetcher.next();
                ADD_FAILURE() << "no error";
            } catch (const Error& error) {
                EXPECT_EQ(error.kind(), ErrorKind::data);
                EXPECT_NE(error.message().find("soma_voltage_mV"), std::string::npos);
            }
        }
    }
}

}  // namespace
}  // namespace elm
