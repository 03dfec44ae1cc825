#include "tasks/arena/battle/battle.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/fingerprint.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "tasks/arena/stored_values.h"
#include "tasks/comparison/statistics/resampling.h"
#include "tasks/training/record/run_files.h"

namespace elm {
namespace {

/// One that is to answer.
struct Contender {
    std::string model;
    std::uint64_t seed = 0;
    std::string file = {};  // fitted already; empty: to be trained
};

std::vector<Contender> contenders_of(const BattleOptions& options) {
    std::vector<Contender> all;
    for (const std::string& model : options.models) {
        for (std::int64_t k = 0; k < options.n_seeds; ++k) {
            all.push_back({model, options.recipe.seed + static_cast<std::uint64_t>(k)});
        }
    }
    const std::vector<std::string> names = names_of_files(options.files);
    for (std::size_t k = 0; k < names.size(); ++k) all.push_back({names[k], 0, options.files[k]});
    ELM_CHECK(!all.empty(), "a battle takes one model at least.");
    return all;
}

EpochTraining training_of(const BattleOptions& options, const Contender& contender) {
    EpochTraining training{.model = contender.model,
                           .options = options_for(options.model_options, contender.model),
                           .updates = options.updates,
                           .recipe = options.recipe};
    training.recipe.seed = contender.seed;
    return training;
}

std::vector<std::string> parts_of(const BattleOptions& options, const ArenaSet& arena) {
    return options.parts.empty() ? battle_parts(arena) : options.parts;
}

/// All that a contender's predictions follow from.
Config description_of(const ArenaPool& pool, const ArenaSet& arena, const BattleOptions& options,
                      const Contender& contender) {
    Config config;
    if (contender.file.empty()) {
        config = training_of(options, contender).description(pool, arena.part(part::opponents));
    } else {
        config.sections["made"] = {{"file", fingerprint_of_file(contender.file)},
                                   {"precision", std::string(name_of(options.recipe.precision))}};
    }
    config.sections["asked"] = {
        {"arena", arena.fingerprint()},
        {"parts", fmt::format("{}", fmt::join(parts_of(options, arena), ","))}};
    return config;
}

/// The files of one contender.
struct ContenderFiles {
    std::string folder;

