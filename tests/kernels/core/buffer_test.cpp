#include "kernels/core/buffer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstring>

#include "tests/support/sanitizers.h"

namespace elm {
namespace {

long page_faults() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/// Faults while writing to four buffers of 48 MB, 12288 pages of 4 KiB each, that come and go.
long faults_of_a_round() {
    Stream stream{Device{}};
    const long before = page_faults();
    for (int i = 0; i < 4; ++i) {
        const Buffer buffer(stream, 48 << 20);
        std::memset(buffer.data(), i, buffer.size());
    }
    return page_faults() - before;
}

TEST(Buffer, memory_that_was_given_back_stays_mapped) {
#if !defined(__GLIBC__) || defined(ELM_ADDRESS_SANITIZER) || defined(ELM_THREAD_SANITIZER)
    GTEST_SKIP() << "another allocator than that of the GNU C library";
#endif
    keep_freed_memory();
    faults_of_a_round();
    EXPECT_LT(faults_of_a_round(), 256);
}

}  // namespace
}  // namespace elm
