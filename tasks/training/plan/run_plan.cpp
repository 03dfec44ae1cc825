#include "tasks/training/plan/run_plan.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "baselines/front_end.h"
#include "kernels/core/memory.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/fingerprint.h"
#include "kernels/io/output_file.h"
#include "tasks/training/budget.h"
#include "tasks/training/plan/checkpoint_match.h"
#include "tasks/training/plan/initial_model.h"
#include "tasks/training/plan/memory_plan.h"
#include "tasks/training/plan/resume_point.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

bool has_option(const std::string& model, const std::string& name) {
    return to_values(find_model(model).options()).contains(name);
}

void put(Values& options, const Values& others) {
    for (const auto& [name, value] : others) options[name] = value;
}

}  // namespace

RunPlan::RunPlan(Stream& stream, const Task& task, PlanOptions options)
    : stream_(stream), task_(task), options_(std::move(options)), all_(options_.out) {
    ELM_CHECK(options_.n_seeds >= 1 && options_.n_seeds <= 10000,
              "runs with {} seeds: expected 1 to 10000.", options_.n_seeds);
    ELM_CHECK(options_.memory_sizes.empty() ||
                  std::any_of(options_.models.begin(), options_.models.end(),
                              [](const auto& model) { return has_option(model, memory_option); }),
              "a number of memory units is the size of an ELM neuron and the model {} is none. Its "
              "size is an option of section {}: see elmsim list models.",
              fmt::join(options_.models, ","), options_.models.front());
    parse_budget(options_.recipe.get<std::string>("budget"));
    for (const std::string& model : options_.models) {
        for (std::int64_t k = 0; k < options_.n_seeds; ++k) {
            add_runs(model, options_.seed + static_cast<std::uint64_t>(k));
        }
    }
    ELM_CHECK(options_.init_from.empty() || options_.init_from.size() == runs_.size(),
              "{} begins one run, and these options ask for {}.", options_.init_from.front(),
              runs_.size());
    if (runs_.size() == 1) return;
    const std::string& out = options_.out;
    for (PlannedRun& run : runs_) {
        run.files = RunFiles(out.ends_with(".h5")
                                 ? fmt::format("{}_{}.h5", out.substr(0, out.size() - 3), run.name)
                                 : fmt::format("{}/{}", out, run.name));
    }
}

/// One run for each size of memory.
void RunPlan::add_runs(const std::string& model, std::uint64_t seed) {
    ModelSpec spec{.model = model,
                   .shape = task_.spec().shape,
                   .time_step_ms = task_.spec().step_ms,
                   .front_end = options_.front_end,
                   .towers = task_.spec().towers};
    if (task_.spec().pooling == Pooling::cls) spec.front_end["class_token"] = true;
    for (const auto& [name, value] : task_.suited_options()) {
        if (has_option(model, name)) spec.options[name] = value;
    }
    const auto given = options_.model_options.find(model);
    if (given != options_.model_options.end()) put(spec.options, given->second);
    if (options_.memory_sizes.empty() || !has_option(model, memory_option)) {
        add(spec, seed);
        return;
    }
    for (const std::int64_t size : options_.memory_sizes) {
        spec.options[memory_option] = size;
        add(spec, seed);
    }
}

void RunPlan::add(ModelSpec spec, std::uint64_t seed) {
    PlannedRun run;
    run.files = RunFiles(options_.out);
    run.seed = seed;
    if (runs_.size() < options_.init_from.size()) run.init_from = options_.init_from[runs_.size()];
    if (runs_.size() < options_.earlier_work.size())
        run.earlier = options_.earlier_work[runs_.size()];
    run.make = [this, spec, seed, path = run.init_from] {
        FittedModel model = path.empty() ? with_context("making the model " + spec.model,
                                                        [&] { return make_model(spec, seed); })
                                         : initial_model(options_, spec, path);
        with_context("the model " + spec.model,
                     [&] { model.model->use_arithmetic(options_.arithmetic); });
        return model;
    };
    const FittedModel fitted = run.make();
    require_device(fitted, limits_of(stream_.device()), options_.precision);
    run.spec = fitted.spec;
    const auto size = run.spec.options.find(memory_option);
    run.model_name = size == run.spec.options.end()
                         ? spec.model
                         : fmt::format("{}-{}", spec.model, to_text(size->second));
    run.name = run.model_name;
    if (options_.n_seeds > 1) run.name += fmt::format("-seed{}", seed);
    runs_.push_back(std::move(run));
}

