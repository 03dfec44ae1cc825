#include "tasks/sets/set_statistics.h"

#include <algorithm>
#include <utility>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

constexpr double far_away = 3;

std::string cell(double value) { return fmt::format("{:.5g}", value); }

}  // namespace

double SetStatistics::Row::deviation() const {
    const double difference = mean - reference.mean;
    const double error = std::hypot(standard_error, reference.standard_error);
    return error > 0 ? difference / error
                     : (difference == 0 ? 0 : std::numeric_limits<double>::quiet_NaN());
}

void SetStatistics::add(std::string name, const std::vector<double>& values,
                        ReferenceValue reference) {
    const auto count = static_cast<double>(values.size());
    // Summed before it is divided: equal whole numbers have exactly their mean.
    double sum = 0, squares = 0;
    for (const double value : values) sum += value;
    const double mean = sum / count;  // NaN without values
    for (const double value : values) squares += (value - mean) * (value - mean);
    const double error = count > 1 ? std::sqrt(squares / (count - 1) / count)
                                   : std::numeric_limits<double>::quiet_NaN();
    rows_.push_back({std::move(name), mean, error, reference});
}

void SetStatistics::add_share(std::string name, std::int64_t hits, std::int64_t of,
                              ReferenceValue reference) {
    const auto count = static_cast<double>(of);
    const double share = static_cast<double>(hits) / count;
    const bool is_chance = reference.mean > 0 && reference.mean < 1;
    const double chance = is_chance ? reference.mean : share;
    rows_.push_back({std::move(name), share, std::sqrt(chance * (1 - chance) / count), reference});
}

const SetStatistics::Row& SetStatistics::row(const std::string& name) const {
    const auto found =
        std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.name == name; });
    ELM_ASSERT(found != rows_.end());
    return *found;
}

std::int64_t SetStatistics::compared() const {
    return std::count_if(rows_.begin(), rows_.end(), [](const Row& row) {
        return std::isfinite(row.reference.mean) && std::isfinite(row.mean);
    });
}

std::int64_t SetStatistics::far() const {
    return std::count_if(rows_.begin(), rows_.end(), [](const Row& row) {
        if (!std::isfinite(row.reference.mean) || !std::isfinite(row.mean)) return false;
        return !(std::abs(row.deviation()) <= far_away);
    });
}

Table SetStatistics::table() const {
    Table table({"quantity", "mean", "SE", "reference", "SE of reference", "deviation / SE"});
    for (const Row& row : rows_) {
        const bool compares = std::isfinite(row.reference.mean);
        table.add({row.name, cell(row.mean), cell(row.standard_error), cell(row.reference.mean),
                   compares ? cell(row.reference.standard_error) : cell(row.reference.mean),
                   compares ? fmt::format("{:.2f}", row.deviation()) : cell(row.reference.mean)});
    }
    return table;
}

}  // namespace elm
