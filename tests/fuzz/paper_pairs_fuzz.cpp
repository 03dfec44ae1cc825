// libFuzzer: any bytes as a table of paper pairs.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/reader_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    elm::test::read_paper_pairs_text({reinterpret_cast<const char*>(data), size});
    return 0;
}
