// elmsim fit: trains surrogates of a neuron on recorded input and output.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "kernels/core/log.h"
#include "tasks/neuronio/selection.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/data_files.h"
#include "tasks/program/fit_candidates.h"
#include "tasks/program/fit_results.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/made_of.h"
#include "tasks/program/run_context.h"
#include "tasks/report/plot.h"
#include "tasks/training/budget.h"
#include "tasks/training/fit_presets.h"
#include "tasks/training/trainer.h"

namespace elm {
namespace {

/// Simulations to learn from, and others to score on.
struct Data {
    NeuronIoDataset train;
    std::vector<NeuronIoSimulation> validation = {};
    std::size_t shown = 0;        // of the validation: the liveliest one
    std::string shown_file = {};  // where it stands
};

std::string as_selection(const std::vector<std::int64_t>& indices) {
    return fmt::format("{}", fmt::join(indices, ","));
}

/// Without --train and --validate the last quarter is held out; with one of them the other is what
/// remains.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> split(const Arguments& arguments,
                                                                      std::int64_t size) {
    const auto given = [&](const char* flag) {
        return with_context(fmt::format("reading --{}", flag), [&] {
            return arguments.has(flag) ? parse_selection(arguments.text(flag), size)
                                       : std::vector<std::int64_t>{};
        });
    };
    const auto others = [&](const std::vector<std::int64_t>& chosen) {
        const std::set<std::int64_t> taken(chosen.begin(), chosen.end());
        std::vector<std::int64_t> rest;
        for (std::int64_t index = 0; index < size; ++index) {
            if (!taken.contains(index)) rest.push_back(index);
        }
        return rest;
    };
    std::vector<std::int64_t> train = given("train"), validation = given("validate");
    if (train.empty() && validation.empty()) {
        const std::int64_t held_out = std::max<std::int64_t>(1, size / 4);
        for (std::int64_t index = size - held_out; index < size; ++index) {
            validation.push_back(index);
        }
    }
    if (train.empty()) train = others(validation);
    if (validation.empty()) validation = others(train);
    const std::set<std::int64_t> learnt(train.begin(), train.end());
    for (const std::int64_t index : validation) {
        ELM_CHECK(!learnt.contains(index),
                  "simulation {} stands in both --train and --validate: a fit must be scored on "
                  "simulations that it has not seen.",
                  index);
    }
    if (train.empty() || validation.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("of {} simulations, {} are left to train on and {} to validate on: "
                                "expected at least one each. Give more data, or choose with "
                                "--train and --validate.",
                                size, train.size(), validation.size()));
    }
    return {train, validation};
}

Data load_data(const Arguments& arguments) {
    const std::vector<std::string> files = expand_folders(arguments, "data");
    std::int64_t size = 0;
    for (const std::string& path : files) size += NeuronIoFile(path).size();
    const auto [train, validation] = split(arguments, size);
    NeuronIoDatasetOptions options;
    options.progress = [](std::int64_t, std::int64_t) { throw_if_interrupted(); };
    options.selection = as_selection(validation);
    const NeuronIoDataset held_out(files, options);
    options.selection = as_selection(train);
    Data data{.train = NeuronIoDataset(files, options)};
    for (std::int64_t index = 0; index < held_out.size(); ++index) {
        data.validation.push_back(held_out.read(index));
    }
    const auto spikes = [](const NeuronIoSimulation& simulation) {
        return simulation.output_spike_times_ms.size();
    };
    const auto liveliest =
        std::max_element(data.validation.begin(), data.validation.end(),
                         [&](const auto& a, const auto& b) { return spikes(a) < spikes(b); });
    data.shown = static_cast<std::size_t>(liveliest - data.validation.begin());
    data.shown_file = held_out.path(static_cast<std::int64_t>(data.shown));
    log::info(
        "{} simulations to train on, {} to validate on: {} steps, {} channels, {:.2f} output "
        "spikes/s",
        data.train.size(), held_out.size(), data.train.n_steps(), data.train.n_channels(),
        data.train.output_rate_hz());
    return data;
}

