#include "network/recording/spike_group.h"

#include <vector>

#include "kernels/io/hdf5_file.h"

namespace elm::network {

void mark_as_sonata(Hdf5File& file) {
    const std::int64_t magic[] = {2682}, version[] = {0, 1};
    file.set_attribute("/", "magic", {}, magic, FileType::u32);
    file.set_attribute("/", "version", {2}, version, FileType::u32);
}

void write_spike_group(Hdf5File& file, const std::string& name, std::int64_t size,
                       const SpikeTrainOf& spikes, double duration_ms) {
    const std::string group = "/spikes/" + name;
    file.make_group(group);
    file.set_choice(group, "sorting", {"none", "by_id", "by_time"}, 2);
    file.set_attribute(group, "duration_ms", duration_ms);
    file.set_attribute(group, "n_units", size);
    file.write<double>(group + "/timestamps", {spikes.size()}, spikes.times_ms, FileType::f64);
    file.set_attribute(group + "/timestamps", "units", std::string("ms"));
    const std::vector<std::int64_t> ids(spikes.neurons.begin(), spikes.neurons.end());
    file.write<std::int64_t>(group + "/node_ids", {spikes.size()}, ids, FileType::u64);
}

}  // namespace elm::network
