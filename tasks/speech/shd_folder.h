#pragma once

#include <optional>
#include <string>

#include "kernels/io/option_set.h"
#include "tasks/samples/sample_files.h"

namespace elm {

/// Names of the files of a corpus in the layout of shd_file.h: PREFIX_train.h5 and so on.
struct ShdNames {
    std::string prefix;           // "shd", "ssc", "spoken"
    bool has_validation = false;  // PREFIX_valid.h5
    std::int64_t n_classes = 20;
};

/// The option "split_seed".
OptionSet shd_options();

/// A folder with these files, or one file of it, which is then not divided; none for anything else.
/// Without a file to validate on, each sample of the training file is one of these with a chance of
/// a fifth, drawn as the published program of Spieler et al. 2024 draws it for "split_seed": over
/// samples, not over speakers. Throws Error{data} for a folder without some of the files and as
/// ShdFile::open() does.
std::optional<SampleFiles> open_shd(const std::string& path, const OptionSet& options,
                                    const ShdNames& names);

}  // namespace elm
