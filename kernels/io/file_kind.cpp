#include "kernels/io/file_kind.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

std::string first_bytes(const std::string& path) {
    std::error_code status;
    if (!std::filesystem::is_regular_file(path, status)) return {};
    std::array<char, 4096> block;
    std::ifstream file(path, std::ios::binary);
    file.read(block.data(), block.size());
    return {block.data(), static_cast<std::size_t>(file.gcount())};
}

struct Kind {
    std::string_view start, hint;
};

constexpr std::string_view pytorch_hint =
    "it is what torch.save writes, a program in a pickle. Write its state dict as safetensors: "
    "python3 -c 'import sys, torch, safetensors.torch as s; "
    "s.save_file(torch.load(sys.argv[1], map_location=\"cpu\", weights_only=True), "
    "\"model.safetensors\")' FILE, with the options of the model as its metadata";

constexpr Kind kinds[] = {
    {"\x1f\x8b", "it is compressed by gzip: unpack it with gunzip"},
    {"BZh", "it is compressed by bzip2: unpack it with bunzip2"},
    {"\xfd"
     "7zXZ",
     "it is compressed by xz: unpack it with unxz"},
    {"\x28\xb5\x2f\xfd", "it is compressed by zstd: unpack it with unzstd"},
    {"PK\x03\x04", pytorch_hint},
    {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46", pytorch_hint},  // of before version 1.6
    {"\x80",
     "it is a Python pickle: convert it to HDF5 (published NeuronIO data with "
     "tasks/neuronio/convert_pickles.py)"},
    {"\x93NUMPY", "it is a NumPy array: write it as HDF5 with h5py"},
    {"version https://git-lfs", "it stands for a file that was not fetched: run git lfs pull"},
};

}  // namespace

std::string foreign_hint(const std::string& path) {
    const std::string bytes = first_bytes(path);
    std::error_code status;
    if (std::filesystem::is_regular_file(path, status) && bytes.empty()) return "it is empty";
    // Old Matlab and NumPy archives are zip files, too.
    if (bytes.starts_with("PK\x03\x04") && bytes.find("data.pkl") == std::string::npos) {
        return "it is a zip archive: unpack it";
    }
    for (const Kind& kind : kinds) {
        if (bytes.starts_with(kind.start)) return std::string(kind.hint);
    }
    return {};
}

void require_plain_file(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code status;
    if (!fs::exists(path, status) || fs::is_regular_file(path, status)) return;
    if (!fs::is_directory(path, status)) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is a pipe or a device, and what is read here is read more than "
                                "once: write it to a file first.",
                                path));
    }
    constexpr std::size_t most_shown = 5;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path, status)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    const bool more = names.size() > most_shown;
    if (more) names.resize(most_shown);
    throw Error(
        ErrorKind::data,
        fmt::format("{} is a folder, and a file is expected. It holds "
                    "{}{}.",
                    path, names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", ")),
                    more ? ", and more" : ""));
}

bool begins_as_text(const std::string& path) {
    const std::string bytes = first_bytes(path);
    return !bytes.empty() && bytes.find('\0') == std::string::npos && foreign_hint(path).empty();
}

}  // namespace elm
