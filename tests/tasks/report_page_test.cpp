// The page of a validation: whole, by itself, and never written over another.

#include "tasks/validation/report_page.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "kernels/core/error.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class ReportPage : public testing::Test {
protected:
    static std::string text_of(const std::string& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    test::TemporaryDirectory folder_;
    ValidationReport report_;
};

TEST_F(ReportPage, holds_table_pictures_and_what_was_skipped) {
    report_.add({"family <1>", "good & quick", 0.5, 1, "mV", false, "a note"});
    report_.add({"family <1>", "bad", 2, 1, "mV"});
    report_.skipped.emplace_back("responses: no file");
    Figure figure{"A picture", {}};
    figure.panels.push_back({"", "x", "y", {{"curve", Mark::line, colour::plain, {0, 1}, {1, 2}}}});
    report_.figures = {figure, figure};
    const std::string path = folder_ / "page.html";
    write_report_page(report_, "A <title>", path, false);
    const std::string page = text_of(path);
    EXPECT_EQ(page.rfind("<!doctype html>", 0), 0U);
    EXPECT_NE(page.find("</html>"), std::string::npos);
    EXPECT_NE(page.find("A &lt;title&gt;"), std::string::npos);
    EXPECT_NE(page.find("good &amp; quick"), std::string::npos);
    EXPECT_EQ(page.find("<1>"), std::string::npos);
    EXPECT_NE(page.find("1 of 2 checks passed"), std::string::npos);
    EXPECT_NE(page.find("Skipped: responses: no file"), std::string::npos);
    EXPECT_NE(page.find("class=bad"), std::string::npos);
    EXPECT_EQ(page.find("src="), std::string::npos) << "the page needs other files";
    if (std::system("command -v gnuplot >/dev/null 2>&1") == 0) {
        EXPECT_NE(page.find("<svg"), page.rfind("<svg"));
    } else {
        EXPECT_NE(page.find("No pictures"), std::string::npos);
    }
    // Nothing else is left in the folder.
    const std::filesystem::directory_iterator files(folder_ / "");
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(ReportPage, is_not_overwritten_without_force) {
    const std::string path = folder_ / "page.html";
    std::ofstream(path) << "mine";
    try {
        write_report_page(report_, "t", path, false);
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_NE(error.message().find("page.html"), std::string::npos) << error.message();
    }
    EXPECT_EQ(text_of(path), "mine");
    write_report_page(report_, "t", path, true);
    EXPECT_NE(text_of(path).find("</html>"), std::string::npos);
}

}  // namespace
}  // namespace elm