/// Flags rank above the section [training], which ranks above the preset.
OptionSet training_settings(const Arguments& arguments, const Config& preset) {
    OptionSet options = training_options();
    const auto set_all = [&](const Values& values) {
        for (const auto& [key, value] : values) options.set(key, to_text(value));
    };
    if (const auto found = preset.sections.find("training"); found != preset.sections.end()) {
        set_all(found->second);
    }
    with_context("reading the section training", [&] { set_all(arguments.component("training")); });
    if (arguments.has("budget")) options.set("budget", arguments.text("budget"));
    return options;
}

FitSettings settings_of(const OptionSet& options, DType precision, std::int64_t updates,
                        std::uint64_t seed) {
    FitSettings settings;
    settings.updates = updates;
    settings.windows.batch = options.get<std::int64_t>("batch");
    settings.windows.window_steps = options.get<std::int64_t>("window_steps");
    settings.windows.first_step = options.get<std::int64_t>("first_step");
    settings.passes = options.get<std::int64_t>("passes");
    settings.seed = seed;
    settings.optimizer = optimizer_settings_of(options);
    settings.learning_rate = learning_rate_of(options, updates);
    settings.precision = precision;
    return settings;
}

/// Wall time of one update, measured on a fit that is thrown away.
double seconds_per_update(RunContext& context, const FitCandidate& candidate,
                          const OptionSet& options, const NeuronIoDataset& data) {
    Communicator alone;
    constexpr std::int64_t no_end = std::int64_t{1} << 40;
    Fit probe(context.stream(), candidate.make(),
              settings_of(options, context.precision(), no_end, candidate.seed), data, alone);
    probe.advance(2, 60);
    const std::int64_t before = probe.update_count();
    const auto start = std::chrono::steady_clock::now();
    probe.advance(no_end, 0.5);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    return passed.count() / static_cast<double>(probe.update_count() - before);
}

std::int64_t count_updates(RunContext& context, const FitCandidate& candidate,
                           const OptionSet& options, const NeuronIoDataset& data,
                           std::size_t n_fits) {
    Budget budget = parse_budget(options.get<std::string>("budget"));
    if (budget.unit == Budget::Unit::updates) return updates_within(budget, 1, 1);
    if (budget.unit == Budget::Unit::flops) {
        const double steps = static_cast<double>(options.get<std::int64_t>("batch") *
                                                 options.get<std::int64_t>("window_steps") *
                                                 options.get<std::int64_t>("passes"));
        return updates_within(budget, 1, 3 * candidate.make().model->flops_per_step() * steps);
    }
    budget.amount /= static_cast<double>(n_fits);  // the time is that of all fits together
    const double seconds = seconds_per_update(context, candidate, options, data);
    return updates_within(budget, seconds, 1);
}

/// What tells one data set from another.
Values facts_of(const NeuronIoDataset& data) {
    return {{"simulations", data.size()},
            {"steps", data.n_steps()},
            {"channels", data.n_channels()},
            {"input_spikes", data.n_input_spikes()},
            {"output_spikes", data.n_output_spikes()}};
}

/// What a checkpoint must agree in before a fit goes on from it.
Config configuration(const Arguments& arguments, const FitCandidate& candidate,
                     const OptionSet& options, const Data& data, std::int64_t updates) {
    Config config = arguments.effective();
    Values& training = config.sections["training"];
    for (const auto& option : options.options()) {
        training[option.name] = parse_value(options.text(option.name));
    }
    config.sections[candidate.spec.model] = candidate.spec.options;
    Values& made_of = config.sections[data_section] = facts_of(data.train);
    made_of["updates"] = updates;
    made_of["seed"] = std::to_string(candidate.seed);
    made_of["init_from"] = arguments.has("init-from") ? arguments.text("init-from") : std::string();
    return config;
}

