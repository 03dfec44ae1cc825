#include "tasks/samples/sample_options.h"

namespace elm {

Option steps_option(std::int64_t steps, double fewest) {
    Option option = whole_option("steps", steps, "length of a sample", fewest, 1e7);
    option.unit = "steps";
    return option;
}

int number(const OptionSet& options, const char* name) {
    return static_cast<int>(options.get<std::int64_t>(name));
}

double number(const Values& options, const char* name) {
    return static_cast<double>(std::get<std::int64_t>(options.at(name)));
}

}  // namespace elm
