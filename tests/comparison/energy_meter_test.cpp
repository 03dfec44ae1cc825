#include "tasks/comparison/energy_meter.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
}

TEST(EnergyMeter, sums_whole_processors_and_follows_counters_that_begin_anew) {
    const test::TemporaryDirectory folder;
    const auto counter = [&](const std::string& domain) {
        return folder / (domain + "/energy_uj");
    };
    for (const char* const domain : {"intel-rapl:0", "intel-rapl:1"}) {
        write(counter(domain), "9000000\n");
        write(folder / (std::string(domain) + "/max_energy_range_uj"), "10000000\n");
        write(folder / (std::string(domain) + "/name"), "package-0\n");
    }
    write(counter("intel-rapl:2"), "0\n");  // the machine, with both in it
    write(folder / "intel-rapl:2/name", "psys\n");
    write(counter("intel-rapl:0:0"), "0\n");  // a part of the first one
    write(counter("other"), "0\n");
    EnergyMeter meter(folder / "");
    EXPECT_DOUBLE_EQ(meter.joules().value(), 0);
    write(counter("intel-rapl:0"), "9500000\n");
    write(counter("intel-rapl:1"), "1000000\n");
    write(counter("intel-rapl:0:0"), "5000000\n");
    write(counter("intel-rapl:2"), "9000000\n");
    EXPECT_DOUBLE_EQ(meter.joules().value(), 0.5 + 2);
    write(counter("intel-rapl:1"), "4000000\n");
    EXPECT_DOUBLE_EQ(meter.joules().value(), 0.5 + 5);
}

TEST(EnergyMeter, is_silent_where_nothing_can_be_read) {
    const test::TemporaryDirectory folder;
    EXPECT_FALSE(EnergyMeter(folder / "absent").joules().has_value());
    write(folder / "intel-rapl:0/name", "package-0\n");
    write(folder / "intel-rapl:0/energy_uj", "no number\n");
    EXPECT_FALSE(EnergyMeter(folder / "").joules().has_value());
}

}  // namespace
}  // namespace elm
