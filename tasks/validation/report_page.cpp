#include "tasks/validation/report_page.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "kernels/core/build_info.h"
#include "kernels/core/error.h"
#include "kernels/io/output_file.h"

namespace elm {
namespace {

std::string escaped(const std::string& text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '&':
                result += "&amp;";
                break;
            default:
                result += c;
        }
    }
    return result;
}

std::string picture_of(const Figure& figure) {
    const std::string path =
        (std::filesystem::temp_directory_path() / fmt::format("elmsim-{}.svg", ::getpid()))
            .string();
    draw(figure, path, true);
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    std::filesystem::remove(path);
    const std::string svg = text.str();
    const auto begin = svg.find("<svg");
    return begin == std::string::npos ? std::string{} : svg.substr(begin);
}

}  // namespace

void write_report_page(const ValidationReport& report, const std::string& title,
                       const std::string& path, bool force) {
    std::string page = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title>\n"
        "<style>body{{font-family:sans-serif;max-width:70em;margin:2em auto}}"
        "td,th{{padding:0.15em 0.8em;text-align:left}}td.n{{text-align:right}}"
        "tr.bad{{background:#f8d0c0}}svg{{max-width:100%;height:auto}}</style>\n<h1>{0}</h1>\n"
        "<p>elmsim {1}, {2}</p>\n",
        escaped(title), build_info::version, build_info::compiler);
    std::size_t failed = 0;
    for (const Check& check : report.checks) failed += !check.passed();
    page += fmt::format("<p>{} of {} checks passed.</p>\n", report.checks.size() - failed,
                        report.checks.size());
    for (const std::string& skipped : report.skipped) {
        page += fmt::format("<p>Skipped: {}</p>\n", escaped(skipped));
    }
    page +=
        "<table>\n<tr><th>family</th><th>check</th><th>measured</th><th></th><th>allowed</th>"
        "<th>unit</th><th>note</th></tr>\n";
    for (const Check& check : report.checks) {
        page += fmt::format(
            "<tr{}><td>{}</td><td>{}</td><td class=n>{:.3g}</td><td>{}</td>"
            "<td class=n>{:.3g}</td><td>{}</td><td>{}</td></tr>\n",
            check.passed() ? "" : " class=bad", escaped(check.family), escaped(check.name),
            check.measured, check.at_least ? "≥" : "≤", check.allowed, escaped(check.unit),
            escaped(check.note));
    }
    page += "</table>\n";
    for (const Figure& figure : report.figures) {
        try {
            page += fmt::format("<h2>{}</h2>\n{}\n", escaped(figure.title), picture_of(figure));
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::unsupported) throw;
            page += fmt::format("<p>No pictures: {}</p>\n", escaped(error.message()));
            break;
        }
    }
    write_text_file(path, force, page + "</html>\n");
}

}  // namespace elm
