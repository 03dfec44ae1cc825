// Cells at several temperatures, against the spikes of NEURON's own mechanism hh.

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class CellTemperature : public testing::Test {
protected:
    using Change = std::pair<std::string, std::string>;

    /// The cell file of a case with some lines replaced, beside its shape.
    std::string changed_case(const std::vector<Change>& changes) const {
        const std::filesystem::path cases(ELM_CASES_DIR);
        std::filesystem::copy_file(cases / "sphere10.swc", folder_ / "sphere10.swc",
                                   std::filesystem::copy_options::skip_existing);
        std::ifstream file(cases / "squid_warm.toml");
        std::string text{std::istreambuf_iterator<char>(file), {}};
        for (const auto& [from, to] : changes) {
            const std::size_t at = text.find(from);
            EXPECT_NE(at, std::string::npos) << from;
            text.replace(at, from.size(), to);
        }
        const std::string path = folder_ / "cell.toml";
        std::ofstream(path) << text;
        return path;
    }

    /// Times at which the soma rises through -20 mV.
    std::vector<double> spikes_at(double celsius, const char* precision) const {
        const std::string cell =
            changed_case({{"celsius = 18.5", fmt::format("celsius = {}", celsius)}});
        const ProgramResult result =
            run_program({"simulate", "--cell", cell, "--clamp", "soma:0.2nA@5+40", "--seconds",
                         "0.055", "--dt-ms", "0.0025", "--every-ms", "0.0025", "--precision",
                         precision, "--out", folder_ / "out.h5", "--force"});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        const auto voltage = Hdf5File::open(folder_ / "out.h5").read<double>("/run/voltage:soma");
        std::vector<double> times;
        for (std::size_t at = 1; at < voltage.size(); ++at) {
            if (voltage[at - 1] >= -20 || voltage[at] < -20) continue;
            const double share = (-20 - voltage[at - 1]) / (voltage[at] - voltage[at - 1]);
            times.push_back(0.0025 * (static_cast<double>(at - 1) + share));
        }
        return times;
    }

    test::TemporaryDirectory folder_;
};

// The times are those of bench/peers/squid_temperature.py.
TEST_F(CellTemperature, squid_channels_are_as_fast_as_those_of_neuron) {
    const std::pair<double, std::vector<double>> expected[] = {
        {6.3, {6.364, 19.213, 31.697, 44.158}},
        {12, {6.158, 13.674, 21.009, 28.336, 35.660, 42.985}},
        {18.5, {6.025, 10.392, 14.697, 18.999, 23.301, 27.604, 31.904, 36.207, 40.508, 44.809}},
        {25,
         {6.019, 9.021, 12.060, 15.108, 18.160, 21.212, 24.265, 27.318, 30.371, 33.424, 36.477,
          39.530, 42.582}},
        {30, {}},
        {40, {}}};
    for (const char* precision : {"f32", "f64"}) {
        for (const auto& [celsius, times] : expected) {
            const std::vector<double> found = spikes_at(celsius, precision);
            ASSERT_EQ(found.size(), times.size()) << celsius << ' ' << precision;
            for (std::size_t at = 0; at < times.size(); ++at) {
                // Half of the last digit there, and a step.
                EXPECT_NEAR(found[at], times[at], 0.0005 + 0.0025) << celsius << ' ' << precision;
            }
        }
    }
}

TEST_F(CellTemperature, channels_without_a_q10_are_refused_at_other_temperatures) {
    const Change with_ih{"squid_K = 0.036", "squid_K = 0.036\nIh = 1e-4"};
    const std::string cell = changed_case({with_ih});
    expect_error(
        {"simulate", "--cell", cell, "--seconds", "0.01"}, 2,
        "no Q10 is known of Ih, so that at 18.5 degrees Celsius there are no rates for it. "
        "Set celsius = 34 in [cell], or channel_celsius = 34");
    changed_case({with_ih, {"celsius = 18.5", "celsius = 18.5\nchannel_celsius = 34"}});
    EXPECT_EQ(run_program({"simulate", "--cell", cell, "--seconds", "0.01"}).exit_code, 0);
}

TEST_F(CellTemperature, every_channel_is_listed_with_its_temperature) {
    const std::string table = run_program({"list", "channels"}).out;
    EXPECT_NE(table.find("rates at"), std::string::npos) << table;
    EXPECT_NE(table.find("6.3 degrees C"), std::string::npos) << table;
}

}  // namespace
}  // namespace elm
