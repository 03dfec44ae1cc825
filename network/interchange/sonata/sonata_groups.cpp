#include "network/interchange/sonata/sonata_groups.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"

namespace elm::network {
namespace {

[[noreturn]] void fail(const std::string& place, const std::string& message) {
    throw Error(ErrorKind::data, fmt::format("{}: {}", place, message));
}

}  // namespace

SonataGroups::SonataGroups(const Hdf5File& file, std::string population, const std::string& kind,
                           std::int64_t count)
    : file_(&file), population_(std::move(population)), count_(count) {
    const std::string ids = population_ + "/" + kind + "_group_id";
    if (!file.has(ids)) return;
    const std::string rows = population_ + "/" + kind + "_group_index";
    file.require_shape(ids, {count});
    file.require_shape(rows, {count});
    group_ids_ = file.read<std::int64_t>(ids);
    rows_ = file.read<std::int64_t>(rows);
    const std::set<std::int64_t> used(group_ids_.begin(), group_ids_.end());
    groups_.assign(used.begin(), used.end());
    for (const std::int64_t group : groups_) {
        const std::string name = fmt::format("{}/{}", population_, group);
        if (file.is_group(name)) continue;
        fail(file.path(), fmt::format("{} names the group {}, which is not there.", ids, name));
    }
}

bool SonataGroups::has(const std::string& name) const {
    return std::any_of(groups_.begin(), groups_.end(), [&](std::int64_t group) {
        return file_->has(fmt::format("{}/{}/{}", population_, group, name));
    });
}

std::vector<std::string> SonataGroups::names_in(const std::string& inner) const {
    std::set<std::string> names;
    for (const std::int64_t group : groups_) {
        const std::string folder = fmt::format("{}/{}/{}", population_, group, inner);
        if (!file_->is_group(folder)) continue;
        for (const std::string& name : file_->links(folder)) names.insert(name);
    }
    return {names.begin(), names.end()};
}

std::vector<SonataGroups::Column> SonataGroups::columns_of(const std::string& name) const {
    std::vector<Column> columns;
    for (const std::int64_t group : groups_) {
        const std::string dataset = fmt::format("{}/{}/{}", population_, group, name);
        if (!file_->has(dataset)) continue;
        const std::vector<std::int64_t> shape = file_->shape(dataset);
        const std::string place = fmt::format("{}: {}", file_->path(), dataset);
        if (shape.size() != 1) {
            fail(place, fmt::format("has {} axes, expected one.", shape.size()));
        }
        columns.push_back({group, place, file_->read<double>(dataset)});
    }
    return columns;
}

const SonataGroups::Column* SonataGroups::column_at(const std::vector<Column>& columns,
                                                    std::int64_t element) const {
    for (const Column& column : columns) {
        if (column.group == group_ids_[static_cast<std::size_t>(element)]) return &column;
    }
    return nullptr;
}

double SonataGroups::value_at(const Column& column, std::int64_t element) const {
    const std::int64_t row = rows_[static_cast<std::size_t>(element)];
    if (row < 0 || row >= std::ssize(column.values)) {
        fail(column.place, fmt::format("has {} rows, and element {} of the population has row {}.",
                                       column.values.size(), element, row));
    }
    const double value = column.values[static_cast<std::size_t>(row)];
    if (!std::isfinite(value)) {
        fail(column.place, fmt::format("row {} is {}, expected a finite number.", row, value));
    }
    return value;
}

}  // namespace elm::network