/// Everything in which two runs differ that changes what is learnt, one after the other.
std::string differences(const Config& before, const Config& now) {
    std::string found;
    const auto text = [](const Config& config, const std::string& section, const std::string& key) {
        const auto values = config.sections.find(section);
        if (values == config.sections.end()) return std::string("nothing");
        const auto value = values->second.find(key);
        return value == values->second.end() ? std::string("nothing") : to_text(value->second);
    };
    std::set<std::pair<std::string, std::string>> keys;
    for (const Config* config : {&before, &now}) {
        for (const auto& [section, values] : config->sections) {
            if (section == "fit") continue;  // files and the like
            for (const auto& [key, value] : values) keys.emplace(section, key);
        }
    }
    for (const auto& [section, key] : keys) {
        const std::string old_value = text(before, section, key), value = text(now, section, key);
        if (old_value != value) {
            found += fmt::format("; {}.{} was {}, is {}", section, key, old_value, value);
        }
    }
    return found.empty() ? found : found.substr(2);
}

/// A fit that does not begin with a model begins at the rate of its data, on a grid of 1 ms.
FitSettings with_first_bias(FitSettings settings, const Arguments& arguments,
                            const NeuronIoDataset& data) {
    if (!arguments.has("init-from")) settings.spike_probability = data.output_rate_hz() * 1e-3;
    return settings;
}

/// Sets a fit up, from its checkpoint where it goes on.
void set_up(RunContext& context, const Arguments& arguments, const OptionSet& options,
            const Data& data, std::size_t n_fits, Communicator& processes, RunningFit& running) {
    const std::string checkpoint = running.files.checkpoint();
    const bool goes_on = arguments.has("resume") && std::filesystem::exists(checkpoint);
    if (arguments.has("resume") && !goes_on) {
        log::info("{} is not there: {} begins at its first update", checkpoint,
                  running.candidate.name);
    }
    std::int64_t updates = 0;
    Config before;
    if (goes_on) {
        before = Config::load(checkpoint);
        const Values& section = before.sections[data_section];
        const auto found = section.find("updates");
        if (found != section.end() && std::holds_alternative<std::int64_t>(found->second)) {
            updates = std::get<std::int64_t>(found->second);
        }
    }
    // A budget of time became a number of updates when the fit began.
    const bool fixed =
        parse_budget(options.get<std::string>("budget")).unit == Budget::Unit::updates;
    if (updates == 0 || fixed) {
        updates = count_updates(context, running.candidate, options, data.train, n_fits);
    }
    updates = processes.gather(updates).front();  // clocks differ
    running.config = configuration(arguments, running.candidate, options, data, updates);
    if (goes_on) {
        const std::string found = differences(before, running.config);
        ELM_CHECK(found.empty(),
                  "--resume: {} is of another fit: {}. Resume with the options it was started "
                  "with, or begin anew with --init-from.",
                  checkpoint, found);
    }
    running.fit = std::make_unique<Fit>(
        context.stream(), running.candidate.make(),
        with_first_bias(settings_of(options, context.precision(), updates, running.candidate.seed),
                        arguments, data.train),
        data.train, processes);
    if (!goes_on) return;
    with_context("going on from " + checkpoint, [&] { running.fit->resume(checkpoint); });
    log::info("{}: going on from update {} of {}", running.candidate.name,
              running.fit->update_count(), updates);
}

TrainerSettings trainer_settings(const Arguments& arguments, std::int64_t updates) {
    TrainerSettings settings;
    if (arguments.has("validate-every")) {
        settings.validate_every = arguments.integer("validate-every");
        ELM_CHECK(settings.validate_every > 0, "--validate-every {}: expected at least 1.",
                  settings.validate_every);
        settings.report_every = settings.validate_every % 5 == 0 ? settings.validate_every / 5
                                                                 : settings.validate_every;
    } else {
        settings.report_every = std::clamp<std::int64_t>(updates / 200, 1, 2000);
        settings.validate_every = 5 * settings.report_every;
    }
    return settings;
}

