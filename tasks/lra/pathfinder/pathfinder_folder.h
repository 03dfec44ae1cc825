#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/data/sets/sample_table.h"
#include "tasks/report/tile_plot.h"

namespace elm {

/// One image of a released folder.
struct PathfinderEntry {
    std::string file;  // below the folder: "imgs/0/sample_17.png"
    int label = 0;
};

/// Lines of a metadata file: blank-separated fields, of which the first (folder), second (file) and
/// fourth (label 0 or 1) are read, as Long Range Arena does. Throws Error{data} naming `path` and
/// the line for too few fields, another label, or a file outside of the folder.
std::vector<PathfinderEntry> read_pathfinder_metadata(std::string_view text,
                                                      const std::string& path);

/// A folder of the released Pathfinder sets, such as curv_contour_length_14: grey PNG images
/// imgs/BATCH/sample_K.png and text files metadata/BATCH.npy. Images come in the order of the
/// batches' numbers and of their lines; those whose file is empty are left out, as published (one
/// is known). Source: Tay et al. 2021, arXiv 2011.04006, and its public repository.
class PathfinderFolder final : public SampleTable {
public:
    /// Throws Error{data} for a folder without metadata or with damaged ones, where an image of
    /// them is missing, and for a first image that is damaged.
    static PathfinderFolder open(const std::string& folder);

    /// image (rows, columns), as the first one has them, and label.
    const std::vector<SetField>& fields() const override { return fields_; }
    std::int64_t count() const override { return std::ssize(entries_); }
    std::int64_t block_size() const override { return 1; }
    SetColumns read(std::int64_t first, std::int64_t count,
                    const std::vector<SetField>& fields) const override;
    std::vector<std::int32_t> lengths(const std::string& /*field*/) const override { return {}; }
    std::string fingerprint() const override { return fingerprint_; }
    const std::string& path() const override { return folder_; }

    std::int64_t empty_files() const noexcept { return empty_files_; }
    int label(std::int64_t index) const { return entry(index).label; }
    std::string image_path(std::int64_t index) const;
    /// Throws Error{data} for a damaged image. Threads may read at once.
    GreyPicture picture(std::int64_t index) const;
    /// "easy", "intermediate", "hard" by the name of the folder; empty for other names.
    std::string difficulty() const;

private:
    const PathfinderEntry& entry(std::int64_t index) const {
        return entries_[static_cast<std::size_t>(index)];
    }

    std::string folder_, fingerprint_;
    std::vector<SetField> fields_;
    std::vector<PathfinderEntry> entries_;
    std::int64_t empty_files_ = 0;
};

}  // namespace elm
