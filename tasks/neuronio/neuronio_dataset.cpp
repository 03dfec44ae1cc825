#include "tasks/neuronio/neuronio_dataset.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <limits>
#include <list>
#include <mutex>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/data/selection.h"
#include "tasks/neuronio/neuronio_output.h"

namespace elm {
namespace {

constexpr std::size_t most_open_files = 64;

std::int64_t compact_bytes(std::int64_t n_steps, std::int64_t n_input_spikes) {
    return 4 * (n_steps + 1) + 4 * n_input_spikes + 4 * n_steps + n_steps;
}

/// The file `path` under one name, however it was given.
std::string canonical(const std::string& path) {
    std::error_code status;
    const auto name = std::filesystem::canonical(path, status);
    return status ? path : name.string();
}

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorKind::data, what); }

/// Files by index, opened when asked for; the one opened first is closed when they are too many.
/// Not for several threads.
class FileShelf {
public:
    explicit FileShelf(std::vector<std::string> paths)
        : paths_(std::move(paths)), files_(paths_.size()) {}

    const std::string& path(std::size_t index) const { return paths_[index]; }
    std::size_t size() const { return paths_.size(); }

    const NeuronIoFile& open(std::size_t index) {
        std::optional<NeuronIoFile>& file = files_[index];
        if (!file) {
            if (opened_.size() == most_open_files) {
                files_[opened_.front()].reset();
                opened_.pop_front();
            }
            file.emplace(paths_[index]);
            opened_.push_back(index);
        }
        return *file;
    }

private:
    std::vector<std::string> paths_;
    std::vector<std::optional<NeuronIoFile>> files_;
    std::deque<std::size_t> opened_;
};

}  // namespace

std::int64_t CompactSimulation::bytes() const noexcept {
    return compact_bytes(static_cast<std::int64_t>(soma_voltage_mV.size()),
                         static_cast<std::int64_t>(channels.size()));
}

CompactSimulation make_compact(const NeuronIoSimulation& simulation) {
    const SpikeTrain& input = simulation.input;
    if (input.row_begin.back() > std::numeric_limits<std::int32_t>::max()) {
        fail(fmt::format("{} has {} input spikes, expected less than 2^31.", simulation.name,
                         input.row_begin.back()));
    }
    CompactSimulation compact;
    compact.row_begin.reserve(input.row_begin.size());
    for (const std::int64_t begin : input.row_begin) {
        compact.row_begin.push_back(static_cast<std::int32_t>(begin));
    }
    compact.channels = input.units;
    compact.soma_voltage_mV.reserve(simulation.soma_voltage_mV.size());
    for (const double voltage : simulation.soma_voltage_mV) {
        compact.soma_voltage_mV.push_back(static_cast<float>(voltage));
    }
    compact.output_spikes = spike_bins(simulation);
    return compact;
}

struct NeuronIoDataset::Implementation {
    struct Entry {
        std::size_t file;
        std::int64_t index_in_file, index_in_files;
        std::string name;
        std::shared_ptr<const CompactSimulation> kept;   // null where it is only on disk
        std::list<std::size_t>::iterator last_use = {};  // in `uses`, where kept on demand
    };

    explicit Implementation(std::vector<std::string> paths) : files(std::move(paths)) {}

    void require_no_file_twice() const {
        if (files.size() == 0) fail("there are no files of ground truth. Give at least one.");
        std::set<std::string> names;
        for (std::size_t k = 0; k < files.size(); ++k) {
            if (!names.insert(canonical(files.path(k))).second) {
                fail(
                    fmt::format("{} is given twice. Leave one out: its simulations would count "
                                "double.",
                                files.path(k)));
            }
        }
    }

    /// Takes channels and steps from the first file, and names all others that disagree.
    void require_agreement() {
        std::string others;
        for (std::size_t k = 0; k < files.size(); ++k) {
            const NeuronIoFile& file = files.open(k);
            if (file.n_channels() < 1 || file.n_steps() < 1 || file.size() < 1) {
                fail(
                    fmt::format("{} has {} simulations of {} channels and {} steps, expected "
                                "at least one of each.",
                                files.path(k), file.size(), file.n_channels(), file.n_steps()));
            }
            if (k == 0) {
                n_channels = file.n_channels();
                n_steps = file.n_steps();
            } else if (file.n_channels() != n_channels || file.n_steps() != n_steps) {
                others += fmt::format("\n  {}: {} channels, {} steps", files.path(k),
                                      file.n_channels(), file.n_steps());
            }
        }
        if (!others.empty()) {
            fail(
                fmt::format("files of one data set must agree. {} has {} channels and {} steps, "
                            "but{}\nLeave these out, or use them on their own.",
                            files.path(0), n_channels, n_steps, others));
        }
    }

    void select(const std::string& selection) {
        std::vector<Entry> all;
        for (std::size_t k = 0; k < files.size(); ++k) {
            const NeuronIoFile& file = files.open(k);
            for (std::int64_t index = 0; index < file.size(); ++index) {
                all.push_back(
                    {k, index, static_cast<std::int64_t>(all.size()), file.name(index), nullptr});
            }
        }
        for (const std::int64_t index :
             parse_selection(selection, static_cast<std::int64_t>(all.size()))) {
            entries.push_back(std::move(all[static_cast<std::size_t>(index)]));
        }
    }

