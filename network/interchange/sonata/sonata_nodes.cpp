#include "network/interchange/sonata/sonata_nodes.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/toml_config.h"
#include "network/interchange/sonata/sonata_groups.h"
#include "network/interchange/sonata/sonata_json.h"
#include "network/interchange/sonata/sonata_neurons.h"
#include "network/interchange/sonata/sonata_types.h"

namespace elm::network {
namespace {

constexpr std::int64_t sonata_magic = 2682;  // 0x0A7A
const std::string parameters_group = "dynamics_params";

[[noreturn]] void fail(const std::string& place, const std::string& message) {
    throw Error(ErrorKind::data, fmt::format("{}: {}", place, message));
}

/// What the types of one population say.
class TypesInUse {
public:
    TypesInUse(const SonataFiles& files, std::string neuron_models)
        : models_(std::move(neuron_models)) {
        if (!files.types.empty()) table_ = SonataTypes(files.types, "node_type_id");
    }
    void require(const std::vector<std::int64_t>& ids, const std::string& place) const {
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (table_.has(ids[i])) continue;
            fail(place, fmt::format("node_type_id[{}] is {}, which is not in {}.", i, ids[i],
                                    table_.place(ids[i])));
        }
    }
    const SonataTypes& table() const { return table_; }
    /// The numbers of the JSON file of a type, by their names.
    const std::map<std::string, double>& parameters(std::int64_t type) {
        const auto found = read_.find(type);
        if (found != read_.end()) return found->second;
        std::map<std::string, double>& numbers = read_[type];
        const std::string name = table_.text(type, parameters_group);
        if (name.empty()) return numbers;
        const std::string path = (std::filesystem::path(models_) / name).string();
        const JsonTree json =
            with_context(fmt::format("reading the parameters of {}", table_.place(type)),
                         [&] { return JsonTree::load(path); });
        for (const std::string& key : json.keys()) numbers[key] = json.at(key).number();
        return numbers;
    }

private:
    SonataTypes table_;
    std::string models_;
    std::map<std::int64_t, std::map<std::string, double>> read_;
};

class PopulationReader {
public:
    PopulationReader(const Hdf5File& file, const std::string& name, TypesInUse& types)
        : file_(&file),
          path_("/nodes/" + name),
          types_(&types),
          ids_(type_ids()),
          groups_(file, path_, "node", std::ssize(ids_)) {
        read_.population.name = name;
        read_.population.size = std::ssize(ids_);
        read_.population.place = fmt::format("{}: {}", file.path(), path_);
        require_ids_in_order();
    }

    SonataPopulation read() {
        types_->require(ids_, read_.population.place);
        const std::string model = only_text("model_type");
        if (groups_.has("model_template") || groups_.has("model_type")) {
            fail(read_.population.place,
                 "its groups hold model_type or model_template, which are "
                 "read from the table of types alone.");
        }
        if (model == "virtual") return read_virtual();
        if (model != "point_neuron" && model != "point_process") {
            fail(types_->table().place(ids_[0]),
                 fmt::format("model_type is {}, expected virtual or point_neuron.",
                             model.empty() ? "not there" : model));
        }
        const std::string name = only_text("model_template");
        const std::optional<SonataNeuron> neuron = find_sonata_neuron(name);
        if (!neuron) {
            const std::vector<std::string> names = sonata_neuron_names();
            fail(types_->table().place(ids_[0]),
                 fmt::format("model_template is {}, which is not known.{} Known are {}.",
                             name.empty() ? "not there" : name, nearest_hint(name, names),
                             fmt::join(names, ", ")));
        }
        read_neurons(*neuron);
        return std::move(read_);
    }

private:
    std::vector<std::int64_t> type_ids() const {
        const std::string dataset = path_ + "/node_type_id";
        if (file_->shape(dataset).size() != 1 || file_->shape(dataset)[0] == 0) {
            fail(file_->path(), dataset + " is no list of at least one node.");
        }
        return file_->read<std::int64_t>(dataset);
    }

    void require_ids_in_order() const {
        const std::string dataset = path_ + "/node_id";
        if (!file_->has(dataset)) return;
        file_->require_shape(dataset, {std::ssize(ids_)});
        const auto ids = file_->read<std::int64_t>(dataset);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (std::cmp_equal(ids[i], i)) continue;
            fail(file_->path(), fmt::format("{}[{}] is {}, expected the numbers from 0 on in "
                                            "order.",
                                            dataset, i, ids[i]));
        }
    }

    /// What a column says for all nodes.
    std::string only_text(const std::string& column) const {
        const std::string first = types_->table().text(ids_[0], column);
        for (const std::int64_t id : ids_) {
            const std::string text = types_->table().text(id, column);
            if (text == first) continue;
            fail(types_->table().place(id),
                 fmt::format("{} is {}, and {} for other nodes of the population {}: expected one "
                             "for all. Make a population of each.",
                             column, text, first, read_.population.name));
        }
        return first;
    }

