#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tasks/samples/sample_files.h"

namespace elm {

/// Reviews in the published folder aclImdb: a text file each in train/neg, train/pos, test/neg and
/// test/pos; the label is 1 in pos. Fields "text" (ragged), of the first `most_length` times
/// `bytes_of_unit` bytes, and
/// "label". The last fifth of each class of train, in the order of their numbers, is held out to
/// validate on, 2,500 of 12,500. None where there is neither train nor test. Throws Error{data}
/// that names a folder that is missing or has no reviews, and a review that is empty or cannot be
/// read. Source: Maas et al. 2011, Proc. ACL-HLT, 142-150.
std::optional<SampleFiles> open_review_folder(const std::string& path, std::int64_t most_length,
                                              std::int64_t bytes_of_unit = 1);

}  // namespace elm
