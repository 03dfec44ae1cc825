// Events in bins of time: edges as numpy has them, the bins of a published program, what is
// refused.

#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tasks/data/spikes/spike_rows.h"
#include "tasks/samples/event_bins.h"
#include "tasks/speech/digit_pairs.h"
#include "tasks/speech/shd_file.h"
#include "tests/support/error_message.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm {
namespace {

SpikeTrain binned(const EventBins& bins, std::int64_t n_units,
                  const std::vector<std::vector<float>>& samples,
                  const std::vector<std::int32_t>& joined = {}) {
    SpikeTrain train;
    begin_rows(train, std::ssize(samples), bins.n_bins * bins.n_parts, n_units);
    for (const auto& events : samples) append_events(train, bins, joined, events);
    train.check();
    return train;
}

TEST(EventBins, are_as_many_as_numpy_makes_edges) {
    const std::map<double, std::int64_t> expected{
        {0.5, 2000}, {1, 1000}, {2, 500}, {4, 250}, {5, 200}, {6, 167}, {7, 143}, {8, 125},
        {10, 100},   {14, 72},  {20, 50}, {25, 40}, {40, 25}, {50, 20}, {100, 10}};
    for (const auto& [bin_ms, n_bins] : expected) {
        EXPECT_EQ(event_bins(bin_ms, 1000).n_bins, n_bins) << bin_ms;
    }
}

TEST(EventBins, hold_what_begins_in_them) {
    const std::vector<float> events{0,     3, 0.0099F, 1, 0.01F, 1, 0.01F, 1,
                                    0.02F, 0, 0.029F,  2, 0.03F, 2, 5,     2};
    const SpikeTrain counts = binned(event_bins(10, 30), 4, {events});
    const auto units = [](const SpikeTrain& train, std::int64_t step) {
        const auto row = train.row(0, step);
        return std::vector<std::int32_t>(row.begin(), row.end());
    };
    using Units = std::vector<std::int32_t>;
    EXPECT_EQ(units(counts, 0), (Units{1, 1, 1, 3}));  // 0.01 as float32 is below 0.01
    EXPECT_EQ(units(counts, 1), (Units{0}));           // so is 0.02
    EXPECT_EQ(units(counts, 2), (Units{2, 2}));        // and 0.03
    EventBins single = event_bins(10, 30);
    single.counts = false;
    EXPECT_EQ(units(binned(single, 4, {events}), 0), (Units{1, 3}));
    EXPECT_EQ(units(binned(single, 2, {events}, {0, 0, 1, 1}), 0), (Units{0, 1}));
}

TEST(EventBins, put_sequences_behind_each_other) {
    EventBins bins = event_bins(10, 20);
    bins.n_parts = 2;
    const SpikeTrain train =
        binned(bins, 3, {{0.005F, 0, 0, between_sequences, 0.005F, 1, 0.015F, 2}});
    EXPECT_EQ(train.n_steps, 4);
    EXPECT_EQ(train.row_begin, (std::vector<std::int64_t>{0, 1, 1, 2, 3}));
    EXPECT_EQ(train.units, (std::vector<std::int32_t>{0, 1, 2}));
}

TEST(EventBins, refuse_what_is_no_event) {
    const auto refusal = [](const std::vector<float>& events) {
        return test::message_of([&] { binned(event_bins(10, 20), 3, {events}); });
    };
    EXPECT_EQ(refusal({0.001F, 3}), "event 0: unit 3; expected 0 to 2.");
    EXPECT_EQ(refusal({0.001F, 1, -0.5F, 2}),
              "event 1: a time of -0.5 s; expected a finite one from 0 on.");
    EXPECT_EQ(refusal({std::nanf(""), 1}),
              "event 0: a time of nan s; expected a finite one from 0 on.");
    EXPECT_EQ(refusal({0, between_sequences}), "2 sequences; expected 1.");
}

/// (sample, step, unit) -> count
using Counts = std::map<std::array<std::int64_t, 3>, std::int64_t>;

Counts counts_of(const SpikeTrain& train, std::int64_t n_samples) {
    Counts counts;
    for (std::int64_t sample = 0; sample < n_samples; ++sample) {
        for (std::int64_t step = 0; step < train.n_steps; ++step) {
            for (const std::int32_t unit : train.row(sample, step)) ++counts[{sample, step, unit}];
        }
    }
    return counts;
}

Counts golden_counts(const Hdf5File& golden, const std::string& group) {
    const auto read = [&](const char* name) {
        return golden.read<std::int64_t>(group + "/" + name);
    };
    const auto samples = read("sample"), steps = read("step"), units = read("unit"),
               count = read("count");
    Counts counts;
    for (std::size_t k = 0; k < count.size(); ++k) {
        counts[{samples[k], steps[k], units[k]}] = count[k];
    }
    return counts;
}

std::vector<std::vector<float>> samples_of(const std::string& name) {
    const auto file = ShdFile::open(test::tasks_data_folder() + "/tasks/" + name, shd_classes);
    const SetColumns columns = file->read(0, file->count(), file->fields());
    std::vector<std::vector<float>> samples;
    for (std::int64_t k = 0; k < file->count(); ++k) {
        const auto events = column_of(columns, "events").at<float>(k);
        samples.emplace_back(events.begin(), events.end());
    }
    return samples;
}

TEST(EventBins, of_published_files_are_those_of_the_published_program) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const std::string kind : {"f16", "f32"}) {
        const auto samples =
            samples_of(kind == "f16" ? "shd_fake_train.h5" : "shd_fake_train_float32.h5");
        for (const std::string& name : golden.links("/shd/binned/" + kind)) {
            const std::string group = "/shd/binned/" + kind + "/" + name;
            const SpikeTrain train =
                binned(event_bins(std::stod(name.substr(4)), 1000), shd_units, samples);
            EXPECT_EQ(static_cast<double>(train.n_steps), golden.number_attribute(group, "T"));
            const auto totals = golden.read<std::int64_t>(group + "/total_per_sample");
            for (std::int64_t k = 0; k < std::ssize(totals); ++k) {
                const auto at = static_cast<std::size_t>(k * train.n_steps);
                EXPECT_EQ(train.row_begin[at + static_cast<std::size_t>(train.n_steps)] -
                              train.row_begin[at],
                          totals[static_cast<std::size_t>(k)])
                    << name << " " << k;
            }
            if (!golden.has(group + "/first8")) continue;
            EXPECT_EQ(counts_of(train, 8), golden_counts(golden, group + "/first8")) << group;
        }
    }
}

