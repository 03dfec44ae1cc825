#include "tasks/validation/report_page.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "kernels/core/error.h"
#include "kernels/io/output_file.h"

namespace elm {
namespace {

constexpr int picture_width_px = 1000, panel_height_px = 260, picture_edges_px = 110;

// Narrow screens show a check as a card; pictures keep their size there and scroll.
constexpr const char* style = R"(
:root{color-scheme:light dark;--text:#1c1e21;--soft:#5c6370;--page:#f6f7f9;--card:#fff;
--line:#dfe2e7;--good:#00714f;--bad:#b23c00;--bad-soft:#fdeee6}
@media(prefers-color-scheme:dark){:root{--text:#e6e8eb;--soft:#9aa2ae;--page:#15171a;
--card:#1e2125;--line:#33383f;--good:#3ecf9f;--bad:#ff8f52;--bad-soft:#3a2418}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:66rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;margin:0 0 .3rem}
h2{font-size:1.2rem;margin:0 0 .8rem;display:flex;justify-content:space-between;gap:1rem}
h2 span,.soft{color:var(--soft);font-weight:normal}
section,header{background:var(--card);border:1px solid var(--line);border-radius:.6rem;
padding:1.2rem;margin-bottom:1.2rem;overflow-wrap:anywhere}
.verdict{font-size:1.2rem;font-weight:600;margin:.2rem 0 1rem}
.good{color:var(--good)}.bad{color:var(--bad)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0}
dt{color:var(--soft)}dd{margin:0;grid-column:2}
nav{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:1rem}
nav a{border:1px solid var(--line);border-radius:1rem;padding:.1rem .8rem}
a{color:inherit}
nav a,td a{text-decoration:none}
figure{margin:0 0 1.2rem;overflow-x:auto}
figcaption{color:var(--soft);margin-bottom:.4rem;position:sticky;left:0}
img{display:block;width:100%;min-width:40rem;height:auto;border-radius:.4rem}
table{width:100%;border-collapse:collapse}
th{color:var(--soft);font-weight:normal;text-align:left;white-space:nowrap}
td,th{padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tr.failed{background:var(--bad-soft)}
tr:target,li:target{outline:2px solid var(--bad)}
@media(max-width:40rem){
th{display:none}td,tr,tbody,table{display:block}
td{border:0;padding:0}td.n{text-align:left}
td.n,td.mark,td.name,td.unit{display:inline}
td.n[data-name]::before{content:attr(data-name) " ";color:var(--soft)}
td.name::after{content:"";display:block}
td.n+td.n{margin-left:.8rem}
tr{padding:.6rem .2rem;border-bottom:1px solid var(--line)}
main{padding:.6rem .6rem 3rem}section,header{padding:.9rem}}
)";

std::string escaped(const std::string& text) {
    std::string result;
    for (const char letter : text) {
        switch (letter) {
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '&':
                result += "&amp;";
                break;
            case '"':
                result += "&quot;";
                break;
            default:
                result += letter;
        }
    }
    return result;
}

/// A text in an address, RFC 3986: what could end the attribute or the address is a number.
std::string in_address(const std::string& text) {
    std::string result;
    for (const char letter : text) {
        if (std::string_view("%#\"'<>&\n").find(letter) == std::string_view::npos) {
            result += letter;
        } else {
            result += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
        }
    }
    return result;
}

std::string svg_of(const Figure& figure) {
    const std::string path =
        (std::filesystem::temp_directory_path() / fmt::format("elmsim-{}.svg", ::getpid()))
            .string();
    draw(figure, path, true);
    std::ifstream file(path);
    const std::string svg{std::istreambuf_iterator<char>(file), {}};
    std::filesystem::remove(path);
    return svg;
}

/// A picture of its own, for names inside of it must not meet those of another one.
std::string picture(Figure figure) {
    const std::string title = escaped(figure.title);
    figure.title.clear();
    const auto panels = static_cast<int>(figure.panels.size());
    figure.width_px = picture_width_px;
    figure.height_px = picture_edges_px + panel_height_px * (figure.side_by_side ? 1 : panels);
    return fmt::format(
        "<figure><figcaption>{0}</figcaption><img alt=\"{0}\" width=\"{1}\" height=\"{2}\" "
        "src=\"data:image/svg+xml,{3}\"></figure>\n",
        title, figure.width_px, figure.height_px, in_address(svg_of(figure)));
}

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

std::string head_of(const ValidationReport& report, const ReportHead& head,
                    const std::vector<Family>& families, std::size_t failed) {
    std::string page = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        "<title>{0}</title>\n<style>{1}</style></head>\n<body><main>\n<header><h1>{0}</h1>\n"
        "<p class=\"verdict {2}\">{3} {4} of {5} checks passed</p>\n<dl>",
        escaped(head.title), style, failed > 0 ? "bad" : "good", failed > 0 ? "\u2717" : "\u2713",
        report.checks.size() - failed, report.checks.size());
    for (const auto& [name, value] : head.facts) {
        page += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value));
    }
    if (!report.skipped.empty()) page += "<dt>skipped</dt>";
    for (const std::string& skipped : report.skipped) {
        page += fmt::format("<dd>{}</dd>\n", escaped(skipped));
    }
    page += "</dl>\n<nav>";
    for (const Family& family : families) {
        page +=
            fmt::format("<a href=\"#{}\">{} <span class=\"{}\">{}</span></a>\n", family.anchor(),
                        escaped(family.name), family.failed > 0 ? "bad" : "soft", family.count());
    }
    return page + "</nav></header>\n";
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
    std::string page = head_of(report, head, families, failed) + failures_of(report, failed);
    bool can_draw = true;
    for (const Family& family : families) {
        page += fmt::format("<section id=\"{}\"><h2>{} <span>{}</span></h2>\n", family.anchor(),
                            escaped(family.name), family.count());
        for (const Figure* figure : family.figures) {
            if (!can_draw) break;
            try {
                page += picture(*figure);
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::unsupported) throw;
                page += fmt::format("<p>No pictures: {}</p>\n", escaped(error.message()));
                can_draw = false;
            }
        }
        if (!family.checks.empty()) {
            page +=
                "<table>\n<tr><th></th><th>check</th><th class=\"n\">measured</th>"
                "<th class=\"n\">allowed</th><th>unit</th><th>note</th></tr>\n";
            for (const std::size_t at : family.checks) page += row_of(report.checks[at], at);
            page += "</table>\n";
        }
        page += "</section>\n";
    }
    write_text_file(path, force, page + "</main></body></html>\n");
}

}  // namespace elm