    SonataPopulation read_virtual() {
        Population& population = read_.population;
        population.model = "spikes";
        if (only_text("model_template") != "elmsim:poisson") return std::move(read_);
        population.model = "poisson";
        const auto& numbers = types_->parameters(ids_[0]);
        if (!numbers.contains("rate_hz")) {
            fail(types_->table().place(ids_[0]), "dynamics_params must hold rate_hz.");
        }
        population.rate_hz = numbers.at("rate_hz");
        return std::move(read_);
    }

    void require_known(const SonataNeuron& neuron) {
        std::vector<std::string> known;
        for (const SonataQuantity& quantity : neuron.quantities) known.push_back(quantity.theirs);
        const auto require = [&](const std::string& name, const std::string& place) {
            if (std::find(known.begin(), known.end(), name) != known.end()) return;
            fail(place, fmt::format("{} has no {}.{} Known are {}.", neuron.name, name,
                                    nearest_hint(name, known), fmt::join(known, ", ")));
        };
        for (const std::string& name : groups_.names_in(parameters_group)) {
            require(name, fmt::format("{}/*/{}", read_.population.place, parameters_group));
        }
        for (const std::int64_t type : std::set<std::int64_t>(ids_.begin(), ids_.end())) {
            for (const auto& entry : types_->parameters(type)) {
                require(entry.first, types_->table().place(type));
            }
        }
    }

    /// NaN where nothing says it and we have a default of our own.
    std::vector<double> values_of(const SonataQuantity& quantity) {
        return groups_.values(parameters_group + "/" + quantity.theirs, [&](std::int64_t i) {
            const auto& numbers = types_->parameters(ids_[static_cast<std::size_t>(i)]);
            const auto found = numbers.find(quantity.theirs);
            return found == numbers.end() ? quantity.otherwise : found->second;
        });
    }

    void read_neurons(const SonataNeuron& neuron) {
        require_known(neuron);
        Population& population = read_.population;
        population.model = neuron.neuron;
        read_.weight_per = neuron.weight_per;
        for (const SonataQuantity& quantity : neuron.quantities) {
            std::vector<double> values = values_of(quantity);
            const auto missing = std::count_if(values.begin(), values.end(),
                                               [](double value) { return std::isnan(value); });
            if (missing == population.size) continue;
            if (missing > 0) {
                fail(population.place,
                     fmt::format("{} is said for {} of {} nodes, expected all.", quantity.theirs,
                                 population.size - missing, population.size));
            }
            for (double& value : values) value /= quantity.per;
            if (quantity.is_capacitance_of_resistance) divide_tau(values);
            auto& to = quantity.is_state ? population.initial : population.parameters;
            to[quantity.ours] = compact(std::move(values));
        }
    }

    void divide_tau(std::vector<double>& values) const {
        const Distribution& tau = read_.population.parameters.at("tau_m");
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = (tau.is_constant() ? tau.first : tau.values[i]) / values[i];
        }
    }

    static Distribution compact(std::vector<double> values) {
        const bool all_equal = std::all_of(values.begin(), values.end(),
                                           [&](double value) { return value == values[0]; });
        return all_equal ? Distribution::constant(values[0])
                         : Distribution::list(std::move(values));
    }

    const Hdf5File* file_;
    std::string path_;
    TypesInUse* types_;
    std::vector<std::int64_t> ids_;  // of types
    SonataGroups groups_;
    SonataPopulation read_;
};

}  // namespace

bool is_sonata(const Hdf5File& file) {
    const Values attributes = file.attributes("/", {"magic"});
    const auto magic = attributes.find("magic");
    return magic != attributes.end() && magic->second == Value(sonata_magic);
}

void require_sonata(const Hdf5File& file) {
    if (is_sonata(file)) return;
    const Values attributes = file.attributes("/", {"magic"});
    fail(file.path(),
         fmt::format("is no file of SONATA: the attribute magic of / is {}, expected "
                     "{}.",
                     attributes.contains("magic") ? "another" : "not there", sonata_magic));
}

std::vector<SonataPopulation> read_sonata_nodes(const SonataFiles& files,
                                                const std::string& neuron_models) {
    const Hdf5File file = Hdf5File::open(files.file);
    require_sonata(file);
    if (!file.is_group("/nodes")) fail(files.file, "/nodes is not there, expected a group.");
    std::vector<SonataPopulation> populations;
    TypesInUse types(files, neuron_models);
    for (const std::string& name : file.links("/nodes")) {
        populations.push_back(PopulationReader(file, name, types).read());
    }
    return populations;
}

}  // namespace elm::network
