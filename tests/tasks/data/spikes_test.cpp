// Spikes as other programs write them: units of time, orders, populations, tables of text.

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/core/random/random_key.h"
#include "kernels/io/hdf5_file.h"
#include "tasks/data/spikes/hdf5_spikes.h"
#include "tasks/data/spikes/ordered_spikes.h"
#include "tasks/data/spikes/spike_file.h"
#include "tasks/data/spikes/text_spikes.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

using Spikes = std::vector<std::pair<double, double>>;  // time in ms, unit

/// A listing that stands in memory, in blocks of three.
class ListedSpikes : public SpikeListing {
public:
    explicit ListedSpikes(Spikes spikes) : spikes_(std::move(spikes)) {}
    void rewind() override { next_ = 0; }
    const SpikeBlock& next() override {
        block_.clear();
        for (; next_ < spikes_.size() && block_.size() < 3; ++next_) {
            block_.times_ms.push_back(spikes_[next_].first);
            block_.units.push_back(spikes_[next_].second);
        }
        return block_;
    }
    std::string place_of_time(std::size_t) const override { return "time"; }
    std::string place_of_unit(std::size_t) const override { return "unit"; }

private:
    Spikes spikes_;
    std::size_t next_ = 0;
    SpikeBlock block_;
};

Spikes all_of(SpikeListing& listing) {
    Spikes spikes;
    listing.rewind();
    while (true) {
        const SpikeBlock& block = listing.next();
        if (block.size() == 0) return spikes;
        for (std::size_t at = 0; at < block.size(); ++at) {
            spikes.emplace_back(block.times_ms[at], block.units[at]);
        }
    }
}

/// Times are drawn from few, so that many are equal.
Spikes random_spikes(std::size_t count) {
    const RandomKey key = RandomKey{3}.for_purpose("spikes");
    Spikes spikes;
    for (std::size_t k = 0; k < count; ++k) {
        const auto place = static_cast<std::int64_t>(2 * k);
        spikes.emplace_back(static_cast<double>(random_word(key, place) % 50),
                            static_cast<double>(random_word(key, place + 1) % 9));
    }
    return spikes;
}

TEST(OrderedSpikes, sorts_in_passes_and_keeps_the_order_of_equal_times) {
    const Spikes listed = random_spikes(500);
    Spikes expected = listed;
    std::stable_sort(expected.begin(), expected.end(),
                     [](const auto& one, const auto& other) { return one.first < other.first; });
    for (const std::size_t at_once : {1U, 2U, 7U, 250U, 499U, 500U, 501U, 5000U}) {
        OrderedSpikes spikes(std::make_unique<ListedSpikes>(listed), false, at_once);
        Spikes found;
        for (; const ListedSpike* spike = spikes.peek(); spikes.drop()) {
            found.emplace_back(spike->time_ms, spike->unit);
        }
        EXPECT_EQ(found, expected) << at_once;
    }
}

TEST(OrderedSpikes, nothing_is_nothing) {
    OrderedSpikes spikes(std::make_unique<ListedSpikes>(Spikes{}), false);
    EXPECT_EQ(spikes.peek(), nullptr);
    EXPECT_EQ(spikes.peek(), nullptr);
}

class Sonata : public testing::Test {
protected:
    /// A population as SONATA has it; `change` may alter the file.
    template <class Change>
    std::string write(Change&& change, const char* ids = "node_ids") {
        const std::string path = folder_ / "spikes.h5";
        Hdf5File file = Hdf5File::create(path);
        file.write<double>("/spikes/cells/timestamps", {3}, std::vector<double>{3, 1, 2},
                           FileType::f64);
        file.write<std::int32_t>(std::string("/spikes/cells/") + ids, {3},
                                 std::vector<std::int32_t>{0, 1, 2}, FileType::i64);
        change(file);
        file.close();
        return path;
    }
    Spikes read(const std::string& path) { return all_of(*find_spikes(path).at(0).spikes); }

    test::TemporaryDirectory folder_;
};

