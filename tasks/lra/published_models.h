#pragma once

#include <string>
#include <vector>

#include "tasks/task_registry.h"

namespace elm {

/// The tasks of Long Range Arena.
enum class LraTask { listops, text, retrieval, image, pathfinder, path_x };

/// Presets "paper-MODEL": the recipes that other models than the ELM neuron were published with,
/// for a task whose section is called `section`. Models without a published recipe for the task
/// have none.
///
/// Transformers: sizes and training of the released configurations of Tay et al. 2021, arXiv
/// 2011.04006. Where the release cuts sequences into blocks of 50 or 64 steps, local_transformer
/// has a window as wide; attention weights have no dropout; a class token stands behind the last
/// step. s4d: Gu et al. 2022, arXiv 2206.11893, in the authors' configurations of that time. s5:
/// Smith et al. 2023, arXiv 2208.04933, in the authors' scripts. lru: Orvieto et al. 2023, arXiv
/// 2303.06349, tables 8 and 9, whose learning rates are not printed: 1e-3. State spaces have one
/// learning rate for all parameters here, where theirs is lower for A, B and the step.
std::vector<Preset> published_models(LraTask task, const std::string& section);

/// Both lists, one behind the other.
std::vector<Preset> joined(std::vector<Preset> first, std::vector<Preset> second);

}  // namespace elm
