#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace elm {
class Hdf5File;
}

namespace elm::network {

/// Of a population: its groups, and the row of each element in them. Of nodes and of edges.
class SonataGroups {
public:
    /// `kind`: "node" or "edge"; `count`: how many there are. Without group ids all are in none.
    SonataGroups(const Hdf5File& file, std::string population, const std::string& kind,
                 std::int64_t count);

    /// The values of a dataset in each group, for all elements; `fallback(element)` where an
    /// element's group has none of this name.
    template <class Fallback>
    std::vector<double> values(const std::string& name, const Fallback& fallback) const {
        std::vector<double> result(static_cast<std::size_t>(count_));
        const std::vector<Column> columns = columns_of(name);
        for (std::int64_t i = 0; i < count_; ++i) {
            const Column* const column = column_at(columns, i);
            result[static_cast<std::size_t>(i)] =
                column == nullptr ? fallback(i) : value_at(*column, i);
        }
        return result;
    }
    bool has(const std::string& name) const;
    /// Names of the datasets in an inner group, such as dynamics_params, of all groups.
    std::vector<std::string> names_in(const std::string& inner) const;

private:
    struct Column {
        std::int64_t group;
        std::string place;
        std::vector<double> values;
    };
    std::vector<Column> columns_of(const std::string& name) const;
    const Column* column_at(const std::vector<Column>& columns, std::int64_t element) const;
    double value_at(const Column& column, std::int64_t element) const;

    const Hdf5File* file_;
    std::string population_;
    std::int64_t count_;
    std::vector<std::int64_t> group_ids_, rows_;  // of each element; empty: none
    std::vector<std::int64_t> groups_;            // that are used
};

}  // namespace elm::network
