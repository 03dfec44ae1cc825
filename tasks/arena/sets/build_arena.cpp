#include "tasks/arena/sets/build_arena.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/fingerprint.h"
#include "kernels/io/output_file.h"
#include "tasks/arena/battle/predictions.h"
#include "tasks/arena/sets/sample_embedding.h"
#include "tasks/arena/sets/test_sets.h"
#include "tasks/arena/stored_values.h"
#include "tasks/training/record/run_files.h"

namespace elm {
namespace {

constexpr std::uint64_t committee_seeds = 1'000'000;  // that no contestant has

/// What the committee says of the source.
struct Verdicts {
    std::vector<double> difficulty;  // 0 to 10
    std::vector<char> doubtful;      // all members say one other class
    std::vector<std::string> models;
};

SampleNumbers pick(const SampleNumbers& from, const SampleNumbers& places) {
    SampleNumbers picked;
    for (const std::int64_t place : places) picked.push_back(from[static_cast<std::size_t>(place)]);
    std::sort(picked.begin(), picked.end());
    return picked;
}

PartAnswers ask_member(Stream& stream, const ArenaPool& pool, const ArenaParts& parts,
                       const BuildOptions& options, std::int64_t member, std::string& model,
                       const std::function<void()>& poll) {
    const std::string& name =
        options.committee[static_cast<std::size_t>(member) % options.committee.size()];
    const std::string stem = fmt::format("{}/committee/{}-{}", options.out, name, member);
    const std::string path = stem + ".h5", description_path = stem + ".toml";
    const SampleNumbers& learnt = parts.at(part::committee);
    EpochTraining training{.model = name,
                           .options = options_for(options.model_options, name),
                           .updates = options.committee_updates,
                           .recipe = options.recipe};
    training.recipe.seed = committee_seeds + static_cast<std::uint64_t>(member);
    const Config description = training.description(pool, learnt);
    if (options.force || !std::filesystem::exists(path) ||
        !made_otherwise(description_path, description).empty()) {
        std::filesystem::remove(path);
        write_text_file(description_path, true, description.to_toml());
        training.run(stream, pool, learnt, parts.at(part::calibration), path, poll);
    }
    const FittedModel fitted = load_model(stream, path, options.recipe.precision);
    model = fingerprint_of_file(path);
    return answer(stream, pool, fitted, part::source, parts.at(part::source),
                  temperature_on(stream, pool, fitted, parts.at(part::calibration)));
}

/// 10 times the share of all that have less.
std::vector<double> ten_quantiles(const std::vector<double>& values) {
    std::vector<double> sorted = values, result;
    std::sort(sorted.begin(), sorted.end());
    for (const double value : values) {
        const auto below = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
        result.push_back(10 * static_cast<double>(below) / static_cast<double>(sorted.size()));
    }
    return result;
}

bool says(const PartAnswers& answers, std::size_t sample, std::int64_t& said) {
    const std::vector<double> z = answers.output(static_cast<std::int64_t>(sample));
    const std::int64_t own = std::max_element(z.begin(), z.end()) - z.begin();
    if (said < 0) said = own;
    return own == said && own != answers.label[sample];
}

Verdicts verdicts_of(const std::vector<PartAnswers>& members, std::vector<std::string> models) {
    const auto n = members.front().loss.size();
    Verdicts verdicts{.difficulty = std::vector<double>(n, 0), .doubtful = {}, .models = {}};
    verdicts.models = std::move(models);
    const bool classes = !members.front().right.empty();
    for (const PartAnswers& member : members) {
        for (std::size_t i = 0; i < n; ++i) {
            const double p = classes ? std::exp(-member.calibrated[i]) : -member.loss[i] / 10;
            verdicts.difficulty[i] +=
                10 * ((classes ? 1 : 0) - p) / static_cast<double>(members.size());
        }
    }
    if (!classes) verdicts.difficulty = ten_quantiles(verdicts.difficulty);
    if (members.front().label.empty()) return verdicts;
    for (std::size_t i = 0; i < n; ++i) {
        std::int64_t said = -1;
        verdicts.doubtful.push_back(std::all_of(
            members.begin(), members.end(), [&](const auto& one) { return says(one, i, said); }));
    }
    return verdicts;
}

/// Share of the most frequent class.
double usual_share(const std::vector<std::int32_t>& labels) {
    std::map<std::int32_t, std::int64_t> counts;
    std::int64_t most = 0;
    for (const std::int32_t label : labels) most = std::max(most, ++counts[label]);
    return static_cast<double>(most) / static_cast<double>(labels.size());
}

/// Says how much the committee knows: what it finds hard means nothing if that is nothing.
void report_committee(const std::vector<PartAnswers>& members) {
    if (members.front().right.empty()) {
        double loss = 0;
        for (const PartAnswers& one : members) {
            loss += std::accumulate(one.loss.begin(), one.loss.end(), 0.0) /
                    static_cast<double>(one.loss.size() * members.size());
        }
        log::info("loss of the committee: {:.4f}", loss);
        return;
    }
    double accuracy = 0;
    for (const PartAnswers& one : members) {
        accuracy += std::accumulate(one.right.begin(), one.right.end(), 0.0) /
                    static_cast<double>(one.right.size() * members.size());
    }
    const std::vector<std::int32_t>& labels = members.front().label;
    if (labels.empty()) {
        log::info("accuracy of the committee: {:.4f}", accuracy);
        return;
    }
    const double chance = usual_share(labels);
    log::info("accuracy of the committee: {:.4f}; of always the most frequent class: {:.4f}",
              accuracy, chance);
    const double error = std::sqrt(chance * (1 - chance) / static_cast<double>(labels.size()));
    if (accuracy > chance + 2 * error) return;
    log::warn(
        "the committee has learnt nothing, so what it finds hard means nothing. Train it longer "
        "(arena_parts.committee_updates), or choose other models (arena_parts.committee_models).");
}

Verdicts ask_committee(Stream& stream, const ArenaPool& pool, const ArenaParts& parts,
                       const BuildOptions& options, const std::function<void()>& poll) {
    ELM_CHECK(options.committee_size > 0 && !options.committee.empty(),
              "a committee has one model at least.");
    make_folder(options.out + "/committee");
    const auto n = static_cast<std::size_t>(options.committee_size);
    std::vector<PartAnswers> members(n);
    std::vector<std::string> models(n);
    Cpu::for_each_task(options.committee_size, [&](std::int64_t k) {
        poll();
        const auto at = static_cast<std::size_t>(k);
        log::info("committee {} of {}: {}", k + 1, n,
                  options.committee[at % options.committee.size()]);
        members[at] = ask_member(stream, pool, parts, options, k, models[at], poll);
    });
    report_committee(members);
    return verdicts_of(members, std::move(models));
}

void remove_near_copies(const ArenaPool& pool, const SampleEmbedding& embedding, ArenaSet& arena) {
    SampleNumbers tested = arena.part(part::dev);
    for (const char* const name : {part::arena, part::test}) {
        const SampleNumbers& own = arena.part(name);
        tested.insert(tested.end(), own.begin(), own.end());
    }
    const PointSet points = embedding.of(tested);
    const std::vector<std::string> contents =
        pool.is_symbolic() ? pool.contents(tested) : std::vector<std::string>{};
    for (int k = 1; k <= n_lesson_parts; ++k) {
        SampleNumbers& samples = arena.parts[part::lessons(k)];
        SampleNumbers leaks =
            pool.is_symbolic() ? near_copies(contents, pool.contents(samples), pool.input_bytes())
                               : near_copies(points, embedding.of(samples));
        arena.near_copies += std::ssize(leaks);
        SampleNumbers kept;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            if (std::binary_search(leaks.begin(), leaks.end(), static_cast<std::int64_t>(i))) {
                continue;
            }
            kept.push_back(samples[i]);
        }
        samples = std::move(kept);
    }
}

std::vector<double> pick_values(const std::vector<double>& values, const SampleNumbers& source,
                                const SampleNumbers& samples) {
    std::vector<double> picked;
    for (const std::int64_t sample : samples) {
        const auto at = std::lower_bound(source.begin(), source.end(), sample) - source.begin();
        picked.push_back(values[static_cast<std::size_t>(at)]);
    }
    return picked;
}

double share_of_doubtful(const Verdicts& verdicts, const SampleNumbers& places) {
    if (verdicts.doubtful.empty() || places.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const auto doubtful = std::count_if(places.begin(), places.end(), [&](std::int64_t place) {
        return verdicts.doubtful[static_cast<std::size_t>(place)] != 0;
    });
    return static_cast<double>(doubtful) / static_cast<double>(std::ssize(places));
}

/// Groups stay together; single samples are halved within each cluster.
std::pair<SampleNumbers, SampleNumbers> dev_and_test(const ArenaPool& pool,
                                                     const SampleNumbers& source,
                                                     const Clusters& clusters,
                                                     const RandomKey& key) {
    if (pool.group_size() == 1) return halves_of(clusters, key);
    SampleNumbers groups;
    for (const std::int64_t sample : source) groups.push_back(sample / pool.group_size());
    return halves_of_groups(groups, key);
}

void choose_tests(const ArenaPool& pool, const SampleNumbers& source, const Clusters& clusters,
                  const Verdicts& verdicts, ArenaSet& arena) {
    const RandomKey key = RandomKey{arena.seed}.for_purpose("arena tests");
    const auto [dev, test] = dev_and_test(pool, source, clusters, key.for_purpose("halves"));
    const TestSet of_dev =
        choose_test_set(dev, clusters, verdicts.difficulty, key.for_purpose("dev"));
    const TestSet of_test =
        choose_test_set(test, clusters, verdicts.difficulty, key.for_purpose("test"));
    arena.parts[part::dev] = pick(source, of_dev.mixed);
    arena.parts[part::arena] = pick(source, of_test.mixed);
    arena.parts[part::diverse] = pick(source, of_test.diverse);
    arena.parts[part::hard] = pick(source, of_test.hard);
    arena.doubtful_share = share_of_doubtful(verdicts, of_test.hard);
    for (const char* const name : {part::dev, part::arena, part::diverse, part::hard}) {
        arena.difficulty[name] = pick_values(verdicts.difficulty, source, arena.parts[name]);
    }
}

}  // namespace

ArenaSet build_arena(Stream& stream, const BuildOptions& options,
                     const std::function<void()>& poll) {
    make_folder(options.out);
    { const OutputFile free(options.out + "/arena.h5", options.force); }
    const std::unique_ptr<ArenaPool> opened = open_pool(options.task);
    const ArenaPool& pool = *opened;
    ArenaSet arena{.task = options.task,
                   .seed = options.seed,
                   .parts = {},
                   .difficulty = {},
                   .clusters = 0,
                   .duplicates = 0,
                   .near_copies = 0,
                   .doubtful_share = 0,
                   .committee = {},
                   .contents = {}};
    const bool own_test = pool.first_own_test() < pool.count();
    const std::int64_t room =
        pool.first_own_test() + (own_test ? options.sizes.test : std::int64_t{0});
    const ArenaSizes sizes =
        options.sizes.total() > room ? options.sizes.scaled_to(room) : options.sizes;
    arena.parts = divide_pool(pool, sizes, options.seed);
    std::int64_t kept = own_test ? sizes.test - std::ssize(arena.parts.at(part::test)) : 0;
    for (const auto& one : arena.parts) kept += std::ssize(one.second);
    arena.duplicates = sizes.in_groups_of(pool.group_size()).total() - kept;
    require_filled(arena.parts,
                   fmt::format("{} of {} inputs stand in another part already, byte by byte",
                               arena.duplicates, sizes.total()));
    opened->weigh_by(arena.parts.at(part::calibration));
    poll();
    const SampleNumbers source = arena.parts.at(part::source);
    const SampleEmbedding embedding(pool, source);
    arena.clusters = cluster_count(std::ssize(source));
    const Clusters clusters =
        k_means(embedding.of(source), arena.clusters,
                {.key = RandomKey{options.seed}.for_purpose("clusters of an arena")});
    poll();
    const Verdicts verdicts = ask_committee(stream, pool, arena.parts, options, poll);
    arena.committee = verdicts.models;
    choose_tests(pool, source, clusters, verdicts, arena);
    arena.parts.erase(part::source);
    remove_near_copies(pool, embedding, arena);
    require_filled(arena.parts,
                   fmt::format("{} samples of D1 to D9 are too like one that is tested on",
                               arena.near_copies));
    require_disjoint(arena.parts);
    for (const auto& [name, samples] : arena.parts) {
        arena.contents[name] = pool.fingerprint(samples);
    }
    write_arena(options.out, arena, options.force);
    return arena;
}

Table arena_table(const ArenaSet& arena) {
    Table table({"part", "samples", "difficulty", "fingerprint"});
    for (const auto& [name, samples] : arena.parts) {
        const auto found = arena.difficulty.find(name);
        const double sum = found == arena.difficulty.end()
                               ? 0
                               : std::accumulate(found->second.begin(), found->second.end(), 0.0);
        table.add({name, fmt::format("{}", samples.size()),
                   found == arena.difficulty.end() || samples.empty()
                       ? "-"
                       : fmt::format("{:.2f}", sum / static_cast<double>(samples.size())),
                   arena.contents.at(name)});
    }
    return table;
}

}  // namespace elm
