#include "tests/fuzz/reader_targets.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>

#include "baselines/model_file.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/log.h"
#include "kernels/io/config_tree.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/safetensors.h"
#include "kernels/io/toml_config.h"
#include "network/description/network_file.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/elm/elm_model_file.h"
#include "tasks/data/png_image.h"
#include "tasks/data/spikes/hdf5_spikes.h"
#include "tasks/data/spikes/spike_file.h"
#include "tasks/data/spikes/text_spikes.h"
#include "tasks/lra/images/cifar.h"
#include "tasks/lra/listops/listops_table.h"
#include "tasks/lra/pathfinder/pathfinder_folder.h"
#include "tasks/lra/text/paper_pairs.h"
#include "tasks/neuronio/neuronio_file.h"

namespace elm::test {
namespace {

/// True if `work` ends; false if it refuses with an error of this kind.
template <class Work>
bool accepts(ErrorKind kind, Work&& work) {
    try {
        work();
        return true;
    } catch (const Error& error) {
        if (error.kind() != kind || error.message().find('\n') != std::string::npos) std::abort();
        return false;
    }
}

/// Runs a sample as simulations do; its spikes must come in order and within their range.
void stream(SpikeSample sample) {
    constexpr std::int64_t n_units = 1000, n_steps = 500;
    SampleInput input = open_spikes(std::move(sample), n_units, 1.0);
    for (int chunk = 0; chunk < 3; ++chunk) input.source->next(n_steps).check();
}

/// Reads the plan of a file byte by byte; zeros behind its end.
class Plan {
public:
    explicit Plan(std::string_view bytes) : bytes_(bytes) {}
    bool at_end() const { return at_ >= bytes_.size(); }
    std::size_t choose(std::size_t count) { return byte() % count; }
    std::uint8_t byte() {
        return at_end() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes_[at_++]);
    }
    double number() {
        static constexpr double odd[] = {0, -1, 0.5, 1e300, -1e-300, NAN, INFINITY, 4294967296.0};
        const std::uint8_t kind = byte();
        if (kind < 200) return kind;
        return kind < 240 ? kind / 7.0 : odd[kind % std::size(odd)];
    }
    Value value() {
        static const char* const texts[] = {
            "ms",   "seconds", "fortnights", "by_id",          "elm-model",
            "relu", "relu2",   "silu",       "lstm",           "tcn",
            "",     "none",    "pt",         "sequence-model", "neuronio_routing"};
        switch (choose(4)) {
            case 0:
                return byte() % 2 == 1;
            case 1:
                return static_cast<std::int64_t>(byte());
            case 2:
                return number();
            default:
                return std::string(texts[choose(std::size(texts))]);
        }
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

const char* const attribute_names[] = {"units",
                                       "sorting",
                                       "duration_ms",
                                       "num_segments",
                                       "sim_duration_ms",
                                       "format",
                                       "model",
                                       "n_input",
                                       "n_output",
                                       "time_step_ms",
                                       "format_version",
                                       "elm_version",
                                       "num_input",
                                       "num_output",
                                       "num_memory",
                                       "num_branch",
                                       "mlp_num_layers",
                                       "mlp_hidden_size",
                                       "delta_t",
                                       "lambda_value",
                                       "memory_tau_max",
                                       "num_synapse_per_branch",
                                       "input_to_synapse_routing"};
const char* const groups[] = {"/", "/spikes", "/spikes/a", "/sim_00000", "/sim_00001", "/model"};
const char* const dataset_names[] = {"times",
                                     "units",
                                     "timestamps",
                                     "node_ids",
                                     "gids",
                                     "input_time_ms",
                                     "input_synapse",
                                     "output_spike_time_ms",
                                     "soma_voltage_mV",
                                     "_proto_w_s",
                                     "tau_s",
                                     "_proto_tau_m",
                                     "w_y.weight",
                                     "w_y.bias",
                                     "mlp.network.0.weight",
                                     "module.w_y.bias",
                                     "lstm.weight_ih_l0",
                                     "readout.bias"};
const FileType types[] = {FileType::f16, FileType::f32, FileType::f64,    FileType::u16,
                          FileType::i32, FileType::i64, FileType::boolean};

std::string joined(const std::string& group, const std::string& name) {
    return group == "/" ? group + name : group + "/" + name;
}

void write_dataset(Hdf5File& file, Plan& plan) {
    const std::string group = groups[plan.choose(std::size(groups))];
    const std::string path = joined(group, dataset_names[plan.choose(std::size(dataset_names))]);
    const FileType type = types[plan.choose(std::size(types))];
    std::vector<std::int64_t> shape;
    std::size_t count = 1;
    for (std::size_t axes = plan.choose(3); axes > 0; --axes) {
        shape.push_back(static_cast<std::int64_t>(plan.choose(9)));
        count *= static_cast<std::size_t>(shape.back());
    }
    std::vector<double> values(count);
    for (double& value : values) value = plan.number();
    if (!file.has(path)) file.write<double>(path, shape, values, type);
}

void write_file(const std::string& path, Plan plan) {
    Hdf5File file = Hdf5File::create(path);
    while (!plan.at_end()) {
        const std::size_t command = plan.choose(4);
        if (command < 2) {
            write_dataset(file, plan);
        } else if (command == 2) {
            const std::string object = groups[plan.choose(std::size(groups))];
            const std::string name = attribute_names[plan.choose(std::size(attribute_names))];
            const Value value = plan.value();
            if (file.has(object) && !file.attributes(object).contains(name)) {
                file.set_attribute(object, name, value);
            }
        } else if (!file.has("/config")) {
            static const char* const texts[] = {"", "[elm]\nnum_input = 4\n", "[lstm]\nunits = 2\n",
                                                "[tcn]\n", "x"};
            file.write_string("/config", texts[plan.choose(std::size(texts))]);
        }
    }
    file.close();
}

/// A name in memory, for the files of this process.
std::string file_in_memory() { return "/dev/shm/elmsim-fuzz-" + std::to_string(getpid()) + ".h5"; }

}  // namespace

bool read_spike_text(std::string_view text) {
    log::set_level(log::Level::error);
    return accepts(ErrorKind::data, [&] {
        const std::string copy(text);
        const TextFile file{"fuzz", [copy] { return std::make_unique<std::istringstream>(copy); }};
        for (SpikeSample& sample : find_text_spikes(file)) stream(std::move(sample));
    });
}

bool read_paper_pairs_text(std::string_view text) {
    return accepts(ErrorKind::data, [&] {
        std::istringstream input{std::string(text)};
        read_paper_pairs(input, "fuzz", [](const DocumentPair& pair) {
            if (pair.label < 0 || pair.label > 1) std::abort();
            for (const std::string_view document : {pair.first, pair.second}) {
                if (document.empty() || document.find_first_of("\t\n") != document.npos)
                    std::abort();
            }
        });
    });
}

bool read_listops_text(std::string_view text) {
    return accepts(ErrorKind::data, [&] {
        std::istringstream input{std::string(text)};
        read_listops(input, "fuzz", [](const ListOpsExample& example) {
            // What was read is an expression, and is printed as it can be read.
            if (parse_listops(print_listops(example.tokens)) != example.tokens) std::abort();
            if (evaluate_listops(example.tokens) != example.label) std::abort();
        });
    });
}

bool read_pathfinder_list(std::string_view text) {
    return accepts(ErrorKind::data, [&] {
        for (const PathfinderEntry& entry : read_pathfinder_metadata(text, "fuzz")) {
            const std::filesystem::path file = entry.file;
            if (entry.label < 0 || entry.label > 1 || file.is_absolute()) std::abort();
            if (file.lexically_normal().string().starts_with("..")) std::abort();
        }
    });
}

bool read_cifar_batch(std::string_view bytes) {
    return accepts(ErrorKind::data, [&] {
        for (const CifarImage& image : read_cifar(bytes, "fuzz")) {
            if (image.label < 0 || image.label >= cifar_classes) std::abort();
            grey_cifar(image, CifarGrey::tensorflow);
        }
    });
}

bool read_png_bytes(std::string_view bytes) {
    return accepts(ErrorKind::data, [&] {
        const GreyPicture image = read_grey_png(bytes, "fuzz");
        const auto pixels = static_cast<std::int64_t>(image.rows) * image.columns;
        if (pixels < 1 || std::ssize(image.values) != pixels) std::abort();
    });
}

bool read_safetensors_model(std::string_view bytes) {
    return accepts(ErrorKind::data, [&] {
        StateDict dict = read_safetensors("fuzz", bytes);
        try {
            elm_model_of(std::move(dict)).check();
        } catch (const Error& error) {
            // load_elm_model makes an error of data of either.
            if (error.kind() != ErrorKind::data && error.kind() != ErrorKind::invalid) std::abort();
        }
    });
}

bool read_network_text(std::string_view text) {
    return accepts(ErrorKind::invalid, [&] { network::parse_network(std::string(text), "fuzz"); });
}

bool read_cell_text(std::string_view text) {
    return accepts(ErrorKind::invalid, [&] { cable::parse_cell(std::string(text), "fuzz"); });
}

bool read_config_text(std::string_view text) {
    const bool is_config = accepts(ErrorKind::invalid, [&] {
        // What is written is read again.
        const std::string written = Config::parse(std::string(text), "fuzz").to_toml();
        Config::parse(written, "written");
    });
    accepts(ErrorKind::invalid, [&] {
        const ConfigTree tree = ConfigTree::parse(std::string(text), "fuzz");
        for (const std::string& key : tree.keys()) {
            accepts(ErrorKind::invalid, [&] { tree.optional_number(key); });
            accepts(ErrorKind::invalid, [&] { tree.texts(key); });
            if (tree.is_table(key)) tree.table(key).keys();
        }
    });
    return is_config;
}

bool read_hdf5_contents(std::string_view bytes) {
    log::set_level(log::Level::error);
    const std::string path = file_in_memory();
    Plan plan(bytes);
    const std::size_t reader = plan.choose(4);
    write_file(path, plan);
    const bool accepted = accepts(ErrorKind::data, [&] {
        if (reader == 0) {
            const auto file = std::make_shared<const Hdf5File>(Hdf5File::open(path));
            for (SpikeSample& sample : find_hdf5_spikes(file)) stream(std::move(sample));
        } else if (reader == 1) {
            load_elm_model(path).check();
        } else if (reader == 2) {
            Stream host{Device{}};
            load_model(host, path, DType::f32);
        } else {
            const NeuronIoFile file(path);
            for (std::int64_t k = 0; k < file.size(); ++k) file.read(k);
        }
    });
    std::filesystem::remove(path);
    return accepted;
}

}  // namespace elm::test