TEST_F(Sonata, units_of_time_are_read) {
    const std::pair<const char*, double> units[] = {
        {"ms", 1},         {"milliseconds", 1}, {"Milliseconds", 1}, {"s", 1000},
        {"seconds", 1000}, {"sec", 1000},       {"us", 1e-3},        {"microseconds", 1e-3}};
    for (const auto& [unit, scale] : units) {
        const std::string path = write([&, &name = unit](Hdf5File& file) {
            file.set_attribute("/spikes/cells/timestamps", "units", std::string(name));
        });
        EXPECT_EQ(read(path), (Spikes{{3 * scale, 0}, {1 * scale, 1}, {2 * scale, 2}})) << unit;
    }
}

TEST_F(Sonata, a_unit_that_is_not_known_is_refused) {
    for (const Value& unit : {Value(std::string("fortnights")), Value(std::string()), Value(7.0)}) {
        const std::string path = write(
            [&](Hdf5File& file) { file.set_attribute("/spikes/cells/timestamps", "units", unit); });
        EXPECT_NE(test::message_of([&] {
                      find_spikes(path);
                  }).find("expected milliseconds (ms), seconds (s)"),
                  std::string::npos);
    }
}

TEST_F(Sonata, the_sorting_is_told_and_spikes_are_sorted) {
    const std::pair<Value, const char*> sortings[] = {{std::string("by_id"), "by_id"},
                                                      {std::int64_t{1}, "by_id"},
                                                      {std::string("none"), "none"},
                                                      {std::int64_t{2}, "by_time"}};
    for (const auto& [value, name] : sortings) {
        const std::string path = write([&, &sorting = value](Hdf5File& file) {
            file.set_attribute("/spikes/cells", "sorting", sorting);
        });
        EXPECT_EQ(find_spikes(path).at(0).sorting, name);
        auto inputs = open_spike_file(path, 3, 1);
        const SpikeTrain train = inputs.at(0).source->next(4);
        EXPECT_EQ(train.units, (std::vector<std::int32_t>{1, 2, 0}));
    }
}

TEST_F(Sonata, the_old_names_of_ids_are_read) {
    EXPECT_EQ(read(write([](Hdf5File&) {}, "gids")).size(), 3U);
    const std::string path = folder_ / "old.h5";
    Hdf5File file = Hdf5File::create(path);
    file.write<double>("/spikes/timestamps", {1}, std::vector<double>{2}, FileType::f64);
    file.write<std::int32_t>("/spikes/gids", {1}, std::vector<std::int32_t>{1}, FileType::i64);
    file.close();
    EXPECT_EQ(read(path), (Spikes{{2, 1}}));
}

TEST_F(Sonata, populations_are_samples_and_may_be_chosen) {
    const std::string path = write([](Hdf5File& file) {
        file.write<double>("/spikes/inputs/timestamps", {1}, std::vector<double>{7}, FileType::f64);
        file.write<std::int32_t>("/spikes/inputs/node_ids", {1}, std::vector<std::int32_t>{2},
                                 FileType::i64);
    });
    EXPECT_EQ(open_spike_file(path, 3, 1).size(), 2U);
    const auto chosen = open_spike_file(path, 3, 1, {}, "inputs");
    ASSERT_EQ(chosen.size(), 1U);
    EXPECT_EQ(chosen[0].n_steps, 8);
    EXPECT_NE(test::message_of([&] {
                  open_spike_file(path, 3, 1, {}, "input");
              }).find("no population or trial input. Did you mean inputs? It holds cells, inputs"),
              std::string::npos);
}

/// The spikes of the first sample of a text.
Spikes read_text(const std::string& text, const std::string& path = "spikes.csv") {
    const TextFile file{path, [text] { return std::make_unique<std::istringstream>(text); }};
    auto samples = find_text_spikes(file);
    check_spikes(*samples.at(0).spikes, 1000, {});
    return all_of(*samples.at(0).spikes);
}

