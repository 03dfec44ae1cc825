// libFuzzer: any text as a table of values.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/event_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    elm::test::read_signal_table({reinterpret_cast<const char*>(data), size});
    return 0;
}
