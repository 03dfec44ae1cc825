#include "tasks/encoding/encoding_writer.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace elm {

EncodingWriter::EncodingWriter(const std::string& path, bool force, const std::string& encoder,
                               const std::string& config, bool dense)
    : output_(path, force), file_(Hdf5File::create(output_.temporary_path())), dense_(dense) {
    file_.set_attribute("/", "format", std::string("elm-encoding"));
    file_.set_attribute("/", "format_version", std::int64_t{1});
    file_.set_attribute("/", "encoder", encoder);
    file_.write_string("/config", config);
    names_.insert("config");
}

void EncodingWriter::add(const EncodedFile& file) {
    std::string name = file.name;
    for (int number = 2; !names_.insert(name).second; ++number) {
        name = fmt::format("{}-{}", file.name, number);
    }
    const std::string group = "/" + name;
    const Encoding& encoding = file.encoding;
    file_.make_group(group);
    if (encoding.values.empty()) {
        std::vector<double> times;
        std::vector<std::int32_t> units;
        for (const SpikeEvent& spike : encoding.spikes) {
            times.push_back(encoding.time_ms(spike));
            units.push_back(spike.unit);
        }
        file_.write<double>(group + "/times", {std::ssize(times)}, times, FileType::f64);
        file_.write<std::int32_t>(group + "/units", {std::ssize(units)}, units, FileType::i32);
        if (dense_) add_bins(group, encoding);
    } else {
        file_.write<float>(group + "/values", {encoding.n_steps, encoding.n_units}, encoding.values,
                           FileType::f32);
    }
    file_.set_attribute(group, "duration_ms",
                        static_cast<double>(encoding.n_steps) * encoding.step_ms);
    file_.set_attribute(group, "step_ms", encoding.step_ms);
    file_.set_attribute(group, "n_units", encoding.n_units);
}

void EncodingWriter::add_bins(const std::string& group, const Encoding& encoding) {
    const std::int64_t units = encoding.n_units;
    const std::int64_t block = std::max<std::int64_t>(1, (std::int64_t{1} << 16) / units);
    const std::string dataset = group + "/bins";
    constexpr int deflate_level = 4;
    file_.make_growing(dataset, {units}, FileType::i32, block, deflate_level);
    auto spike = encoding.spikes.begin();
    for (std::int64_t first = 0; first < encoding.n_steps; first += block) {
        const std::int64_t end = std::min(first + block, encoding.n_steps);
        std::vector<std::int32_t> counts(static_cast<std::size_t>((end - first) * units));
        for (; spike != encoding.spikes.end() && spike->step < end; ++spike) {
            ++counts[static_cast<std::size_t>((spike->step - first) * units + spike->unit)];
        }
        file_.append<std::int32_t>(dataset, counts);
    }
}

void EncodingWriter::finish() {
    file_.close();
    output_.commit();
}

}  // namespace elm
