#include "tasks/arena/sets/arena_set.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "kernels/io/toml_config.h"
#include "tasks/arena/sets/neuronio_pool.h"
#include "tasks/arena/sets/sample_embedding.h"
#include "tasks/arena/stored_values.h"
#include "tasks/report/results_writer.h"
#include "tasks/samples/open_samples.h"
#include "tasks/training/recipe.h"
#include "tasks/training/record/run_files.h"

namespace elm {
namespace {

constexpr const char *format_name = "arena", *task_section = "task";
constexpr std::int64_t format_version = 1;

std::string file_of(const std::string& folder) { return folder + "/arena.h5"; }

Config config_of(const ArenaTask& task) {
    Config config;
    config.sections[task.name] = task.options;
    Values& own = config.sections[task_section];
    own["name"] = task.name;
    own["drawn"] = task.drawn;
    own["files"] = fmt::format("{}", fmt::join(task.files, "\n"));
    return config;
}

ArenaTask task_of(const std::string& origin, Config config) {
    const StoredValues own(origin, config, task_section);
    ArenaTask task{.name = own.text("name"), .drawn = own.whole("drawn")};
    std::string files = own.text("files");
    while (!files.empty()) {
        const std::size_t end = files.find('\n');
        task.files.push_back(files.substr(0, end));
        files = end == std::string::npos ? "" : files.substr(end + 1);
    }
    task.options = config.sections[task.name];
    return task;
}

/// A difficulty stands beside each sample of its part.
void require_difficulties(const std::string& path, const ArenaSet& arena) {
    for (const auto& [name, values] : arena.difficulty) {
        const auto part = arena.parts.find(name);
        const auto n = part == arena.parts.end() ? std::size_t{0} : part->second.size();
        if (values.size() == n) continue;
        throw Error(ErrorKind::data,
                    fmt::format("{}: /difficulty/{} has {} numbers, and /parts/{} has {} samples.",
                                path, name, values.size(), name, n));
    }
}

Record manifest_of(const ArenaSet& arena) {
    Record parts;
    for (const auto& [name, samples] : arena.parts) {
        parts.set(name, Record()
                            .set("samples", std::ssize(samples))
                            .set("fingerprint", arena.contents.at(name)));
    }
    Record options;
    for (const auto& [name, value] : arena.task.options) options.set(name, value);
    return Record()
        .set("format", format_name)
        .set("task", arena.task.name)
        .set("options", options)
        .set("files", arena.task.files)
        .set("drawn", arena.task.drawn)
        .set("seed", std::to_string(arena.seed))
        .set("fingerprint", arena.fingerprint())
        .set("embedding_version", SampleEmbedding::version)
        .set("clusters", arena.clusters)
        .set("duplicates_removed", arena.duplicates)
        .set("near_copies_removed", arena.near_copies)
        .set("doubtful_labels_among_hard", arena.doubtful_share)
        .set("committee_models", arena.committee)
        .set("parts", parts);
}

}  // namespace

std::unique_ptr<ArenaPool> open_pool(const ArenaTask& task) {
    const TaskEntry& entry = find_task(task.name);
    OptionSet options = entry.options();
    with_context("the options of the task " + task.name,
                 [&] { set_options(options, task.options); });
    if (task.name == "neuronio") return neuronio_pool(options, task.files);
    std::shared_ptr<const SampleFiles> files;
    if (!task.files.empty()) {
        files = open_samples(entry, options, task.options, TaskInput{.files = task.files});
    }
    return sample_pool(entry, options, files, task.drawn);
}

std::string ArenaSet::fingerprint() const {
    Fingerprint digits;
    digits.add(task.name);
    for (const auto& [name, samples] : parts) {
        digits.add(name);
        digits.add(contents.at(name));
        for (const std::int64_t sample : samples) digits.add(sample);
    }
    return digits.text();
}

const SampleNumbers& ArenaSet::part(const std::string& name) const {
    const auto found = parts.find(name);
    if (found != parts.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& one : parts) known.push_back(one.first);
    throw Error(ErrorKind::data, fmt::format("the arena has no part {}; it has {}.{}", name,
                                             fmt::join(known, ", "), nearest_hint(name, known)));
}

void write_arena(const std::string& folder, const ArenaSet& arena, bool force) {
    make_folder(folder);
    OutputFile output(file_of(folder), force);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    const auto set = [&](const char* name, const Value& value) {
        file.set_attribute("/", name, value);
    };
    set("format", std::string(format_name));
    set("format_version", format_version);
    set("seed", std::to_string(arena.seed));
    set("clusters", arena.clusters);
    set("duplicates", arena.duplicates);
    set("near_copies", arena.near_copies);
    set("doubtful_share", arena.doubtful_share);
    file.write_string("/config", config_of(arena.task).to_toml());
    file.write_strings("/committee", arena.committee);
    for (const auto& [name, samples] : arena.parts) {
        file.write<std::int64_t>("/parts/" + name, {std::ssize(samples)}, samples, FileType::i64);
        file.set_attribute("/parts/" + name, "fingerprint", arena.contents.at(name));
    }
    for (const auto& [name, values] : arena.difficulty) {
        file.write<double>("/difficulty/" + name, {std::ssize(values)}, values, FileType::f64);
    }
    file.close();
    output.commit();
    write_text_file(folder + "/arena_manifest.json", true, manifest_of(arena).to_json() + "\n");
}

ArenaSet read_arena(const std::string& folder) {
    const std::string path = file_of(folder);
    if (!std::filesystem::exists(path)) {
        throw Error(ErrorKind::data,
                    fmt::format("{} holds no arena: there is no {}.", folder, path));
    }
    const Hdf5File file = Hdf5File::open(path);
    const StoredValues own(path, file.attributes("/"));
    if (own.text("format") != format_name) {
        throw Error(ErrorKind::data, fmt::format("{} is a file {}, expected {}.", path,
                                                 own.text("format"), format_name));
    }
    const std::string origin = path + ":/config";
    ArenaSet arena{.task = task_of(origin, stored_config(file.read_string("/config"), origin)),
                   .seed = own.seed("seed"),
                   .parts = {},
                   .difficulty = {},
                   .clusters = own.whole("clusters"),
                   .duplicates = own.whole("duplicates"),
                   .near_copies = own.whole("near_copies"),
                   .doubtful_share = own.number("doubtful_share"),
                   .committee = file.read_strings("/committee"),
                   .contents = {}};
    for (const std::string& name : file.links("/parts")) {
        const std::string object = "/parts/" + name;
        arena.parts[name] = file.read<std::int64_t>(object);
        arena.contents[name] =
            StoredValues(path + ":" + object, file.attributes(object)).text("fingerprint");
    }
    for (const std::string& name : file.links("/difficulty")) {
        arena.difficulty[name] = file.read<double>("/difficulty/" + name);
    }
    require_difficulties(path, arena);
    require_disjoint(arena.parts);
    return arena;
}

void require_same_samples(const ArenaSet& arena, const ArenaPool& pool) {
    for (const auto& [name, samples] : arena.parts) {
        for (const std::int64_t sample : samples) {
            if (sample >= 0 && sample < pool.count()) continue;
            throw Error(ErrorKind::data,
                        fmt::format("the arena asks for sample {} of {}.", sample, pool.count()));
        }
        if (pool.fingerprint(samples) == arena.contents.at(name)) continue;
        throw Error(ErrorKind::data,
                    fmt::format("the samples of the part {} are not those that the arena was built "
                                "from. Build it anew.",
                                name));
    }
    require_disjoint(arena.parts, pool.group_size());
}

std::unique_ptr<ArenaPool> open_pool(const ArenaSet& arena) {
    std::unique_ptr<ArenaPool> pool = open_pool(arena.task);
    require_same_samples(arena, *pool);
    pool->weigh_by(arena.part(part::calibration));
    return pool;
}

}  // namespace elm
