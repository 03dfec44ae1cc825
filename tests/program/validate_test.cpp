// Output of `elmsim validate` and how it ends.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

TEST(Validate, prints_what_was_checked_and_what_was_skipped) {
    const test::TemporaryDirectory folder;
    const std::string page = folder / "cell.html";
    const ProgramResult result =
        run_program({"validate", "cell", "--data", folder / "", "--report", page});
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    for (const char* const part :
         {"Rallpack 3", "order of convergence", "checks passed", "skipped  geometry",
          "skipped  exact state", "skipped  responses", "skipped  recorded spikes"}) {
        EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
    }
    EXPECT_TRUE(std::filesystem::exists(page));
}

TEST(Validate, says_what_it_can_validate) {
    expect_error({"validate", "kernels"}, 2, "expected cell");
    expect_error({"validate", "cell", "cell"}, 2, "expected cell");
}

TEST(Validate, refuses_a_folder_that_is_not_there) {
    expect_error({"validate", "cell", "--data", "/nowhere"}, 3, "--data /nowhere");
}

TEST(Validate, refuses_a_page_that_is_there_before_it_computes) {
    const test::TemporaryDirectory folder;
    const std::string page = folder / "cell.html";
    std::ofstream(page) << "mine";
    const ProgramResult result = run_program({"validate", "cell", "--report", page});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_NE(result.error().find("cell.html"), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("Rallpacks"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace elm
