#include "tasks/program/network/network_flags.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/toml_config.h"
#include "tasks/program/arguments.h"

namespace elm {
namespace {

/// Unless a device is named it is the CPU, whose spikes do not depend on the machine.
Device device_of(const Arguments& arguments) {
    const std::string device = arguments.text("device");
    return device == "auto" ? Device{}
                            : with_flag("--device", [&] { return parse_device(device); });
}

DType precision_of(const Arguments& arguments) {
    const std::string precision = arguments.text("precision");
    ELM_CHECK(precision == "f32" || precision == "f64",
              "--precision {}: networks run in f32 or f64.", precision);
    return precision == "f64" ? DType::f64 : DType::f32;
}

std::optional<double> seconds_of(const Arguments& arguments) {
    const auto seconds = arguments.optional_number("seconds");
    ELM_CHECK(!seconds || *seconds > 0, "--seconds {}: expected a positive time.", *seconds);
    return seconds;
}

}  // namespace

void refuse_given(const Arguments& arguments, const std::vector<std::string>& flags,
                  const std::string& why) {
    for (const std::string& flag : flags) {
        ELM_CHECK(!arguments.has(flag), "--{} {}", flag, why);
    }
}

NetworkPlan network_plan_of(const Arguments& arguments, const NetworkSubject& subject,
                            network::NetworkDescription network) {
    refuse_given(arguments, {"dt-ms", "rule"}, "is for NIR graphs: a network says its own step.");
    NetworkPlan plan;
    plan.network = std::move(network);
    if (subject.benchmark != nullptr) plan.least_intervals = subject.benchmark->least_intervals;
    if (arguments.has("seed")) plan.network.seed = arguments.seed();
    if (const auto seconds = seconds_of(arguments)) {
        plan.network.duration_ms = *seconds * 1000;
        plan.network.discard_ms = std::min(plan.network.discard_ms, plan.network.duration_ms / 2);
    }
    plan.engine = arguments.text("engine") == "event-driven" ? NetworkEngine::event_driven
                                                             : NetworkEngine::time_stepped;
    plan.device = device_of(arguments);
    plan.precision = precision_of(arguments);
    if (plan.engine == NetworkEngine::event_driven && plan.precision != DType::f64) {
        log::info("--precision f32: the event-driven engine runs in f64");
    }
    return plan;
}

NirPlan nir_plan_of(const Arguments& arguments, network::NirGraph graph) {
    refuse_given(arguments, {"seed"}, "is for networks: nothing in a NIR graph is random.");
    refuse_given(arguments, {"plot"}, "draws networks; a NIR graph has values, see --out.");
    ELM_CHECK(arguments.text("engine") == "time-stepped",
              "--engine {}: a NIR graph runs on a grid of time.", arguments.text("engine"));
    if (device_of(arguments).kind != DeviceKind::cpu) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("--device {}: NIR graphs run on the CPU. Use --device cpu.",
                                arguments.text("device")));
    }
    NirPlan plan{.graph = std::move(graph)};
    if (arguments.has("input")) plan.input = arguments.text("input");
    plan.dt_ms = arguments.optional_number("dt-ms");
    plan.seconds = seconds_of(arguments);
    if (arguments.has("rule") && arguments.text("rule") == "exact") {
        plan.rule = network::NirRule::exact;
    }
    plan.precision = precision_of(arguments);
    return plan;
}

NetworkCheckpoints network_checkpoints_of(const Arguments& arguments,
                                          const Communicator& processes) {
    NetworkCheckpoints checkpoints;
    const bool resume = arguments.has("resume"), force = arguments.has("force");
    ELM_CHECK(!(resume && force), "--resume goes on with a run and --force begins anew: give one.");
    for (const char* const flag : {"resume", "checkpoint-every"}) {
        ELM_CHECK(!arguments.has(flag) || arguments.has("out"),
                  "--{}: checkpoints stand beside --out, which is not given.", flag);
    }
    if (!arguments.has("out")) return checkpoints;
    if (processes.size() > 1) {
        refuse_given(arguments, {"resume", "checkpoint-every"},
                     "is for one process. Start it without a launcher.");
        return checkpoints;
    }
    std::filesystem::path path = arguments.text("out");
    checkpoints.path = path.replace_extension(".checkpoint.h5").string();
    checkpoints.resume = resume;
    checkpoints.keep_last = arguments.has("checkpoint-every");
    if (const auto seconds = arguments.optional_number("checkpoint-every")) {
        ELM_CHECK(*seconds >= 0, "--checkpoint-every {}: expected at least 0 seconds.", *seconds);
        checkpoints.seconds = *seconds;
    }
    const std::string& out = arguments.text("out");
    const bool goes_on = std::filesystem::exists(checkpoints.path);
    ELM_CHECK(!resume || goes_on || !std::filesystem::exists(out),
              "--resume: {} exists, and there is no {} to go on from. Begin anew with --force.",
              out, checkpoints.path);
    if (goes_on && !resume && !force) {
        throw Error(ErrorKind::exists,
                    fmt::format("{} exists: a run was stopped there.", checkpoints.path));
    }
    return checkpoints;
}

std::string network_config_of(const Arguments& arguments, const NetworkSubject& subject) {
    std::string text = arguments.effective().to_toml();
    if (subject.file.empty() || !begins_as_text(subject.file)) return text;
    std::ifstream file(subject.file);
    std::stringstream spec;
    spec << file.rdbuf();
    return text + "\n# " + subject.file + "\n" + spec.str();
}

}  // namespace elm
