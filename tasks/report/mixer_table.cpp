#include "tasks/report/mixer_table.h"

#include <string>

#include <fmt/format.h>

#include "baselines/mixers/mixer_registry.h"
#include "kernels/io/option_set.h"

namespace elm {

std::string mixer_pattern_legend() {
    std::string text =
        "what it may read: noncausal N or causal C; its own sequence S or another one C\n";
    for (const MixerPattern& pattern : all_patterns) {
        text += fmt::format("{}{}: {}", text.back() == '\n' ? "  " : "; ", pattern.name(),
                            pattern.words());
    }
    return text + '\n';
}

Table mixer_pattern_table() {
    Table table({"mixer", "NS", "CS", "NC", "CC", "why not the others"});
    for (const MixerEntry& entry : all_mixers()) {
        std::vector<std::string> cells{entry.name};
        std::string reasons, last;
        for (const MixerPattern& pattern : all_patterns) {
            const MixerTraits traits =
                entry.make(entry.options(), {.width = 8, .causal = pattern.causal})->traits();
            const bool known = pattern.is_known(traits);
            cells.emplace_back(known ? "yes" : "-");
            const std::string reason(pattern.reason(traits));
            if (known || reason == last) continue;
            reasons += fmt::format("{}{}", reasons.empty() ? "" : "; ", reason);
            last = reason;
        }
        cells.push_back(reasons);
        table.add(cells);
    }
    return table;
}

}  // namespace elm
