#include "tasks/training/plan/memory_plan.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/training/training.h"

namespace elm {

MemoryNeed measure_memory(Training& training) {
    const double one = training.measure_pass(1);
    const auto start = std::chrono::steady_clock::now();
    const double two = training.measure_pass(2);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    MemoryNeed need{.fixed = std::max(0.0, 2 * one - two),
                    .per_sample = std::max(0.0, two - one),
                    .seconds = passed.count() / 2};
    if (training.pass() != nullptr) {
        need.pass = [&training](std::int64_t samples) {
            return training.pass()->memory(samples, training.task().spec().n_steps);
        };
    }
    return need;
}

PassPlan plan_passes(Training& training, const MemoryNeed& need, std::int64_t samples,
                     double limit_bytes) {
    int recomputes = 0;
    while (need.of(samples) > limit_bytes && training.pass() != nullptr &&
           training.pass()->recompute()) {
        ++recomputes;
    }
    const std::int64_t parts = batch_parts(need, samples, limit_bytes);
    return {.parts = parts, .recomputes = recomputes, .bytes = need.of(samples / parts)};
}

std::int64_t batch_parts(const MemoryNeed& need, std::int64_t samples, double limit_bytes) {
    for (std::int64_t parts = 1; parts <= samples; ++parts) {
        if (samples % parts == 0 && need.of(samples / parts) <= limit_bytes) return parts;
    }
    constexpr double giga = 1e9;
    throw Error(ErrorKind::memory,
                fmt::format("a pass over one sample takes {:.3g} GB, and {:.3g} GB may be taken. "
                            "Raise training.memory_limit, or choose shorter samples or a smaller "
                            "model.",
                            need.of(1) / giga, limit_bytes / giga));
}

}  // namespace elm
