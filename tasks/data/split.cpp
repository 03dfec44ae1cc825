#include "tasks/data/split.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/data/selection.h"

namespace elm {

std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> split_items(
    const std::string& train_text, const std::string& validation_text, std::int64_t size) {
    const auto given = [&](const std::string& text, const char* use) {
        return with_context(fmt::format("choosing what to {}", use), [&] {
            return text.empty() ? std::vector<std::int64_t>{} : parse_selection(text, size);
        });
    };
    const auto others = [&](const std::vector<std::int64_t>& chosen) {
        const std::set<std::int64_t> taken(chosen.begin(), chosen.end());
        std::vector<std::int64_t> rest;
        for (std::int64_t index = 0; index < size; ++index) {
            if (!taken.contains(index)) rest.push_back(index);
        }
        return rest;
    };
    std::vector<std::int64_t> train = given(train_text, "train on");
    std::vector<std::int64_t> validation = given(validation_text, "validate on");
    if (train.empty() && validation.empty()) {
        const std::int64_t held_out = std::max<std::int64_t>(1, size / 4);
        for (std::int64_t index = size - held_out; index < size; ++index) {
            validation.push_back(index);
        }
    }
    if (train.empty()) train = others(validation);
    if (validation.empty()) validation = others(train);
    const std::set<std::int64_t> learnt(train.begin(), train.end());
    for (const std::int64_t index : validation) {
        ELM_CHECK(!learnt.contains(index),
                  "simulation {} is to be trained on and to be validated on: a model must be "
                  "scored on simulations that it has not seen.",
                  index);
    }
    if (train.empty() || validation.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("of {} simulations, {} are left to train on and {} to validate on: "
                                "expected at least one each. Give more data, or choose others.",
                                size, train.size(), validation.size()));
    }
    return {train, validation};
}

std::array<std::int64_t, 3> split_counts(std::int64_t count, const SplitPercent& split) {
    double share = 0;
    for (const double part : split) {
        ELM_CHECK(part >= 0 && part <= 100, "a part of {} %: expected 0 to 100.", part);
        share += part;
    }
    ELM_CHECK(std::abs(share - 100) < 1e-9, "parts of {} %: expected 100 together.", share);
    const auto up_to = [&](double percent) {
        return std::llround(percent / 100 * static_cast<double>(count));
    };
    const std::int64_t train = up_to(split[0]), validation = up_to(split[0] + split[1]);
    return {train, validation - train, count - validation};
}

}  // namespace elm
