#pragma once

#include <cstdint>

namespace elm {

/// Number of CPU threads that kernels use. 0 means all cores.
void set_thread_count(int threads);
int thread_count();

/// The host backend of shared-body kernels.
struct Cpu {
    /// Calls body(i) for 0 <= i < count on all threads. Calls must not depend on each other.
    template <class Body>
    static void for_each_index(class Stream&, std::int64_t count, const Body& body) {
        const std::int64_t serial_below = 256;  // starting threads costs about 5 us
#pragma omp parallel if (count >= serial_below)
        {
            const Body own = body;  // which no store of the loop can change, so it may use vectors
#pragma omp for schedule(static)
            for (std::int64_t index = 0; index < count; ++index) own(index);
        }
    }

    /// Calls body(i) for 0 <= i < count, one call a task, threads taking the next free task. For
    /// few, large and uneven pieces of work.
    template <class Body>
    static void for_each_task(std::int64_t count, const Body& body) {
#pragma omp parallel for schedule(dynamic, 1) if (count > 1)
        for (std::int64_t index = 0; index < count; ++index) body(index);
    }
};

}  // namespace elm
