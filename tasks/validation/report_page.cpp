#include "tasks/validation/report_page.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "kernels/io/output_file.h"
#include "tasks/report/html_page.h"

namespace elm {
namespace {

using html::escaped;

/// The checks and pictures of a family, in the order in which they were made.
struct Family {
    std::string name;
    std::vector<std::size_t> checks;  // their places in the report
    std::vector<const Figure*> figures;
    std::size_t failed = 0;

    std::string anchor() const {
        std::string text = "family-";
        for (const char letter : name)
            text += std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '-';
        return text;
    }
    std::string count() const {
        return failed > 0 ? fmt::format("{} of {} failed", failed, checks.size())
                          : fmt::format("{} passed", checks.size());
    }
};

std::vector<Family> families_of(const ValidationReport& report) {
    std::vector<Family> families;
    const auto of = [&](const std::string& name) -> Family& {
        const auto found = std::find_if(families.begin(), families.end(),
                                        [&](const Family& family) { return family.name == name; });
        return found != families.end() ? *found : families.emplace_back(Family{name, {}, {}});
    };
    for (std::size_t at = 0; at < report.checks.size(); ++at) {
        Family& family = of(report.checks[at].family);
        family.checks.push_back(at);
        family.failed += report.checks[at].passed() ? 0 : 1;
    }
    for (const FamilyFigure& one : report.figures) of(one.family).figures.push_back(&one.figure);
    return families;
}

std::string header_of(const ValidationReport& report, const ReportHead& head,
                      const std::vector<Family>& families, std::size_t failed) {
    html::Facts facts = head.facts;
    for (const std::string& skipped : report.skipped) facts.emplace_back("skipped", skipped);
    std::string header =
        fmt::format("<p class=\"verdict {}\">{} {} of {} checks passed</p>\n{}<nav>",
                    failed > 0 ? "bad" : "good", failed > 0 ? "\u2717" : "\u2713",
                    report.checks.size() - failed, report.checks.size(), html::facts(facts));
    for (const Family& family : families) {
        header +=
            fmt::format("<a href=\"#{}\">{} <span class=\"{}\">{}</span></a>\n", family.anchor(),
                        escaped(family.name), family.failed > 0 ? "bad" : "soft", family.count());
    }
    return header + "</nav>";
}

std::string failures_of(const ValidationReport& report, std::size_t failed) {
    if (failed == 0) return "";
    std::string page = "<section><h2>Failed</h2>\n<ul>";
    for (std::size_t at = 0; at < report.checks.size(); ++at) {
        const Check& check = report.checks[at];
        if (check.passed()) continue;
        page += fmt::format(
            "<li><a href=\"#check-{}\">{}: {}</a> <span class=\"bad\">{:.3g}, allowed {} {:.3g} "
            "{}</span></li>\n",
            at, escaped(check.family), escaped(check.name), check.measured,
            check.at_least ? "\u2265" : "\u2264", check.allowed, escaped(check.unit));
    }
    return page + "</ul></section>\n";
}

std::string row_of(const Check& check, std::size_t at) {
    return fmt::format(
        "<tr id=\"check-{}\"{}><td class=\"mark {}\">{}</td> <td class=\"name\">{}</td>"
        "<td class=\"n\" data-name=\"measured\">{:.3g}</td>"
        "<td class=\"n\" data-name=\"allowed\">{} {:.3g}</td> <td class=\"unit\">{}</td>"
        "<td class=\"soft\">{}</td></tr>\n",
        at, check.passed() ? "" : " class=\"failed\"", check.passed() ? "good" : "bad",
        check.passed() ? "\u2713" : "\u2717 failed", escaped(check.name), check.measured,
        check.at_least ? "\u2265" : "\u2264", check.allowed, escaped(check.unit),
        escaped(check.note));
}

}  // namespace

void write_report_page(const ValidationReport& report, const ReportHead& head,
                       const std::string& path, bool force) {
    const std::vector<Family> families = families_of(report);
    std::size_t failed = 0;
    for (const Family& family : families) failed += family.failed;
    std::string page = failures_of(report, failed);
    html::Pictures pictures;
    for (const Family& family : families) {
        page += fmt::format("<section id=\"{}\"><h2>{} <span>{}</span></h2>\n", family.anchor(),
                            escaped(family.name), family.count());
        for (const Figure* figure : family.figures) page += pictures.add(*figure);
        if (!family.checks.empty()) {
            page +=
                "<table>\n<tr><th></th><th>check</th><th class=\"n\">measured</th>"
                "<th class=\"n\">allowed</th><th>unit</th><th>note</th></tr>\n";
            for (const std::size_t at : family.checks) page += row_of(report.checks[at], at);
            page += "</table>\n";
        }
        page += "</section>\n";
    }
    write_text_file(path, force,
                    html::page(head.title, header_of(report, head, families, failed), page));
}

}  // namespace elm
