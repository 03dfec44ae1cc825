#include "network/interchange/sonata/sonata_config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/log.h"
#include "kernels/io/one_line.h"
#include "kernels/io/toml_config.h"
#include "network/description/network_description.h"
#include "network/interchange/sonata/sonata_json.h"

namespace elm::network {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_path = 4096;

/// Paths of one JSON file.
class Paths {
public:
    Paths(const JsonTree& root, const std::string& path) : folder_(fs::path(path).parent_path()) {
        if (!root.has("manifest")) return;
        const JsonTree manifest = root.at("manifest");
        for (const std::string& key : manifest.keys()) {
            values_[key.starts_with('$') ? key : "$" + key] = manifest.at(key).text();
        }
    }

    std::string operator()(const JsonTree& place) const {
        Expansion expansion{&place, {}, {}};
        const std::string text = expanded(place.text(), expansion);
        const fs::path path(text);
        return path.is_absolute() ? text : (folder_ / path).lexically_normal().string();
    }

private:
    using Values = std::map<std::string, std::string>;
    struct Expansion {
        const JsonTree* place;
        std::set<std::string> open;  // names whose values are being looked at
        Values known;                // those that are done
    };

    /// A text with what its names stand for, whose values may name others.
    std::string expanded(const std::string& text, Expansion& expansion) const {
        std::string result;
        std::size_t at = 0;
        for (std::size_t begin = text.find('$'); begin != std::string::npos;
             begin = text.find('$', at)) {
            const auto value = longest_name(text, begin);
            if (value == values_.end()) {
                expansion.place->fail(
                    fmt::format("{}: the manifest does not say what $... stands for.", text));
            }
            result += text.substr(at, begin - at) + value_of(value, expansion);
            const bool has_braces = text.compare(begin, 2, "${") == 0;
            at = begin + value->first.size() + (has_braces ? 2 : 0);
            if (result.size() > longest_path) {
                expansion.place->fail(
                    fmt::format("is longer than the {} letters of a path.", longest_path));
            }
        }
        return result + text.substr(at);
    }
    std::string value_of(Values::const_iterator value, Expansion& expansion) const {
        const auto& [name, text] = *value;
        const auto known = expansion.known.find(name);
        if (known != expansion.known.end()) return known->second;
        if (!expansion.open.insert(name).second) {
            expansion.place->fail(fmt::format("{}: the manifest goes in a circle.", text));
        }
        std::string result = expanded(text, expansion);
        expansion.open.erase(name);
        return expansion.known[name] = std::move(result);
    }

    /// $NAME or ${NAME} at `begin`.
    Values::const_iterator longest_name(const std::string& text, std::size_t begin) const {
        auto longest = values_.end();
        for (auto it = values_.begin(); it != values_.end(); ++it) {
            const std::string braces = "${" + it->first.substr(1) + "}";
            const bool fits = text.compare(begin, it->first.size(), it->first) == 0 ||
                              text.compare(begin, braces.size(), braces) == 0;
            if (!fits) continue;
            if (longest == values_.end() || it->first.size() > longest->first.size()) longest = it;
        }
        return longest;
    }

