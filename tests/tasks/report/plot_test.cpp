// Figures of odd data: gnuplot has nothing to say about them.

#include "tasks/report/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class Plot : public testing::Test {
protected:
    void SetUp() override {
        if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) GTEST_SKIP() << "no gnuplot";
    }

    /// Words of gnuplot on stderr while it draws one panel with these curves.
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
        Curve curve{"curve", mark, colour::plain, x, y};
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

/// A text of a picture: where it stands, in pixels, and its words.
struct Text {
    double x, y;
    bool turned;
    std::string anchor, words;

    /// At most; the letters of the font are narrower.
    double width() const { return 8.5 * static_cast<double>(words.size()); }
};

std::vector<Text> texts_of(const std::string& path) {
    std::ifstream file(path);
    const std::string svg{std::istreambuf_iterator<char>(file), {}};
    const std::regex form(
        R"re(translate\(([-.0-9]+),([-.0-9]+)\)( rotate\(270\))?"[^>]*text-anchor="(\w+)">\s*<text>(?:<tspan[^>]*>)?\s*([^<]*)<)re");
    std::vector<Text> texts;
    for (std::sregex_iterator at(svg.begin(), svg.end(), form), end; at != end; ++at) {
        const auto& found = *at;
        texts.push_back(
            {std::stod(found[1]), std::stod(found[2]), found[3].matched, found[4], found[5]});
    }
    return texts;
}

const Text& text_named(const std::vector<Text>& texts, const std::string& words) {
    const auto found = std::find_if(texts.begin(), texts.end(),
                                    [&](const Text& text) { return text.words == words; });
    EXPECT_NE(found, texts.end()) << words;
    return found != texts.end() ? *found : texts.front();
}

TEST_F(Plot, names_of_axes_stand_inside_the_picture_and_on_nothing_else) {
    const std::vector<double> x{0, 1};
    Panel upper{.x_label = "time (s)", .y_label = "a name of 24 letters, mV", .key = key_above};
    upper.curves = {{"above", Mark::line, colour::plain, x, {-0.978511, -0.978522}}};
    Panel lower{.x_label = "rate (Hz)", .y_label = "another", .key = key_above};
    lower.curves = {{"below", Mark::line, colour::plain, x, {100000, 120000}}};
    for (const bool side_by_side : {false, true}) {
        const std::string path = folder_ / "axes.svg";
        Figure figure{"a figure", {upper, lower}, side_by_side};
        draw(figure, path, true);
        const auto texts = texts_of(path);
        ASSERT_GT(texts.size(), 20u);
        constexpr double font_px = 13;
        const std::size_t names = static_cast<std::size_t>(std::count_if(
            texts.begin(), texts.end(), [](const Text& text) { return text.turned; }));
        EXPECT_EQ(names, 2u);
        for (const Text& name : texts) {
            if (!name.turned) continue;
            EXPECT_GE(name.x, font_px) << name.words;
            EXPECT_GE(name.y - name.width() / 2, 0) << name.words;
            for (const Text& number : texts) {
                const bool beside = number.anchor == "end" && !number.turned && number.x > name.x &&
                                    number.x < name.x + 200 &&
                                    std::abs(number.y - name.y) < name.width() / 2;
                if (!beside) continue;
                EXPECT_GE(number.x - number.width(), name.x) << number.words << " " << name.words;
            }
        }
        if (side_by_side) continue;
        EXPECT_GE(text_named(texts, "below").y, text_named(texts, "time (s)").y + font_px);
    }
}

}  // namespace
}  // namespace elm