TEST(TextSpikes, tables_of_many_programs_are_read) {
    const Spikes expected{{1.5, 3}, {2, 0}};
    for (const char* text : {
             "time_ms,unit\n1.5,3\n2,0\n",
             "unit,time_ms\n3,1.5\n0,2\n",
             "time (s)\tneuron\n0.0015\t3\n0.002\t0\n",
             "time (s) neuron\n0.0015 3\n0.002 0\n",
             "Time [us];Cell ID\n1500;3\n2000;0\n",
             "1.5,3\n2,0\n",
             "1.5 3\n2.0 0",
             "  1.5   3  \n\n 2.0\t0\n",
             "1.5;3\r\n2;0\r\n",
             "\xEF\xBB\xBFtime,id\n1.5,3\n2,0\n",
             "# made by hand\n1.5,3.0 # the first\n\n2,0.0\n",
             "# time_ms unit\n1.5000e+00 3.0000e+00\n2.0e+00 0\n",
             "# NEST version: 3.6\n# RecordingBackendASCII version: 2\nsender\ttime_ms\t\n"
             "3\t1.500\t\n0\t2.000\t\n",
             ",time_ms,unit\n0,1.5,3\n1,2.0,0\n",
             "\"time\",\"unit\"\n\"1.5\",\"3\"\n\"2\",\"0\"\n",
             "timestamps population node_ids\n1.5 v1 3\n2.0 v1 0\n",
             "timestamps,population,node_ids\n1.5,v1,3\n2.0,v1,0\n",
             "gids timestamps\n3 1.5\n0 2\n",
         }) {
        EXPECT_EQ(read_text(text), expected) << text;
    }
    EXPECT_EQ(read_text("3\t1.5\t\n0\t2\t\n", "spikes-0.gdf"), expected);
}

TEST(TextSpikes, populations_are_samples) {
    const std::string text = "timestamps population node_ids\n1 b 3\n2 a 0\n3 b 4\n";
    const TextFile file{"x.csv", [text] { return std::make_unique<std::istringstream>(text); }};
    const auto samples = find_text_spikes(file);
    ASSERT_EQ(samples.size(), 2U);
    EXPECT_EQ(samples[0].name, "a");
    EXPECT_EQ(all_of(*samples[1].spikes), (Spikes{{1, 3}, {3, 4}}));
}

TEST(TextSpikes, what_is_wrong_is_named_with_line_and_column) {
    const std::pair<const char*, const char*> cases[] = {
        {"time_ms,unit\n1,2\nx,3\n", "spikes.csv:3:1: 'x' is no number"},
        {"time_ms,unit\n1,2\n3,\n", "spikes.csv:3:3: '' is no number"},
        {"time_ms,unit\n1,2,3\n", "spikes.csv:2: 3 fields, expected 2 separated by commas"},
        {"time_ms;unit\n1,5;2\n", "Write decimals with a point"},
        {"time_ms,unit\n1,2\nnan,3\n", "spikes.csv:3:1: the time is nan"},
        {"time_ms,unit\n1,2\n-4,3\n", "spikes.csv:3:1: the time is -4 ms"},
        {"time_ms,unit\n1,2.5\n", "spikes.csv:2:3: the unit is 2.5, expected a whole number"},
        {"time_ms,unit\n1,2000\n", "spikes.csv:2:3: the unit is 2000, expected 0 to 999"},
        {"time (weeks),unit\n1,2\n", "unit 'weeks', which is not known"},
        {"time_ms,time_s,unit\n1,2,3\n", "both name the time"},
        {"hello\n", "does not name the columns"},
        {"voltage,unit\n1,2\n", "does not name the columns"},
        {"sender time_step time_offset\n1 2 3\n", "does not name the columns"},
        {"1,2,3\n", "3 columns without names"},
        {"5\n6\n", "1 columns without names"},
        {"12 34.5\n13 35\n", "whole numbers before fractions"},
        {"1,x\n", "spikes.csv:1:3: 'x' is no number"},
        {"# nothing\n\n", "holds no spikes"},
    };
    for (const auto& [text, part] : cases) {
        const std::string message = test::message_of([&, &given = text] { read_text(given); });
        EXPECT_NE(message.find(part), std::string::npos) << text << "\n" << message;
    }
}

}  // namespace
}  // namespace elm