void RunPlan::claim() {
    for (PlannedRun& run : runs_) {
        run.files.claim(options_.force || options_.resume, options_.safetensors);
    }
}

Budget RunPlan::budget() const { return parse_budget(options_.recipe.get<std::string>("budget")); }

TrainingSettings RunPlan::settings(const PlannedRun& run, const Pace& pace) const {
    TrainingSettings settings =
        settings_of(options_.recipe, options_.precision, pace.updates, run.seed);
    settings.earlier = run.earlier;
    settings.report_every = pace.report_every;
    settings.validate_every = pace.validate_every;
    if (run.init_from.empty()) settings.readout_bias = task_.readout_bias();
    return settings;
}

/// The pace that a run begins with: of no end where its length is a matter of time. Where the
/// updates are counted, nothing is measured, so that every run of these options has the same.
Pace RunPlan::first_pace(const PlannedRun& run) const {
    const Budget given = budget();
    if (given.unit == Budget::Unit::seconds) return {};
    const TrainingSettings one = settings(run, {});
    const auto samples = static_cast<double>(one.samples_per_update());
    const double flops = given.unit == Budget::Unit::flops
                             ? flops_per_sample(task_.spec(), *run.make().model) * samples
                             : 1;
    const UpdateCost cost{.samples = samples, .flops = flops};
    constexpr double passes = 3;  // a backward pass takes as long as two forward
    constexpr std::int64_t fewest_validations = 10;
    return pace_of(updates_within(given, cost),
                   static_cast<double>(task_.count(Split::validation)) / (passes * samples),
                   fewest_validations, options_.validate_every);
}

Config RunPlan::configuration() const {
    const bool is_whole = !options_.whole.sections.empty() && options_.whole_out.empty();
    if (is_whole) return options_.whole;
    return runs_.size() == 1 ? runs_.front().config : configuration_of(options_);
}

Config RunPlan::configuration_of_run(const PlannedRun& run) const {
    Config config = configuration_of(options_);
    for (const std::string& model : options_.models) config.sections.erase(model);
    config.sections[run.spec.model] = run.spec.options;
    if (!run.spec.front_end.empty()) config.sections[front_end_section] = run.spec.front_end;
    Values& data = config.sections[data_section] = task_.facts();
    data["seed"] = std::to_string(run.seed);
    data["init_from"] =
        run.init_from.empty() || options_.init_name.empty()
            ? run.init_from
            : fmt::format("{} ({})", options_.init_name, fingerprint_of_file(run.init_from));
    return config;
}

/// How a batch passes within the memory. Runs side by side share it.
PassPlan RunPlan::plan_memory(const PlannedRun& run, Communicator& processes) {
    const auto found = passes_of_model_.find(run.model_name);
    if (found != passes_of_model_.end()) return found->second;
    constexpr double giga = 1e9, share_of_free = 0.75;
    const TrainingSettings whole = settings(run, {});
    const auto at_once =
        std::min<std::int64_t>(std::ssize(runs_), processes.size() > 1 ? 1 : thread_count());
    const double wanted = options_.recipe.get<double>("memory_limit") * giga;
    const double limit =
        (wanted > 0 ? wanted : share_of_free * free_memory_bytes(stream_.device())) /
        static_cast<double>(at_once);
    Communicator alone;
    const PeakBuffers parameters(stream_.device().kind);
    Training probe(stream_, run.make(), whole, task_, alone);
    const double fixed = parameters.bytes();
    MemoryNeed need = measure_memory(probe);
    need.fixed += fixed;
    const std::int64_t samples = whole.batch / processes.size();
    PassPlan plan = with_context("planning the memory of " + run.model_name,
                                 [&] { return plan_passes(probe, need, samples, limit); });
    const std::vector<std::int64_t> all = processes.gather(plan.parts);
    plan.parts = *std::max_element(all.begin(), all.end());
    log::info("{}: needs {:.2g} GB of {:.2g}: batch {} {}{}", run.model_name,
              need.of(samples / plan.parts) / giga, limit / giga, whole.batch,
              plan.parts == 1
                  ? "at once"
                  : fmt::format("as {} accumulation steps of {}, by a first pass about {:.2g} s an "
                                "update",
                                plan.parts, samples / plan.parts,
                                need.seconds * static_cast<double>(samples)),
              plan.recomputes > 0 ? ", steps computed again for the backward pass" : "");
    return passes_of_model_[run.model_name] = plan;
}

