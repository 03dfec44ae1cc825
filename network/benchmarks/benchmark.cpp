#include "network/benchmarks/benchmark.h"

#include <cmath>

#include "kernels/core/support/check.h"
#include "kernels/io/registry.h"

namespace elm::network {

const std::vector<Benchmark>& all_benchmarks() {
    static const std::vector<Benchmark> benchmarks = [] {
        std::vector<Benchmark> all;
        for (auto&& family : {detail::vogels_abbott_benchmarks(), detail::brunel_benchmarks(),
                              detail::hpc_benchmarks(), detail::microcircuit_benchmarks()}) {
            all.insert(all.end(), family.begin(), family.end());
        }
        return all;
    }();
    return benchmarks;
}

const Benchmark& find_benchmark(std::string_view name) {
    return find_entry(all_benchmarks(), name, "benchmark");
}

std::int64_t detail::scaled_count(double count, double scale) {
    const double scaled = std::round(count * scale);
    ELM_CHECK(scaled >= 1 && scaled < 1e9, "a scale of {} leaves {} of {} neurons.", scale, scaled,
              count);
    return static_cast<std::int64_t>(scaled);
}

}  // namespace elm::network