    void count() {
        for (const Entry& entry : entries) {
            const NeuronIoFile& file = files.open(entry.file);
            const std::int64_t n_input = file.n_input_spikes(entry.index_in_file);
            n_input_spikes += n_input;
            n_output_spikes += file.n_output_spikes(entry.index_in_file);
            bytes += compact_bytes(n_steps, n_input);
        }
    }

    CompactSimulation load(const Entry& entry) {
        return make_compact(files.open(entry.file).read(entry.index_in_file));
    }

    void read_all(const std::function<void(std::int64_t, std::int64_t)>& progress) {
        std::int64_t done = 0;
        for (Entry& entry : entries) {
            entry.kept = std::make_shared<const CompactSimulation>(load(entry));
            ++done;
            if (progress) progress(done, static_cast<std::int64_t>(entries.size()));
        }
    }

    /// Reads what is not kept, and forgets what was not used for longest to make room for it.
    std::shared_ptr<const CompactSimulation> on_demand(std::size_t index) {
        const std::lock_guard lock(mutex);
        Entry& entry = entries[index];
        if (entry.kept) {
            uses.splice(uses.begin(), uses, entry.last_use);
            return entry.kept;
        }
        auto loaded = std::make_shared<const CompactSimulation>(load(entry));
        kept_bytes += loaded->bytes();
        while (kept_bytes > budget && !uses.empty()) {
            Entry& oldest = entries[uses.back()];
            kept_bytes -= oldest.kept->bytes();
            oldest.kept.reset();
            uses.pop_back();
        }
        entry.kept = loaded;
        uses.push_front(index);
        entry.last_use = uses.begin();
        return loaded;
    }

    std::mutex mutex;  // of the files, and on demand of all that changes
    FileShelf files;
    std::vector<Entry> entries;
    std::int64_t n_channels = 0, n_steps = 0;
    std::int64_t n_input_spikes = 0, n_output_spikes = 0, bytes = 0;
    std::int64_t budget = 0, kept_bytes = 0;
    std::list<std::size_t> uses;  // entries kept on demand, the latest first
    bool in_memory = true;
};

NeuronIoDataset::NeuronIoDataset(const std::vector<std::string>& paths,
                                 const NeuronIoDatasetOptions& options)
    : data_(std::make_unique<Implementation>(paths)) {
    ELM_CHECK(options.memory_budget_bytes >= 0, "a memory budget of {} bytes: expected 0 or more",
              options.memory_budget_bytes);
    data_->require_no_file_twice();
    data_->require_agreement();
    data_->select(options.selection);
    data_->count();
    data_->budget = options.memory_budget_bytes;
    data_->in_memory = data_->bytes <= data_->budget;
    if (data_->in_memory) data_->read_all(options.progress);
}

NeuronIoDataset::~NeuronIoDataset() = default;
NeuronIoDataset::NeuronIoDataset(NeuronIoDataset&&) noexcept = default;

std::int64_t NeuronIoDataset::size() const noexcept {
    return static_cast<std::int64_t>(data_->entries.size());
}
std::int64_t NeuronIoDataset::n_channels() const noexcept { return data_->n_channels; }
std::int64_t NeuronIoDataset::n_steps() const noexcept { return data_->n_steps; }
std::int64_t NeuronIoDataset::n_input_spikes() const noexcept { return data_->n_input_spikes; }
std::int64_t NeuronIoDataset::n_output_spikes() const noexcept { return data_->n_output_spikes; }
bool NeuronIoDataset::in_memory() const noexcept { return data_->in_memory; }
std::int64_t NeuronIoDataset::bytes() const noexcept { return data_->bytes; }

double NeuronIoDataset::output_rate_hz() const noexcept {
    constexpr double ms_per_second = 1000;  // a step is 1 ms
    return ms_per_second * static_cast<double>(n_output_spikes()) /
           static_cast<double>(size() * n_steps());
}

const std::string& NeuronIoDataset::path(std::int64_t index) const {
    return data_->files.path(data_->entries[static_cast<std::size_t>(index)].file);
}
const std::string& NeuronIoDataset::name(std::int64_t index) const {
    return data_->entries[static_cast<std::size_t>(index)].name;
}
std::int64_t NeuronIoDataset::index_in_files(std::int64_t index) const {
    return data_->entries[static_cast<std::size_t>(index)].index_in_files;
}

std::shared_ptr<const CompactSimulation> NeuronIoDataset::compact(std::int64_t index) const {
    const auto at = static_cast<std::size_t>(index);
    return data_->in_memory ? data_->entries[at].kept : data_->on_demand(at);
}

NeuronIoSimulation NeuronIoDataset::read(std::int64_t index) const {
    const std::lock_guard lock(data_->mutex);
    const auto& entry = data_->entries[static_cast<std::size_t>(index)];
    return data_->files.open(entry.file).read(entry.index_in_file);
}

}  // namespace elm
