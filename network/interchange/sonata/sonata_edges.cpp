#include "network/interchange/sonata/sonata_edges.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/toml_config.h"
#include "network/interchange/sonata/sonata_groups.h"
#include "network/interchange/sonata/sonata_nodes.h"
#include "network/interchange/sonata/sonata_types.h"

namespace elm::network {
namespace {

[[noreturn]] void fail(const std::string& place, const std::string& message) {
    throw Error(ErrorKind::data, fmt::format("{}: {}", place, message));
}

class EdgeReader {
public:
    EdgeReader(const Hdf5File& file, const std::string& name, const SonataTypes& types,
               const NetworkDescription& network)
        : file_(&file), path_("/edges/" + name), types_(&types), network_(&network) {
        read_.rule = ConnectionRule::list;
        read_.place = fmt::format("{}: {}", file.path(), path_);
    }

    Connection read(const std::vector<double>& weight_per) {
        read_.from = read_ends("source_node_id", read_.sources);
        read_.to = read_ends("target_node_id", read_.targets);
        const std::int64_t count = std::ssize(read_.sources);
        file_->require_shape(path_ + "/target_node_id", {count});
        file_->require_shape(path_ + "/edge_type_id", {count});
        type_ids_ = file_->read<std::int64_t>(path_ + "/edge_type_id");
        require_types();
        const SonataGroups groups(*file_, path_, "edge", count);
        std::vector<double> weights = values(groups, "syn_weight", {});
        const std::vector<double> synapses = values(groups, "nsyns", 1);
        for (std::size_t i = 0; i < weights.size(); ++i) {
            weights[i] = weights[i] * synapses[i] / weight_per[read_.to];
        }
        read_.weight = Distribution::list(std::move(weights));
        read_.delay_ms = Distribution::list(values(groups, "delay", {}));
        return std::move(read_);
    }

private:
    /// Reads the ids of one end and returns the population that they count in.
    std::size_t read_ends(const std::string& name, std::vector<std::int64_t>& ids) const {
        const std::string dataset = path_ + "/" + name;
        if (file_->shape(dataset).size() != 1) {
            fail(file_->path(), dataset + " has not one axis, expected a list of nodes.");
        }
        ids = file_->read<std::int64_t>(dataset);
        const Values attributes = file_->attributes(dataset, {"node_population"});
        const auto found = attributes.find("node_population");
        if (found == attributes.end()) {
            fail(file_->path(), dataset + " must have the attribute node_population, a text.");
        }
        const std::size_t population = population_called(to_text(found->second), dataset);
        const std::int64_t size = network_->populations[population].size;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (ids[i] >= 0 && ids[i] < size) continue;
            fail(file_->path(),
                 fmt::format("{}[{}] is {}, expected 0 to {}, the nodes of {}.", dataset, i, ids[i],
                             size - 1, network_->populations[population].name));
        }
        return population;
    }

    std::size_t population_called(const std::string& name, const std::string& dataset) const {
        std::vector<std::string> names;
        for (const Population& population : network_->populations) names.push_back(population.name);
        const auto at = std::find(names.begin(), names.end(), name);
        if (at == names.end()) {
            fail(file_->path(),
                 fmt::format("{}: node_population is {}, and there is no such population.{} There "
                             "are {}.",
                             dataset, name, nearest_hint(name, names), fmt::join(names, ", ")));
        }
        return static_cast<std::size_t>(at - names.begin());
    }

    void require_types() {
        std::set<std::string> inputs;
        for (const std::int64_t id : std::set<std::int64_t>(type_ids_.begin(), type_ids_.end())) {
            if (!types_->has(id)) {
                fail(read_.place,
                     fmt::format("edge_type_id {} is not in {}.", id, types_->place(id)));
            }
            const auto refuse_other = [&](const char* column, const std::string& allowed) {
                const std::string text = types_->text(id, column);
                if (text.empty() || text == allowed) return;
                fail(types_->place(id),
                     fmt::format("{} is {}, expected {}.", column, text,
                                 allowed.empty() ? "nothing: it is not known here" : allowed));
            };
            refuse_other("model_template", "static_synapse");
            refuse_other("weight_function", "");
            refuse_other("dynamics_params", "");
            inputs.insert(types_->text(id, "input"));
        }
        if (inputs.size() > 1) {
            fail(read_.place, "its types name several inputs, expected one in a population.");
        }
        if (!inputs.empty()) read_.input = *inputs.begin();
    }

    std::vector<double> values(const SonataGroups& groups, const std::string& name,
                               std::optional<double> otherwise) const {
        return groups.values(name, [&](std::int64_t i) {
            const std::int64_t type = type_ids_[static_cast<std::size_t>(i)];
            const std::optional<double> value = types_->number(type, name);
            if (value) return *value;
            if (otherwise) return *otherwise;
            fail(read_.place, fmt::format("edge {} has no {}, neither in its group nor in {}.", i,
                                          name, types_->place(type)));
        });
    }

    const Hdf5File* file_;
    std::string path_;
    const SonataTypes* types_;
    const NetworkDescription* network_;
    std::vector<std::int64_t> type_ids_;
    Connection read_;
};

}  // namespace

std::vector<Connection> read_sonata_edges(const SonataFiles& files,
                                          const NetworkDescription& network,
                                          const std::vector<double>& weight_per) {
    const Hdf5File file = Hdf5File::open(files.file);
    require_sonata(file);
    if (!file.is_group("/edges")) fail(files.file, "/edges is not there, expected a group.");
    const SonataTypes types =
        files.types.empty() ? SonataTypes() : SonataTypes(files.types, "edge_type_id");
    std::vector<Connection> connections;
    for (const std::string& name : file.links("/edges")) {
        connections.push_back(EdgeReader(file, name, types, network).read(weight_per));
    }
    return connections;
}

}  // namespace elm::network
