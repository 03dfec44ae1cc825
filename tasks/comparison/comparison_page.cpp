#include "tasks/comparison/comparison_page.h"

#include <fmt/format.h>

#include "kernels/io/output_file.h"

namespace elm {

void write_page(const ComparisonPage& page, const std::string& path, bool force) {
    std::string body;
    for (const auto& [name, table] : page.tables) {
        body += fmt::format("<section><h2>{}</h2>\n{}</section>\n", html::escaped(name),
                            html::table(table));
    }
    body += "<section><h2>Pictures</h2>\n";
    html::Pictures pictures;
    for (const Figure& figure : page.figures) body += pictures.add(figure);
    body += fmt::format(
        "</section>\n<section><h2>Commands</h2>\n<pre>{}</pre></section>\n<section>"
        "<h2>Configuration</h2>\n<pre>{}</pre></section>\n",
        html::escaped(page.commands), html::escaped(page.config.to_toml()));
    const std::string header = fmt::format("<p class=\"verdict\">{}</p>\n{}",
                                           html::escaped(page.verdict), html::facts(page.facts));
    write_text_file(path, force, html::page(page.title, header, body + html::sorting_script()));
}

}  // namespace elm
