#include "tasks/inspection/inspect_set.h"

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/data/sets/set_journal.h"

namespace elm {

bool is_unfinished_set(const std::string& path) {
    return path.ends_with(".part") && journal_contents(path).has_value();
}

Findings inspect_unfinished_set(const std::string& path) {
    const JournalContents contents =
        with_context(path, [&] { return journal_contents(path).value(); });
    Findings findings{"data set that is not whole", {}};
    if (contents.recipe.empty()) {
        findings.facts.emplace_back("recipe", std::string("cut before its end: nothing is lost"));
    }
    findings.facts.emplace_back("whole blocks of samples", contents.blocks);
    findings.facts.emplace_back("bytes", contents.bytes);
    if (contents.whole < contents.bytes) {
        findings.facts.emplace_back("bytes of a block that was cut",
                                    contents.bytes - contents.whole);
    }
    for (const auto& [name, value] : contents.recipe) findings.facts.emplace_back(name, value);
    findings.facts.emplace_back("to go on",
                                std::string("the command that began it, with --resume"));
    return findings;
}

}  // namespace elm
