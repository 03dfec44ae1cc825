// libFuzzer: files in the layout of SHD whose contents any bytes decide.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/event_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    elm::test::read_shd_contents({reinterpret_cast<const char*>(data), size});
    return 0;
}