    std::string description() const { return folder + "/contender.toml"; }
    std::string model() const { return folder + "/model.h5"; }
    std::string predictions() const { return folder + "/predictions.h5"; }
};

/// Refuses what is there and is neither to be replaced nor of this battle.
void require_free(const ContenderFiles& files, const Config& now, const BattleOptions& options) {
    if (options.force) return;
    for (const std::string& path : {files.predictions(), files.model()}) {
        if (!std::filesystem::exists(path)) continue;
        if (!options.resume)
            throw Error(ErrorKind::exists, fmt::format("{} exists already.", path));
        const std::string found = made_otherwise(files.description(), now);
        ELM_CHECK(found.empty(), "{} was made otherwise: {}.", path, found);
    }
}

void claim(const ContenderFiles& files, const Config& now, const BattleOptions& options) {
    make_folder(files.folder);
    if (options.force) {
        std::filesystem::remove(files.predictions());
        std::filesystem::remove(files.model());
    }
    write_text_file(files.description(), true, now.to_toml());
}

Predictions ask(Stream& stream, const ArenaPool& pool, const ArenaSet& arena,
                const BattleOptions& options, const Contender& contender,
                const ContenderFiles& files, const std::function<void()>& poll) {
    const std::string path = files.predictions();
    if (std::filesystem::exists(path)) return read_predictions(path);
    const bool is_new = contender.file.empty();
    const std::string model = is_new ? files.model() : contender.file;
    if (is_new && !std::filesystem::exists(model)) {
        training_of(options, contender)
            .run(stream, pool, arena.part(part::opponents), arena.part(part::calibration), model,
                 poll);
    }
    const FittedModel fitted = load_model(stream, model, options.recipe.precision);
    const SequenceShape &own = fitted.spec.shape, &wanted = pool.spec().shape;
    ELM_CHECK(own.n_input == wanted.n_input && own.n_output == wanted.n_output,
              "{} has {} inputs and {} outputs, and the task {} has {} and {}.", model, own.n_input,
              own.n_output, pool.spec().name, wanted.n_input, wanted.n_output);
    Predictions predictions{
        .task = pool.spec().name,
        .model = contender.model,
        .seed = contender.seed,
        .temperature = temperature_on(stream, pool, fitted, arena.part(part::calibration)),
        .arena_fingerprint = arena.fingerprint(),
        .model_fingerprint = fingerprint_of_file(model),
        .parts = {}};
    for (const std::string& name : parts_of(options, arena)) {
        PartAnswers answers =
            answer(stream, pool, fitted, name, arena.part(name), predictions.temperature,
                   is_lesson_part(name) ? NumberOutputs::kept : NumberOutputs::left_out);
        if (const auto found = arena.difficulty.find(name); found != arena.difficulty.end()) {
            answers.difficulty = found->second;
        }
        predictions.parts.push_back(std::move(answers));
    }
    write_predictions(path, predictions, options.force);
    return predictions;
}

void write_scores(const std::vector<Predictions>& all, const std::string& path) {
    OutputFile output(path, true);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    std::vector<std::string> names;
    for (const Predictions& one : all) names.push_back(run_name(one));
    file.write_strings("/models", names);
    for (const PartAnswers& part : all.front().parts) {
        std::vector<double> matrix(part.loss.size() * all.size());
        const double usual = usual_loss(all, part.part);
        for (std::size_t m = 0; m < all.size(); ++m) {
            const std::vector<double> own = scores_of_part(all[m].part(part.part), usual);
            for (std::size_t i = 0; i < own.size(); ++i) matrix[i * all.size() + m] = own[i];
        }
        file.write<double>("/" + part.part + "/scores", {part.size(), std::ssize(all)}, matrix,
                           FileType::f64);
        file.write<std::int64_t>("/" + part.part + "/sample", {part.size()}, part.samples,
                                 FileType::i64);
    }
    file.close();
    output.commit();
}

}  // namespace

std::string run_name(const Predictions& predictions) {
    return fmt::format("{}-seed{}", predictions.model, predictions.seed);
}

std::vector<std::string> battle_parts(const ArenaSet& arena) {
    std::vector<std::string> parts;
    for (const auto& one : arena.parts) {
        const std::string& name = one.first;
        if (name == part::opponents || name == part::committee || name == part::lessons(0)) {
            continue;
        }
        parts.push_back(name);
    }
    return parts;
}

std::vector<double> scores_of_part(const PartAnswers& part, double usual) {
    return part.right.empty() ? scores_of(part.loss, usual)
                              : scores_of(part.calibrated, std::nullopt);
}

double usual_loss(const std::vector<Predictions>& all, const std::string& part) {
    std::vector<double> losses;
    for (const Predictions& one : all) {
        const std::vector<double>& own = one.part(part).loss;
        losses.insert(losses.end(), own.begin(), own.end());
    }
    constexpr double least = 1e-30;  // of a task that is solved without error
    return std::max(least, percentile(std::move(losses), 0.5));
}

Answers judged_answers(const PartAnswers& part, double usual) {
    const bool classes = !part.right.empty();
    return {.right = part.right,
            .score = scores_of_part(part, usual),
            .raw_score = scores_of(part.loss, classes ? std::nullopt : std::optional(usual))};
}

Table outcome_table(const std::vector<Predictions>& all, const std::string& part, double margin) {
    Table table({"part", "judge", "first", "second", "wins", "ties", "losses"});
    const double usual = usual_loss(all, part);
    std::vector<Answers> answers;
    for (const Predictions& one : all) answers.push_back(judged_answers(one.part(part), usual));
    for (const Judge judge : judges_of(answers.front())) {
        for (std::size_t a = 0; a < all.size(); ++a) {
            for (std::size_t b = a + 1; b < all.size(); ++b) {
                std::int64_t wins = 0, ties = 0;
                for (std::int64_t i = 0; i < answers[a].size(); ++i) {
                    const double won = outcome(judge, answers[a], answers[b], i, margin);
                    wins += won == 1 ? 1 : 0;
                    ties += won == 0.5 ? 1 : 0;
                }
                table.add({part, std::string(name_of(judge)), run_name(all[a]), run_name(all[b]),
                           fmt::format("{}", wins), fmt::format("{}", ties),
                           fmt::format("{}", answers[a].size() - wins - ties)});
            }
        }
    }
    return table;
}

std::vector<Predictions> battle(Stream& stream, const ArenaPool& pool, const ArenaSet& arena,
                                const BattleOptions& options, const std::function<void()>& poll) {
    const std::vector<Contender> contenders = contenders_of(options);
    make_folder(options.out);
    std::vector<std::string> names, of;
    std::vector<ContenderFiles> files;
    std::vector<Config> descriptions;
    for (const Contender& one : contenders) {
        names.push_back(fmt::format("{}-seed{}", one.model, one.seed));
        of.push_back(one.file.empty() ? "the model " + one.model : one.file);
        files.push_back({options.out + "/" + names.back()});
        descriptions.push_back(description_of(pool, arena, options, one));
    }
    require_distinct(names, of);
    for (std::size_t k = 0; k < files.size(); ++k) require_free(files[k], descriptions[k], options);
    for (std::size_t k = 0; k < files.size(); ++k) claim(files[k], descriptions[k], options);
    std::vector<Predictions> all(contenders.size());
    Cpu::for_each_task(std::ssize(contenders), [&](std::int64_t k) {
        poll();
        const auto at = static_cast<std::size_t>(k);
        with_context("the model " + contenders[at].model, [&] {
            all[at] = ask(stream, pool, arena, options, contenders[at], files[at], poll);
        });
    });
    write_scores(all, options.out + "/scores.h5");
    return all;
}

}  // namespace elm
