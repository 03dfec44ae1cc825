// libFuzzer: any bytes as a recording in AEDAT 3.1.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/event_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    elm::test::read_aedat_bytes({reinterpret_cast<const char*>(data), size});
    return 0;
}
