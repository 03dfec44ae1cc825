// libFuzzer: any bytes as a batch of CIFAR-10.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/reader_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    elm::test::read_cifar_batch({reinterpret_cast<const char*>(data), size});
    return 0;
}
