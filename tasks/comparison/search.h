#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"

/// Random search (Bergstra & Bengio 2012, JMLR 13, 281) over the ranges that models state.
namespace elm {

/// An option that is searched.
struct SearchedOption {
    std::string section, name;  // "training", "learning_rate"
    bool whole = false;         // a whole number
    SearchRange range;
};

/// What is searched of a registered model: options of `recipe` with a range of their own or one
/// that the model states for them, and options of the model with a range. Throws Error{invalid} for
/// an unknown model and for a range of an option that is none.
std::vector<SearchedOption> searched_options(const std::string& model, const OptionSet& recipe);

/// Candidate `index` of a model, by section: values of three digits, each for itself. It follows
/// from the key, the model and the index alone.
Config candidate(const std::string& model, const std::vector<SearchedOption>& searched,
                 std::int64_t index, const RandomKey& key);

}  // namespace elm
