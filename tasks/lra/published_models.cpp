#include "tasks/lra/published_models.h"

#include <iterator>

#include "tasks/lra/published_mega.h"
#include "tasks/lra/published_state_spaces.h"
#include "tasks/lra/published_transformers.h"

namespace elm {

std::vector<Preset> published_models(LraTask task, const std::string& section) {
    return joined(joined(published_transformers(task, section), published_mega(task, section)),
                  published_state_spaces(task, section));
}

std::vector<Preset> joined(std::vector<Preset> first, std::vector<Preset> second) {
    first.insert(first.end(), std::make_move_iterator(second.begin()),
                 std::make_move_iterator(second.end()));
    return first;
}

}  // namespace elm
