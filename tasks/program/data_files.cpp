#include "tasks/program/data_files.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"

namespace elm {

std::vector<std::string> expand_folders(const Arguments& arguments, const std::string& flag) {
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    for (const std::string& path : arguments.list(flag)) {
        std::error_code status;
        if (!fs::is_directory(path, status)) {
            files.push_back(path);
            continue;
        }
        const std::size_t before = files.size();
        // A fit may stand there in both forms: the second is looked for where the first is not.
        for (const char* const ending : {".h5", ".safetensors"}) {
            if (files.size() > before) break;
            for (const auto& entry : fs::directory_iterator(path)) {
                const std::string file = entry.path().string();
                // A checkpoint is what a fit goes on from: neither a model nor data.
                const bool is_checkpoint = file.ends_with(std::string(".checkpoint") + ending);
                if (file.ends_with(ending) && !is_checkpoint) files.push_back(file);
            }
        }
        // Numbers in names count as numbers: fit_2 comes before fit_10.
        std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end(),
                  [](const std::string& a, const std::string& b) {
                      return strverscmp(a.c_str(), b.c_str()) < 0;
                  });
        if (files.size() == before) {
            throw Error(ErrorKind::data,
                        fmt::format("--{} {}: there is no .h5 file in this folder.", flag, path));
        }
    }
    ELM_CHECK(!files.empty(), "--{} is missing. See elmsim {} --help.", flag,
              arguments.command().name);
    return files;
}

}  // namespace elm
