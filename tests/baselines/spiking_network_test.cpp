// What networks of spiking units refuse.

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tests/baselines/cases/model_case.h"

namespace elm {
namespace {

using test::LivingModel;

TEST(SpikingNetwork, refuses_units_that_run_away) {
    const auto message = [](std::vector<std::pair<std::string, std::string>> options) {
        try {
            LivingModel({"", "adlif_network", std::move(options), 0}, DType::f32);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            return error.message();
        }
        return std::string("no error");
    };
    EXPECT_EQ(message({}), "no error");
    // (1 + alpha)(1 + rho) / ((1 - alpha)(1 - rho)) = 1204 with alpha = e^(-1/5) and rho =
    // e^(-1/60).
    EXPECT_EQ(message({{"adaptation_gain", "1200"}}), "no error");
    EXPECT_NE(message({{"adaptation_gain", "1210"}}).find("coupling_max 1"), std::string::npos);
    EXPECT_NE(message({{"coupling_min", "-0.01"}}).find("above -1"), std::string::npos);
    EXPECT_EQ(message({{"coupling_min", "-0.008"}}), "no error");
    EXPECT_NE(message({{"membrane_tau_min", "30"}}).find("membrane_tau_min is 30"),
              std::string::npos);
}

}  // namespace
}  // namespace elm
