// Recordings of event cameras, written byte by byte as their publications have them.

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tasks/events/aedat_file.h"
#include "tasks/events/gesture_folder.h"
#include "tasks/events/nmnist_file.h"
#include "tasks/samples/open_samples.h"
#include "tasks/sets/set_source.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using test::expect_part;

std::string nmnist_event(int x, int y, bool on, int time_us) {
    const int bytes[] = {x, y, (on ? 0x80 : 0) | time_us >> 16, time_us >> 8 & 0xff,
                         time_us & 0xff};
    std::string event;
    for (const int byte : bytes) event.push_back(static_cast<char>(byte));
    return event;
}

std::string little(std::uint64_t value, int bytes) {
    std::string text;
    for (int k = 0; k < bytes; ++k, value >>= 8) text.push_back(static_cast<char>(value & 0xff));
    return text;
}

std::string aedat_packet(int type, const std::vector<std::string>& events, int overflow = 0) {
    const std::size_t size = events.empty() ? 8 : events.front().size(), count = events.size();
    std::string packet = little(static_cast<std::uint64_t>(type), 2) + little(1, 2) +
                         little(size, 4) + little(4, 4) +
                         little(static_cast<std::uint64_t>(overflow), 4) + little(count, 4) +
                         little(count, 4) + little(count, 4);
    for (const std::string& event : events) packet += event;
    return packet;
}

std::string aedat_event(std::uint32_t x, std::uint32_t y, bool on, std::uint32_t time_us,
                        bool valid = true) {
    return little(x << 17 | y << 2 | (on ? 2U : 0U) | (valid ? 1U : 0U), 4) + little(time_us, 4);
}

const std::string aedat_head = "#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n";

TEST(NmnistFile, holds_pixels_polarities_and_times) {
    const auto events =
        parse_nmnist(nmnist_event(3, 33, true, 70000) + nmnist_event(0, 240, false, 1) +
                         nmnist_event(33, 0, false, 61808),
                     "a.bin");
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].x, 3);
    EXPECT_EQ(events[0].y, 33);
    EXPECT_TRUE(events[0].on);
    EXPECT_EQ(events[0].time_us, 70000);
    EXPECT_FALSE(events[1].on);
    EXPECT_EQ(events[1].time_us, 61808 + 8192);
}

TEST(NmnistFile, says_what_is_wrong) {
    const auto refusal = [](const std::string& bytes) {
        return test::message_of([&] { parse_nmnist(bytes, "a.bin"); });
    };
    EXPECT_EQ(refusal(""),
              "a.bin: 0 bytes; expected events of 5 bytes. It is cut, or another file.");
    expect_part(refusal(nmnist_event(0, 0, true, 5).substr(0, 4)), "a.bin: 4 bytes");
    EXPECT_EQ(refusal(nmnist_event(0, 0, true, 5) + nmnist_event(34, 0, true, 6)),
              "a.bin: event 1 is at (34, 0); the sensor has 34 x 34 pixels.");
    EXPECT_EQ(refusal(nmnist_event(0, 0, true, 5) + nmnist_event(1, 0, true, 4)),
              "a.bin: event 1 is at 4 us, after one at 5 us; expected events in order of time.");
    EXPECT_EQ(refusal(nmnist_event(0, 240, true, 5)), "a.bin: it holds no events.");
}

TEST(AedatFile, holds_valid_polarity_events) {
    const std::string special = aedat_packet(0, {little(7, 8)});
    const auto events = parse_aedat(
        aedat_head +
            aedat_packet(1, {aedat_event(127, 5, true, 9), aedat_event(9, 9, true, 10, false)}) +
            special + aedat_packet(1, {}) + aedat_packet(1, {aedat_event(0, 127, false, 3)}, 1),
        gesture_sensor, "a.aedat");
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].x, 127);
    EXPECT_EQ(events[0].y, 5);
    EXPECT_TRUE(events[0].on);
    EXPECT_EQ(events[0].time_us, 9);
    EXPECT_EQ(events[1].y, 127);
    EXPECT_FALSE(events[1].on);
    EXPECT_EQ(events[1].time_us, (std::int64_t{1} << 31) + 3);
}