TEST(EventBins, of_published_pairs_are_those_of_the_published_program) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    const auto samples = samples_of("shd_fake_train.h5");
    for (const std::uint64_t seed : {0U, 1U, 12345U}) {
        const PairDraws draws(seed, std::ssize(samples), 4);
        for (const std::string name : {"bin_002", "bin_010", "bin_050"}) {
            const std::string group = fmt::format("/shd/adding/seed_{}/{}", seed, name);
            const auto first = golden.read<std::int64_t>(group + "/pair_first"),
                       second = golden.read<std::int64_t>(group + "/pair_second");
            std::vector<std::vector<float>> pairs;
            for (std::int64_t k = 0; k < std::ssize(first); ++k) {
                const PairDraws::Pair pair = draws.pair(k);
                ASSERT_EQ(pair.first, first[static_cast<std::size_t>(k)]);
                ASSERT_EQ(pair.second, second[static_cast<std::size_t>(k)]);
                std::vector<float> both = samples[static_cast<std::size_t>(pair.first)];
                both.insert(both.end(), {0, between_sequences});
                const auto& other = samples[static_cast<std::size_t>(pair.second)];
                both.insert(both.end(), other.begin(), other.end());
                pairs.push_back(std::move(both));
            }
            EventBins bins = event_bins(std::stod(name.substr(4)), 1000);
            bins.n_parts = 2;
            const SpikeTrain train = binned(bins, shd_units, pairs);
            EXPECT_EQ(static_cast<double>(train.n_steps), golden.number_attribute(group, "T"));
            if (!golden.has(group + "/batch0")) continue;
            EXPECT_EQ(counts_of(train, 4), golden_counts(golden, group + "/batch0")) << group;
        }
    }
}

}  // namespace
}  // namespace elm
