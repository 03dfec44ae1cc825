#include "network/interchange/nir/nir_recording.h"

#include <cmath>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "kernels/io/one_line.h"
#include "kernels/io/toml_config.h"

namespace elm::network {
namespace {

const std::string type_attribute = "__type__";

std::string type_in(const Hdf5File& file, const std::string& object) {
    const Values attributes = file.attributes(object, {type_attribute});
    const auto found = attributes.find(type_attribute);
    return found == attributes.end() ? std::string() : to_text(found->second);
}

NirObservable read_observable(const Hdf5File& file, const std::string& node,
                              const std::string& name) {
    const std::string group = fmt::format("/nodes/{}/observables/{}", node, name);
    NirObservable read{.node = node, .name = name, .place = one_line(file.path() + ": " + group)};
    if (const std::string type = type_in(file, group); type != "TimeGriddedData") {
        fail_nir(read.place, fmt::format("is of the type {}, expected TimeGriddedData.",
                                         type.empty() ? "nothing" : one_line(type)));
    }
    if (!file.attributes(group, {"dt"}).contains("dt")) {
        fail_nir(read.place, "has no attribute dt, expected the time step in seconds.");
    }
    read.time_step_s = file.number_attribute(group, "dt");
    if (!(read.time_step_s > 0) || !std::isfinite(read.time_step_s)) {
        fail_nir(read.place,
                 fmt::format("dt is {} s, expected a positive time.", read.time_step_s));
    }
    const NirShape shape = file.shape(group + "/data");
    const auto values = file.read<double>(group + "/data");  // as many as the shape says
    if (shape.size() < 2 || values.empty()) {
        fail_nir(read.place, fmt::format("data has the shape ({}), expected (samples, steps, "
                                         "elements).",
                                         fmt::join(shape, ", ")));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isfinite(values[i])) continue;
        fail_nir(read.place,
                 fmt::format("element {} of data is {}, expected finite numbers.", i, values[i]));
    }
    const std::int64_t per_sample = std::ssize(values) / shape[0];
    for (std::int64_t k = 0; k < shape[0]; ++k) {
        const auto begin = values.begin() + k * per_sample;
        read.samples.push_back({shape[1], per_sample / shape[1], {begin, begin + per_sample}});
    }
    return read;
}

}  // namespace

bool is_nir_recording(const Hdf5File& file) { return type_in(file, "/") == "NIRGraphData"; }

std::vector<NirObservable> read_nir_recording(const Hdf5File& file) {
    std::vector<NirObservable> all;
    if (!file.is_group("/nodes")) fail_nir(file.path(), "/nodes is not there, expected a group.");
    for (const std::string& node : file.links("/nodes")) {
        const std::string group = "/nodes/" + node + "/observables";
        if (!file.is_group(group)) {
            fail_nir(one_line(file.path() + ": " + group), "is not there, expected a group.");
        }
        for (const std::string& name : file.links(group)) {
            all.push_back(read_observable(file, node, name));
        }
    }
    return all;
}

void write_nir_recording(Hdf5File& file, const std::vector<NirPort>& outputs,
                         const std::vector<NirSample>& samples, double time_step_s) {
    file.set_attribute("/", type_attribute, std::string("NIRGraphData"));
    for (std::size_t k = 0; k < outputs.size(); ++k) {
        const NirPort& port = outputs[k];
        const std::string node = "/nodes/" + port.name;
        const std::string group = node + "/observables/" + (port.has_spikes ? "spikes" : "values");
        file.make_group(group);
        file.set_attribute(node, type_attribute, std::string("NIRNodeData"));
        file.set_attribute(group, type_attribute, std::string("TimeGriddedData"));
        file.set_attribute(group, "dt", time_step_s);
        std::vector<double> values;
        for (const NirSample& sample : samples) {
            values.insert(values.end(), sample[k].values.begin(), sample[k].values.end());
        }
        const std::int64_t steps = samples.empty() ? 0 : samples[0][k].n_steps;
        file.write<double>(group + "/data", {std::ssize(samples), steps, port.size}, values,
                           port.has_spikes ? FileType::u8 : FileType::f64);
    }
}

}  // namespace elm::network
