#pragma once

#include <string>

#include "tasks/samples/sample_kind.h"
#include "tasks/speech/shd_folder.h"

/// What the tasks of spoken words have in common: published corpora and generated ones, single
/// words and pairs of digits that are to be added.
namespace elm {

/// Words of a corpus, one answer each.
SampleKind spoken_words(const std::string& family, const std::string& published,
                        std::optional<SampleFiles> (*open)(const std::string& path,
                                                           const OptionSet& options));
/// Two digits of such a corpus, one after the other, and their sum: 19 classes.
SampleKind spoken_sums(SampleKind words);

/// A constant answer of 9 is right as often as that.
inline constexpr double chance_of_sums = 0.1;

}  // namespace elm
