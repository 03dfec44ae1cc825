#pragma once

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "tasks/samples/sample_source.h"

namespace elm {

/// Calls visit(bytes) for a field of all samples that are trained on, or, where these are new ones
/// for every batch, of the first 1000: what a vocabulary is made from.
template <class Visit>
void visit_training_samples(const SampleSource& source, const std::string& field,
                            const Visit& visit) {
    constexpr std::int64_t at_once = 256, of_new_ones = 1000;
    const std::int64_t fixed = source.count(Split::train);
    const std::int64_t count = fixed > 0 ? fixed : of_new_ones;
    for (std::int64_t first = 0; first < count; first += at_once) {
        std::vector<std::int64_t> samples(
            static_cast<std::size_t>(std::min(at_once, count - first)));
        std::iota(samples.begin(), samples.end(), first);
        SetColumns columns = empty_columns(source.fields());
        source.read(Split::train, 0, samples, columns);
        const SetColumn& column = column_of(columns, field);
        for (std::int64_t k = 0; k < column.samples(); ++k) visit(column.at<std::uint8_t>(k));
    }
}

}  // namespace elm
