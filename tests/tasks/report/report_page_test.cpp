// The page of a validation: whole, by itself, and never written over another.

#include "tasks/validation/report_page.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class ReportPage : public testing::Test {
protected:
    static std::string text_of(const std::string& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    static std::size_t count(const std::string& text, const std::string& part) {
        std::size_t found = 0;
        for (std::size_t at = text.find(part); at != std::string::npos;
             at = text.find(part, at + part.size())) {
            ++found;
        }
        return found;
    }
    test::TemporaryDirectory folder_;
    ValidationReport report_;
};

TEST_F(ReportPage, holds_checks_pictures_and_what_was_skipped) {
    report_.add({"family <1>", "good & quick", 0.5, 1, "mV", false, "a note"});
    report_.add({"family <1>", "bad", 2, 1, "mV"});
    report_.skipped.emplace_back("responses: no file");
    Figure figure{"A picture", {}};
    figure.panels.push_back({"", "x", "y", {{"curve", Mark::line, colour::plain, {0, 1}, {1, 2}}}});
    report_.figures = {{"family <1>", figure}, {"other", figure}};
    const std::string path = folder_ / "page.html";
    write_report_page(report_, {"A <title>", {{"machine", "a <processor>"}}}, path, false);
    const std::string page = text_of(path);
    EXPECT_EQ(page.rfind("<!doctype html>", 0), 0U);
    EXPECT_NE(page.find("</html>"), std::string::npos);
    EXPECT_NE(page.find("A &lt;title&gt;"), std::string::npos);
    EXPECT_NE(page.find("good &amp; quick"), std::string::npos);
    EXPECT_EQ(page.find("<1>"), std::string::npos);
    EXPECT_NE(page.find("1 of 2 checks passed"), std::string::npos);
    EXPECT_NE(page.find("<dt>skipped</dt><dd>responses: no file</dd>"), std::string::npos);
    EXPECT_NE(page.find("<dt>machine</dt><dd>a &lt;processor&gt;"), std::string::npos);
    EXPECT_EQ(count(page, "<td"), 2 * 6U) << "two rows of six cells";
    EXPECT_EQ(count(page, "<tr id=\"check-1\" class=\"failed\">"), 1U);
    EXPECT_EQ(count(page, "class=\"failed\""), 1U);
    if (std::system("command -v gnuplot >/dev/null 2>&1") == 0) {
        EXPECT_EQ(count(page, "<img "), 2U);
    } else {
        EXPECT_NE(page.find("No pictures"), std::string::npos);
    }
    // Nothing else is left in the folder.
    const std::filesystem::directory_iterator files(folder_ / "");
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(ReportPage, names_failed_checks_first_and_leads_to_them) {
    report_.add({"first", "good", 0.5, 1, "mV"});
    report_.add({"second", "too \"large\"", 2, 1, "mV"});
    report_.add({"second", "too small", 2, 5, "Hz", true});
    report_.add({"third", "not a number", std::nan(""), 1, ""});
    const std::string path = folder_ / "page.html";
    write_report_page(report_, {"t", {}}, path, false);
    const std::string page = text_of(path);
    const std::size_t failed = page.find("<h2>Failed</h2>");
    ASSERT_NE(failed, std::string::npos);
    EXPECT_LT(failed, page.find("<table>"));
    for (const char* const check : {"check-1", "check-2", "check-3"}) {
        const std::string link = fmt::format("<a href=\"#{}\">", check);
        EXPECT_GT(page.find(link), failed) << check;
        EXPECT_EQ(count(page, link), 1U) << check;
    }
    EXPECT_EQ(count(page, "#check-0"), 0U);
    EXPECT_NE(page.find("<a href=\"#family-second\">second <span class=\"bad\">2 of 2 failed"),
              std::string::npos);
    EXPECT_NE(page.find("<a href=\"#family-first\">first <span class=\"soft\">1 passed"),
              std::string::npos);
    EXPECT_NE(page.find("1 of 4 checks passed"), std::string::npos);
}

TEST_F(ReportPage, stands_alone) {
    report_.add({"family", "good", 0.5, 1, "mV"});
    Figure figure{"100 % \"<&>\"", {}};
    figure.panels.push_back({"", "x", "y", {{"curve", Mark::line, colour::plain, {0, 1}, {1, 2}}}});
    report_.figures = {{"family", figure}};
    const std::string path = folder_ / "page.html";
    write_report_page(report_, {"t", {}}, path, false);
    const std::string page = text_of(path);
    EXPECT_EQ(count(page, "<script"), 0U);
    EXPECT_EQ(count(page, "<link"), 0U);
    EXPECT_EQ(count(page, "url("), 0U);
    EXPECT_EQ(count(page, "@import"), 0U);
    EXPECT_EQ(count(page, "src="), count(page, "src=\"data:image/svg+xml,"));
    EXPECT_EQ(count(page, " href=\""), count(page, " href=\"#"));
}

TEST_F(ReportPage, is_not_overwritten_without_force) {
    const std::string path = folder_ / "page.html";
    std::ofstream(path) << "mine";
    try {
        write_report_page(report_, {"t", {}}, path, false);
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::exists);
        EXPECT_NE(error.message().find("page.html"), std::string::npos) << error.message();
    }
    EXPECT_EQ(text_of(path), "mine");
    write_report_page(report_, {"t", {}}, path, true);
    EXPECT_NE(text_of(path).find("</html>"), std::string::npos);
}

}  // namespace
}  // namespace elm
