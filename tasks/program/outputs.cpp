#include "tasks/program/outputs.h"

#include <utility>

#include <fmt/core.h>

#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "tasks/program/arguments.h"
#include "tasks/program/run_context.h"

namespace elm {

void require_place(const Arguments& arguments, const std::string& flag, bool may_replace) {
    if (!arguments.has(flag)) return;
    with_flag("--" + flag, [&] {
        require_plot_place(arguments.text(flag), may_replace || arguments.has("force"));
    });
}

void draw_figure(const Arguments& arguments, const std::string& flag, const Figure& figure,
                 bool may_replace) {
    if (!arguments.has(flag)) return;
    with_flag("--" + flag,
              [&] { draw(figure, arguments.text(flag), may_replace || arguments.has("force")); });
}

RunOutput run_output(const Arguments& arguments, std::string config, std::string remedy) {
    RunOutput output{.config = std::move(config),
                     .force = arguments.has("force"),
                     .draws = arguments.has("plot"),
                     .remedy = std::move(remedy)};
    if (arguments.has("out")) {
        output.path = arguments.text("out");
        const OutputFile probe(output.path, output.force);
    } else {
        log::info("no --out: {}", output.draws ? "only the picture is kept" : "nothing is kept");
    }
    return output;
}

void print_run(const Arguments& arguments, Record record, const std::string& text,
               double neuron_steps_per_second, double real_time_factor) {
    const std::string out = arguments.has("out") ? arguments.text("out") : "";
    if (!arguments.has("json")) {
        print_result(out.empty() ? text : fmt::format("{}written to {}\n", text, out));
        return;
    }
    if (out.empty()) {
        record.set_null("output");
    } else {
        record.set("output", out);
    }
    record.set("neuron_steps_per_second", neuron_steps_per_second)
        .set("real_time_factor", real_time_factor)
        .set("peak_memory_bytes", peak_memory_bytes());
    print_result(record.to_json());
}

}  // namespace elm