int run(const Arguments& arguments) {
    const bool resumes = arguments.has("resume"), force = arguments.has("force");
    ELM_CHECK(!(resumes && force),
              "--resume goes on with a fit and --force begins anew: give one.");
    Communicator processes = Communicator::world();
    if (arguments.has("plot") && processes.leads()) {
        require_plot_place(arguments.text("plot"), force || resumes);
    }
    RunContext context(arguments, true);
    const Config preset =
        arguments.has("preset") ? find_fit_preset(arguments.text("preset")) : Config{};
    const OptionSet options = training_settings(arguments, preset);
    parse_budget(options.get<std::string>("budget"));
    const Data data = load_data(arguments);
    warn_of_changes(arguments, data_section, facts_of(data.train));
    std::vector<std::unique_ptr<RunningFit>> fits;
    for (FitCandidate& candidate :
         fit_candidates(arguments, context, preset, data.train.n_channels())) {
        FitFiles files(candidate.path);
        if (processes.leads()) files.claim(force || resumes, arguments.has("safetensors"));
        fits.push_back(std::make_unique<RunningFit>(
            RunningFit{std::move(candidate), std::move(files), nullptr, {}}));
    }
    const FitFiles all(arguments.text("out"));
    if (processes.leads()) {
        require_plot_place(all.beside("png"), force || resumes);
        if (fits.size() > 1) require_plot_place(all.beside("sweep.png"), force || resumes);
    }
    context.announce();
    std::vector<FitRun> runs;
    std::int64_t longest = 1;
    for (const auto& running : fits) {
        set_up(context, arguments, options, data, fits.size(), processes, *running);
        longest = std::max(longest, running->fit->settings().updates);
        runs.push_back(
            {running->candidate.name, running->fit.get(), &running->files, running->config});
    }
    train(runs, data.validation, trainer_settings(arguments, longest), processes,
          throw_if_interrupted);

    if (!processes.leads()) return 0;
    finish(arguments, context, fits, data.validation, data.validation[data.shown], data.shown_file);
    return 0;
}

}  // namespace

Command fit_command() {
    std::vector<std::string> presets;
    for (const FitPreset& preset : fit_presets()) presets.push_back(preset.name);
    return {
        .name = "fit",
        .summary = "trains a surrogate of a neuron on recorded input and output",
        .examples =
            {"elmsim fit --data train.h5 --model elm --memory 20 --out fit.h5",
             "elmsim fit --data train.h5 --preset neuronio --memory 1,2,5,10,20,50 --budget "
             "20000u --out sweep.h5",
             "elmsim fit --data train.h5 --memory 20 --out fit.h5 --resume"},
        .shared = {"model", "data", "out", "force", "plot", "device", "precision", "threads",
                   "seed"},
        .options =
            {{"memory", "N[,N...]", "memory units of the ELM neuron; one fit for each"},
             {"preset", "NAME", "a published recipe, see elmsim list presets", "", false, presets},
             {"budget", "AMOUNT", "how long to train: 10m, 200s, 5000u (updates), 1e15f (FLOPs)"},
             {"seeds", "N", "fits with seeds S, S+1, ..., for each model", "1"},
             {"train", "LIST", "simulations to train on: 0:48 or 0,3,7:20; default the others"},
             {"validate", "LIST", "simulations to score on; default the last quarter"},
             {"validate-every", "N", "updates between validations"},
             {"init-from", "FILE", "begin with the numbers of this model"},
             {"resume", "", "go on from the checkpoint beside --out"},
             {"safetensors", "", "write NAME.safetensors, too"}},
        .run = run,
    };
}

}  // namespace elm
