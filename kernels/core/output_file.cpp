#include "kernels/core/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fmt/core.h>

#include "kernels/core/check.h"

namespace elm {
namespace fs = std::filesystem;

OutputFile::OutputFile(std::string path, bool force)
    : path_(std::move(path)), temporary_(fmt::format("{}.tmp-{}", path_, getpid())) {
    std::error_code status;
    ELM_CHECK(!path_.empty(), "the name of an output file is empty");
    ELM_CHECK(!fs::is_directory(path_, status), "{} is a folder. Give the name of a file.", path_);
    ELM_CHECK(force || !fs::exists(path_, status),
              "{} exists. Choose another name, or give --force to replace it.", path_);
    const fs::path parent = fs::path(path_).parent_path();
    const fs::path folder = parent.empty() ? fs::path(".") : parent;
    if (!fs::is_directory(folder, status)) {
        throw Error(ErrorKind::write, fmt::format("{} cannot be written: there is no folder {}. "
                                                  "Make it first.",
                                                  path_, folder.string()));
    }
    std::FILE* probe = std::fopen(temporary_.c_str(), "wb");
    if (probe == nullptr) {
        throw Error(ErrorKind::write,
                    fmt::format("{} cannot be written: {}. Choose a folder that may be written.",
                                path_, std::strerror(errno)));
    }
    std::fclose(probe);
}

OutputFile::~OutputFile() {
    if (!committed_) std::remove(temporary_.c_str());
}

void OutputFile::commit() {
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
        throw Error(ErrorKind::write,
                    fmt::format("{} cannot be put in place: {}.", path_, std::strerror(errno)));
    }
    committed_ = true;
}

void write_text_file(const std::string& path, bool force, const std::string& text) {
    OutputFile output(path, force);
    std::FILE* file = std::fopen(output.temporary_path().c_str(), "wb");
    bool good = file != nullptr;
    if (good) {
        good = std::fwrite(text.data(), 1, text.size(), file) == text.size();
        good = std::fclose(file) == 0 && good;
    }
    if (!good) {
        throw Error(ErrorKind::write,
                    fmt::format("{} cannot be written: {}.", path, std::strerror(errno)));
    }
    output.commit();
}

}  // namespace elm
