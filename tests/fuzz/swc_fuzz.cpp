// libFuzzer: any bytes as SWC.

#include <cstddef>
#include <cstdint>

#include "neuron/cable/shape/swc_reader.h"
#include "tests/fuzz/morphology_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    elm::test::read_any(elm::cable::read_swc, {reinterpret_cast<const char*>(data), size});
    return 0;
}
