#include "tasks/classics/copying_samples.h"

#include <algorithm>

#include "tasks/sets/set_pictures.h"

namespace elm {

OptionSet copying_options() {
    OptionSet options;
    options.declare(
        whole_option("memorised", 10, "tokens to copy; of kind lag, steps to look back", 1));
    options.declare(
        whole_option("delay", 100, "steps without a token; of kind lag, all steps", 0, 1e7));
    options.declare(whole_option("symbols", 10,
                                 "kinds of token, with that of no token and that which asks", 3,
                                 most_tokens));
    return options;
}

SetStatistics copying_statistics(const Values& options, const SetColumns& samples) {
    double count = number(options, "memorised"), mean = (number(options, "symbols") - 1) / 2;
    const auto is = [&](const char* name, const Value& value) {
        const auto found = options.find(name);
        return found != options.end() && found->second == value;
    };
    if (is("kind", std::string("lag"))) {
        const double steps = number(options, "delay");
        mean *= std::max(0.0, steps - count) / steps;
        count = steps;
    } else if (is("variable_length", true)) {
        count = (count + 1) / 2;
    }
    return target_statistics(samples, count, mean);
}

TileFigure copying_picture(const Values& options, const SetColumns& samples) {
    const double marker = number(options, "symbols") - 1;
    return token_figure("Copying: tokens above, targets below", samples,
                        [marker](std::int32_t token) -> std::string {
                            return token == 0        ? colour::no_value
                                   : token == marker ? colour::hue::vermilion
                                                     : colour::hue::blue;
                        });
}

}  // namespace elm
