#pragma once

#include <string>

#include "tasks/report/table.h"

namespace elm {

/// Sequence mixers and which of the four patterns of reading each of them has (NS, CS, NC and CC,
/// Zhang et al. 2023, arXiv 2210.07661), and why it does not have the others.
Table mixer_pattern_table();

/// What its columns are called in words: a line.
std::string mixer_pattern_legend();

}  // namespace elm
