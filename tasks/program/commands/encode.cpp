// elmsim encode: a sound, an image, a table or a text as spikes.

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/option_set.h"
#include "tasks/encoding/encode_file.h"
#include "tasks/encoding/encoding_picture.h"
#include "tasks/encoding/encoding_writer.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"
#include "tasks/report/table.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

EncodingPlan plan_of(const Arguments& arguments) {
    const EncoderEntry& encoder = with_flag("--encoder", [&]() -> const EncoderEntry& {
        return find_encoder(arguments.text("encoder"));
    });
    EncodingPlan plan{.encoder = &encoder, .options = encoder.options, .seed = arguments.seed()};
    with_context("reading the section " + encoder.name,
                 [&] { set_options(plan.options, arguments.component(encoder.name)); });
    if (const auto step = arguments.optional_number("step-ms")) {
        ELM_CHECK(*step > 0, "--step-ms {}: expected a positive time.", *step);
        plan.files.step_ms = *step;
    }
    if (arguments.has("dataset")) plan.files.dataset = arguments.text("dataset");
    plan.files.scale = arguments.has("scale");
    return plan;
}

std::string config_of(const Arguments& arguments, const EncodingPlan& plan) {
    Config config = arguments.effective();
    config.sections[plan.encoder->name] = to_values(plan.options);
    return config.to_toml();
}

void add_row(Table& table, const EncodedFile& file) {
    const Encoding& encoding = file.encoding;
    const auto spikes = static_cast<double>(encoding.spikes.size());
    const bool fires = encoding.values.empty();
    table.add({file.name, fmt::format("{:.4g}", file.duration_s()),
               fmt::format("{}", encoding.n_steps), fmt::format("{}", encoding.n_units),
               fires ? fmt::format("{}", encoding.spikes.size()) : "",
               fires ? fmt::format("{:.4g}", spikes / file.duration_s() /
                                                 static_cast<double>(encoding.n_units))
                     : "",
               file.error ? fmt::format("{:.3g}", file.error->root_mean_square) : "",
               file.error ? fmt::format("{:.3g}", file.error->largest) : ""});
}

int run(const Arguments& arguments) {
    ELM_CHECK(!arguments.words().empty(), "elmsim encode: expected a file to encode.");
    const EncodingPlan plan = plan_of(arguments);
    require_place(arguments, "plot");
    use_threads(arguments);
    std::optional<EncodingWriter> writer;
    if (arguments.has("out")) {
        writer.emplace(arguments.text("out"), arguments.has("force"), plan.encoder->name,
                       config_of(arguments, plan), arguments.has("dense"));
    } else if (!arguments.has("plot")) {
        log::info("no --out: nothing is kept");
    }
    Table table({"file", "seconds", "steps", "units", "spikes", "rate per unit (Hz)",
                 "decoded: rms error", "largest error"});
    const auto& files = arguments.words();
    std::optional<EncodedFile> first;  // is drawn, once all could be encoded
    for (std::size_t index = 0; index < files.size(); ++index) {
        throw_if_interrupted();
        EncodedFile file = encode_file(plan, files[index], static_cast<std::int64_t>(index));
        const std::string coarse = coarseness(plan, file);
        if (!coarse.empty()) log::warn("{}. Let values last longer: --step-ms.", coarse);
        add_row(table, file);
        if (writer) writer->add(file);
        if (index == 0) first = std::move(file);
    }
    if (writer) writer->finish();
    if (arguments.has("plot")) draw_figure(arguments, "plot", encoding_figure(*first, plan));
    if (arguments.has("json")) {
        print_result(result_header(arguments, Device{})
                         .set("encoder", plan.encoder->name)
                         .set("files", table.to_records())
                         .to_json());
        return 0;
    }
    print_result(table.to_text());
    return 0;
}

std::vector<std::string> encoder_names() {
    std::vector<std::string> names;
    for (const EncoderEntry& entry : all_encoders()) names.push_back(entry.name);
    return names;
}

}  // namespace

Command encode_command() {
    return {
        .name = "encode",
        .summary = "turns a sound, an image, a table or a text into spikes",
        .examples = {"elmsim encode scan.png --encoder latency --out scan.h5 --plot scan.png",
                     "elmsim encode ecg.csv --encoder level-crossing --set "
                     "level-crossing.threshold=0.05 --out ecg.h5",
                     "elmsim encode *.wav --encoder cochlea --out digits.h5 --plot first.png"},
        .words = "FILE...",
        .shared = {"out", "force", "plot", "threads", "seed"},
        .options = {{.name = "encoder",
                     .value = "NAME",
                     .help = "see elmsim list encoders",
                     .choices = encoder_names()},
                    {"step-ms", "MS",
                     "how long a value lasts; a sound says it itself, a row of a table lasts 1 "
                     "ms, an image 100 ms or each of its pixels 1 ms"},
                    {"scale", "", "map the values of each file from lowest .. highest to 0 .. 1"},
                    {"dense", "",
                     "with --out: write how many spikes each unit has in each step, too"},
                    {"dataset", "PATH", "of an HDF5 file that has several"}},
        .run = run};
}

}  // namespace elm
