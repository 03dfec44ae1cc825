#include "kernels/core/parallel.h"

#include <omp.h>

#include "kernels/core/check.h"

namespace elm {

void set_thread_count(int threads) {
    ELM_CHECK(threads >= 0 && threads <= 4096, "--threads must be 1 to 4096 (got {})", threads);
    omp_set_num_threads(threads == 0 ? omp_get_num_procs() : threads);
}

int thread_count() { return omp_get_max_threads(); }

}  // namespace elm