TEST(AedatFile, says_what_is_wrong) {
    const auto refusal = [](const std::string& bytes) {
        return test::message_of([&] { parse_aedat(bytes, gesture_sensor, "a.aedat"); });
    };
    expect_part(refusal("#!AER-DAT2.0\r\n"), "expected a recording in AEDAT 3.1.");
    expect_part(refusal(aedat_head.substr(0, 30)), "the line #!END-HEADER is missing");
    const std::string packet = aedat_packet(1, {aedat_event(1, 2, true, 9)});
    expect_part(refusal(aedat_head + packet + packet.substr(0, 20)),
                "packet 1 is cut within its header.");
    expect_part(refusal(aedat_head + packet.substr(0, 30)),
                "packet 0 has 1 events of 8 bytes, and 2 bytes are left: the file is cut.");
    expect_part(refusal(aedat_head + aedat_packet(1, {little(1, 12)})),
                "packet 0 has events of 12 bytes; expected 8.");
    expect_part(refusal(aedat_head + aedat_packet(1, {aedat_event(128, 2, true, 9)})),
                "event 0 is at (128, 2); the sensor has 128 x 128 pixels.");
    expect_part(refusal(aedat_head + packet + aedat_packet(1, {aedat_event(1, 2, true, 8)})),
                "event 1, of packet 1, is at 8 us, after one at 9 us");
    // More events than any memory holds.
    std::string huge = packet.substr(0, 28);
    huge.replace(20, 4, "\xff\xff\xff\xff");
    expect_part(refusal(aedat_head + huge), "the file is cut.");
}

TEST(GestureLabels, are_read_line_by_line) {
    const auto spans = parse_gesture_labels(
        "class,startTime_usec,endTime_usec\r\n1,10,20\r\n11,20,40\r\n", "a.csv");
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(spans[1].label, 10);
    EXPECT_EQ(spans[1].start_us, 20);
    EXPECT_EQ(spans[1].stop_us, 40);
    const auto refusal = [](const std::string& text) {
        return test::message_of([&] { parse_gesture_labels(text, "a.csv"); });
    };
    EXPECT_EQ(refusal("a,b,c\n1,10\n"),
              "a.csv: line 2: '1,10'; expected class,start,end as whole numbers.");
    expect_part(refusal("a,b,c\n12,10,20\n"), "line 2: class 12 from 10 to 20 us; expected");
    expect_part(refusal("a,b,c\n1,20,10\n"), "a time that ends after it begins");
    EXPECT_EQ(refusal("a,b,c\n"), "a.csv: it has no gestures.");
}

class CameraTasks : public testing::Test {
protected:
    void write(const std::string& name, const std::string& bytes) const {
        const fs::path path = folder_ / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
    }
    std::unique_ptr<Task> open(
        const std::string& name,
        const std::vector<std::pair<std::string, std::string>>& chosen = {}) const {
        const TaskEntry& entry = find_task(name);
        OptionSet options = entry.options();
        Values given;
        for (const auto& [option, value] : chosen) {
            options.set(option, value);
            given[option] = to_values(options).at(option);
        }
        TaskInput input{.files = {folder_.path().string()}};
        input.samples = open_samples(entry, options, given, input);
        return entry.make(options, input);
    }

    test::TemporaryDirectory folder_;
};

