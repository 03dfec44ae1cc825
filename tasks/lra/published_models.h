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
/// step. What attends is what the papers define, but for reformer, whose released form has other
/// parameters. longformer has none for global steps, of which there are none. sinkhorn_transformer
/// sorts by all blocks, and not by 25. bigbird on images has one head: the release gives four by a
/// name that it does not know. nystromformer: Xiong et al. 2021, arXiv 2102.03902, in the authors'
/// repository, with 64 landmarks, where it has 32 to 256.
///
/// mega, mega_chunk: Ma et al. 2022, arXiv 2209.10655, in the authors' repository, with layer norms
/// where theirs are scale norms (text, retrieval) and batch norms (images), relu in the readout for
/// gelu, and half a cosine for the line to 0.
///
/// s4: Gu et al. 2022, arXiv 2111.00396, in version 4 of the authors' configurations. s4d: Gu et
/// al. 2022, arXiv 2206.11893, in version 3. dss: Gupta et al. 2022, arXiv 2203.14343, in those of
/// the authors, with a cosine where their learning rate falls once validation stands still. s5:
/// Smith et al. 2023, arXiv 2208.04933, in the authors' scripts. lru: Orvieto et al. 2023, arXiv
/// 2303.06349, tables 8 and 9, whose learning rates are not printed: 1e-3. liquid_s4_released:
/// Hasani et al. 2023, arXiv 2209.12951, in the authors' configurations, whose warm-up is not known
/// to us: none. State spaces have one learning rate for all parameters here, where theirs is lower
/// for A, B and the step.
std::vector<Preset> published_models(LraTask task, const std::string& section);

/// Both lists, one behind the other.
std::vector<Preset> joined(std::vector<Preset> first, std::vector<Preset> second);

}  // namespace elm
