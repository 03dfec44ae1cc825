#include "tasks/training/record/training_page.h"

#include <cmath>

#include <fmt/format.h>

#include "kernels/io/output_file.h"

namespace elm {
namespace {

/// "elm-10: test MSE 0.00123; chance is 0.16667".
std::string verdict(const PlanResults& results) {
    const TaskSpec& spec = results.task().spec();
    const Metric& metric = spec.metrics[spec.headline];
    const Outcome& best = results.best();
    std::string text = fmt::format("{}: {}{} {:.{}f}", best.run->name, spec.has_test ? "test " : "",
                                   metric.label, best.scores.values[spec.headline], metric.digits);
    if (!std::isnan(metric.chance)) {
        text += fmt::format("; chance is {:.{}f}", metric.chance, metric.digits);
    }
    return text;
}

}  // namespace

void write_training_page(const PlanResults& results, const std::optional<Table>& stages,
                         const html::Facts& facts, const std::vector<Figure>& figures,
                         const Config& config, const std::string& path, bool force) {
    const std::string& task = results.task().spec().name;
    std::string body = "<section><h2>Runs</h2>\n" + html::table(results.run_table());
    if (const auto seeds = results.seed_table()) {
        body += "<h2 class=\"next\">Over seeds</h2>\n" + html::table(*seeds);
    }
    if (stages) body += "<h2 class=\"next\">Stages</h2>\n" + html::table(*stages);
    body += "</section>\n<section><h2>Pictures</h2>\n";
    html::Pictures pictures;
    for (const Figure& figure : figures) body += pictures.add(figure);
    body += fmt::format("</section>\n<section><h2>Configuration</h2>\n<pre>{}</pre></section>\n",
                        html::escaped(config.to_toml()));
    const std::string header = fmt::format("<p class=\"verdict\">{}</p>\n{}",
                                           html::escaped(verdict(results)), html::facts(facts));
    write_text_file(path, force, html::page("elmsim: " + task, header, body));
}

}  // namespace elm
