// libFuzzer: any bytes as a list of Pathfinder images.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/reader_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    elm::test::read_pathfinder_list({reinterpret_cast<const char*>(data), size});
    return 0;
}
