#include "tasks/speech/shd_folder.h"

#include <filesystem>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/data/numpy_random.h"
#include "tasks/speech/shd_file.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

constexpr double validation_share = 0.2;

bool is_there(const fs::path& path) {
    std::error_code status;
    return fs::is_regular_file(path, status);
}

/// Training samples are drawn to validate on; the test file is the last table.
void hold_out(SampleFiles& files, std::uint64_t seed) {
    NumpyRandom random(seed);
    const std::int64_t n_train = files.tables.front()->count();
    for (std::int64_t k = 0; k < n_train; ++k) {
        files.splits[random.chance(validation_share) ? 1 : 0].push_back(k);
    }
    files.splits[2].resize(static_cast<std::size_t>(files.tables.back()->count()));
    std::iota(files.splits[2].begin(), files.splits[2].end(), n_train);
}

}  // namespace

OptionSet shd_options() {
    OptionSet options;
    options.declare({.name = "split_seed",
                     .value = std::int64_t{0},
                     .help = "of the fifth of the training samples to validate on",
                     .lowest = 0,
                     .highest = 9e15});
    return options;
}

std::optional<SampleFiles> open_shd(const std::string& path, const OptionSet& options,
                                    const ShdNames& names) {
    SampleFiles files{.name = path};
    if (is_there(path)) {
        const std::string name = fs::path(path).filename().string();
        if (!name.starts_with(names.prefix) || !is_shd_file(path)) return {};
        files.tables = {ShdFile::open(path, names.n_classes)};
        return files;
    }
    std::vector<std::string> wanted{"train", "test"};
    if (names.has_validation) wanted.insert(wanted.begin() + 1, "valid");
    std::vector<std::string> missing;
    for (const std::string& part : wanted) {
        const fs::path file = fs::path(path) / fmt::format("{}_{}.h5", names.prefix, part);
        if (!is_there(file)) {
            missing.push_back(file.filename().string());
        } else if (missing.empty()) {
            files.tables.push_back(ShdFile::open(file.string(), names.n_classes));
        }
    }
    if (missing.size() == wanted.size()) return {};
    if (!missing.empty()) {
        throw Error(
            ErrorKind::data,
            fmt::format("{} has no {}; expected all of {}_{}.h5.", path, fmt::join(missing, ", "),
                        names.prefix, fmt::join(wanted, fmt::format(".h5, {}_", names.prefix))));
    }
    if (names.has_validation) {
        files.divide_by_tables();
    } else {
        const auto seed = static_cast<std::uint64_t>(options.get<std::int64_t>("split_seed"));
        hold_out(files, seed);
        files.options = {{"split_seed", static_cast<std::int64_t>(seed)}};
    }
    return files;
}

}  // namespace elm
