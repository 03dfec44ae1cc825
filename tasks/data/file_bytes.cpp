#include "tasks/data/file_bytes.h"

#include <fstream>
#include <iterator>

#include "kernels/core/support/check.h"
#include "kernels/io/file_kind.h"

namespace elm {

std::string read_file_bytes(const std::string& path, const std::string& expected) {
    require_plain_file(path);
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open() || file.bad()) {
        throw Error(ErrorKind::data,
                    fmt::format("{} cannot be read; expected {}.", path, expected));
    }
    return bytes;
}

}  // namespace elm