TEST_F(CameraTasks, digits_are_read_from_the_published_folder) {
    for (int digit = 0; digit < 10; ++digit) {
        for (int k = 0; k < 3; ++k) {
            const std::string bytes =
                nmnist_event(digit, k, true, 4000) + nmnist_event(digit, k, false, 12000);
            write(fmt::format("Train/{}/{:05}.bin", digit, 10 * k + digit), bytes);
            write(fmt::format("Test/{}/{:05}.bin", digit, 10 * k + digit), bytes);
        }
    }
    const auto task = open("nmnist", {{"bin_ms", "10"}, {"duration_ms", "20"}});
    EXPECT_EQ(task->count(Split::train), 27);
    EXPECT_EQ(task->count(Split::validation), 3);
    EXPECT_EQ(task->count(Split::test), 30);
    Batch batch;
    task->fill({.split = Split::test, .size = 30, .count = 30}, batch);
    for (std::int64_t k = 0; k < 30; ++k) {
        const std::int64_t digit = k / 3;
        EXPECT_EQ(batch.targets.front().host<std::int32_t>()[static_cast<std::size_t>(k)], digit);
        ASSERT_EQ(batch.spikes.row(k, 0).size(), 1U);
        EXPECT_EQ(batch.spikes.row(k, 0)[0], nmnist_sensor.unit(digit, k % 3, true));
        EXPECT_EQ(batch.spikes.row(k, 1)[0], nmnist_sensor.unit(digit, k % 3, false));
    }
    const ShownSet shown = load_set(folder_.path().string(), 0, 8);
    EXPECT_EQ(shown.task->name, "nmnist");
    EXPECT_EQ(shown.kind().statistics({}, shown.samples).row("events").mean, 2);
    EXPECT_EQ(shown.kind().picture({}, shown.samples).rows.size(), 3U);
    write("Test/4/00000.bin", "abc");
    expect_part(test::message_of([&] {
                    Batch other;
                    open("nmnist")->fill({.split = Split::test, .size = 30, .count = 30}, other);
                }),
                "00000.bin: 3 bytes; expected events of 5 bytes.");
}

TEST_F(CameraTasks, gestures_are_cut_out_of_recordings) {
    const auto record = [&](const std::string& name, std::uint32_t x) {
        write(name + ".aedat", aedat_head + aedat_packet(1, {aedat_event(x, 0, true, 5),
                                                             aedat_event(x, 4, true, 1000),
                                                             aedat_event(x, 8, false, 12000),
                                                             aedat_event(x, 8, false, 30000)}));
        write(name + "_labels.csv", "class,start,end\n3,900,20000\n11,20000,40000\n");
    };
    record("user01_led", 4);
    record("user02_led", 8);
    record("user03_led", 12);
    write("trials_to_train.txt", "user01_led.aedat\nuser02_led.aedat\n");
    write("trials_to_test.txt", "user03_led.aedat\n");
    const auto task =
        open("dvs-gesture", {{"bin_ms", "10"}, {"duration_ms", "20"}, {"joined", "4"}});
    EXPECT_EQ(task->count(Split::train), 2);
    EXPECT_EQ(task->count(Split::validation), 2);
    EXPECT_EQ(task->count(Split::test), 2);
    EXPECT_EQ(task->spec().shape.n_input, 2 * 32 * 32);
    EXPECT_EQ(task->spec().shape.n_output, 11);
    Batch batch;
    task->fill({.split = Split::test, .size = 2, .count = 2}, batch);
    const Sensor coarse{32, 32};
    ASSERT_EQ(batch.spikes.row(0, 0).size(), 1U);
    EXPECT_EQ(batch.spikes.row(0, 0)[0], coarse.unit(3, 1, true));
    EXPECT_EQ(batch.spikes.row(0, 1)[0], coarse.unit(3, 2, false));
    EXPECT_TRUE(batch.spikes.row(1, 0).empty());
    EXPECT_EQ(batch.spikes.row(1, 1)[0], coarse.unit(3, 2, false));
    EXPECT_EQ(batch.targets.front().host<std::int32_t>()[0], 2);
    EXPECT_EQ(batch.targets.front().host<std::int32_t>()[1], 10);
    expect_part(test::message_of([&] {
                    open("dvs-gesture", {{"joined", "3"}});
                }),
                "squares of 3 pixels do not fill a sensor of 128 x 128 pixels.");
}

}  // namespace
}  // namespace elm
