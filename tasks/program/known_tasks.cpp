#include "tasks/program/known_tasks.h"

#include "tasks/program/generate_neuronio.h"

namespace elm {

std::span<const KnownTask> known_tasks() {
    static constexpr KnownTask tasks[] = {
        {"neuronio", "spikes and soma voltage of a detailed cell from its synaptic input",
         "generate, fit, evaluate", generate_neuronio}};
    return tasks;
}

}  // namespace elm
