#include "tasks/program/training/training_command.h"

#include <span>

#include <fmt/format.h>

#include "baselines/front_end.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "tasks/program/arguments.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/made_of.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"
#include "tasks/program/training/open_task.h"
#include "tasks/program/training/training_options.h"
#include "tasks/program/training/training_results.h"
#include "tasks/report/plot.h"
#include "tasks/training/plan/checkpoint_match.h"
#include "tasks/training/plan/stages.h"
#include "tasks/training/record/older_results.h"

namespace elm {
namespace {

/// Refuses outputs that may not be written, before the work.
void require_places(const Arguments& arguments, bool may_replace) {
    require_place(arguments, "plot", may_replace);
    if (!arguments.has("report")) return;
    with_flag("--report", [&] {
        const OutputFile page(arguments.text("report"), may_replace || arguments.has("force"));
    });
}

/// What a command that trains does with files that are there.
struct Manner {
    bool resumes, forces;
};

void claim_files(RunPlan& plan, const Manner& manner) {
    const bool may_replace = manner.resumes || manner.forces;
    plan.claim();
    require_plot_place(plan.files().learning_curve(), may_replace);
    if (plan.runs().size() > 1) require_plot_place(plan.files().beside("sweep.png"), may_replace);
}

void train_plan(RunPlan& plan, const Manner& manner, const OlderResults& older,
                const std::vector<std::string>& models, Communicator& processes) {
    if (processes.leads()) claim_files(plan, manner);
    const auto prepare = [&] { plan.prepare(processes); };
    manner.resumes ? with_flag("--resume", prepare) : prepare();
    if (processes.leads()) older.remove(plan, models);
    plan.train(processes, throw_if_interrupted);
    processes.barrier();  // what the first one wrote is there
}

/// The stages, one after the other.
void train_stages(const TaskEntry& entry, const Arguments& arguments, const Config& preset,
                  const PlanOptions& whole, std::span<const Stage> stages, RunContext& context,
                  Communicator& processes) {
    const Manner manner{arguments.has("resume"), arguments.has("force")};
    const OptionSet task_options = options_of(entry.options(), entry.name, arguments, preset);
    const bool in_stages = stages.size() > 1;
    // Later stages begin with what earlier ones leave in the same folder.
    OlderResults older;
    if (manner.forces && processes.leads()) older = OlderResults(whole.out);
    StagesDone done;
    for (std::size_t k = 0; k < stages.size(); ++k) {
        PlanOptions options = whole;
        OptionSet of_task = options_in(stages[k], entry.name, task_options);
        choose_stage(stages, k, entry.name, done, options);
        const std::unique_ptr<Task> task = open_task(entry, of_task, arguments, preset);
        options.config.sections[entry.name] = to_values(of_task);
        if (in_stages) {
            Values& all = options.whole.sections[entry.name];
            all = with_facts(stages[k], entry.name, all, to_values(of_task));
        }
        log::info("{}{}", in_stages ? fmt::format("stage {} of {}: ", k + 1, stages.size()) : "",
                  task->summary());
        if (!in_stages) warn_of_changes(arguments, data_section, task->facts());
        const std::vector<std::string> models = options.init_from;
        RunPlan plan(context.stream(), *task, std::move(options));
        const bool own_folder = !in_stages && plan.files().is_folder();
        if (own_folder && manner.resumes && processes.leads()) require_own_checkpoint(plan);
        train_plan(plan, manner, older, models, processes);
        older = {};
        done.add(stages[k], k, plan, processes.leads());
        if (k + 1 < stages.size() || !processes.leads()) continue;
        show_results(arguments, context, plan,
                     in_stages ? std::optional(done.table) : std::nullopt);
    }
}

}  // namespace

int train_on(const TaskEntry& entry, const Arguments& arguments) {
    const bool resumes = arguments.has("resume"), force = arguments.has("force");
    ELM_CHECK(!(resumes && force),
              "--resume goes on with a run and --force begins anew: give one.");
    Communicator processes = Communicator::world();
    if (processes.leads()) require_places(arguments, resumes);
    RunContext context(arguments, true);
    const Config preset =
        arguments.has("preset")
            ? with_flag("--preset " + arguments.text("preset"),
                        [&] { return find_preset(entry, arguments.text("preset")); })
            : Config{};
    PlanOptions whole = plan_options(arguments, context, preset,
                                     registered_models(arguments, "model"), arguments.text("out"));
    const Values curriculum = curriculum_of(arguments, preset);
    const std::vector<Stage> stages = stages_of(curriculum);
    require_trained(stages, entry.name, whole.models);
    if (arguments.has("data") && entry.samples) {
        with_flag("--data",
                  [&] { require_same_samples(stages, entry.name, entry.samples->options()); });
    }
    if (stages.size() > 1) {
        if (!resumes && !force && processes.leads()) require_new_folder(whole.out);
        whole.whole = configuration_of(whole);
        whole.whole.sections[entry.name] =
            to_values(options_of(entry.options(), entry.name, arguments, preset));
        whole.whole.sections[curriculum_section] = curriculum;
    }
    context.announce();
    train_stages(entry, arguments, preset, whole, stages, context, processes);
    return 0;
}

std::vector<Flag> training_flags(std::vector<std::string> presets) {
    return {{"memory", "N[,N...]", "memory units of the ELM neuron; one run for each"},
            {"front-end", "KIND",
             "what stands before the model: linear, embedding, or encoder=NAME (elmsim list "
             "encoders)"},
            {"preset", "NAME", "a published recipe, see elmsim list presets", "", false,
             std::move(presets)},
            {"budget", "AMOUNT",
             "how long to train: 10m, 200s, 5000u (updates), 80000n (samples), 1e15f (FLOPs)"},
            {"seeds", "N", "runs with seeds S, S+1, ..., for each model", "1"},
            {"validate-every", "N", "updates between validations"},
            {"init-from", "FILE", "begin with the parameters of this model"},
            {"resume", "", "go on from the checkpoint beside --out"},
            {"report", "FILE", "one HTML page that stands alone: tables, pictures, configuration"},
            {"safetensors", "", "write the model as .safetensors, too"}};
}

}  // namespace elm
