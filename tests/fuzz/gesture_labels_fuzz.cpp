// libFuzzer: any text as labels of DVS128 Gesture.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/event_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    elm::test::read_gesture_labels({reinterpret_cast<const char*>(data), size});
    return 0;
}