    fs::path folder_;
    Values values_;
};

std::vector<SonataFiles> read_files(const JsonTree& networks, const Paths& paths,
                                    const std::string& kind) {
    std::vector<SonataFiles> files;
    if (!networks.has(kind)) return files;
    const JsonTree list = networks.at(kind);
    for (std::size_t i = 0; i < list.size(); ++i) {
        const JsonTree entry = list.at(i);
        const JsonTree file = entry.at(kind + "_file");
        SonataFiles both{paths(file), {}, file.place()};
        const std::string types = (kind == "nodes" ? "node" : "edge") + std::string("_types_file");
        if (entry.has(types) && !entry.at(types).is_null()) {
            both.types = paths(entry.at(types));
        }
        if (!fs::exists(both.file)) file.fail(fmt::format("{} is not there.", both.file));
        files.push_back(std::move(both));
    }
    return files;
}

void read_circuit(const std::string& path, SonataConfig& config) {
    const JsonTree root = JsonTree::load(path);
    const Paths paths(root, path);
    const JsonTree networks = root.at("networks");
    config.nodes = read_files(networks, paths, "nodes");
    config.edges = read_files(networks, paths, "edges");
    if (config.nodes.empty()) networks.fail("has no nodes, expected at least one file of them.");
    if (!root.has("components")) return;
    const JsonTree components = root.at("components");
    if (components.has("point_neuron_models_dir")) {
        config.neuron_models = paths(components.at("point_neuron_models_dir"));
    }
}

/// The population that a set is which says nothing but that.
std::optional<std::string> whole_population(const JsonTree& set) {
    if (!set.is_object() || set.keys().size() != 1 || !set.has("population")) return std::nullopt;
    return set.at("population").text();
}

/// The population that a node set is, itself or by its name; a name that is no set is one.
std::string population_of(const JsonTree& node_set, const std::optional<JsonTree>& sets) {
    if (const auto population = whole_population(node_set)) return *population;
    const std::string name = node_set.text();
    if (!sets || !sets->has(name)) return name;
    if (const auto population = whole_population(sets->at(name))) return *population;
    node_set.fail(
        fmt::format("the node set {} is no whole population, which alone can get spikes "
                    "here.",
                    name));
}

void read_inputs(const JsonTree& root, const Paths& paths, const std::optional<JsonTree>& sets,
                 SonataConfig& config) {
    if (!root.has("inputs")) return;
    const JsonTree inputs = root.at("inputs");
    for (const std::string& key : inputs.keys()) {
        const JsonTree input = inputs.at(key);
        const std::string type = input.at("input_type").text();
        const std::string module = input.has("module") ? input.at("module").text() : "h5";
        if (type != "spikes" || (module != "h5" && module != "sonata")) {
            input.fail(
                fmt::format("an input of the type {} and the module {}, expected spikes and "
                            "h5 or sonata.",
                            type, module));
        }
        config.inputs.push_back({population_of(input.at("node_set"), sets),
                                 paths(input.at("input_file")), input.place()});
    }
}

/// Of the key "run", and what is taken where one of them may have been meant.
void warn_of_unknown_keys(const JsonTree& run) {
    // What the format knows; of these, tstop and dt are taken.
    static const std::vector<std::string> known{"tstop",
                                                "dt",
                                                "dL",
                                                "spike_threshold",
                                                "nsteps_block",
                                                "random_seed",
                                                "overwrite_output_dir"};
    const NetworkDescription usual;
    for (const std::string& key : run.keys()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        std::string taken;
        if (!run.has("dt")) taken += fmt::format(" Steps are of {:g} ms.", usual.time_step_ms);
        if (!run.has("tstop")) taken += fmt::format(" It runs for {:g} ms.", usual.duration_ms);
        log::warn("{}: the key {} is not known and counts for nothing.{}{}", run.place(),
                  one_line(key), nearest_hint(key, known), taken);
    }
}

}  // namespace

bool is_json(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    char first = 0;
    file >> first;  // without blanks
    return file && first == '{';
}

bool is_sonata_config(const std::string& path) {
    if (!is_json(path)) return false;
    const JsonTree root = JsonTree::load(path);
    return root.has("networks") || root.has("network");
}

SonataConfig load_sonata_config(const std::string& path) {
    SonataConfig config;
    config.path = path;
    const JsonTree root = JsonTree::load(path);
    const Paths paths(root, path);
    const bool names_circuit = !root.has("networks") && root.has("network");
    read_circuit(names_circuit ? paths(root.at("network")) : path, config);
    if (root.has("run")) {
        const JsonTree run = root.at("run");
        warn_of_unknown_keys(run);
        if (run.has("dt")) config.time_step_ms = run.at("dt").number();
        if (run.has("tstop")) config.duration_ms = run.at("tstop").number();
    }
    std::optional<JsonTree> sets;
    if (root.has("node_sets_file")) sets = JsonTree::load(paths(root.at("node_sets_file")));
    read_inputs(root, paths, sets, config);
    return config;
}

}  // namespace elm::network
