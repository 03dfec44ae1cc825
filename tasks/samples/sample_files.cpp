#include "tasks/samples/sample_files.h"

#include <numeric>

namespace elm {

std::int64_t SampleFiles::count() const {
    std::int64_t count = 0;
    for (const auto& table : tables) count += table->count();
    return count;
}

void SampleFiles::divide_by_tables() {
    std::array<std::int64_t, 3> counts{};
    for (std::size_t k = 0; k < tables.size(); ++k) counts[k] = tables[k]->count();
    divide(counts);
}

void SampleFiles::divide(const std::array<std::int64_t, 3>& counts) {
    std::int64_t first = 0;
    for (std::size_t split = 0; split < splits.size(); ++split) {
        splits[split].resize(static_cast<std::size_t>(counts[split]));
        std::iota(splits[split].begin(), splits[split].end(), first);
        first += counts[split];
    }
}

}  // namespace elm
