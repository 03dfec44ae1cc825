#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "tasks/samples/sample_files.h"

namespace elm {

/// Two documents of a table of pairs.
struct DocumentPair {
    std::string_view first, second;
    int label = 0;
};

/// Calls `take` for each line of a published table of paper pairs: five columns between tabs, the
/// label (0.0 or 1.0), two ids and two texts, without quoting and without a header. Throws
/// Error{data} naming `path` and the line for another number of columns, another label, a text that
/// is empty or holds a byte 0, which stands between two documents in a sample.
/// Source: Tay et al. 2021, arXiv 2011.04006; Radev et al. 2013, doi:10.1007/s10579-012-9211-2.
void read_paper_pairs(std::istream& input, const std::string& path,
                      const std::function<void(const DocumentPair&)>& take);

/// The published folder with new_aan_pairs.train.tsv, .eval.tsv and .test.tsv, or one such table.
/// Fields "documents" (ragged), the first `most_length` times `bytes_of_unit` bytes of both with a
/// byte 0 between them, and "label". None for what is neither. Throws Error{data} for a folder
/// without some of them, and as read_paper_pairs.
std::optional<SampleFiles> open_paper_pairs(const std::string& path, std::int64_t most_length,
                                            std::int64_t bytes_of_unit = 1);

}  // namespace elm
