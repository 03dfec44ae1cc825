#pragma once

namespace elm {

class Arguments;

/// Makes ground truth of a detailed cell: one file, or a folder of files. Returns the exit code.
int generate_neuronio(const Arguments& arguments);

}  // namespace elm
