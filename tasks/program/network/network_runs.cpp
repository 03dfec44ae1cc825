#include "tasks/program/network/network_runs.h"

#include <filesystem>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/communicator.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "kernels/io/output_file.h"
#include "network/recording/spike_file_writer.h"
#include "tasks/networks/network_picture.h"
#include "tasks/networks/network_report.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/network/network_flags.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

void print(const Arguments& arguments, const NetworkSubject& subject, const NetworkPlan& plan,
           const NetworkResult& result) {
    Table reference({""});
    if (subject.benchmark != nullptr &&
        arguments.optional_number("scale").value_or(1) == subject.benchmark->reference_scale) {
        reference = reference_table(plan, result, *subject.benchmark);
    }
    if (arguments.has("json")) {
        Record record = result_header(arguments, plan.device).append(network_record(plan, result));
        if (!reference.empty()) record.set("reference", reference.to_records());
        record.set("peak_memory_bytes", peak_memory_bytes());
        print_result(record.to_json());
        return;
    }
    std::string text = network_summary(plan, result) + "\n" +
                       network_table(plan, result).to_text() + network_report_notes(plan);
    if (!reference.empty()) {
        text += fmt::format("\nbeside {}\n{}", subject.benchmark->reference, reference.to_text());
    }
    if (reference.empty() && subject.benchmark != nullptr && !subject.benchmark->values.empty()) {
        text += fmt::format("\nValues of another simulator are known at a scale of {:g}.\n",
                            subject.benchmark->reference_scale);
    }
    if (arguments.has("out")) text += fmt::format("written to {}\n", arguments.text("out"));
    print_result(text);
}

}  // namespace

void run_graph(const Arguments& arguments, const NetworkSubject& subject, network::NirGraph graph) {
    refuse_given(arguments, {"resume", "checkpoint-every"}, "is for networks, not for NIR graphs.");
    const NirPlan plan = nir_plan_of(arguments, std::move(graph));
    use_threads(arguments);
    std::optional<OutputFile> output;
    if (arguments.has("out")) output.emplace(arguments.text("out"), arguments.has("force"));
    const NirResult result = run_nir(plan);
    if (output) {
        write_nir_result(*output, result, network_config_of(arguments, subject));
        output->commit();
    }
    if (arguments.has("json")) {
        print_result(result_header(arguments, Device{})
                         .append(nir_record(result))
                         .set("peak_memory_bytes", peak_memory_bytes())
                         .to_json());
        return;
    }
    std::string text = nir_summary(plan, result) + "\n" + nir_table(result).to_text();
    if (output) text += fmt::format("written to {}\n", arguments.text("out"));
    print_result(text);
}

void run_description(const Arguments& arguments, const NetworkSubject& subject,
                     network::NetworkDescription network) {
    NetworkPlan plan = network_plan_of(arguments, subject, std::move(network));
    use_threads(arguments);
    Communicator processes = Communicator::world();
    plan.checkpoints = network_checkpoints_of(arguments, processes);
    plan.checkpoints.config = network_config_of(arguments, subject);
    std::optional<OutputFile> output;
    if (processes.leads()) {
        require_place(arguments, "plot");
        if (arguments.has("out")) {
            output.emplace(arguments.text("out"),
                           arguments.has("force") || arguments.has("resume"));
        }
    } else {
        Progress::set_enabled(false);
        log::set_level(log::Level::warn);
    }
    const NetworkResult result = run_network(plan, processes, throw_if_interrupted);
    network::PlasticWeights weights;
    if (arguments.has("out")) weights = network::plastic_weights(plan.network, *result.engine);
    if (!processes.leads()) return;
    if (output) {
        network::write_spike_file(*output, plan.network, *result.engine, weights,
                                  result.duration_ms, plan.checkpoints.config);
        output->commit();
        if (!plan.checkpoints.keep_last) std::filesystem::remove(plan.checkpoints.path);
    }
    if (arguments.has("plot")) draw_figure(arguments, "plot", network_figure(plan, result));
    print(arguments, subject, plan, result);
}

}  // namespace elm
