#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tasks/report/table.h"

namespace elm {

/// What a quantity should be, and how well that is known; NaN: nothing to compare with.
struct ReferenceValue {
    double mean = std::numeric_limits<double>::quiet_NaN();
    double standard_error = 0;  // 0: exact
};

/// Means over samples, each with its standard error, beside reference values.
class SetStatistics {
public:
    struct Row {
        std::string name;
        double mean, standard_error;
        ReferenceValue reference;
        /// Difference in units of its standard error; NaN where there is none.
        double deviation() const;
    };

    /// Mean of values of samples. Where they have no spread their error is 0.
    void add(std::string name, const std::vector<double>& values, ReferenceValue reference = {});
    /// Share of samples for which something holds. Its standard error is binomial, of the reference
    /// where there is one, else of the share itself.
    void add_share(std::string name, std::int64_t hits, std::int64_t of,
                   ReferenceValue reference = {});

    const std::vector<Row>& rows() const noexcept { return rows_; }
    const Row& row(const std::string& name) const;  // a missing one is a bug
    /// Rows with a reference, and those of them further from it than three standard errors.
    std::int64_t compared() const;
    std::int64_t far() const;
    /// quantity, mean, SE, reference, SE, deviation.
    Table table() const;

private:
    std::vector<Row> rows_;
};

}  // namespace elm
