// Figures of odd data: gnuplot has nothing to say about them.

#include "tasks/report/plot.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class Plot : public testing::Test {
protected:
    void SetUp() override {
        if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) GTEST_SKIP() << "no gnuplot";
    }

    /// What gnuplot says on stderr while it draws one panel with these curves.
    std::string words(const std::vector<Curve>& curves) const {
        Panel panel{.y_label = "mV"};
        panel.curves = curves;
        const std::string path = folder_ / "a.svg";
        testing::internal::CaptureStderr();
        draw({"a figure", {panel}}, path, true);
        EXPECT_GT(std::filesystem::file_size(path), 1000U);
        return testing::internal::GetCapturedStderr();
    }

    static Curve curve(Mark mark, const std::vector<double>& x, const std::vector<double>& y) {
        Curve curve{"curve", mark, colour::black, x, y};
        if (mark == Mark::band) curve.y_upper = y;
        return curve;
    }

    test::TemporaryDirectory folder_;
};

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

TEST_F(Plot, constant_values_have_a_range) {
    for (const Mark mark : {Mark::line, Mark::dots, Mark::impulses, Mark::band}) {
        for (const double value : {0.0, -70.0, 1e-12, -3e9}) {
            EXPECT_EQ(words({curve(mark, {0, 1, 2}, {value, value, value})}), "") << value;
            EXPECT_EQ(words({curve(mark, {value}, {5})}), "") << value;
        }
        EXPECT_EQ(words({curve(mark, {0, 1}, {-70, -70 + 1e-13})}), "");
    }
}

TEST_F(Plot, values_that_are_not_finite_are_gaps) {
    for (const Mark mark : {Mark::line, Mark::dots, Mark::impulses, Mark::band}) {
        EXPECT_EQ(words({curve(mark, {0, 1, 2}, {1, gap, 3})}), "");
        EXPECT_EQ(words({curve(mark, {0, 1, 2}, {1, INFINITY, 1})}), "");
        EXPECT_EQ(words({curve(mark, {0, 1}, {gap, gap}), curve(mark, {0, 1}, {1, 2})}), "");
        EXPECT_EQ(words({curve(mark, {0, 1}, {gap, -INFINITY})}), "");
    }
    EXPECT_EQ(words({}), "");
}

}  // namespace
}  // namespace elm