/// What makes this run again without the others.
Config RunPlan::configuration_alone(const PlannedRun& run) const {
    Config config = run.config;
    Budget own = budget();
    std::string text = options_.recipe.get<std::string>("budget");
    if (own.unit == Budget::Unit::seconds) {
        text = fmt::format("{}s", own.amount / static_cast<double>(runs_.size()));
    }
    config.sections["training"]["budget"] = text;
    if (options_.ask_for) options_.ask_for(config.sections[options_.config_section], run, text);
    return config;
}

void RunPlan::write_configuration(const RunFiles& files, const Config& config) const {
    if (!files.is_folder()) return;
    // Stages have a folder that the first one found empty or may replace, and leave theirs there.
    const bool is_stage = !options_.whole.sections.empty();
    write_text_file(files.beside(configuration_name), options_.force || options_.resume || is_stage,
                    config.to_toml());
}

void RunPlan::prepare(PlannedRun& run, Communicator& processes) {
    const std::string checkpoint = run.files.checkpoint();
    const bool goes_on = options_.resume && std::filesystem::exists(checkpoint);
    if (options_.resume && !goes_on) {
        log::info("{} is not there: {} begins at its first update", checkpoint, run.name);
    }
    Pace pace = first_pace(run);
    std::int64_t parts = 0;  // as the checkpoint has it
    ScoredSamples scored;
    run.config = configuration_of_run(run);
    if (goes_on) {
        const ResumePoint from = resume_point(checkpoint, run.config, options_.config_section);
        parts = from.batch_parts;
        scored = from.scored;
        if (options_.validate_every == 0 || !from.pace.is_planned()) pace = from.pace;
    }
    if (processes.leads() && runs_.size() > 1) {
        write_configuration(run.files, configuration_alone(run));
    }
    TrainingSettings settings = this->settings(run, pace);
    run.passes = plan_memory(run, processes);
    settings.batch_parts = parts > 0 ? parts : run.passes.parts;
    settings.scored = scored;
    run.training = std::make_unique<Training>(stream_, run.make(), settings, task_, processes);
    for (int i = 0; i < run.passes.recomputes; ++i) run.training->pass()->recompute();
    if (!goes_on) return;
    with_context("going on from " + checkpoint, [&] { run.training->resume(checkpoint); });
    log::info("{}: going on from update {}{}", run.name, run.training->update_count(),
              pace.is_planned() ? fmt::format(" of {}", pace.updates) : "");
}

void RunPlan::prepare(Communicator& processes) {
    for (PlannedRun& run : runs_) prepare(run, processes);
    if (!processes.leads()) return;
    write_configuration(all_, configuration());
    if (!options_.whole_out.empty()) {
        write_configuration(RunFiles(options_.whole_out), options_.whole);
    }
}

std::vector<std::string> RunPlan::configuration_files() const {
    std::vector<std::string> paths{all_.beside(configuration_name)};
    for (const PlannedRun& run : runs_) paths.push_back(run.files.beside(configuration_name));
    if (!options_.whole_out.empty()) {
        paths.push_back(RunFiles(options_.whole_out).beside(configuration_name));
    }
    return paths;
}

std::vector<TrainerRun> RunPlan::trainer_runs() {
    std::vector<TrainerRun> all;
    for (PlannedRun& run : runs_) {
        all.push_back({run.name, run.training.get(), &run.files, run.config});
    }
    return all;
}

void RunPlan::train(Communicator& processes, const std::function<void()>& poll) {
    const Budget given = budget();
    elm::train(trainer_runs(),
               {.seconds = given.unit == Budget::Unit::seconds ? given.amount : 0,
                .validate_every = options_.validate_every,
                .tests = options_.times_test},
               processes, poll);
}

}  // namespace elm
