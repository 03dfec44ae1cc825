#include "baselines/mixers/state_space/mode_options.h"

#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"

namespace elm {

std::int64_t modes_of(const OptionSet& options) {
    const auto states = options.get<std::int64_t>("states");
    ELM_CHECK(states % 2 == 0, "states must be even (got {}): two for each pair of modes", states);
    return states / 2;
}

std::int64_t rows_of(const OptionSet& options, std::int64_t width) {
    const auto rows = options.get<std::int64_t>("rows");
    ELM_CHECK(rows <= width && (rows == 0 || width % rows == 0),
              "rows must divide the width {} (got {}): as many sets of modes, in turn", width,
              rows);
    return rows == 0 ? width : rows;
}

}  // namespace elm
