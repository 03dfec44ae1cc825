// The drawing of a cell: whole files for every ending, and clear refusals.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "kernels/core/support/error.h"
#include "neuron/cable/shape/layer5_morphology.h"
#include "tasks/report/morphology_plot.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class MorphologyPlot : public ::testing::Test {
protected:
    void SetUp() override {
        if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) GTEST_SKIP() << "no gnuplot";
    }
    void draw(const std::vector<double>& values, const std::string& path, bool force = false) {
        draw_morphology(cell_, cut_, values, "a cell", "mV", path, force);
    }
    static std::string text_of(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    static std::size_t count(const std::string& text, const std::string& word) {
        std::size_t count = 0;
        for (std::size_t at = text.find(word); at != std::string::npos;
             at = text.find(word, at + word.size())) {
            ++count;
        }
        return count;
    }

    test::TemporaryDirectory folder_;
    cable::Morphology cell_ = cable::layer5_morphology();
    cable::Compartments cut_ = cable::discretise(cell_, {});
    std::vector<double> distances() const {
        std::vector<double> values;
        for (const cable::Segment& segment : cut_.segments) values.push_back(segment.distance_um);
        return values;
    }
};

TEST_F(MorphologyPlot, writes_pictures_by_their_ending) {
    const std::string png = folder_ / "a.png", svg = folder_ / "a.svg", pdf = folder_ / "a.pdf";
    draw(distances(), png);
    draw(distances(), svg);
    draw(distances(), pdf);
    EXPECT_EQ(text_of(png).substr(0, 4), "\x89PNG");
    EXPECT_EQ(text_of(pdf).substr(0, 4), "%PDF");
    EXPECT_GT(std::filesystem::file_size(png), 20000U);
    EXPECT_THROW(draw(distances(), png), Error);  // it is there
    draw(distances(), png, true);
}

TEST_F(MorphologyPlot, colours_segments_and_greys_those_without_a_value) {
    const std::string svg = folder_ / "a.svg";
    // A soma, a line of five segments, and one that is grey.
    cell_ = {"lines",
             {{"soma[0]", cable::Region::soma, -1, 1, {{0, 0, 0, 10}, {0, 20, 0, 10}}},
              {"dend[0]", cable::Region::basal, 0, 0.5, {{0, 20, 0, 2}, {0, 110, 0, 2}}},
              {"dend[1]", cable::Region::basal, 0, 0.5, {{0, 0, 0, 2}, {30, 0, 0, 2}}}}};
    cut_ = cable::discretise(cell_, {});
    ASSERT_EQ(cut_.segments.size(), 7U);
    std::vector<double> values{0, 1, 1, 2, 2, 3, std::nan("")};
    draw(values, svg);
    const std::string text = text_of(svg);
    EXPECT_EQ(count(text, "rgb(153, 153, 153)"), 1U);  // colour::no_value, #999999
    EXPECT_GE(count(text, "rgb( 68,   1,  84)"), 1U);  // lowest and highest of the palette
    EXPECT_GE(count(text, "rgb(240, 215,  37)"), 1U);
    EXPECT_NE(text.find("a cell"), std::string::npos);
    EXPECT_NE(text.find("mV"), std::string::npos);
    // One value everywhere, and none.
    draw(std::vector<double>(7, -70), folder_ / "one.png");
    draw(std::vector<double>(7, std::nan("")), folder_ / "none.png");
}

TEST_F(MorphologyPlot, refuses_values_that_do_not_fit) {
    const auto message = [&](const std::vector<double>& values, const std::string& name) {
        try {
            draw(values, folder_ / name);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            return error.message();
        }
        return std::string("no error");
    };
    EXPECT_EQ(message({1, 2, 3}, "a.png"),
              "drawing layer-5 cell, seed 0: 3 values for 642 segments; expected one each");
    EXPECT_NE(message(distances(), "a.bmp").find(".png, .svg or .pdf"), std::string::npos);
    cell_.sections.pop_back();
    EXPECT_EQ(message(distances(), "a.png"),
              "drawing layer-5 cell, seed 0: it has 195 sections, but 196 were cut into segments");
}

}  // namespace
}  // namespace elm
