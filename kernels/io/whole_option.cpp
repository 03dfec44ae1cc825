#include "kernels/io/whole_option.h"

namespace elm {

Option whole_option(const char* name, std::int64_t value, const char* help, double lowest,
                    double highest, const char* unit) {
    return {.name = name,
            .value = value,
            .help = help,
            .unit = unit,
            .lowest = lowest,
            .highest = highest};
}

}  // namespace elm
