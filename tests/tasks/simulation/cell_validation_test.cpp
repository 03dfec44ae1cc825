// Checks of `elmsim validate cell`, as tests; those against NEURON need the data folder.

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "tasks/validation/cell_physics.h"
#include "tasks/validation/cell_reference.h"

namespace elm {
namespace {

std::string data_folder() {
    const char* const folder = std::getenv("ELM_DATA_DIR");
    return folder != nullptr ? folder : ELM_DATA_DIR;
}

void expect_passed(const ValidationReport& report) {
    if (!report.skipped.empty()) GTEST_SKIP() << report.skipped.front();
    EXPECT_FALSE(report.checks.empty());
    for (const Check& check : report.checks) {
        EXPECT_TRUE(check.passed()) << check.family << ", " << check.name << ": " << check.measured
                                    << ' ' << check.unit << ", allowed " << check.allowed;
    }
}

using Family = void (*)(ValidationReport&);
class CellPhysics : public ::testing::TestWithParam<std::pair<const char*, Family>> {};

TEST_P(CellPhysics, holds) {
    ValidationReport report;
    GetParam().second(report);
    expect_passed(report);
}

INSTANTIATE_TEST_SUITE_P(families, CellPhysics,
                         ::testing::Values(std::pair("one_compartment",
                                                     Family{check_single_compartment}),
                                           std::pair("cylinder", Family{check_cylinder}),
                                           std::pair("reciprocity", Family{check_reciprocity}),
                                           std::pair("charge", Family{check_charge}),
                                           std::pair("gates", Family{check_gates}),
                                           std::pair("synapse", Family{check_synapse}),
                                           std::pair("convergence", Family{check_convergence}),
                                           std::pair("rallpacks", Family{check_rallpacks}),
                                           std::pair("firing", Family{check_layer5_firing})),
                         [](const auto& one) { return one.param.first; });

TEST(CellAgainstNeuron, geometry) {
    ValidationReport report;
    check_geometry(report, data_folder());
    expect_passed(report);
}

TEST(CellAgainstNeuron, exact_state) {
    ValidationReport report;
    check_exact_state(report, data_folder());
    expect_passed(report);
}

TEST(CellAgainstNeuron, responses) {
    ValidationReport report;
    check_responses(report, data_folder(), false);
    expect_passed(report);
}

TEST(CellAgainstNeuron, recorded_spikes) {
    ValidationReport report;
    check_neuronio(report, data_folder());
    expect_passed(report);
}

TEST(ValidationCheck, fails_where_it_should) {
    EXPECT_FALSE((Check{"f", "n", 2, 1, ""}).passed());
    EXPECT_TRUE((Check{"f", "n", 2, 1, "", true}).passed());
    EXPECT_FALSE((Check{"f", "n", std::nan(""), 1, ""}).passed());
    EXPECT_FALSE((Check{"f", "n", std::nan(""), 1, "", true}).passed());
    ValidationReport report;
    EXPECT_TRUE(report.passed());
    report.add({"f", "n", 2, 1, ""});
    EXPECT_FALSE(report.passed());
}

TEST(ValidationCheck, no_difference_is_small_that_is_not_a_number_or_not_there) {
    const double nan = std::nan("");
    EXPECT_EQ(largest_difference({1, 2, 3}, {1, 2.5, 3.25}), 0.5);
    EXPECT_DOUBLE_EQ(rms_difference({1, 2}, {1, 4}), std::sqrt(2.0));
    EXPECT_TRUE(std::isnan(largest_difference({1, nan, 3}, {1, 2, 4})));
    EXPECT_TRUE(std::isnan(rms_difference({1, nan, 3}, {1, 2, 4})));
    EXPECT_TRUE(std::isnan(worse(worse(0, nan), 1)));
    EXPECT_EQ(worse(worse(0, 2), 1), 2);
    EXPECT_TRUE(std::isinf(largest_difference({1, 2}, {1, 2, 3})));
    EXPECT_TRUE(std::isinf(rms_difference({}, {1, 2, 3})));
}

TEST(ValidationCheck, crossings_are_interpolated_and_upward) {
    const std::vector<float> trace{-70, -30, -20, -60, -25, -25, 10};
    const auto times = crossings(trace, 0.1, 5, -25);
    ASSERT_EQ(times.size(), 2U);
    EXPECT_NEAR(times[0], 5.15, 1e-12);
    EXPECT_NEAR(times[1], 5.4, 1e-12);
}

TEST(Validation, says_which_files_are_missing) {
    ValidationReport report;
    check_geometry(report, "");
    check_exact_state(report, "/nowhere");
    check_responses(report, "", true);
    check_neuronio(report, "/nowhere");
    EXPECT_TRUE(report.checks.empty());
    ASSERT_EQ(report.skipped.size(), 4U);
    EXPECT_NE(report.skipped[0].find("no folder of reference data"), std::string::npos);
    EXPECT_NE(report.skipped[1].find("/nowhere has no l5pc_geometry.h5"), std::string::npos);
}

}  // namespace
}  // namespace elm
