#include "tasks/program/network/network_subject.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"
#include "tasks/program/arguments.h"

namespace elm {
namespace {

std::vector<std::string> benchmark_names() {
    std::vector<std::string> names;
    for (const network::Benchmark& benchmark : network::all_benchmarks()) {
        names.push_back(benchmark.name);
    }
    return names;
}

}  // namespace

NetworkSubject network_subject_of(const Arguments& arguments) {
    const auto& words = arguments.words();
    const std::vector<std::string> verbs{"run", "bench", "convert"};
    const auto verb = words.empty() ? verbs.end() : std::find(verbs.begin(), verbs.end(), words[0]);
    ELM_CHECK(verb != verbs.end(),
              "elmsim network {}: expected run FILE, bench NAME or convert FILE.{}",
              words.empty() ? "" : words[0], words.empty() ? "" : nearest_hint(words[0], verbs));
    const auto chosen = static_cast<NetworkVerb>(verb - verbs.begin());
    const bool is_bench = chosen == NetworkVerb::bench;
    ELM_CHECK(words.size() == 2, "elmsim network {}: expected one {}{}.", words[0],
              is_bench ? "benchmark of " : "file",
              is_bench ? fmt::format("{}", fmt::join(benchmark_names(), ", ")) : "");
    if (is_bench) return {chosen, &network::find_benchmark(words[1]), {}};
    return {chosen, nullptr, words[1]};
}

}  // namespace elm
