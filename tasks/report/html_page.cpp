#include "tasks/report/html_page.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

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
h2.next{margin-top:1.5rem}
pre{margin:0;overflow-x:auto;font-size:.85rem}
.wide{overflow-x:auto}
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
    const std::string title = html::escaped(figure.title);
    figure.title.clear();
    const auto panels = static_cast<int>(figure.panels.size());
    figure.width_px = picture_width_px;
    figure.height_px = picture_edges_px + panel_height_px * (figure.side_by_side ? 1 : panels);
    return fmt::format(
        "<figure><figcaption>{0}</figcaption><img alt=\"{0}\" width=\"{1}\" height=\"{2}\" "
        "src=\"data:image/svg+xml,{3}\"></figure>\n",
        title, figure.width_px, figure.height_px, in_address(svg_of(figure)));
}

}  // namespace

namespace html {

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

std::string facts(const Facts& facts) {
    std::string text = "<dl>";
    const std::string* before = nullptr;
    for (const auto& [name, value] : facts) {
        if (before == nullptr || *before != name) text += fmt::format("<dt>{}</dt>", escaped(name));
        text += fmt::format("<dd>{}</dd>\n", escaped(value));
        before = &name;
    }
    return text + "</dl>\n";
}

std::string table(const Table& table) {
    const auto rows = table.shown_rows();
    const std::vector<bool> right = table.numeric_columns();
    std::string text = "<div class=\"wide\"><table>\n";
    for (std::size_t row = 0; row < rows.size(); ++row) {
        text += "<tr>";
        for (std::size_t column = 0; column < right.size(); ++column) {
            const char* const kind = right[column] ? "n" : column == 0 ? "name" : "text";
            text += row == 0
                        ? fmt::format("<th class=\"{}\">{}</th>", kind, escaped(rows[0][column]))
                        : fmt::format("<td class=\"{}\" data-name=\"{}\">{}</td> ", kind,
                                      escaped(rows[0][column]), escaped(rows[row][column]));
        }
        text += "</tr>\n";
    }
    return text + "</table></div>\n";
}

std::string sorting_script() {
    return R"(<style>th[aria-sort]{cursor:pointer}
th[aria-sort=ascending]::after{content:" \25B4"}th[aria-sort=descending]::after{content:" \25BE"}
</style><script>
for (const table of document.querySelectorAll("table")) {
  const [head, ...rows] = table.rows;
  [...head.cells].forEach((name, column) => {
    const sort = () => {
      const down = name.getAttribute("aria-sort") === "ascending";
      for (const other of head.cells) other.setAttribute("aria-sort", "none");
      name.setAttribute("aria-sort", down ? "descending" : "ascending");
      const text = (row) => row.cells[column].textContent;
      const order = (a, b) => {
        const x = parseFloat(text(a)), y = parseFloat(text(b));
        if (isNaN(x) && isNaN(y)) return text(a).localeCompare(text(b));
        if (isNaN(x) || isNaN(y)) return isNaN(x) ? (down ? -1 : 1) : (down ? 1 : -1);
        return x - y;
      };
      rows.sort((a, b) => down ? order(b, a) : order(a, b));
      head.after(...rows);
    };
    name.tabIndex = 0;
    name.setAttribute("aria-sort", "none");
    name.onclick = sort;
    name.onkeydown = (event) => { if (event.key === "Enter") sort(); };
  });
}
</script>
)";
}

std::string page(const std::string& title, const std::string& header, const std::string& body) {
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        "<title>{0}</title>\n<style>{1}</style></head>\n<body><main>\n<header><h1>{0}</h1>\n"
        "{2}</header>\n{3}</main></body></html>\n",
        escaped(title), style, header, body);
}

std::string Pictures::add(const Figure& figure) {
    if (!can_draw_) return "";
    try {
        return picture(figure);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unsupported) throw;
        can_draw_ = false;
        return fmt::format("<p>No pictures: {}</p>\n", escaped(error.message()));
    }
}

}  // namespace html
}  // namespace elm
