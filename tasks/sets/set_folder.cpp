#include "tasks/sets/set_folder.h"

#include <filesystem>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"
#include "tasks/lra/listops/listops_table.h"

namespace elm {

namespace fs = std::filesystem;

bool is_set_folder(const std::string& path) {
    std::error_code status;
    return path.ends_with('/') || fs::is_directory(path, status);
}

std::vector<SetPlan> split_plans(const SetPlan& plan, const SplitPercent& split) {
    require_samples(plan.first, plan.count);
    const std::array<std::int64_t, 3> counts = split_counts(plan.count, split);
    std::vector<SetPlan> plans;
    std::int64_t first = plan.first;
    for (std::size_t part = 0; part < counts.size(); ++part) {
        if (counts[part] == 0) continue;
        plans.push_back(plan);
        plans.back().path = (fs::path(plan.path) / set_file_names[part]).string();
        plans.back().first = first;
        plans.back().count = counts[part];
        first += counts[part];
    }
    std::error_code status;
    fs::create_directory(plan.path, status);
    if (status) {
        throw Error(ErrorKind::write,
                    fmt::format("the folder {} cannot be made: {}.", plan.path, status.message()));
    }
    return plans;
}

SetFolderMaker::SetFolderMaker(std::vector<SetPlan> plans,
                               const std::function<std::string(const SetPlan&)>& config) {
    for (SetPlan& plan : plans) {
        if (config) plan.config = config(plan);
        files_.push_back(std::make_unique<SetMaker>(std::move(plan)));
        missing_ += files_.back()->missing();
    }
}

std::int64_t SetFolderMaker::made() const noexcept {
    std::int64_t made = 0;
    for (const auto& file : files_) made += file->made();
    return made;
}

bool SetFolderMaker::make(const std::function<bool(std::int64_t)>& progress) {
    for (const auto& file : files_) {
        if (!file->make([&](std::int64_t) { return progress(made()); })) return false;
    }
    return true;
}

bool write_listops_table(const SetPlan& plan, const std::function<bool(std::int64_t)>& progress) {
    require_samples(plan.first, plan.count);
    OutputFile file(plan.path, plan.force);
    file.write(listops_header);
    const std::int64_t size = set_block_size(plan.generator.fields, plan.count);
    std::int64_t made = 0;
    const bool whole = draw_blocks(
        plan, 0, (plan.count + size - 1) / size,
        [](const SetColumns& columns) {
            std::string lines;
            for (std::int64_t k = 0; k < columns[0].samples(); ++k) {
                lines +=
                    listops_line(columns[0].at<std::uint8_t>(k), columns[1].at<std::uint8_t>(k)[0]);
            }
            return lines;
        },
        [&](std::int64_t samples, std::string&& lines) {
            file.write(lines);
            made += samples;
            return progress(made);
        });
    if (whole) file.commit();
    return whole;
}

}  // namespace elm
