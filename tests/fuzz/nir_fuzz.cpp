// libFuzzer: texts that say what a NIR file holds.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/network_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    elm::test::read_nir_contents({reinterpret_cast<const char*>(data), size});
    return 0;
}
